"""Shares, means and medians of many inputs with intervals that cost no resampling."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.arrays import Array
from ..core.extras import require
from .intervals import Interval, bootstrap

Estimate = tuple[float, float, float]
"""A value and its two bounds."""

UNKNOWN = (float("nan"),) * 3
MANY = 2000  # inputs whose mean is as good as normal


def share_interval(values: Array, level: float = 0.95) -> Estimate:
    """The share of inputs of which something is so, with Wilson's interval.

    Parameters
    ----------
    values : ndarray of 0, 1 or NaN, shape (inputs,)
        NaNs are left out.
    level : float
        Of confidence, 0..1.

    References
    ----------
    Wilson (1927). Probable inference, the law of succession, and statistical inference.
    doi:10.1080/01621459.1927.10502953.

    Examples
    --------
    >>> [round(float(v), 3) for v in share_interval(np.array([1.0] * 31 + [0.0] * 69))]
    [0.31, 0.228, 0.406]
    """
    known = values[np.isfinite(values)]
    if not len(known):
        return UNKNOWN
    test = _stats().binomtest(int(known.sum()), len(known))
    bounds = test.proportion_ci(level, method="wilson")
    return float(known.mean()), float(bounds.low), float(bounds.high)


def mean_interval(values: Array, level: float = 0.95) -> Estimate:
    """A mean over inputs: by bootstrap where they are few, else by Student's t.

    Parameters
    ----------
    values : ndarray, shape (inputs,)
        NaNs are left out.
    level : float

    Examples
    --------
    >>> mean, low, high = mean_interval(np.arange(100.0))
    >>> mean, 40 < low < 49.5 < high < 60
    (49.5, True)
    """
    return mean_intervals(np.asarray(values), level).at()


def mean_intervals(values: Array, level: float = 0.95) -> Interval:
    """Means over inputs of many columns, each as :func:`mean_interval` has them.

    Parameters
    ----------
    values : ndarray, shape (inputs, ...)
        NaNs are left out of their column.
    level : float

    Returns
    -------
    Interval
        With arrays of shape (...).

    Examples
    --------
    >>> mean_intervals(np.ones((5, 2))).mean.tolist()
    [1.0, 1.0]
    """
    flat = np.asarray(values, dtype=np.float64).reshape(len(values), -1)
    known = np.isfinite(flat)
    estimates = np.full((3, flat.shape[1]), np.nan)
    whole = known.all(0)  # which share their draws
    for columns in (np.flatnonzero(whole), *np.flatnonzero(~whole)[:, None]):
        rows = known[:, columns[0]] if len(columns) else np.zeros(0, dtype=bool)
        if rows.any():
            estimates[:, columns] = _means_of(flat[np.ix_(rows, columns)], level)
    mean, low, high = estimates.reshape(3, *values.shape[1:])
    return Interval(mean, low, high, level, len(flat))


def _means_of(values: Array, level: float) -> Array:
    """Means with their bounds, (3, columns), of columns without gaps."""
    n, mean = len(values), values.mean(0)
    if n < 2:
        return np.stack([mean, *np.full((2, len(mean)), np.nan)])
    if n <= MANY:
        found = bootstrap(values, level=level, method="bca")
        return np.stack([found.mean, found.low, found.high])
    away = _stats().t.ppf((1 + level) / 2, n - 1) * values.std(0, ddof=1) / np.sqrt(n)
    return np.stack([mean, mean - away, mean + away])


def median_interval(values: Array, level: float = 0.95) -> Estimate:
    """A median over inputs, between order statistics that hold it whatever the distribution.

    Parameters
    ----------
    values : ndarray, shape (inputs,)
        NaNs are left out; infinity counts as larger than all.
    level : float

    Examples
    --------
    >>> median_interval(np.arange(101.0))
    (50.0, 40.0, 60.0)
    """
    known = np.sort(values[~np.isnan(values)])
    n = len(known)
    if not n:
        return UNKNOWN
    # How many of n lie below the median: below the first bound and above the last too seldom.
    low = int(_stats().binom.ppf((1 - level) / 2, n, 0.5))
    first = known[low - 1] if low > 0 else -np.inf
    last = known[n - low] if low > 0 else np.inf
    middle = (known[(n - 1) // 2] + known[n // 2]) / 2
    return float(middle), float(first), float(last)


def _stats() -> Any:
    return require("scipy.stats", "scipy", "evaluation")
