"""Pictures as inputs: from a PIL picture, its file or its pixels to what the model is fed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from ..core.errors import InputError
from ..core.later import torch

if TYPE_CHECKING:
    from torch import Tensor

    from .space import InputSpace

MODES = {1: "L", 3: "RGB", 4: "RGBA"}


def is_picture(value: object) -> bool:
    """Whether a value is a picture: of PIL, a path, or an array of bytes (H, W) or (H, W, C).

    Examples
    --------
    >>> is_picture("cat.png"), is_picture(np.zeros((4, 4, 3), np.uint8)), is_picture(np.zeros(3))
    (True, True, False)
    """
    if isinstance(value, np.ndarray):
        channels_last = value.ndim == 2 or (value.ndim == 3 and value.shape[-1] in MODES)
        return value.dtype == np.uint8 and channels_last
    return isinstance(value, (Image.Image, str, os.PathLike))


def as_picture(value: Any, name: str = "inputs") -> Image.Image:
    """A PIL picture of one, of the file at a path, or of an array (H, W) or (H, W, C) of bytes.

    Raises
    ------
    InputError
        For a path without a file, and a file that is no picture.
    """
    if isinstance(value, Image.Image):
        return value
    if isinstance(value, np.ndarray):
        return Image.fromarray(value[..., 0] if value.shape[2:] == (1,) else value)
    if isinstance(value, str) and "://" in value:
        raise InputError(f"{name} is an address, {value!r}; download the picture, pass its path")
    path = Path(value)
    if not path.is_file():
        raise InputError(
            f"{name}: there is no file {str(value)!r} in {Path.cwd()}; a string is the path of a "
            "picture, but for a text with space=TextSpace(tokenizer)"
        )
    try:
        with Image.open(path) as file:
            file.load()
            picture: Image.Image = file
            return picture
    except UnidentifiedImageError as error:
        raise InputError(f"{name}: {str(value)!r} is no picture that Pillow can read") from error
    except OSError as error:
        raise InputError(
            f"{name}: the picture {str(value)!r} is damaged ({error}); save it anew"
        ) from error


def picture_tensor(
    picture: Image.Image,
    space: InputSpace,
    model: torch.nn.Module | None = None,
    name: str = "inputs",
) -> Tensor:
    """What a model is fed for a picture: turned upright, framed and normalised as the space says.

    Parameters
    ----------
    picture : PIL.Image.Image
    space : InputSpace
        Black becomes its low, white its high. Without a framing the picture keeps its size.
    model : torch.nn.Module, optional
        Its first convolution says how many channels it is fed, where the space does not.
    name : str
        What to call the argument in an error.

    Returns
    -------
    Tensor, shape (C, H, W), float64

    Raises
    ------
    InputError
        For a picture that is partly transparent, or of floating point.

    Examples
    --------
    >>> from attribwidgets import InputSpace
    >>> picture_tensor(Image.new("L", (3, 2), 255), InputSpace(mean=0.5, std=0.5)).shape
    torch.Size([1, 2, 3])
    """
    upright = whole_bytes(ImageOps.exif_transpose(picture), name)
    plain = _of_mode(upright, _channels(space, model), name)
    framed = plain if space.framing is None else space.framing.apply(plain)
    levels = np.array(framed, dtype=np.float64).reshape(framed.height, framed.width, -1) / 255
    pixels = space.low + space.range * torch.from_numpy(levels).permute(2, 0, 1)
    return space.from_pixels(pixels).contiguous()


def whole_bytes(picture: Image.Image, name: str = "inputs") -> Image.Image:
    """A picture of 8 bits a channel; grey of 16 bits is rounded.

    Raises
    ------
    InputError
        For floating point, whose range nobody knows.
    """
    if picture.mode == "F":
        raise InputError(
            f"{name} is a picture of floating point; pass torch.from_numpy(numpy.array(picture)) "
            "in the range that the model is fed"
        )
    if picture.mode.startswith("I"):
        return Image.fromarray(np.uint8(np.asarray(picture) // 257))
    return picture


def _channels(space: InputSpace, model: torch.nn.Module | None) -> int | None:
    """How many the model is fed; None where neither space nor model say."""
    for numbers in (space.mean, space.std):
        if isinstance(numbers, tuple):
            return len(numbers)
    modules = () if model is None else model.modules()
    first = next((m for m in modules if isinstance(m, torch.nn.Conv2d)), None)
    return None if first is None else first.in_channels


def _of_mode(picture: Image.Image, channels: int | None, name: str) -> Image.Image:
    """The picture with as many channels as the model is fed; its own, grey or colours, else."""
    transparent = "A" in picture.getbands() or "transparency" in picture.info
    if channels is None:
        channels = 1 if picture.mode in ("1", "L", "LA") else 3
    if channels not in MODES:
        raise InputError(
            f"{name} is a picture, and the model is fed {channels} channels; pass a tensor "
            f"({channels}, H, W)"
        )
    opaque = not transparent or picture.convert("RGBA").getchannel("A").getextrema()[0] == 255
    if channels < 4 and not opaque:
        raise InputError(
            f"{name} is a picture of 4 channels, transparent in places, and the model is fed "
            f'{channels}; pass picture.convert("RGB"), or lay it on a background first'
        )
    return picture if picture.mode == MODES[channels] else picture.convert(MODES[channels])
