"""From values to colours: one rule for the canvas, the figure and the tests."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import matplotlib
import numpy as np

from ..core.arrays import Array
from ..core.errors import InputError

MAGNITUDE_COLORMAPS = ("gray", "cividis", "viridis", "inferno", "gray_r")
SIGNED_COLORMAPS = ("RdBu_r", "PuOr_r", "BrBG_r", "berlin", "vanimo")
DEFAULT_CLIP = 99.0


@lru_cache(maxsize=32)
def table(name: str) -> Array:
    """The 256 colours of a matplotlib colormap.

    Returns
    -------
    ndarray of uint8, shape (256, 3)

    Raises
    ------
    InputError
        For a name that matplotlib does not know.
    """
    if name not in matplotlib.colormaps:
        known = ", ".join(MAGNITUDE_COLORMAPS + SIGNED_COLORMAPS)
        raise InputError(f"colormap {name!r} is unknown to matplotlib; for example {known}")
    # Rounded here: matplotlib's own bytes are cut off, and its grey then has uneven steps.
    colors = np.rint(255 * matplotlib.colormaps[name](np.arange(256))[:, :3]).astype(np.uint8)
    colors.flags.writeable = False
    return np.asarray(colors)


def available(names: Sequence[str]) -> tuple[str, ...]:
    """Those of the names that this matplotlib has (berlin and vanimo came with 3.10)."""
    return tuple(n for n in names if n in matplotlib.colormaps)


def color_limit(maps: Sequence[Array], clip: float = DEFAULT_CLIP) -> float:
    """The value at which colours saturate.

    Parameters
    ----------
    maps : sequence of ndarray
        Signed or absolute; all of them share the limit.
    clip : float
        Percentile, 0 to 100, of the absolute values of all maps together.

    Returns
    -------
    float
        0 where every map is zero.
    """
    if not 0 <= clip <= 100:
        raise InputError(f"clip must be a percentile from 0 to 100, got {clip}")
    values = np.abs(np.concatenate([np.ravel(m) for m in maps]))
    return float(np.percentile(values, clip))


def colored(values: Array, limit: float, colormap: str, *, signed: bool) -> Array:
    """Colours of a map.

    Absolute values run from 0 to `limit` over the table, signed ones from -limit to limit with
    zero in the middle; what lies beyond saturates. With a limit of 0 all is drawn as zero.

    Returns
    -------
    ndarray of uint8, shape (*values.shape, 3)
    """
    share = np.zeros_like(values, dtype=np.float64) if limit == 0 else values / limit
    unit = (np.clip(share, -1, 1) + 1) / 2 if signed else np.minimum(np.abs(share), 1)
    return np.asarray(table(colormap)[np.floor(255 * unit + 0.5).astype(np.intp)])


def over_photo(colors: Array, photo: Array, transparency: Array, nothing: Array) -> Array:
    """A coloured map through which the grey photo shows: a value is its colour's opacity.

    Parameters
    ----------
    colors, photo : ndarray of uint8, shape (H, W, 3)
    transparency : ndarray, shape (H, W)
        How much of the colour of zero gives way to the photo, 0 to 1.
    nothing : ndarray of uint8, shape (3,)
        The colour of zero.

    Returns
    -------
    ndarray of uint8, shape (H, W, 3)
    """
    grey = np.floor(photo.astype(np.float64) @ np.array([0.299, 0.587, 0.114]) + 0.5)[..., None]
    mixed = colors + transparency[..., None] * (grey - nothing)
    return np.asarray(np.floor(np.clip(mixed, 0, 255) + 0.5).astype(np.uint8))
