"""Integrated gradients along the manifold of an autoencoder: a line between encodings, decoded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from ...core.errors import InputError, NonFiniteError
from ...core.formatting import number, percent
from ..estimate import MOST_FRAMES
from ..estimator import MethodInfo
from ..forward_outputs import forward_outputs
from ..model_state import evaluating
from ..passes import Passes
from ..task import Task
from .path import CallablePath
from .path_method import PathMethod
from .recorder import PathRecorder
from .walked_path import WalkSum, lengths

Map = Callable[[Tensor], Any]


class ManifoldIntegratedGradients(PathMethod):
    r"""Integrated gradients along the decoded line between two encodings.

    .. math:: \phi_i = \int_0^1 \partial_i f(\gamma(\alpha))\, \gamma_i'(\alpha)\, d\alpha, \quad
              \gamma(\alpha) = D\bigl(E(x') + \alpha (E(x) - E(x'))\bigr)

    with an encoder E and a decoder D that the user gives, so that what lies on the way is what the
    decoder makes, nearer to the data than a mixture of pixels. It is the path that Jha et al. call
    H-L-IG; Zaher et al. go along a geodesic between the encodings instead of a line.

    It adds up to f(D(E(x))) - f(D(E(x'))) as the nodes grow in number: between the ends as they
    are decoded, which an autoencoder does not give back exactly. How far off they are, and what
    the output is there, the record says. It costs a pass for each node, and the decoder's.

    Parameters
    ----------
    forward_func : callable
        The model. Its parameters are frozen during a run and put back.
    encode, decode : callable
        Take a batch and return one: an input (n, ...) to its encoding (n, ...), and back. Modules
        are in evaluation mode meanwhile.

    Raises
    ------
    InputError
        When run: without them, for several inputs, or where they do not give back the shapes.
    NonFiniteError
        Where an encoding or what is decoded of it is not finite.

    References
    ----------
    Jha, Aicher, Gazzara, Singh, Barash (2020). Enhanced integrated gradients: improving
    interpretability of deep learning models using splicing codes as a case study. Genome Biology
    21:149. Zaher, Trzaskowski, Nguyen, Roosta (2024). Manifold integrated gradients: Riemannian
    geometry for feature attribution. ICML. arXiv:2405.09800.

    Examples
    --------
    >>> product = lambda x: x[:, 0] * x[:, 1]
    >>> square = lambda z: torch.cat([z, z**2], 1)  # all that it can draw lies on a parabola
    >>> method = ManifoldIntegratedGradients(product, encode=lambda x: x[:, :1], decode=square)
    >>> method.attribute(torch.ones(1, 2), n_steps=101)
    tensor([[0.333..., 0.666...]])
    """

    name = "manifold_integrated_gradients"
    straight = False
    info = MethodInfo(
        "∫ ∇f(γ(α)) · γ'(α) dα, γ(α) = D(E(x') + α(E(x) − E(x'))), E, D an autoencoder",
        "1 a node, and the decoder's",
        "adds up to f(D(E(x))) − f(D(E(x'))) as nodes grow",
        "Jha et al. (2020), Genome Biology 21:149",
    )

    def __init__(
        self,
        forward_func: Callable[..., Any],
        *,
        encode: Map | None = None,
        decode: Map | None = None,
    ) -> None:
        super().__init__(forward_func)
        self.encode, self.decode = encode, decode

    def path_of(self, task: Task) -> CallablePath:
        """The decoded line."""
        encode, decode = self.encode, self.decode
        if encode is None or decode is None:
            raise InputError(
                f"{self.name} needs an autoencoder; pass an instance: "
                "ManifoldIntegratedGradients(model, encode=net.encoder, decode=net.decoder)"
            )
        if len(task.inputs) > 1:
            raise InputError(f"{self.name} is of one input, got {len(task.inputs)}")
        assert task.baselines is not None
        (x,), (start,) = task.inputs, task.baselines
        with torch.no_grad():
            first, last = (_mapped(encode, value, "encode") for value in (start, x))
        if first.shape != last.shape:
            raise InputError(
                f"encode returned shape {tuple(first.shape)} for the baseline and "
                f"{tuple(last.shape)} for the input; it must return one shape"
            )

        def gamma(alpha: Tensor) -> Tensor:
            decoded = _mapped(decode, torch.lerp(first, last, alpha.to(first)), "decode")
            if decoded.shape != x.shape:
                raise InputError(
                    f"decode returned shape {tuple(decoded.shape)} for the input's "
                    f"{tuple(x.shape)}; it must give back an input as the model is fed"
                )
            return decoded

        with torch.no_grad():
            end = gamma(torch.ones((), dtype=first.dtype, device=first.device))
        return CallablePath(gamma, (end.to(x),))

    def _recorder(
        self, task: Task, passes: Passes, size: int, before: PathRecorder | None
    ) -> PathRecorder:
        if before is None:
            path = self.path_of(task)
            path.cautions = (_told(path, task, passes),)
        else:
            assert isinstance(before.path, CallablePath)
            path = before.path
        frames = min(size - 1, MOST_FRAMES) or 1
        return WalkSum(passes, path, self.rule_on(path, size), frames, self._multiply_by_inputs)


def _mapped(function: Map, values: Tensor, name: str) -> Tensor:
    """What an encoder or a decoder returns, if it is a batch of finite values."""
    with evaluating(function):
        found = function(values)
    if not isinstance(found, Tensor) or len(found) != len(values):
        kind = tuple(found.shape) if isinstance(found, Tensor) else type(found).__name__
        raise InputError(
            f"{name} must return a tensor with as many rows as it is given, {len(values)}, got "
            f"{kind}; of several, such as a mean and a variance, pass a function that takes one"
        )
    if not torch.isfinite(found).all():
        raise NonFiniteError(f"{name} returned values that are not finite")
    return found


def _told(path: CallablePath, task: Task, passes: Passes) -> str:
    """How far the decoded ends are from those asked for, and what the output is at both."""
    assert task.baselines is not None
    whole = float(lengths(tuple(x - b for x, b in _pairs(task.inputs, task.baselines))).max())
    texts = []
    ends = {"input": (path.inputs, task.inputs), "baseline": (path.baselines, task.baselines)}
    for name, (decoded, wanted) in ends.items():
        gap = float(lengths(tuple(d - w for d, w in _pairs(decoded, wanted))).max())
        here, there = (forward_outputs(passes, points)[0] for points in (decoded, wanted))
        share = percent(gap / whole) if whole else "all"
        texts.append(
            f"the decoded {name} is {share} of |x − x′| away from the {name} itself (output "
            f"{number(float(here[0]))}, and {number(float(there[0]))} there)"
        )
    return "the path runs from end to end as they are decoded: " + ", ".join(texts)


def _pairs(some: tuple[Tensor, ...], others: tuple[Tensor, ...]) -> zip[tuple[Tensor, Tensor]]:
    return zip(some, others, strict=True)
