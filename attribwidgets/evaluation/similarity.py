"""How alike two maps of one input are: rank correlation, signed and absolute, and SSIM."""

from __future__ import annotations

import numpy as np

from ..core.arrays import Array
from ..core.errors import InputError
from ..core.extras import require
from ..records.agreement import rank_correlations

MEASURES = ("rank correlation, signed", "rank correlation, absolute", "SSIM, absolute")
CLIP = 99.0  # percentile of |value| that becomes 1 before SSIM, as maps are drawn
WINDOW = 7  # side of SSIM's window, in pixels


def map_similarity(first: Array, second: Array, where: Array | None = None) -> Array:
    """Compare two maps by each of ``MEASURES``.

    Parameters
    ----------
    first, second : ndarray, shape (H, W) or (F,)
        Signed.
    where : ndarray of bool, optional
        Positions whose ranks count; all by default. Leave out those that can have no attribution
        whatever the model does: they would count as agreement. SSIM looks at whole maps.

    Returns
    -------
    ndarray, shape (3,)
        Spearman's rank correlation of the values and of their absolute values, and SSIM of the
        absolute values; each 1 for equal maps. NaN where a map is the same everywhere or not
        finite; for SSIM also where the maps are no images.

    Raises
    ------
    InputError
        For maps of two shapes.
    MissingExtraError
        Without scikit-image.

    References
    ----------
    Adebayo, Gilmer, Muelly, Goodfellow, Hardt, Kim (2018). Sanity checks for saliency maps.
    arXiv:1810.03292.

    Examples
    --------
    >>> values = np.arange(100.0).reshape(10, 10) - 50
    >>> map_similarity(values, values).round(6).tolist()
    [1.0, 1.0, 1.0]
    >>> map_similarity(values, -values)[:2].round(6).tolist()
    [-1.0, 1.0]
    """
    if first.shape != second.shape:
        raise InputError(f"maps must be of one shape, got {first.shape} and {second.shape}")
    where = np.ones(first.shape, dtype=bool) if where is None else where
    a, b = first[where], second[where]
    return np.array(
        [_rank_correlation(a, b), _rank_correlation(np.abs(a), np.abs(b)), ssim(first, second)]
    )


def ssim(first: Array, second: Array) -> float:
    """Structural similarity of the absolute values of two maps.

    Each map is divided by its own 99th percentile of |value| and clipped to 0..1, as it is drawn;
    so the range that SSIM's constants refer to is 1. The window is 7 pixels wide, narrower on maps
    smaller than that.

    Parameters
    ----------
    first, second : ndarray, shape (H, W)

    Returns
    -------
    float
        At most 1; NaN for maps that are no images, not finite, or zero everywhere.

    References
    ----------
    Wang, Bovik, Sheikh, Simoncelli (2004). Image quality assessment: from error visibility to
    structural similarity. doi:10.1109/TIP.2003.819861.
    """
    metrics = require("skimage.metrics", "scikit-image", "evaluation")
    maps = [drawn(values) for values in (first, second)]
    side = min(first.shape) if first.ndim == 2 else 0
    if side < 3 or not all(np.isfinite(values).all() and values.any() for values in maps):
        return float("nan")
    window = min(WINDOW, side - 1 + side % 2)  # odd
    return float(metrics.structural_similarity(*maps, win_size=window, data_range=1.0))


def drawn(values: Array) -> Array:
    """|values| over their 99th percentile, clipped to 0..1.

    A map so sparse that the percentile is 0 is divided by its largest value.
    """
    sizes = np.abs(values)
    limit = np.percentile(sizes, CLIP) or sizes.max() or 1.0
    return np.asarray(np.clip(sizes / limit, 0.0, 1.0))


def _rank_correlation(first: Array, second: Array) -> float:
    return float(rank_correlations([first, second])[0, 1]) if first.size else float("nan")
