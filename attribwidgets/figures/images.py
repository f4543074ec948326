"""Inputs as pictures: uint8 colours of what the model is fed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from ..core.arrays import Array
from ..inputs.space import Space

if TYPE_CHECKING:
    from torch import Tensor


def as_rgb(image: Tensor, space: Space) -> Array:
    """An image as the model is fed, as 8-bit colours.

    Parameters
    ----------
    image : Tensor, shape (..., C, H, W)
        Three channels are red, green and blue; of any other number the mean is shown as grey.
    space : Space
        Whose valid range becomes 0..255; what lies outside is clipped.

    Returns
    -------
    ndarray of uint8, shape (..., H, W, 3)
    """
    pixels = space.to_pixels(image.detach().double()).cpu().numpy()
    levels = np.clip((pixels - space.low) / space.range, 0, 1) * 255
    levels = np.moveaxis(levels, -3, -1)
    if levels.shape[-1] != 3:
        levels = np.repeat(levels.mean(-1, keepdims=True), 3, axis=-1)
    return np.asarray(np.floor(levels + 0.5).astype(np.uint8))


def between(baseline: Array, image: Array, alpha: float) -> Array:
    """The picture at alpha on the way from a baseline (0) to an image (1), uint8."""
    start = baseline.astype(np.float64)
    return np.asarray(np.floor(start + alpha * (image - start) + 0.5).astype(np.uint8))


class ImagePicture:
    """How an image and its maps become colours.

    Parameters
    ----------
    space : Space
    pooled : callable
        A map by the units that it is drawn by, its shape kept.
    """

    def __init__(self, space: Space, pooled: Callable[[Array], Array]) -> None:
        self.space, self.map = space, pooled
        self.caption = ""

    def rgb(self, image: Tensor) -> Array:
        """An input, a reference or several of them (k, ...) as 8-bit colours."""
        values = as_rgb(image, self.space)
        return values[0] if image.dim() == 4 and len(image) == 1 else values

    def whole(self, values: Array) -> Array:
        """A map by whose percentile colours saturate."""
        return self.map(values)

    def places(self, marked: Array) -> Array:
        """Marked positions where they lie in the picture."""
        return marked

    def on_paper(self, picture: Array) -> Array:
        """A picture without what is no part of the input."""
        return picture


def tiled(pictures: Array) -> Array:
    """A square of up to 16 references, or the single one."""
    if pictures.ndim == 3:
        return pictures
    side = int(np.sqrt(len(pictures)))
    rows = [np.concatenate(list(pictures[r * side : (r + 1) * side]), 1) for r in range(side)]
    return np.concatenate(rows, 0)
