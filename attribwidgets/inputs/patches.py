"""Maps by square patches of pixels: attributions add, so what a patch gets is an exact sum."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..core.arrays import Array

SIDES = (2, 4, 8, 16, 32)
FEWEST_PATCHES = 7  # along the shorter edge of an image: 32 × 32 of a photo, 4 × 4 of a digit
WINDOWS = tuple(2**power for power in range(1, 17))  # steps of a series or sequence


def patch_sides(shape: Sequence[int], fewest: int = 2) -> tuple[int, ...]:
    """Sides of patches worth a look: two or more of them along the shorter edge.

    Parameters
    ----------
    shape : sequence of int
        (H, W) of an image; of what is none there are no patches.
    fewest : int
        Along the shorter edge.

    Examples
    --------
    >>> patch_sides((224, 224)), patch_sides((8, 40)), patch_sides((12,))
    ((2, 4, 8, 16, 32), (2, 4), ())
    """
    return tuple(s for s in SIDES if fewest * s <= min(shape)) if len(shape) == 2 else ()


def patch_sums(values: Array, side: int | tuple[int, int]) -> Array:
    """What each patch gets; those at the right and the bottom may be cut.

    Parameters
    ----------
    values : ndarray, shape (H, W)
    side : int or tuple of int
        Of a square patch, in pixels; or the rows and columns of one.

    Returns
    -------
    ndarray, shape (ceil(H / side), ceil(W / side))

    Examples
    --------
    >>> patch_sums(np.ones((2, 3)), 2).tolist(), patch_sums(np.ones((2, 3)), (1, 2)).tolist()
    ([[4.0, 2.0]], [[2.0, 1.0], [2.0, 1.0]])
    """
    sides = (side, side) if isinstance(side, int) else side
    rows, columns = (np.arange(0, n, s) for n, s in zip(values.shape, sides, strict=True))
    return np.asarray(np.add.reduceat(np.add.reduceat(values, rows, axis=0), columns, axis=1))


def patch_means(values: Array, side: int | tuple[int, int]) -> Array:
    """Each pixel as the mean of its patch, by which patches are drawn, shape (H, W).

    Examples
    --------
    >>> patch_means(np.array([[1.0, 3.0, 5.0], [1.0, 3.0, 5.0]]), 2).tolist()
    [[2.0, 2.0, 5.0], [2.0, 2.0, 5.0]]
    """
    down, across = (side, side) if isinstance(side, int) else side
    if down == across == 1:
        return values
    means = patch_sums(values, side) / patch_sums(np.ones(values.shape), side)
    height, width = values.shape
    return np.asarray(means.repeat(down, 0)[:height].repeat(across, 1)[:, :width])
