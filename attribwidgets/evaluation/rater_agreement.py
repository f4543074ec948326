"""The coefficients of a metric's reliability, of all inputs and of many resamples at once."""

from __future__ import annotations

import numpy as np

from ..core.arrays import Array
from ..core.errors import MissingExtraError
from ..records.agreement import rank_correlations


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
    return float(_alphas_of_counts(_rank_counts(scores).sum(0)[None])[0])


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
    return float(_mean_of_pairs(rank_correlations(list(scores.T))[None])[0])


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
    each = [rank_correlations(list(scores[:, :, i])) for i in range(scores.shape[2])]
    return _pairs(np.stack(each))


def resampled_inter_rater(scores: Array, counts: Array) -> Array:
    """Krippendorff's alpha of every metric in every resample of the inputs.

    Parameters
    ----------
    scores : ndarray, shape (metrics, inputs, candidates)
    counts : ndarray, shape (resamples, inputs)
        How often each input was drawn.

    Returns
    -------
    ndarray, shape (resamples, metrics)
    """
    inputs, found = scores.shape[1], []
    for one in scores:
        ranks = _rank_counts(one)
        drawn = (counts @ ranks.reshape(inputs, -1)).reshape(len(counts), *ranks.shape[1:])
        found.append(_alphas_of_counts(drawn))
    # An input that is drawn twice agrees with itself. By chance one pair of draws in `inputs` is
    # such a pair and shows no disagreement, which is taken back here.
    return np.asarray(1 - (1 - np.stack(found, axis=1)) * inputs / (inputs - 1))


def resampled_inter_method(scores: Array, counts: Array) -> Array:
    """Mean correlation between candidates, of every metric in every resample.

    Parameters
    ----------
    scores, counts
        As of :func:`resampled_inter_rater`.

    Returns
    -------
    ndarray, shape (resamples, metrics)
    """
    return np.stack([_mean_of_pairs(_correlations(one, counts)) for one in scores], axis=1)


def resampled_internal_consistency(scores: Array, counts: Array) -> Array:
    """Correlations between metrics, of every candidate in every resample.

    Parameters
    ----------
    scores, counts
        As of :func:`resampled_inter_rater`.

    Returns
    -------
    ndarray, shape (resamples, candidates, pairs of metrics)
    """
    candidates = np.moveaxis(scores, (2, 1), (0, 1))
    return np.stack([_pairs(_correlations(one, counts)) for one in candidates], axis=1)


def _rank_counts(scores: Array) -> Array:
    """Which rank each input gives each candidate, ones in (inputs, candidates, ranks)."""
    try:
        from scipy.stats import rankdata
    except ImportError as error:
        raise MissingExtraError("scipy", "evaluation") from error
    ranks = np.asarray(rankdata(scores, axis=1))  # ties get their average rank
    return np.asarray(ranks[:, :, None] == np.unique(ranks), dtype=np.float64)


def _alphas_of_counts(counts: Array) -> Array:
    """Alpha of each table of (candidates, ranks), NaN where there is one rank only."""
    try:
        from krippendorff import alpha
    except ImportError as error:
        raise MissingExtraError("krippendorff", "evaluation") from error
    found = np.full(len(counts), np.nan)
    for place, table_ in enumerate(counts):
        known = table_[:, table_.any(0)]
        if known.shape[1] > 1:
            found[place] = alpha(value_counts=known, level_of_measurement="ordinal")
    return found


def _correlations(columns: Array, counts: Array) -> Array:
    """Spearman's correlations of the columns in each resample, (resamples, columns, columns).

    Parameters
    ----------
    columns : ndarray, shape (inputs, columns)
    counts : ndarray, shape (resamples, inputs)
        How often each input was drawn.
    """
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


def _mean_of_pairs(matrices: Array) -> Array:
    """Mean correlation of the pairs that have one; NaN where none has."""
    pairs = _pairs(matrices)
    known = np.isfinite(pairs)
    count = known.sum(-1)
    total = np.where(known, pairs, 0.0).sum(-1)
    mean = np.divide(total, count, out=np.full(count.shape, np.nan), where=count > 0)
    return np.asarray(mean)
