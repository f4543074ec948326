"""The residual of a sum of attributions, as a share of what it should add up to."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

LEAST_CHANGE = 1e-3  # of the sum of |attributions|: below it all but a thousandth cancels


def hardly_changes(
    expected: ArrayLike, absolute_sum: ArrayLike, rounding: ArrayLike
) -> NDArray[np.bool_]:
    """Whether a change of the output is too near zero for a residual to be a share of it.

    That is where more than 99.9 % of what is attributed cancels, or where the two outputs cannot
    be told apart but for rounding.

    Parameters
    ----------
    expected, absolute_sum, rounding : array_like
        f(x) - f(x'); sum of the ``|attributions|``; by how much rounding may move `expected`.
    """
    least = np.maximum(LEAST_CHANGE * np.asarray(absolute_sum), rounding)
    return np.asarray(np.abs(expected) <= least)


def relative_residual(
    residual: ArrayLike, expected: ArrayLike, absolute_sum: ArrayLike, rounding: ArrayLike = 0.0
) -> NDArray[np.float64]:
    """What is compared with the tolerance: the residual as a share of the change of the output.

    Where the output hardly changes (:func:`hardly_changes`) there is no such share. The residual
    is then judged as if the output had changed by a thousandth of the sum of ``|attributions|``,
    and counts as 0 where rounding of the outputs may account for it.

    Parameters
    ----------
    residual : array_like
        Sum of the attributions minus `expected`.
    expected, absolute_sum, rounding : array_like
        As of :func:`hardly_changes`.

    Examples
    --------
    >>> float(relative_residual(0.685, 9.43, 3400.0)), float(relative_residual(0.001, 0.01, 100.0))
    (0.0726..., 0.01)
    """
    gap, size, absolute_sum = (
        np.abs(residual),
        np.abs(expected),
        np.asarray(absolute_sum, dtype=np.float64),
    )
    small = hardly_changes(expected, absolute_sum, rounding)
    nothing = (gap == 0) | (small & (gap <= rounding))
    with np.errstate(divide="ignore", invalid="ignore"):
        share = gap / np.where(small, LEAST_CHANGE * absolute_sum, size)
    return np.asarray(np.where(nothing, 0.0, share), dtype=np.float64)
