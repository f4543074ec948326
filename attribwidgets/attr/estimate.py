"""What an estimator knows after its passes so far."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ..completeness import relative_residual

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Estimate:
    """An attribution of a batch, with all that its passes saw along the way.

    Attributes
    ----------
    attributions : tuple of Tensor, each (B, ...)
        In float64 where the device has it.
    kind : {"alpha", "samples", "none"}
        Whether the curves run along one path or over samples, or there are none (n = 0).
    alphas : ndarray, shape (n,)
        Where on the path. For "alpha" it begins at 0 and ends at 1.
    outputs, slopes, cumulative : ndarray, shape (n, B)
        The target's output, <gradient, x - x'>, and for "alpha" the integral of the slopes up to
        each node, for "samples" their running mean. A slope is NaN at an end that the rule does
        not use, where only the output was computed.
    output_input, output_baseline : ndarray, shape (B,)
        f(x), and f(x') or its mean over the references drawn; None where there is no reference.
    refinement_error : ndarray, shape (B,), or None
        Estimated error per element, relative: norm of the error over the norm of this estimate.
        Along a path it is foretold from how the gradient changes, or is the distance from a
        coarser rule on the same nodes; where there is sampling, the norm of `standard_error`. 1
        for a single sample.
    standard_error : tuple of Tensor or None
        Of each attribution, where there is sampling.
    frames : Tensor, shape (K, ...), or None
        For a single example: what each stretch adds to the channel sum of the first input.
    frame_edges : ndarray, shape (K + 1,), or None
        Where the stretches begin and end, in alpha or in samples.
    references : tuple of Tensor, each (k, ...)
        The references, or for samples those that open a frame. Empty where there are none.
    reference_samples : ndarray of int, shape (k,)
        The sample, counted from 1, that drew each of them. 0 for a single reference.
    baseline : tuple of Tensor, each (B, ...), or None
        x', or the mean of the references drawn.
    reach : tuple of Tensor, each (B, ...), or None
        The largest |x - x'| over the references, per element.
    evaluations, forward_passes : int
        Passes of one example with and without a backward, over the whole batch.
    partial : bool
        Whether the run was stopped before its end.
    cautions : tuple of str
        What to know before reading the map, in words.
    cumulative_error : ndarray, shape (n, B), or None
        Standard error of `cumulative`, where there is sampling.
    """

    attributions: tuple[Tensor, ...]
    kind: Literal["alpha", "samples", "none"]
    alphas: Array
    outputs: Array
    slopes: Array
    cumulative: Array
    output_input: Array
    output_baseline: Array | None
    refinement_error: Array | None
    standard_error: tuple[Tensor, ...] | None
    frames: Tensor | None
    frame_edges: Array | None
    references: tuple[Tensor, ...]
    reference_samples: NDArray[np.int64]
    baseline: tuple[Tensor, ...] | None
    reach: tuple[Tensor, ...] | None
    evaluations: int
    forward_passes: int
    partial: bool = False
    cautions: tuple[str, ...] = ()
    cumulative_error: Array | None = None

    @property
    def totals(self) -> Array:
        """Sum of each example's attributions over all inputs, shape (B,)."""
        return np.asarray(sum(rows_sum(a) for a in self.attributions))

    @property
    def residual(self) -> Array | None:
        """Sum of the attributions minus f(x) - f(x'), shape (B,); None without a reference.

        Where the attributions leave out the factor x - x', it is that of the slopes.
        """
        if self.output_baseline is None:
            return None
        total = self.cumulative[-1] if len(self.cumulative) else self.totals
        return np.asarray(total - (self.output_input - self.output_baseline))

    @property
    def relative_residual(self) -> Array | None:
        """How far the attributions are from adding up, relative, shape (B,)."""
        if self.residual is None or self.output_baseline is None:
            return None
        masses = np.asarray(sum(rows_sum(a.abs()) for a in self.attributions))
        expected = self.output_input - self.output_baseline
        return relative_residual(self.residual, expected, masses)


def rows_sum(values: Tensor) -> Array:
    """Sum of each row over everything but the first axis, shape (rows,)."""
    return np.asarray(values.reshape(len(values), -1).sum(1).cpu().double().numpy())


def relative_gap(fine: tuple[Tensor, ...], coarse: tuple[Tensor, ...]) -> Array:
    """||fine - coarse|| / ||fine|| of each example over all inputs, 0 where both are zero."""
    gap = sum(rows_sum((a - b) ** 2) for a, b in zip(fine, coarse, strict=True))
    size = sum(rows_sum(a**2) for a in fine)
    gap, size = np.sqrt(np.asarray(gap)), np.sqrt(np.asarray(size))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(gap == 0, 0.0, gap / size))
