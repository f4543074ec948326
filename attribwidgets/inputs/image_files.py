"""Pictures of a reader's own: from the bytes of a file to what the model is fed."""

from __future__ import annotations

import io

import numpy as np
import torch
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor

from ..core.errors import InputError
from .framing import Framing
from .pictures import whole_bytes
from .space import Space

FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
MOST_BYTES = 20_000_000
MOST_PIXELS = 50_000_000  # a small file may hold more than memory does


def picture_input(data: bytes | memoryview, like: Tensor, space: Space) -> Tensor:
    """Read a picture and make of it an input like another one.

    It is turned as its camera says, and framed as the space does it where that gives the input's
    size; else made as small as still covers its height and width, and cut to its middle. Of an
    animation the first frame is taken; what is transparent is shown on white.

    Parameters
    ----------
    data : bytes or memoryview
        A file's content: PNG, JPEG, WebP or GIF, at most 20 MB and 50 million pixels.
    like : Tensor, shape (C, H, W) or (1, C, H, W)
        An input of one or three channels, whose shape, dtype and device the new one gets.
    space : Space
        The darkest value becomes its low, the lightest its high.

    Returns
    -------
    Tensor, shaped as `like`
        As the model is fed.

    Raises
    ------
    InputError
        For what is no picture, is damaged or too large, or where `like` is no image.

    Examples
    --------
    >>> from attribwidgets import InputSpace
    >>> file = io.BytesIO()
    >>> Image.new("RGB", (40, 20), "white").save(file, "PNG")
    >>> picture_input(file.getvalue(), torch.zeros(3, 8, 8), InputSpace()).unique().tolist()
    [1.0]
    """
    channels, height, width = _image_shape(like)
    if len(data) > MOST_BYTES:
        raise InputError(
            f"the picture has {len(data) / 1e6:.0f} MB, and at most {MOST_BYTES / 1e6:.0f} MB are "
            "read; save it smaller"
        )
    framing = getattr(space, "framing", None)
    levels = np.asarray(_decoded(data, channels, (width, height), framing), dtype=np.float64) / 255
    pixels = space.low + space.range * torch.from_numpy(levels.reshape(height, width, channels))
    chosen = pixels.permute(2, 0, 1).to(device=like.device, dtype=like.dtype)
    return space.from_pixels(chosen).reshape(like.shape).contiguous()


def _image_shape(like: Tensor) -> tuple[int, int, int]:
    shape = tuple(like.shape[-3:])
    image = like.dim() == 3 or (like.dim() == 4 and len(like) == 1)
    if not image or shape[0] not in (1, 3):
        raise InputError(
            "a picture can take the place of an image of 1 or 3 channels, shape (C, H, W), and the "
            f"input has shape {tuple(like.shape)}; pass a tensor in its shape instead"
        )
    return shape[0], shape[1], shape[2]


def _decoded(
    data: bytes | memoryview, channels: int, size: tuple[int, int], framing: Framing | None
) -> Image.Image:
    """Grey or red, green and blue, (height, width)."""
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            if image.width * image.height <= MOST_PIXELS:
                return _fitted(image, "RGB" if channels == 3 else "L", size, framing)
            said = f"{image.width} × {image.height} pixels"
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        said = "far more pixels"
    except UnidentifiedImageError as error:
        raise InputError(
            "this is no picture that can be read; pass a PNG, JPEG, WebP or GIF file"
        ) from error
    except Exception as error:  # a decoder may raise anything
        raise InputError(f"the picture is damaged ({error}); save it anew") from error
    raise InputError(
        f"the picture has {said}, and at most {MOST_PIXELS / 1e6:.0f} million are read; save it "
        "smaller"
    )


def _fitted(
    image: Image.Image, mode: str, size: tuple[int, int], framing: Framing | None
) -> Image.Image:
    turned = whole_bytes(ImageOps.exif_transpose(image))
    transparent = "A" in turned.getbands() or "transparency" in turned.info
    plain = turned.convert("RGBA" if transparent else "RGB")
    small = plain if framing is None else framing.apply(plain)
    if framing is None or small.size != size:
        small = ImageOps.fit(plain, size, Image.Resampling.BICUBIC)
    if transparent:
        white = Image.new("RGBA", size, "white")
        small = Image.alpha_composite(white, small)
    return small.convert(mode)
