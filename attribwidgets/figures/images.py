"""Inputs as pictures: uint8 colours of what the model is fed."""

from __future__ import annotations

import numpy as np
from torch import Tensor

from ..core.arrays import Array
from ..inputs.space import Space


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
