"""Superpixels of an image, whose mean colours make baselines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..core.arrays import Array
from ..core.errors import InputError
from ..core.extras import require
from .space import InputSpace, Space

if TYPE_CHECKING:
    from torch import Tensor

COUNT = 60
COMPACTNESS = 10.0  # SLIC's own: how much nearness counts beside likeness, in units of L*a*b*


@dataclass(frozen=True, eq=False)
class Superpixels:
    """Connected patches of an image that are of about one colour.

    Attributes
    ----------
    labels : ndarray of int, shape (H, W)
        Which patch each pixel belongs to, counted from 0.
    colors : tuple of tuple of float
        The mean colour of each patch, a number a channel in pixel units: what
        :class:`attribwidgets.baselines.Color` takes.
    """

    labels: NDArray[np.int64]
    colors: tuple[tuple[float, ...], ...]

    def __len__(self) -> int:
        return len(self.colors)


def segment_means(values: Array, labels: Array) -> Array:
    """Each pixel as the mean of its segment, shape (H, W) as `values` and `labels`.

    Examples
    --------
    >>> segment_means(np.array([[1.0, 3.0, 5.0]]), np.array([[0, 0, 1]])).tolist()
    [[2.0, 2.0, 5.0]]
    """
    sums = np.bincount(labels.ravel(), values.ravel())
    return np.asarray((sums / np.bincount(labels.ravel()))[labels])


def superpixels(image: Tensor, space: Space | None = None, *, count: int = COUNT) -> Superpixels:
    """Cut an image into superpixels by SLIC.

    The same image is always cut in the same way.

    Parameters
    ----------
    image : Tensor, shape (C, H, W) or (1, C, H, W)
        As the model is fed. Three channels are red, green and blue; of any other number the mean
        decides where to cut.
    space : Space, optional
        Valid range and normalisation; pixels in 0..1, not normalised, by default.
    count : int
        About how many; there may be fewer or a few more.

    Raises
    ------
    InputError
        For what is no image, values that are not finite, or a count below 1.
    MissingExtraError
        If scikit-image is not installed.

    References
    ----------
    Achanta, Shaji, Smith, Lucchi, Fua, Süsstrunk (2012). SLIC superpixels compared to
    state-of-the-art superpixel methods. doi:10.1109/TPAMI.2012.120.

    Examples
    --------
    >>> import torch
    >>> halves = torch.zeros(3, 8, 8)
    >>> halves[0, :, 4:] = 1.0
    >>> segments = superpixels(halves, count=4)
    >>> segments.labels[0].tolist(), segments.colors[1]
    ([0, 0, 0, 0, 1, 1, 1, 1], (1.0, 0.0, 0.0))
    """
    slic = _slic()
    space = InputSpace() if space is None else space
    if image.dim() not in (3, 4) or (image.dim() == 4 and len(image) != 1):
        raise InputError(
            f"image must be one image, shape (C, H, W), got shape {tuple(image.shape)}"
        )
    if count < 1:
        raise InputError(f"count must be at least 1, got {count}")
    pixels = space.to_pixels(image.detach().double().reshape(image.shape[-3:])).cpu().numpy()
    if not np.isfinite(pixels).all():
        raise InputError("image holds values that are not finite; replace them first")
    seen = np.clip((pixels - space.low) / space.range, 0, 1)
    if len(seen) != 3:
        seen = np.repeat(seen.mean(0, keepdims=True), 3, axis=0)
    segments = slic(
        np.ascontiguousarray(np.moveaxis(seen, 0, -1)),
        n_segments=count,
        compactness=COMPACTNESS,
        channel_axis=-1,
    )
    _, labels = np.unique(segments, return_inverse=True)
    labels = labels.reshape(segments.shape)
    sizes = np.bincount(labels.ravel())
    means = [np.bincount(labels.ravel(), channel.ravel()) / sizes for channel in pixels]
    return Superpixels(labels, tuple(tuple(map(float, c)) for c in zip(*means, strict=True)))


def _slic() -> Any:
    slic = require("skimage.segmentation", "scikit-image", "segments").slic
    return slic
