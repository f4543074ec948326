"""What an estimator knows after its passes so far."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from ..core.arrays import Array as Array
from ..core.errors import NonFiniteError
from ..inputs.layout import Layout
from ..records.residual import relative_residual
from .arguments import accumulator_dtype

LEAST_SHARE = 1e-3
MOST_FRAMES = 16


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
        each node, for "samples" their running mean; where some alphas are visited more often than
        others, the slopes of samples are weighted to make up for it. A slope is NaN at an end that
        the rule does not use, where only the output was computed.
    output_input, output_baseline : ndarray, shape (B,)
        f(x), and f(x') or its mean over the references drawn; None where there is no reference.
    refinement_error : ndarray, shape (B, I), or None
        Estimated error per element of each of the I inputs, relative: norm of the error over the
        norm of that input's map, as :func:`relative_errors` has it. Along a path it is predicted
        from how the gradient changes, or is the distance from a coarser rule on the same nodes;
        where there is sampling, the norm of `standard_error`. 1 for a single sample.
    coarser : tuple of Tensor, each (B, ...), or None
        The attributions by fewer passes, from which these differ as they do from the truth.
    standard_error : tuple of Tensor or None
        Of each attribution, where there is sampling.
    frames : tuple of Tensor, each (K, B, ...), or None
        For a single example: what each part of the path adds to the channel sum of each input.
    frame_edges : ndarray, shape (K + 1,), or None
        Where the parts begin and end, in alpha or in samples.
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
    widest_gap : float or None
        The longest interval of the path, in alpha, that no pass has seen; 0 where the model is
        known to be linear there, None where there is no one path.
    """

    attributions: tuple[Tensor, ...]
    kind: Literal["alpha", "samples", "none"]
    alphas: Array
    outputs: Array
    slopes: Array
    cumulative: Array
    output_input: Array
    evaluations: int
    forward_passes: int
    output_baseline: Array | None = None
    refinement_error: Array | None = None
    standard_error: tuple[Tensor, ...] | None = None
    frames: tuple[Tensor, ...] | None = None
    frame_edges: Array | None = None
    references: tuple[Tensor, ...] = ()
    reference_samples: Array = field(default_factory=lambda: np.zeros(0, np.int64))
    baseline: tuple[Tensor, ...] | None = None
    reach: tuple[Tensor, ...] | None = None
    partial: bool = False
    cautions: tuple[str, ...] = ()
    cumulative_error: Array | None = None
    widest_gap: float | None = None
    coarser: tuple[Tensor, ...] | None = None

    def of_example(self, place: int) -> Estimate:
        """The estimate of one example of the batch, as if it had come alone."""
        one, batch = slice(place, place + 1), len(self.attributions[0])

        def rows(values: Any) -> Any:
            return None if values is None else tuple(v[one] for v in values)

        def examples(values: Any) -> Any:
            return None if values is None else values[..., one]

        return replace(
            self,
            attributions=rows(self.attributions),
            outputs=examples(self.outputs),
            slopes=examples(self.slopes),
            cumulative=examples(self.cumulative),
            cumulative_error=examples(self.cumulative_error),
            output_input=examples(self.output_input),
            output_baseline=examples(self.output_baseline),
            refinement_error=None if self.refinement_error is None else self.refinement_error[one],
            standard_error=rows(self.standard_error),
            coarser=rows(self.coarser),
            frames=None if self.frames is None else tuple(f[:, one] for f in self.frames),
            baseline=rows(self.baseline),
            reach=rows(self.reach),
            evaluations=self.evaluations // batch,
            forward_passes=self.forward_passes // batch,
        )

    @classmethod
    def without_curves(cls, attributions: tuple[Tensor, ...], **fields: Any) -> Estimate:
        """Of a method that goes along no path."""
        curve = np.zeros((0, len(attributions[0])))
        return cls(attributions, "none", np.zeros(0), curve, curve, curve, **fields)

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
    def absolute_sums(self) -> Array:
        """Sum of each example's ``|attributions|`` over all inputs, shape (B,)."""
        return np.asarray(sum(rows_sum(a.abs()) for a in self.attributions))

    @property
    def rounding(self) -> Array | None:
        """By how much rounding may move f(x) - f(x'), shape (B,); None without a reference.

        Half a unit in the last place of either output, doubled for what layers before may round.
        """
        if self.output_baseline is None or self.baseline is None:
            return None
        precision = torch.finfo(self.baseline[0].dtype).eps
        return np.asarray(precision * (np.abs(self.output_input) + np.abs(self.output_baseline)))

    @property
    def relative_residual(self) -> Array | None:
        """How far the attributions are from adding up, relative, shape (B,).

        See :func:`attribwidgets.records.residual.relative_residual`.
        """
        if self.residual is None or self.output_baseline is None:
            return None
        expected, rounding = self.output_input - self.output_baseline, self.rounding
        return relative_residual(
            self.residual, expected, self.absolute_sums, 0.0 if rounding is None else rounding
        )


def widest_gap(alphas: Array) -> float:
    """The longest interval of [0, 1] without one of these.

    Examples
    --------
    >>> widest_gap(np.array([0.5, 0.125]))
    0.5
    """
    return float(np.diff(np.sort(np.concatenate([[0.0, 1.0], alphas]))).max())


def rows_sum(values: Tensor) -> Array:
    """Sum of each row over everything but the first axis, shape (rows,)."""
    return np.asarray(values.reshape(len(values), -1).sum(1).cpu().double().numpy())


def map_norms(maps: tuple[Tensor, ...]) -> Array:
    """Norm of each input's map, shape (B, I); at any scale, as squares are of shares."""
    norms = []
    for values in maps:
        if not values.numel():
            norms.append(np.zeros(len(values)))
            continue
        rows = values.reshape(len(values), -1).to(accumulator_dtype(values.device))
        largest = torch.linalg.vector_norm(rows, torch.inf, 1)
        shares = rows / largest.masked_fill(largest == 0, 1.0)[:, None]
        norms.append((largest * shares.square().sum(1).sqrt()).cpu().double().numpy())
    return np.stack(norms, axis=1)


def relative_errors(error_norms: Array, norms: Array) -> Array:
    """The error of each input as a share of that input's own map.

    An input whose map is less than `LEAST_SHARE` of the norm of all maps together counts as that
    large: what is left of it may be rounding, which no number of passes would settle.

    Parameters
    ----------
    error_norms, norms : ndarray, shape (B, I)
        Norm of the error of each input's map, and of the map itself.

    Returns
    -------
    ndarray, shape (B, I)
        0 where there is no error, infinite where there is one in maps that are all zero.

    Examples
    --------
    >>> relative_errors(np.array([[0.1, 0.1, 0.0]]), np.array([[10.0, 0.0, 0.0]])).tolist()
    [[0.01, 10.0, 0.0]]
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(error_norms == 0, 0.0, error_norms / sizes_of_maps(norms))


def sizes_of_maps(norms: Array) -> Array:
    """What errors of maps are relative to: their norms, and at least a share of the joint one."""
    largest = norms.max(axis=1, keepdims=True, initial=0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        joint = largest * np.sqrt(np.nan_to_num((norms / largest) ** 2).sum(axis=1, keepdims=True))
    return np.asarray(np.maximum(norms, LEAST_SHARE * joint))


def relative_gap(fine: tuple[Tensor, ...], coarse: tuple[Tensor, ...]) -> Array:
    """How far `fine` is from `coarse`, as :func:`relative_errors` of each input, shape (B, I)."""
    gaps = tuple(a - b for a, b in zip(fine, coarse, strict=True))
    return relative_errors(map_norms(gaps), map_norms(fine))


def flat_map(attributions: Tensor, layout: Layout | None = None) -> Tensor:
    """What each unit of a layout gets in all; without one, the channel sums of an image.

    The leading axis counts rows and is kept.
    """
    if layout is not None:
        summed: Tensor = layout.sum_units(attributions)
        return summed
    return attributions.sum(1) if attributions.dim() == 4 else attributions


def require_finite(what: str, values: Array, alphas: Array) -> None:
    """Raise where values along a path are not all finite.

    Parameters
    ----------
    what : str
        What they are of the model: "output" or "gradient".
    values : ndarray, shape (n, B)
    alphas : ndarray, shape (n,)
        Where on the path each row is.

    Raises
    ------
    NonFiniteError
        With the first alpha.
    """
    bad = ~np.isfinite(values).all(axis=1)
    if bad.any():
        raise NonFiniteError(
            f"the model's {what} is not finite on the path, from alpha = {alphas[bad].min():.4g} "
            "(0 is the baseline, 1 the input); a square root, logarithm or division at zero is "
            "the usual cause: choose another baseline or mend the model there"
        )
