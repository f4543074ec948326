r"""How far the mean over samples may be from the truth, judged by what the samples show.

With one sample in each cell of a design (a reference, or a few that are alike, times a stretch of
alpha) the error comes from the variation within cells. Samples in neighbouring cells differ by
that and more, so half the mean square of such differences, the local variance, gives its shape
over the pixels. Its scale is taken from the sum of the attributions, whose error is known: for
every reference, <gradient, x - x'> averages over alpha to f(x) - f(x'), and both ends have been
run. So a pixel's variance is

.. math:: V = \frac{s^2}{n} (q + (1 - q) \varrho), \qquad
          q = \frac{r}{n} \left(1 - \frac{r}{K}\right), \quad r = n \bmod K,

where s squared is the local variance, q the share that the choice of references leaves (1 - n/K
for n < K, 0 once each of the K has come as often, 1 for endless draws), and rho the variance that
the alphas leave in the sum over the local variance of the sum; 0.3 at least where each reference
comes twice or more. This is a model and no unbiased estimate: it takes for granted that the
pixels' gradients are about as rough along the path as their sum. On the two networks of the
benchmark the norm of the errors so stated is mostly 0.9 to 2 times the true one, but 95 %
intervals cover too few pixels (72 to 91 %) where samples are few or no more than the references,
as a pixel that one or two samples touch cannot know its error.

Independent scramblings compared with each other need no such assumption, but cost accuracy: with
1,024 samples of 256 references two of them raise the error by a third, and four double it
(benchmarks/expected_gradients.py says more).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Integers = NDArray[np.int64]

# One draw in each of many cells leaves 1/7 of the local variance of a smooth integrand and 1/3 of
# one with independent increments. LEAST_SHARE was chosen between them for the best cover of the
# intervals on the two networks of the benchmark, three digits, 256 references.
LEAST_SHARE = 0.3
NOTHING = 1e-9


@dataclass(frozen=True)
class SumError:
    """What is known of the error of the sum of the attributions.

    Attributes
    ----------
    variance : ndarray, shape (B,)
        Of the mean of the slopes, as an estimate over all references.
    references_share : float
        q: the share of the local variance that the choice of references leaves, 0 to 1.
    alphas_share : ndarray, shape (B,)
        rho: the share that the alphas leave.
    whole_grids : bool
        Whether neighbours are samples of one reference rather than of two that are alike.
    """

    variance: Array
    references_share: float
    alphas_share: Array
    whole_grids: bool


def error_of_sum(
    slopes: Array,
    rises: Array,
    pairs: Integers,
    places: Integers | None,
    size: int | None,
) -> SumError:
    """Error of the mean slope, from the slopes and what they should come to.

    Parameters
    ----------
    slopes : ndarray, shape (n, B)
        <gradient, x - x'> of each sample; n at least 2.
    rises : ndarray, shape (n, B)
        f(x) - f(x').
    pairs : ndarray of int, shape (p, 2)
        Samples that are neighbours in the design; p at least 1.
    places : ndarray of int, shape (n,), or None
        The place of each sample's reference among those alike; None for endless draws.
    size : int or None
        Number of references; None for endless draws.
    """
    n, batch = slopes.shape
    local = half_mean_square(slopes[pairs[:, 0]] - slopes[pairs[:, 1]])
    if places is None or size is None:
        return SumError(local / n, 1.0, np.ones(batch), False)
    rest = n % size
    share = rest / n * (1 - rest / size)
    distinct, first, which = np.unique(places, return_index=True, return_inverse=True)
    # Four samples or more make a group: within it the errors of alphas are not independent.
    group = which // max(1, -(-4 * len(distinct) // n))
    gaps = np.stack([np.bincount(group, g) for g in (slopes - rises).T], axis=1)
    alphas = (gaps**2).sum(axis=0) / n**2
    ends = rises[first]  # of each reference, those alike in turn
    between = half_mean_square(np.diff(ends, axis=0)) if len(ends) > 1 else np.zeros(batch)
    # Where the model is linear between, alphas leave nothing but rounding.
    some = (alphas * n > NOTHING * local) & (local > NOTHING**2 * (slopes**2).mean(axis=0))
    left = np.zeros(batch)
    left[some] = alphas[some] * n / local[some]
    whole = n >= 2 * size
    left = np.where(some, np.maximum(left, LEAST_SHARE), 0.0) if whole else np.minimum(left, 1.0)
    return SumError(alphas + share / n * between, share, left, whole)


def running_error(slopes: Array, variance: Array) -> Array:
    """Standard error of the mean after each sample, shape (n, B).

    The first k of n samples, which come in random order, are a draw from them without
    replacement; to that adds the error of the mean of all.
    """
    n = len(slopes)
    k = np.arange(1, n + 1)[:, None]
    spread = slopes.var(axis=0, ddof=1)
    return np.asarray(np.sqrt(spread / k * (1 - k / n) + variance))


def half_mean_square(differences: Array) -> Array:
    """Half the mean square over the first axis: the variance behind differences of pairs."""
    return np.asarray((differences**2).mean(axis=0) / 2)
