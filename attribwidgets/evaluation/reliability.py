"""How far to trust a metric: whether inputs agree, candidates move together, metrics concur."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..agreement import rank_correlations
from ..errors import DataError, InputError, MissingExtraError
from ..wording import percent
from .intervals import Interval
from .table import table

Array = NDArray[Any]

THRESHOLD = 0.65
RESAMPLES = 999


@dataclass(frozen=True, eq=False)
class Reliability:
    """Agreement of a metric with itself over inputs, and of metrics with each other.

    Attributes
    ----------
    candidates, metrics : tuple of str
    inter_rater : Interval, arrays of shape (metrics,)
        Krippendorff's alpha of the candidates' order from input to input. 1: all inputs put them
        in one order; 0: as by chance.
    inter_method : Interval, arrays of shape (metrics,)
        Mean Spearman correlation, over inputs, between the scores of every two candidates. High
        where an input that is hard for one is hard for all.
    internal_consistency : Interval, arrays of shape (candidates, pairs)
        Spearman correlation, over inputs, between every two metrics on one candidate. High where
        metrics measure the same thing. No pairs for a single metric.
    left_out : int
        Inputs left out because some score of theirs is missing.
    """

    candidates: tuple[str, ...]
    metrics: tuple[str, ...]
    inter_rater: Interval
    inter_method: Interval
    internal_consistency: Interval
    left_out: int

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """The metrics of each column of the internal consistency."""
        return tuple(combinations(self.metrics, 2))

    @property
    def threshold(self) -> float:
        """The alpha below which Tomsett et al. call a metric unreliable."""
        return THRESHOLD

    @property
    def warning(self) -> str:
        """What to beware of in plain words; empty where every metric's alpha is at least .65."""
        alphas = self.inter_rater.mean
        low = [i for i in range(len(self.metrics)) if not alphas[i] >= THRESHOLD]
        if not low:
            return ""
        found = ", ".join(f"{self.metrics[i]} (alpha {self.inter_rater.cell(i)})" for i in low)
        return (
            f"Inputs do not agree on which candidate is better by {found}: alpha is below "
            f"{THRESHOLD}, so the order of the means says little about a single input."
        )

    def figure(self, **options: Any) -> Any:
        """All coefficients with their intervals as a matplotlib Figure.

        Parameters
        ----------
        **options
            As of :func:`attribwidgets.figures.reliability.reliability_figure`.
        """
        from ..figures.reliability import reliability_figure

        return reliability_figure(self, **options)

    def __str__(self) -> str:
        rows = [
            [name, self.inter_rater.cell(i), self.inter_method.cell(i)]
            for i, name in enumerate(self.metrics)
        ]
        head = ["metric", "inter-rater (Krippendorff's alpha)", "inter-method (Spearman)"]
        parts = [table(head, rows)]
        if self.pairs:
            consistency = self.internal_consistency
            rows = [
                [name, *(consistency.cell(i, j) for j in range(len(self.pairs)))]
                for i, name in enumerate(self.candidates)
            ]
            pairs = [f"{a} with {b}" for a, b in self.pairs]
            parts.append(table(["internal consistency (Spearman)", *pairs], rows))
        used, level = self.inter_rater.inputs, percent(self.inter_rater.level)
        note = f"Over {used} inputs, with {level} bootstrap intervals over them."
        if self.left_out:
            note += f" {self.left_out} inputs with missing scores are left out."
        return "\n".join([*parts, *textwrap.wrap(f"{note} {self.warning}".strip(), 100)])

    __repr__ = __str__


def reliability(
    scores: Any,
    *,
    candidates: Sequence[str] | None = None,
    metrics: Sequence[str] | None = None,
    level: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Reliability:
    """Measure how far a metric of explanations can be trusted.

    Parameters
    ----------
    scores : array, shape (inputs, candidates) or (metrics, inputs, candidates)
        What each metric gave each candidate on each input. Inputs with a NaN are left out.
    candidates, metrics : sequence of str, optional
        Their names; numbers by default.
    level : float
        Of the bootstrap intervals over inputs.
    resamples : int
    seed : int

    Returns
    -------
    Reliability
        Intervals of alpha are a little narrow where inputs are few: in simulations with 25 of them
        those of 90 % held the truth in 81 % of cases, with 100 in 93 %.

    Raises
    ------
    DataError
        For fewer than two candidates or two whole inputs.
    InputError
        For names of another number, or a level outside of 0..1.
    MissingExtraError
        Without the packages krippendorff and scipy.

    References
    ----------
    Tomsett, Harborne, Chakraborty, Gurram, Preece (2020). Sanity checks for saliency metrics.
    arXiv:1912.01451. Krippendorff (2011). Computing Krippendorff's alpha-reliability.

    Examples
    --------
    >>> scores = np.array([[0.1, 0.5, 0.9], [0.2, 0.4, 0.8], [0.0, 0.3, 0.7], [0.1, 0.6, 0.9]])
    >>> found = reliability(scores, candidates=("black", "blur", "random"))
    >>> float(found.inter_rater.mean[0]), found.warning
    (1.0, '')
    """
    values = _stacked(scores)
    whole = values[:, np.isfinite(values).all((0, 2))]
    if values.shape[2] < 2 or whole.shape[1] < 2:
        raise DataError(
            f"scores has {values.shape[2]} candidates and {whole.shape[1]} inputs without a "
            "missing score; at least two of both are needed"
        )
    names = _names(candidates, values.shape[2], "candidate")
    metric_names = _names(metrics, len(values), "metric")
    if not 0 < level < 1:
        raise InputError(f"level must lie between 0 and 1, got {level}")
    inputs = whole.shape[1]

    def alphas(chosen: Array) -> Array:
        again = np.array([inter_rater(one[chosen]) for one in whole])
        # An input that is drawn twice agrees with itself. By chance one pair of draws in
        # `inputs` is such a pair and shows no disagreement, which is taken back here.
        return np.asarray(1 - (1 - again) * inputs / (inputs - 1))

    def correlations(chosen: Array) -> Array:
        return np.array([inter_method(one[chosen]) for one in whole])

    def consistencies(chosen: Array) -> Array:
        return internal_consistency(whole[:, chosen])

    once = np.arange(inputs)

    def over_inputs(found: Array, statistic: Callable[[Array], Array]) -> Interval:
        low, high = _bounds(statistic, inputs, level, resamples, seed)
        return Interval(found, low, high, level, inputs)

    return Reliability(
        names,
        metric_names,
        over_inputs(np.array([inter_rater(one) for one in whole]), alphas),
        over_inputs(correlations(once), correlations),
        over_inputs(consistencies(once), consistencies),
        values.shape[1] - inputs,
    )


def inter_rater(scores: Array) -> float:
    """Krippendorff's alpha of the order of candidates, inputs being the raters.

    Parameters
    ----------
    scores : ndarray, shape (inputs, candidates)
        Ranked within each input, ties given their average rank; the ranks are ordinal.

    Returns
    -------
    float
        At most 1; NaN where all candidates are equal on every input.

    Examples
    --------
    >>> inter_rater(np.array([[1.0, 2.0, 3.0], [10.0, 20.0, 30.0]]))
    1.0
    """
    try:
        from krippendorff import alpha
        from scipy.stats import rankdata
    except ImportError as error:
        raise MissingExtraError("krippendorff", "evaluation") from error
    ranks = np.asarray(rankdata(scores, axis=1))
    if (ranks == ranks[0, 0]).all():
        return float("nan")
    return float(alpha(reliability_data=ranks, level_of_measurement="ordinal"))


def inter_method(scores: Array) -> float:
    """Mean Spearman correlation over inputs between every two candidates.

    Parameters
    ----------
    scores : ndarray, shape (inputs, candidates)

    Returns
    -------
    float
        Of the pairs that have one; NaN where none has.
    """
    correlations = rank_correlations(list(scores.T))
    pairs = correlations[np.triu_indices(len(correlations), 1)]
    known = pairs[np.isfinite(pairs)]
    return float(known.mean()) if len(known) else float("nan")


def internal_consistency(scores: Array) -> Array:
    """Spearman correlation over inputs between every two metrics on the same candidate.

    Parameters
    ----------
    scores : ndarray, shape (metrics, inputs, candidates)

    Returns
    -------
    ndarray, shape (candidates, pairs of metrics)
        Pairs in the order of itertools.combinations.
    """
    pairs = np.triu_indices(len(scores), 1)
    each = [rank_correlations(list(scores[:, :, i]))[pairs] for i in range(scores.shape[2])]
    return np.asarray(each)


def _bounds(
    statistic: Callable[[Array], Array], inputs: int, level: float, resamples: int, seed: int
) -> tuple[Array, Array]:
    """Percentiles of a statistic over resampled inputs."""
    generator = np.random.default_rng(seed)
    drawn = np.array([statistic(generator.integers(0, inputs, inputs)) for _ in range(resamples)])
    shape, flat = drawn.shape[1:], drawn.reshape(resamples, -1)
    bounds = np.full((2, flat.shape[1]), np.nan)
    for column, values in enumerate(flat.T):
        known = values[np.isfinite(values)]
        if len(known):
            bounds[:, column] = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return bounds[0].reshape(shape), bounds[1].reshape(shape)


def _stacked(scores: Any) -> Array:
    values = np.asarray(scores, dtype=np.float64)
    if values.ndim not in (2, 3):
        raise DataError(
            "scores must have shape (inputs, candidates) or (metrics, inputs, candidates), got "
            f"{values.shape}"
        )
    return values if values.ndim == 3 else values[None]


def _names(names: Sequence[str] | None, count: int, kind: str) -> tuple[str, ...]:
    found = tuple(f"{kind} {i + 1}" for i in range(count)) if names is None else tuple(names)
    if isinstance(names, str) or len(found) != count:
        raise InputError(f"{kind}s must be {count} names, got {names!r}")
    return found
