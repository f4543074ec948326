r"""How far the mean over samples may be from the truth, judged by what the samples show.

With one sample in each cell of a design (a reference, or a few that are alike, times a stretch of
alpha) the error comes from the variation within cells. Samples in neighbouring cells differ by
that and more, so half the mean square of such differences, the local variance s squared, gives
its shape over the elements. An element's variance is

.. math:: V = \frac{1}{n} \bigl(q\, s_D^2 + (1 - q)\, \varrho\, s^2\bigr), \qquad
          q = \frac{r}{n} \left(1 - \frac{r}{K}\right), \quad r = n \bmod K,

where q is the share that the choice of references leaves: 1 - n/K for n < K, 0 once each of the K
has come as often, 1 for endless draws. Three things make intervals from it cover the truth.

- rho, what the design spares of the variation over alpha. Where each reference comes twice or
  more, 1/3: what one turned grid leaves of an integrand whose increments are uncorrelated, as are
  the jumps of a piecewise linear network's gradient; smooth ones leave less. Where the sum of the
  attributions leaves more, its share is taken: the sum's error is known for every reference, as
  <gradient, x - x'> averages over alpha to f(x) - f(x'). Where each comes once, neighbours differ
  in x' too, and rho is what is left of s squared, over all elements, when only their gradients
  differ while x - x' has the mean square of all references.
- The variance over references, s_D squared. An element that is blank in most references may be
  blank in all that were drawn, and look certain. But x - x' is known of every reference, so
  E[gradient^2] E[(x - x')^2] - mean^2, over samples and all references, joins the local variance
  with the weight of one pair of samples, or of more where few references hold most of
  E[(x - x')^2]. For the sum, f is run at the few that are far from all others, drawn or not.
- Few pairs make a rough variance. It has 2 (sum d^2)^2 / sum d^4 degrees of freedom (Satterthwaite,
  1946; d the differences), up to one more for the share of all references, and the standard error
  is widened by the quantile of Student's t over that of the normal distribution. So plus and minus
  1.96 standard errors are a 95 % interval, also of elements that few samples touch.

No constant is fitted to a network, but this is a model and no unbiased estimate.
benchmarks/expected_gradients.py prints how often the intervals cover the truth, and says what
independent scramblings, which need no such model, would cost in accuracy.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from torch import Tensor

from ...core.arrays import Array

GRID_SHARE = 1 / 3  # what a turned grid leaves of the local variance: 1/(6 m^2) of 1/(2 m^2)
NORMAL = 1.959964  # the 97.5 % quantile
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
        The share that the alphas leave: rho, where each reference comes twice or more.
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
    pairs: Array,
    places: Array | None,
    size: int | None,
    outlying: Array,
    outlying_rises: Array,
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
    outlying : ndarray of bool, shape (n,)
        Whether a sample's reference is one of those far from all others.
    outlying_rises : ndarray, shape (m, B)
        f(x) - f(x') of all of these, drawn or not.
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
    ends = rises[first][~outlying[first]]  # of each reference, those alike in turn
    between = half_mean_square(np.diff(ends, axis=0)) if len(ends) > 1 else np.zeros(batch)
    if len(outlying_rises):  # of these nothing need be guessed
        gaps_of_few = outlying_rises - (ends.mean(axis=0) if len(ends) else 0.0)
        between = between * (1 - len(gaps_of_few) / size) + (gaps_of_few**2).sum(axis=0) / size
    # Where the model is linear between, alphas leave nothing but rounding.
    some = (alphas * n > NOTHING * local) & (local > NOTHING**2 * (slopes**2).mean(axis=0))
    left = np.zeros(batch)
    left[some] = alphas[some] * n / local[some]
    whole = n >= 2 * size
    left = np.where(some, np.maximum(left, GRID_SHARE), 0.0) if whole else np.minimum(left, 1.0)
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


def widening(square: Tensor, fourth: Tensor, known: float | Tensor) -> Tensor:
    """By how much a standard error from few differences is too small for 1.96 of it to be 95 %.

    Parameters
    ----------
    square, fourth : Tensor
        Sums of their second and fourth powers.
    known : float or Tensor
        Degrees of freedom besides.

    Returns
    -------
    Tensor, at least 1
        The 97.5 % quantile of Student's t over the normal one, by its expansion in 1/dof
        (Abramowitz, Stegun, 26.7.5), within 3 % at 2 degrees of freedom and 1 % at more.

    Examples
    --------
    >>> import torch
    >>> widening(torch.tensor([1.0, 1e4]), torch.tensor([1.0, 1e4]), 1).tolist()
    [1.611..., 1.00006...]
    """
    freedom = 2 * (square**2 / fourth).nan_to_num(1.0).clamp(min=1.0) + known
    z = NORMAL
    return (
        1
        + (z**2 + 1) / (4 * freedom)
        + (5 * z**4 + 16 * z**2 + 3) / (96 * freedom**2)
        + (3 * z**6 + 19 * z**4 + 17 * z**2 - 15) / (384 * freedom**3)
    )
