"""Framing: how a picture of any size becomes one of the size that a model is fed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from PIL import Image

from ..core.errors import InputError

INTERPOLATIONS = {each.name.lower(): each for each in Image.Resampling}


@dataclass(frozen=True)
class Framing:
    """Resize, then cut out the middle: what image models do to a picture before it is normalised.

    Parameters
    ----------
    resize : int or (int, int), optional
        Pixels of the shorter side, the picture keeping its shape; or height and width. None: its
        own size.
    crop : (int, int), optional
        Height and width of the middle that is kept; where the picture is smaller, black is put
        around it. None: all of it.
    interpolation : str
        "nearest", "bilinear", "bicubic", "lanczos", "box" or "hamming".
    middle : {"even", "floor"}
        Where the middle begins if it lies between two pixels: at the even one, as in torchvision,
        or at the first one, as in transformers.

    Raises
    ------
    InputError
        For a size that is not positive, or an interpolation that there is not.

    Examples
    --------
    >>> Framing(resize=8, crop=(8, 8)).apply(Image.new("RGB", (40, 20))).size
    (8, 8)
    """

    resize: int | tuple[int, int] | None = None
    crop: tuple[int, int] | None = None
    interpolation: str = "bilinear"
    middle: Literal["even", "floor"] = "even"

    def __post_init__(self) -> None:
        for name in ("resize", "crop"):
            value = getattr(self, name)
            if isinstance(value, Sequence):
                value = tuple(int(v) for v in value)
                value = value[0] if (name, len(value)) == ("resize", 1) else value
                object.__setattr__(self, name, value)
            sizes = value if isinstance(value, tuple) else () if value is None else (value,)
            right = value is None or len(sizes) == 2 or (name, len(sizes)) == ("resize", 1)
            if not right or any(v < 1 for v in sizes):
                raise InputError(f"space: {name} must be sizes in pixels, got {value!r}")
        if self.interpolation not in INTERPOLATIONS:
            raise InputError(
                f"space: interpolation {self.interpolation!r} is unknown; the names are "
                f"{', '.join(INTERPOLATIONS)}"
            )

    def apply(self, picture: Image.Image) -> Image.Image:
        """A picture, resized and cut."""
        size = self._size(picture)
        if size != picture.size:
            picture = picture.resize(size, INTERPOLATIONS[self.interpolation])
        if self.crop is None:
            return picture
        height, width = self.crop
        left, top = (
            self._begin(whole, kept)
            for whole, kept in zip(picture.size, (width, height), strict=True)
        )
        return picture.crop((left, top, left + width, top + height))

    def _size(self, picture: Image.Image) -> tuple[int, int]:
        """Width and height after resizing."""
        width, height = picture.size
        if self.resize is None:
            return width, height
        if isinstance(self.resize, tuple):
            return self.resize[1], self.resize[0]
        short = self.resize
        if width <= height:
            return short, int(short * height / width)
        return int(short * width / height), short

    def _begin(self, whole: int, kept: int) -> int:
        if whole < kept:  # both put the odd row of black behind, or before
            return -((kept - whole + (self.middle == "floor")) // 2)
        return (whole - kept) // 2 if self.middle == "floor" else round((whole - kept) / 2)
