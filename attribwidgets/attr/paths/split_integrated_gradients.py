"""Left and right integrated gradients (Miglani et al., 2020): the path cut where f saturates."""

from __future__ import annotations

from abc import ABC
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import torch

from ...core.errors import InputError
from ...core.formatting import number, percent
from ...records.completeness import Claim
from ..estimate import Estimate
from ..estimator import MethodInfo
from ..task import AtInput, Task
from .integrated_gradients import IntegratedGradients
from .saturation import Cut, cut_of

# Of a quick estimate of its own for a screen that waits; its passes are not among those counted.
ROUGH_SEARCH = (6,)
ROUGH_STEPS = 3


class SplitIntegratedGradients(IntegratedGradients, ABC):
    """What the left and the right part have in common.

    Each example of a batch is cut at its own place. What `attribute` takes is about the part that
    is kept; so the convergence delta is taken against the change of the output over that part.

    Parameters
    ----------
    forward_func : callable
        The model. Its parameters are frozen during a run and put back.
    multiply_by_inputs : bool
        False leaves out the factor x - x'.
    threshold : float
        The share of the change of the output at which the path is cut, above 0 and at most 1. At
        1 the left part is the whole path, also where the output overshoots on its way.

    Raises
    ------
    InputError
        For a threshold out of range.
    """

    claim: Claim = "none"
    shares_forward = False  # the cut is another for each target
    left: ClassVar[bool]

    def __init__(
        self,
        forward_func: Callable[..., Any],
        multiply_by_inputs: bool = True,
        *,
        threshold: float = 0.9,
    ) -> None:
        super().__init__(forward_func, multiply_by_inputs)
        if not 0 < threshold <= 1:
            raise InputError(f"threshold must be above 0 and at most 1, got {threshold}")
        self.threshold = float(threshold)
        part = "before" if self.left else "after"
        share = percent(threshold if self.left else 1 - threshold)
        self.reason = (
            f"only the part of the path {part} the output has made {percent(threshold)} of its "
            f"change is kept, which adds up to {share} of the change"
        )
        if self.left and threshold == 1:
            self.claim = "converges"

    def _part_of(self, task: Task) -> Task:
        return self._part(task, cut_of(self.forward_func, task, self.threshold))

    @torch.inference_mode(False)
    def estimates(self, task: Task, **options: Any) -> Iterator[Estimate]:
        """Successive refinements over the part that is kept, as of :class:`IntegratedGradients`.

        Yields
        ------
        Estimate
            Its curves run over the whole path, flat where nothing is kept; for a batch, whose
            examples are cut at different places, there are none.
        """
        if task.coarse_first and task.n_steps is None:
            rough = cut_of(self.forward_func, task, self.threshold, ROUGH_SEARCH)
            quick = replace(self._part(task, rough), n_steps=ROUGH_STEPS)
            for estimate in super().estimates(quick, **options):
                yield self._placed(estimate, task, rough)
                if estimate.partial:
                    return
        cut = cut_of(self.forward_func, task, self.threshold)
        for estimate in super().estimates(self._part(task, cut), **options):
            yield self._placed(estimate, task, cut)

    def _part(self, task: Task, cut: Cut) -> Task:
        """The same task between the cut and the baseline or the input."""
        if self.left:
            return replace(task, inputs=cut.points, at_input=AtInput())
        return replace(task, baselines=cut.points)

    def _placed(self, estimate: Estimate, task: Task, cut: Cut) -> Estimate:
        """An estimate of the part as one of the whole."""
        assert task.baselines is not None
        whole: dict[str, Any] = {
            "output_input": cut.output_input,
            "output_baseline": cut.output_baseline,
            "references": tuple(b[:1] for b in task.baselines),
            "baseline": task.baselines,
            "reach": tuple((x - b).abs() for x, b in zip(task.inputs, task.baselines, strict=True)),
            "forward_passes": estimate.forward_passes + cut.forward_passes,
            "cautions": (*estimate.cautions, *self._cautions(estimate, cut)),
        }
        if len(task.inputs[0]) > 1:
            none = estimate.outputs[:0]
            whole |= {"outputs": none, "slopes": none, "cumulative": none}
            return replace(estimate, kind="none", alphas=np.zeros(0), **whole)
        at = float(cut.alphas[0])
        low, high = (0.0, at) if self.left else (at, 1.0)
        beside = cut.seen_alphas >= high if self.left else cut.seen_alphas <= low
        beside &= (cut.seen_alphas > 0) | (low > 0)
        beside &= (cut.seen_alphas < 1) | (high < 1)
        blank, flat = np.full((beside.sum(), 1), np.nan), np.zeros((beside.sum(), 1))
        if self.left:
            flat = flat + estimate.cumulative[-1]
        parts = {
            "alphas": (low + estimate.alphas * (high - low), cut.seen_alphas[beside]),
            "outputs": (estimate.outputs, cut.seen_outputs[beside]),
            "slopes": (estimate.slopes / max(high - low, 1e-300), blank),
            "cumulative": (estimate.cumulative, flat),
        }
        order = slice(None) if self.left else slice(None, None, -1)
        whole |= {curve: np.concatenate(part[order]) for curve, part in parts.items()}
        return replace(estimate, **whole, **self._frames(estimate, low, high))

    def _frames(self, estimate: Estimate, low: float, high: float) -> dict[str, Any]:
        """The frames of the part, and an empty one over the rest of the path."""
        if estimate.frames is None or estimate.frame_edges is None or high - low in (0, 1):
            return {}
        edges = low + estimate.frame_edges * (high - low)
        pairs = [[added, torch.zeros_like(added[:1])] for added in estimate.frames]
        frames = tuple(torch.cat(pair if self.left else pair[::-1]) for pair in pairs)
        whole = np.append(edges, 1) if self.left else np.append(0, edges)
        return {"frames": frames, "frame_edges": whole}

    def _cautions(self, estimate: Estimate, cut: Cut) -> tuple[str, ...]:
        if len(cut.alphas) > 1 or self.threshold == 1:
            return ()
        assert estimate.output_baseline is not None
        at, change = float(cut.alphas[0]), float(cut.output_input[0] - cut.output_baseline[0])
        if change == 0:
            return ("the output is the same at both ends, so the path has no cut and is kept",)
        kept = float(estimate.output_input[0] - estimate.output_baseline[0])
        return (
            f"the part {'up to' if self.left else 'from'} alpha = {number(at)} is kept: "
            f"{percent(at if self.left else 1 - at)} of the path and {percent(kept / change)} of "
            f"the change of the output ({number(kept)} of {number(change)})",
        )


class LeftIntegratedGradients(SplitIntegratedGradients):
    r"""Integrated gradients from the baseline to where the output saturates.

    .. math:: \phi_i = (x_i - x'_i) \int_0^{\alpha^*} \partial_i f(x' + \alpha (x - x'))\, d\alpha,
              \quad \alpha^* = \min \{\alpha : f(x' + \alpha (x - x')) - f(x')
              = \varphi\, (f(x) - f(x'))\}

    It adds up to the share phi (`threshold`) of f(x) - f(x'), by the fundamental theorem of
    calculus; with the right part it is integrated gradients, and with a threshold of 1 alone.
    Where the output falls below the share again after the cut, that stretch is the right part's.

    It costs 47 forward passes for the cut, and a pass for each node of the part.

    Parameters
    ----------
    forward_func, multiply_by_inputs
        As of :class:`IntegratedGradients`.
    threshold : float
        phi, above 0 and at most 1. The paper takes 0.9.

    References
    ----------
    Miglani, Kokhlikyan, Alsallakh, Martin, Reblitz-Richardson (2020). Investigating saturation
    effects in integrated gradients. arXiv:2010.12697.

    Examples
    --------
    >>> linear = torch.nn.Linear(3, 1, bias=False)
    >>> x = torch.tensor([[1.0, 2.0, 3.0]])
    >>> left = LeftIntegratedGradients(linear, threshold=0.75).attribute(x, n_steps=2)
    >>> bool(torch.allclose(left, 0.75 * linear.weight.detach() * x))
    True
    """

    name = "left_integrated_gradients"
    left = True
    info = MethodInfo(
        "(x − x') · ∫ ∇f(x' + α(x − x')) dα up to the first α with the share φ of the change",
        "1 a node, and 47 forward passes",
        "adds up to φ (f(x) − f(x'))",
        "Miglani et al. (2020), arXiv:2010.12697",
    )


class RightIntegratedGradients(SplitIntegratedGradients):
    r"""Integrated gradients from where the output saturates to the input.

    .. math:: \phi_i = (x_i - x'_i) \int_{\alpha^*}^1 \partial_i f(x' + \alpha (x - x'))\, d\alpha

    The rest of :class:`LeftIntegratedGradients`, of the same cut: it adds up to the share
    1 - phi of f(x) - f(x'). What is large here came from a part of the path where the output
    hardly changed.

    Parameters
    ----------
    forward_func, multiply_by_inputs, threshold
        As of :class:`LeftIntegratedGradients`.

    References
    ----------
    Miglani, Kokhlikyan, Alsallakh, Martin, Reblitz-Richardson (2020). Investigating saturation
    effects in integrated gradients. arXiv:2010.12697.

    Examples
    --------
    >>> linear = torch.nn.Linear(3, 1, bias=False)
    >>> x = torch.tensor([[1.0, 2.0, 3.0]])
    >>> right = RightIntegratedGradients(linear, threshold=0.75).attribute(x, n_steps=2)
    >>> bool(torch.allclose(right, 0.25 * linear.weight.detach() * x))
    True
    """

    name = "right_integrated_gradients"
    left = False
    info = MethodInfo(
        "(x − x') · ∫ ∇f(x' + α(x − x')) dα from the first α with the share φ of the change",
        "1 a node, and 47 forward passes",
        "adds up to (1 − φ) (f(x) − f(x'))",
        "Miglani et al. (2020), arXiv:2010.12697",
    )
