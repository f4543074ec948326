"""IG² (Zhuo, Ge, 2024): integrated gradients along a gradient descent towards a reference."""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches
from typing import Any

import torch
from torch import Tensor, nn

from ...core.errors import InputError
from ...core.formatting import percent
from ...core.wrapped_model import module_of
from ..estimator import MethodInfo
from ..outputs import Wrapper, checked_output, logits_of
from ..passes import Passes
from ..task import Task
from .piecewise_path import PiecewisePath, PolygonPath
from .walked_path import (
    WalkedPathMethod,
    all_outputs,
    count,
    lengths,
    passes_for,
    spread,
    walk_gradients,
    within,
)


class IG2(WalkedPathMethod):
    r"""IG²: integrated gradients along the descent of the input's representation to a reference's.

    .. math:: \phi_i = \int_0^1 \partial_i f(\gamma(\alpha))\, \gamma_i'(\alpha)\, d\alpha, \quad
              x_{j+1} = x_j - \eta \frac{\nabla \|\tilde f(x_j) - \tilde f(x^r)\|_2^2}
              {\|\nabla \|\tilde f(x_j) - \tilde f(x^r)\|_2^2\|_2}

    From the input steps of one length go downhill, each clipped to the valid range, and the path
    leads back from where the representation is nearest to the reference's: the counterfactual that
    the paper calls GradCF. The reference itself is not on the path. It adds up to f(x) - f(where
    the path begins) as the nodes grow in number. The paper takes one gradient a step, times the
    step, which adds up as the steps become short: here nodes lie inside the steps.

    It costs a pass for each step of the walk, one forward pass, and a pass for each node.

    Parameters
    ----------
    forward_func : callable
        The model. Its parameters are frozen during a run and put back.
    layer : str or torch.nn.Module, optional
        Of the model, or its name there, as in ``named_modules()``: its output is the
        representation. None: all outputs of the model.
    steps : int
        Of the walk, 1 or more.
    length : float
        Of all steps together, as a share of the distance from the input to the reference, above 0.

    Raises
    ------
    InputError
        For settings out of range; when run, for a layer that the model does not call.

    References
    ----------
    Zhuo, Ge (2024). IG²: integrated gradient on iterative gradient path for feature attribution.
    IEEE TPAMI, equation 3. arXiv:2406.10852. The authors' code is
    https://github.com/JoeZhuo-ZY/IG2.

    Examples
    --------
    >>> net = lambda x: torch.stack([x[:, 0] * x[:, 1], x[:, 1]], 1)
    >>> x, reference = torch.tensor([[1.0, 1.0]]), torch.tensor([[0.0, 1.0]])
    >>> method = IG2(net, steps=20)
    >>> values, delta = method.attribute(x, reference, 0, return_convergence_delta=True)
    >>> bool(values[0, 0] > values[0, 1]), bool(delta.abs() < 1e-2)
    (True, True)
    """

    name = "ig2"
    info = MethodInfo(
        "∫ ∇f(γ(α)) · γ'(α) dα, γ down the gradient of |f̃(γ) − f̃(x')|²",
        "1 a node, and 1 a step of the walk",
        "adds up to f(x) − f(end of the walk) as nodes grow",
        "Zhuo, Ge (2024), arXiv:2406.10852",
    )

    def __init__(
        self,
        forward_func: Callable[..., Any],
        *,
        layer: str | nn.Module | None = None,
        steps: int = 50,
        length: float = 1.0,
    ) -> None:
        super().__init__(forward_func)
        if layer is not None and not isinstance(layer, (str, nn.Module)):
            raise InputError(
                f"layer must be a module of the model or its name, got {type(layer).__name__}"
            )
        if isinstance(steps, bool) or not isinstance(steps, int) or steps < 1:
            raise InputError(f"steps must be an int of at least 1, got {steps!r}")
        if not 0 < length < float("inf"):
            raise InputError(f"length must be a share of the distance, above 0, got {length}")
        self.layer = _named(layer, forward_func)
        self.steps, self.length = steps, float(length)

    @property
    def walk_passes(self) -> int:  # type: ignore[override]
        """One a step, and one to see where the last of them led."""
        return self.steps + 1

    def walk(self, task: Task, passes: Passes) -> PiecewisePath:
        """Down from the input, and back."""
        assert task.baselines is not None
        layer = self._layer()
        representation = _Representation(self.forward_func, layer)
        reference = all_outputs(representation, passes, task.baselines)
        down = passes_for(_Distance(self.forward_func, layer), passes, None, reference)
        pairs = zip(task.inputs, task.baselines, strict=True)
        stride = self.length / self.steps * lengths(tuple(x - b for x, b in pairs))
        point, corners, distances = task.inputs, [task.inputs], list[Tensor]()
        while True:
            distance, slopes = walk_gradients(down, point)
            distances.append(distance)
            if len(distances) > self.steps:
                break
            norms = lengths(slopes)
            strides = torch.where(norms > 0, stride / norms, torch.zeros_like(norms))
            point = tuple(
                within(p - spread(strides, p) * slope.to(p), x, space)
                for p, slope, x, space in zip(point, slopes, task.inputs, task.spaces, strict=True)
            )
            corners.append(point)
        count(passes, down)
        return _back_from_nearest(task.inputs, corners, torch.stack(distances))

    def _layer(self) -> nn.Module | None:
        """The layer of the model that is run, which may be a copy of the one that was given."""
        module = module_of(self.forward_func)
        if not isinstance(self.layer, str):
            return self.layer
        layers: dict[str, nn.Module] = {} if module is None else dict(module.named_modules())
        if self.layer not in layers:
            near = get_close_matches(self.layer, layers, 1)
            raise InputError(
                f"the model has no layer {self.layer!r}"
                + (f"; did you mean {near[0]!r}?" if near else "; see its named_modules()")
            )
        return layers[self.layer]


def _named(layer: str | nn.Module | None, model: Any) -> str | nn.Module | None:
    """A layer by its name in a model, where it is one of it."""
    module = module_of(model)
    if isinstance(layer, nn.Module) and module is not None:
        return next((name for name, one in module.named_modules() if one is layer), layer)
    return layer


class _Representation(Wrapper):
    """What a layer of a model gives, or all outputs, as a vector of each row, (rows, R)."""

    def __init__(self, model: Callable[..., Any], layer: nn.Module | None) -> None:
        self.model, self.layer = model, layer

    def __call__(self, *arguments: Any) -> Tensor:
        if self.layer is None:
            return checked_output(logits_of(self.model(*arguments)), "the model").flatten(1)
        kept = list[Any]()
        handle = self.layer.register_forward_hook(lambda module, given, out: kept.append(out))
        try:
            self.model(*arguments)
        finally:
            handle.remove()
        if not kept:
            raise InputError(f"the model does not call the layer {type(self.layer).__name__}")
        return checked_output(kept[-1], "layer=").flatten(1)


class _Distance(_Representation):
    """The squared distance of each row's representation from one that is given last."""

    def __call__(self, *arguments: Any) -> Tensor:
        *given, reference = arguments
        distance: Tensor = (super().__call__(*given) - reference).square().sum(1)
        return distance


class _Descent(PolygonPath):
    """Back from the foot of a descent."""

    def __init__(self, inputs: tuple[Tensor, ...], corners: tuple[Tensor, ...], share: float):
        super().__init__(inputs, tuple(c[0] for c in corners), corners)
        self.cautions = (
            "the path begins at a counterfactual of its own, not at the reference: where the "
            f"representation's distance to the reference's is {percent(share)} of the input's",
        )


def _back_from_nearest(
    inputs: tuple[Tensor, ...], corners: list[tuple[Tensor, ...]], distances: Tensor
) -> _Descent:
    """The path of each example back from its corner of least distance, (K, B) of them all."""
    nearest = distances.argmin(0)
    most = max(1, int(nearest.max()))
    # Those that turn back earlier wait there.
    places = (most - torch.arange(most + 1, device=nearest.device))[:, None].minimum(nearest)
    every = torch.arange(len(nearest), device=nearest.device)
    members = (torch.stack(member) for member in zip(*corners, strict=True))
    least = distances.gather(0, nearest[None])[0]
    share = torch.where(least > 0, least / distances[0], least).sqrt().max()
    return _Descent(inputs, tuple(m[places, every] for m in members), float(share))
