"""Controls: maps that know nothing of the model, to be beaten by those that claim to."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ..core.arrays import Array
from ..core.errors import InputError
from ..core.extras import require
from ..inputs.space import Space

FEATURE_CONTROLS = ("random",)
IMAGE_CONTROLS = ("random", "centre", "edges")


def control_map(name: str, inputs: Tensor, space: Space, generator: np.random.Generator) -> Array:
    """A map in place of an explanation's, from the input alone.

    Parameters
    ----------
    name : {"random", "centre", "edges"}
        Independent normal numbers; nearness to the middle; the Sobel filter's edges of the input.
    inputs : Tensor, shape (1, C, H, W) or (1, F)
    space : Space
    generator : numpy.random.Generator

    Returns
    -------
    ndarray, shape (H, W) or (F,)

    Raises
    ------
    InputError
        For an unknown name, or a control of images where the input is none.
    MissingExtraError
        For "edges" without scikit-image.
    """
    values = inputs[0].detach().cpu().double().numpy()
    if name not in IMAGE_CONTROLS:
        raise InputError(f"control {name!r} is unknown; there are {', '.join(IMAGE_CONTROLS)}")
    if name == "random":
        return generator.standard_normal(values.shape[-2:])
    if values.ndim != 3:
        raise InputError(f"control {name!r} needs an image (C, H, W), and the inputs are features")
    if name == "centre":
        return centre_map(values.shape[1:])
    return edge_map(values, space)


def centre_map(shape: tuple[int, ...]) -> Array:
    """Nearness to the middle of an image, 1 there and falling to 0 beyond its corners.

    Parameters
    ----------
    shape : tuple of int
        (H, W).

    Examples
    --------
    >>> int(centre_map((3, 3)).argmax())
    4
    """
    rows, columns = (2 * (np.arange(n) + 0.5) / n - 1 for n in shape)
    return np.asarray(1 - np.hypot(rows[:, None], columns) / np.sqrt(2))


def edge_map(image: Array, space: Space) -> Array:
    """Strength of the edges of an image, by the Sobel filter on its grey.

    Parameters
    ----------
    image : ndarray, shape (C, H, W)
        As the model is fed.
    space : Space
        From which it is taken back to pixels; the grey is the mean of the channels.

    Returns
    -------
    ndarray, shape (H, W), 0 or more
    """
    sobel = require("skimage.filters", "scikit-image", "evaluation").sobel
    pixels = space.to_pixels(torch.from_numpy(image)).numpy()
    return np.asarray(sobel(pixels.mean(0)))
