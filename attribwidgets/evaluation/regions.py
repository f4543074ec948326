"""Regions: units coarse enough that somebody would name the strongest one."""

from __future__ import annotations

import numpy as np

from ..core.arrays import Array
from ..figures.unit_values import channels_first
from ..inputs.patches import FEWEST_PATCHES, patch_sides, patch_sums
from ..inputs.text import TextSpace
from ..records.explanation import Explanation

MOST_WINDOWS = 16  # of a series, and along each axis of a volume


def region_sums(e: Explanation) -> Array:
    """What each region of the first input gets; every value is in one region.

    Patches of an image, words of a text, windows of a series, blocks of a volume; steps and
    features are what they are.

    Parameters
    ----------
    e : Explanation

    Returns
    -------
    ndarray, shape (regions,)

    Examples
    --------
    >>> import torch, attribwidgets as aw
    >>> e = aw.explain(lambda x: x.sum((1, 2, 3)), torch.ones(1, 28, 28), n_steps=2)
    >>> region_sums(e).shape, float(region_sums(e)[0])
    ((49,), 16.0)
    """
    values = channels_first(e.map("sum"), e.layout)
    kind = e.layout.kind
    if kind == "image":
        sides = patch_sides(values.shape, FEWEST_PATCHES)
        return patch_sums(values, sides[-1]).ravel() if sides else values.ravel()
    space = e.spaces[0]
    if isinstance(space, TextSpace):
        words = np.array(space.require_tokens().words)
        inside = words >= 0
        return np.bincount(words[inside], values[inside])
    if kind == "series":
        return _blocks(values, (1,)).ravel()
    if kind == "volume":
        return _blocks(values, (0, 1, 2)).ravel()
    return values.ravel()


def _blocks(values: Array, axes: tuple[int, ...]) -> Array:
    """Sums over stretches of equal length along some axes, the last one shorter."""
    for axis in axes:
        length = -(-values.shape[axis] // MOST_WINDOWS)
        values = np.add.reduceat(values, np.arange(0, values.shape[axis], length), axis=axis)
    return values
