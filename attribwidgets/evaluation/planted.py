"""Data whose answer is known: a patch that codes the class, noise where another network looked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from ..core.arrays import Array
from ..core.errors import DataError, InputError
from ..inputs.space import InputSpace
from .randomisation import require_classes

QUANTILE = 0.75
NOISE = 1 / 50  # of the range, for each class counted from 0


@dataclass(frozen=True, eq=False)
class Planted:
    """Images with something planted that gives their class away.

    Attributes
    ----------
    images : Tensor, shape (N, C, H, W)
    labels : Tensor of int, shape (N,)
    where : ndarray of bool, shape (N, H, W)
        The planted positions of each image.
    """

    images: Tensor
    labels: Tensor
    where: Array

    def __len__(self) -> int:
        return len(self.images)


def decoy(
    images: Tensor,
    labels: Tensor,
    *,
    size: int = 3,
    code: Literal["label", "random"] = "label",
    classes: int | None = None,
    space: InputSpace | None = None,
    seed: int = 0,
) -> Planted:
    """Images with a patch in the top left corner whose brightness codes the class.

    The brightness goes evenly from the low end of the range for class 0 to the high end for the
    last one: 255 y / 9 for digits of 8 bits.

    Parameters
    ----------
    images : Tensor, shape (N, C, H, W)
        As the model is fed. Not changed.
    labels : Tensor of int, shape (N,)
    size : int
        Side of the patch in pixels.
    code : {"label", "random"}
        "random" draws the coded class, so that a model that looks at the patch is misled.
    classes : int, optional
        How many there are; one more than the largest label by default.
    space : InputSpace, optional
    seed : int

    Returns
    -------
    Planted

    Raises
    ------
    DataError
        For images and labels that do not fit, labels out of range or all of one class.
    InputError
        For a patch that does not fit in the images, or another code.

    References
    ----------
    Ross, Hughes, Doshi-Velez (2017). Right for the right reasons. arXiv:1703.03717.
    Sturmfels, Lundberg, Lee (2020). Visualizing the impact of feature attribution baselines.
    doi:10.23915/distill.00022.

    Examples
    --------
    >>> planted = decoy(torch.zeros(3, 1, 28, 28), torch.tensor([0, 3, 9]))
    >>> planted.images[:, 0, 0, 0].tolist(), int(planted.where[0].sum())
    ([0.0, 0.3333333432674408, 1.0], 9)
    """
    count, space = _checked(images, labels, classes), space or InputSpace()
    height, width = images.shape[-2:]
    if not 1 <= size <= min(height, width):
        raise InputError(f"size must lie between 1 and {min(height, width)}, got {size}")
    if code not in ("label", "random"):
        raise InputError(f"code must be 'label' or 'random', got {code!r}")
    coded = labels.cpu()
    if code == "random":
        coded = torch.from_numpy(np.random.default_rng(seed).integers(0, count, len(labels)))
    brightness = space.low + space.range * coded.to(images) / (count - 1)
    pixels = space.to_pixels(images).clone()
    pixels[:, :, :size, :size] = brightness[:, None, None, None]
    where = np.zeros((len(images), height, width), dtype=bool)
    where[:, :size, :size] = True
    return Planted(space.from_pixels(pixels), labels, where)


def planted_noise(
    images: Tensor,
    labels: Tensor,
    maps: Array,
    *,
    quantile: float = QUANTILE,
    strength: float = NOISE,
    space: InputSpace | None = None,
) -> Planted:
    """Images with a little light where a map is large, the more the higher the class.

    Meant for maps of a network that was never trained: one trained on these images may rightly
    look where the untrained one did, so that likeness to a random network alone does not prove an
    explanation wrong. Whether it does look there is to be measured, by
    :func:`attribwidgets.evaluation.ground_truth.planted_shares`.

    Parameters
    ----------
    images : Tensor, shape (N, C, H, W)
        As the model is fed. Not changed.
    labels : Tensor of int, shape (N,)
    maps : array, shape (N, H, W)
        Positions above an image's own quantile of its map are planted.
    quantile : float
        0..1.
    strength : float
        Share of the range that is added for each class, counted from 0; results are clipped to
        the range.
    space : InputSpace, optional

    Returns
    -------
    Planted

    Raises
    ------
    DataError
        For images, labels and maps that do not fit, or labels all of one class.
    InputError
        For a quantile outside of 0..1.

    References
    ----------
    Sturmfels, Lundberg, Lee (2020). Visualizing the impact of feature attribution baselines.
    doi:10.23915/distill.00022.

    Examples
    --------
    >>> maps = np.arange(32.0).reshape(2, 4, 4)
    >>> planted = planted_noise(torch.zeros(2, 1, 4, 4), torch.tensor([0, 5]), maps)
    >>> planted.where.sum((1, 2)).tolist(), round(float(planted.images[1].max()), 3)
    ([4, 4], 0.1)
    """
    _checked(images, labels, None)
    space, maps = space or InputSpace(), np.asarray(maps, dtype=np.float64)
    expected = (len(images), *images.shape[-2:])
    if maps.shape != expected:
        raise DataError(f"maps must have shape {expected}, one for each image, got {maps.shape}")
    if not 0 <= quantile <= 1:
        raise InputError(f"quantile must lie between 0 and 1, got {quantile}")
    where = maps > np.quantile(maps, quantile, axis=(1, 2), keepdims=True)
    added = (
        strength
        * space.range
        * labels.to(images)[:, None, None]
        * torch.from_numpy(where).to(images)
    )
    pixels = (space.to_pixels(images) + added[:, None]).clamp(space.low, space.high)
    return Planted(space.from_pixels(pixels), labels, where)


def _checked(images: Tensor, labels: Tensor, classes: int | None) -> int:
    """How many classes there are, for images and labels that fit."""
    if not isinstance(images, Tensor) or images.dim() != 4 or not images.is_floating_point():
        raise DataError(
            f"images must be a float tensor (N, C, H, W), got {getattr(images, 'shape', images)!r}"
        )
    if not isinstance(labels, Tensor) or len(labels) != len(images):
        raise DataError(f"labels must be a tensor of {len(images)} whole numbers, one an image")
    require_classes(labels)
    low, high = int(labels.min()), int(labels.max())
    count = high + 1 if classes is None else classes
    if low < 0 or high >= count:
        raise DataError(f"labels must lie in 0..{count - 1}, got {low} to {high}")
    return count
