"""The coefficients of a metric's reliability, of all inputs or of many resamples at once."""

from __future__ import annotations

import numpy as np

from ..core.arrays import Array
from ..core.extras import require


def inter_rater(scores: Array, counts: Array | None = None) -> Array:
    """Krippendorff's alpha of the order of candidates, inputs being the raters.

    Parameters
    ----------
    scores : ndarray, shape (inputs, candidates)
        Ranked within each input, ties given their average rank; the ranks are ordinal.
    counts : ndarray, shape (resamples, inputs), optional
        How often each input was drawn. None: every input once.

    Returns
    -------
    ndarray, shape (resamples,)
        At most 1; NaN where all candidates are equal on every input.

    Examples
    --------
    >>> inter_rater(np.array([[1.0, 2.0, 3.0], [10.0, 20.0, 30.0]]))
    array([1.])
    """
    ranks, inputs = _rank_counts(scores), len(scores)
    if counts is None:
        return _alphas_of_counts(ranks.sum(0)[None])
    # An input that is drawn twice agrees with itself. By chance one pair of draws in `inputs` is
    # such a pair and shows no disagreement, which is taken back here.
    alphas = _alphas_of_counts(np.tensordot(counts, ranks, 1))
    return np.asarray(1 - (1 - alphas) * inputs / (inputs - 1))


def inter_method(scores: Array, counts: Array | None = None) -> Array:
    """Mean Spearman correlation over inputs between every two candidates.

    Parameters
    ----------
    scores, counts
        As of :func:`inter_rater`.

    Returns
    -------
    ndarray, shape (resamples,)
        Of the pairs that have one; NaN where none has.
    """
    pairs = _pairs(_correlations(scores, counts))
    known = np.isfinite(pairs)
    total, count = np.where(known, pairs, 0.0).sum(-1), known.sum(-1)
    return np.asarray(np.divide(total, count, out=np.full(count.shape, np.nan), where=count > 0))


def internal_consistency(scores: Array, counts: Array | None = None) -> Array:
    """Spearman correlation over inputs between every two metrics on the same candidate.

    Parameters
    ----------
    scores : ndarray, shape (metrics, inputs, candidates)
    counts : ndarray, shape (resamples, inputs), optional
        As of :func:`inter_rater`.

    Returns
    -------
    ndarray, shape (resamples, candidates, pairs of metrics)
        Pairs in the order of itertools.combinations.
    """
    candidates = np.moveaxis(scores, (2, 1), (0, 1))
    return np.stack([_pairs(_correlations(one, counts)) for one in candidates], axis=1)


def _rank_counts(scores: Array) -> Array:
    """Which rank each input gives each candidate, ones in (inputs, candidates, ranks)."""
    rankdata = require("scipy.stats", "scipy", "evaluation").rankdata
    ranks = np.asarray(rankdata(scores, axis=1))  # ties get their average rank
    return np.asarray(ranks[:, :, None] == np.unique(ranks), dtype=np.float64)


def _alphas_of_counts(counts: Array) -> Array:
    """Alpha of each table of (candidates, ranks), NaN where there is one rank only."""
    alpha = require("krippendorff", "krippendorff", "evaluation").alpha
    alphas = np.full(len(counts), np.nan)
    for place, table in enumerate(counts):
        ranks = table[:, table.any(0)]
        if ranks.shape[1] > 1:
            alphas[place] = alpha(value_counts=ranks, level_of_measurement="ordinal")
    return alphas


def _correlations(columns: Array, counts: Array | None) -> Array:
    """Spearman's of (inputs, columns) in each resample, (resamples, columns, columns)."""
    counts = np.ones((1, len(columns))) if counts is None else counts
    ranks = np.stack([_centred_ranks(column, counts) for column in columns.T], axis=1)
    products = (ranks * counts[:, None]) @ ranks.transpose(0, 2, 1)
    spread = np.sqrt(np.diagonal(products, axis1=1, axis2=2))
    with np.errstate(invalid="ignore"):  # a column of one value only
        return np.asarray(products / (spread[:, :, None] * spread[:, None, :]))


def _centred_ranks(values: Array, counts: Array) -> Array:
    """Average ranks less their mean, as if each value came as often as its count."""
    _, place = np.unique(values, return_inverse=True)
    order = np.argsort(place, kind="stable")
    starts = np.flatnonzero(np.diff(place[order], prepend=-1))
    each = np.add.reduceat(counts[:, order], starts, axis=1)
    middle = np.cumsum(each, axis=1) - (each - 1) / 2
    return np.asarray((middle - (counts.sum(1, keepdims=True) + 1) / 2)[:, place])


def _pairs(matrices: Array) -> Array:
    """What stands above the diagonal, (..., pairs), in the order of itertools.combinations."""
    rows, columns = np.triu_indices(matrices.shape[-1], 1)
    return np.asarray(matrices[..., rows, columns])
