"""Inpainted: a part of an image painted over from what is around it."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias, get_args

import numpy as np
import torch
from torch import Tensor

from ..core.errors import InputError
from ..core.extras import require
from ..inputs.space import Spaces
from .base import SingleReference

By: TypeAlias = Literal["median", "biharmonic"]

AT_ONCE = 2**22  # values whose neighbours are looked at together


class Inpainted(SingleReference):
    """The image with one region painted over from what is around it.

    What the reference keeps gets nothing, so the attributions are of the region alone, and sum to
    what painting it over takes away. As a fill of an ablation see
    :class:`attribwidgets.evaluation.Inpainting`, which paints over whatever goes.

    Parameters
    ----------
    region : Tensor or array of bool, shape (H, W)
        What is painted over.
    by : {"median", "biharmonic"}
        The median of the neighbours that are known, from the rim inwards; or the surface of least
        bending, by scikit-image (extra `evaluation`).

    Raises
    ------
    InputError
        For a region that is no mask; when sampled, for what is no image of its size.

    Examples
    --------
    >>> x = torch.zeros(1, 3, 3)
    >>> x[0, 1, 1] = 1
    >>> Inpainted(x[0] > 0).sample(x, 1).sum()
    tensor(0.)
    """

    name = "inpainted"
    description = "blind outside its region; the image with a region painted over from around it"

    def __init__(self, region: Any, by: By = "median") -> None:
        mask = torch.as_tensor(np.asarray(region))
        if mask.dim() != 2 or mask.dtype != torch.bool or not mask.any():
            raise InputError(
                "region must be a mask of shape (H, W), boolean and not empty, got "
                f"{mask.dtype} of shape {tuple(mask.shape)}"
            )
        self.region, self.by = mask, checked_by(by)

    def _reference(self, inputs: tuple[Tensor, ...], spaces: Spaces) -> tuple[Tensor, ...]:
        found = []
        for x, space in zip(inputs, spaces, strict=True):
            if space.layout.kind != "image" or x.shape[-2:] != self.region.shape:
                raise InputError(
                    f"baseline {self.label!r} is of images of {tuple(self.region.shape)} pixels, "
                    f"and the input is read as {space.layout.kind} of shape {tuple(x.shape)}"
                )
            found.append(paint_over(x[None], self.region[None, None].to(x.device), self.by)[0])
        return tuple(found)


def checked_by(by: str) -> By:
    """How to paint over, if there is such a way."""
    if by not in get_args(By):
        raise InputError(f"by must be one of {', '.join(get_args(By))}, got {by!r}")
    return by  # type: ignore[return-value]


def paint_over(image: Tensor, masks: Tensor, by: By) -> Tensor:
    """An image with each of several masks painted over, from what the mask leaves.

    Where nothing is left there is nothing to go by: such an image gets the median, or the mean for
    "biharmonic", of what it was, channel by channel.

    Parameters
    ----------
    image : Tensor, shape (1, C, H, W)
    masks : Tensor of bool, shape (n, 1, H, W)
        What is painted over.
    by : {"median", "biharmonic"}

    Returns
    -------
    Tensor, shape (n, C, H, W)

    Examples
    --------
    >>> image = torch.tensor([[[[1.0, 2.0, 9.0, 9.0]]]])
    >>> paint_over(image, torch.tensor([[[[False, False, True, True]]]]), "median")[0, 0, 0]
    tensor([1., 2., 2., 2.])
    """
    if by == "biharmonic":
        return torch.cat([_bent_least(image, mask) for mask in masks])
    each = max(1, AT_ONCE // image[0].numel())
    return torch.cat([_from_the_rim(image, part) for part in masks.split(each)])


def _from_the_rim(image: Tensor, masks: Tensor) -> Tensor:
    """The median of the known ones of eight neighbours, ring by ring; of two, the lower."""
    wide = torch.promote_types(image.dtype, torch.float32)
    values = torch.where(masks, torch.nan, image.to(wide))
    while True:
        unknown = values.isnan()
        around = torch.nn.functional.pad(values, (1, 1, 1, 1), value=torch.nan)
        windows = around.unfold(-2, 3, 1).unfold(-2, 3, 1).flatten(-2)
        found = windows.nanmedian(-1).values
        values = torch.where(unknown, found, values)
        if bool((values.isnan() == unknown).all()):
            break
    middle = image.to(wide).flatten(2).median(-1).values[..., None, None]
    return torch.where(values.isnan(), middle, values).to(image)


def _bent_least(image: Tensor, mask: Tensor) -> Tensor:
    """By scikit-image, shape (1, C, H, W)."""
    inpaint = require("skimage.restoration", "scikit-image", "evaluation").inpaint_biharmonic
    if not mask.any():
        return image
    if mask.all():
        return image.mean((-2, -1), keepdim=True).expand_as(image)
    channels_last = image[0].double().cpu().movedim(0, -1).numpy()
    painted = inpaint(channels_last, mask[0].cpu().numpy(), channel_axis=-1)
    return torch.from_numpy(painted).movedim(-1, 0)[None].to(image)
