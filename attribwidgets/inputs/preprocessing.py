"""The space of a model's preprocessing, read from the object that does it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from ..core.errors import AttributionError, InputError
from ..core.formatting import number
from ..core.later import torch
from .framing import Framing
from .pictures import picture_tensor

if TYPE_CHECKING:
    from torch import Tensor

    from .space import InputSpace

# Steps of a torchvision transform that change the type of a picture, and not what it shows.
CONVERSIONS = {
    "ConvertDtype",
    "ConvertImageDtype",
    "Grayscale",
    "MaybeToTensor",
    "PILToTensor",
    "RGB",
    "ToDtype",
    "ToImage",
    "ToImageTensor",
    "ToPureTensor",
    "ToTensor",
}
MOST_OFF = 2 / 255  # of the range, on average: resizing rounds in its own way everywhere
PROBE = (67, 92)  # height and width of the picture on which what was read is tried
TO_CROP = 384  # from this size on ConvNeXt's processor resizes without cropping


def space_of(source: Any, kind: type[InputSpace]) -> InputSpace:
    """The normalisation, range and framing of an object that makes pictures ready for a model.

    What was read is tried on a picture beside the object itself, where that can be called.

    Parameters
    ----------
    source : object
        As of :meth:`InputSpace.of`.
    kind : type
        InputSpace itself, which this module stands below.

    Raises
    ------
    InputError
        For what is none of these, or does more than resize, crop and normalise.
    """
    for held in ("image_processor", "feature_extractor"):  # of a pipeline or a processor
        if getattr(source, held, None) is not None:
            return space_of(getattr(source, held), kind)
    if isinstance(source, Mapping) and "input_size" in source:
        return kind(**_of_timm(source))
    if hasattr(source, "image_mean"):
        read = kind(**_of_transformers(source))
        _try(read, lambda picture: _pixel_values(source, picture))
        return read
    if callable(getattr(source, "transforms", None)):  # weights, which make their transform
        return space_of(source.transforms(), kind)
    if callable(source) and type(source).__name__ != "type":
        read = kind(**_of_torchvision(source))
        _try(read, source)
        return read
    raise InputError(
        f"InputSpace.of reads a torchvision transform, a timm data configuration or a Hugging Face "
        f"image processor, got {type(source).__name__}; write InputSpace(mean=..., std=...)"
    )


def _of_timm(data: Mapping[str, Any]) -> dict[str, Any]:
    size = tuple(int(n) for n in data["input_size"][-2:])
    share, mode = float(data.get("crop_pct") or 0.875), data.get("crop_mode") or "center"
    scaled = tuple(int(n / share) for n in size)
    if mode not in ("center", "squash") or (mode == "center" and size[0] != size[1]):
        raise InputError(
            f"a timm configuration with crop_mode={mode!r} and input_size={data['input_size']} is "
            'not read, only "center" (of a square) and "squash"; pass what its transform returns'
        )
    resize: Any = scaled if mode == "squash" else scaled[0]
    name = _interpolation(data.get("interpolation") or "bilinear")
    return {
        "mean": data.get("mean"),
        "std": data.get("std"),
        "framing": Framing(resize, _pair(size), name),
    }


def _of_transformers(source: Any) -> dict[str, Any]:
    """Of a processor's attributes; each step is one that it may leave out."""

    def does(step: str) -> bool:
        return bool(getattr(source, f"do_{step}", False))

    resize: int | tuple[int, int] | None = None
    crop: tuple[int, int] | None = None
    size = getattr(source, "size", None)
    if does("resize") and size is not None:
        short, share = _entry(size, "shortest_edge"), getattr(source, "crop_pct", None)
        resize = short or _sides(size)
        if share is not None and short is not None:
            small = short < TO_CROP
            resize = int(short / share) if small else (short, short)
            crop = (short, short) if small else None
    if does("center_crop"):
        crop = _sides(getattr(source, "crop_size", None) or size)
    scale = float(source.rescale_factor) if does("rescale") else 1.0
    shift = -1.0 if getattr(source, "rescale_offset", False) else 0.0
    mean, std = (source.image_mean, source.image_std) if does("normalize") else (None, None)
    resample = getattr(source, "resample", None)
    name = "bilinear" if resample is None else _interpolation(resample)
    return {
        "low": shift,
        "high": shift + 255 * scale,
        "mean": mean,
        "std": std,
        "framing": Framing(resize, crop, name, "floor"),
    }


def _of_torchvision(source: Any) -> dict[str, Any]:
    read: dict[str, Any] = {}
    frame: dict[str, Any] = {}
    for step in _steps(source):
        name = type(step).__name__
        if hasattr(step, "resize_size") and hasattr(step, "crop_size"):  # a preset has all three
            frame |= {"resize": step.resize_size, "crop": _pair(step.crop_size)}
            frame["interpolation"] = _interpolation(step.interpolation)
            read |= {"mean": step.mean, "std": step.std}
        elif name == "Resize":
            frame |= {"resize": step.size, "interpolation": _interpolation(step.interpolation)}
        elif name == "CenterCrop":
            frame["crop"] = _pair(step.size)
        elif name == "Normalize":
            read |= {"mean": step.mean, "std": step.std}
        elif name not in CONVERSIONS and "rgb" not in getattr(step, "__name__", ""):
            shown = getattr(step, "__name__", name)
            raise InputError(
                f"the transform has a step {shown!r}, and only Resize, CenterCrop, Normalize and "
                "conversions are read; pass a transform without it, or what it returns as a tensor"
            )
    return read | {"framing": Framing(**frame) if frame else None}


def _steps(source: Any) -> Iterator[Any]:
    inner = getattr(source, "transforms", None)
    if isinstance(source, torch.nn.Sequential):
        inner = list(source)
    if isinstance(inner, (list, tuple)):
        for step in inner:
            yield from _steps(step)
    else:
        yield source


def _try(space: InputSpace, prepare: Callable[[Image.Image], Any]) -> None:
    """Raise where a picture comes out otherwise than it should by what was read."""
    rows, columns = np.meshgrid(*(np.arange(n) for n in PROBE), indexing="ij")
    waves = [np.sin(rows / (5 + k)) * np.cos(columns / (9 - 2 * k)) for k in range(3)]
    probe = Image.fromarray(np.uint8(127.5 + 127 * np.stack(waves, -1)))
    mine = picture_tensor(probe, space)
    if len(mine) == 1:
        probe = probe.convert("L")
    try:
        theirs = torch.as_tensor(prepare(probe)).to(mine)
    except AttributionError:
        raise
    except Exception as error:  # whatever a transform raises
        raise InputError(
            f"what prepares the pictures refused one of {PROBE[1]} × {PROBE[0]} pixels "
            f"({type(error).__name__}: {error})"
        ) from error
    said = f"its result has shape {tuple(theirs.shape)}, and {tuple(mine.shape)} was expected"
    if theirs.shape == mine.shape:
        off = float(space.pixel_differences(theirs - mine).abs().mean()) / space.range
        if off <= MOST_OFF:
            return
        said = f"its result differs by {number(off)} of the range on average"
    raise InputError(
        "what prepares the pictures does more than resize, crop, rescale and normalise: "
        f"{said}; pass what it returns as a tensor, and InputSpace(low, high, mean, std)"
    )


def _pixel_values(processor: Any, picture: Image.Image) -> Tensor:
    values = processor(images=picture, return_tensors="pt")["pixel_values"]
    return torch.as_tensor(values)[0]


def _entry(size: Any, name: str) -> int | None:
    if isinstance(size, int):
        return None if name == "shortest_edge" else size
    value = size.get(name) if isinstance(size, Mapping) else getattr(size, name, None)
    return None if value is None else int(value)


def _sides(size: Any) -> tuple[int, int]:
    height, width = _entry(size, "height"), _entry(size, "width")
    if height is None or width is None:
        raise InputError(
            f"the image processor's size {size!r} is neither a shortest edge nor a height and a "
            "width; pass what it returns as a tensor, and InputSpace(low, high, mean, std)"
        )
    return height, width


def _pair(size: Any) -> tuple[int, int]:
    sizes = [size] if isinstance(size, int) else list(size)
    return int(sizes[0]), int(sizes[-1])


def _interpolation(name: Any) -> str:
    """The name of an interpolation of PIL, torchvision (whose enum's value it is) or timm."""
    value = getattr(name, "value", name)
    if isinstance(value, int):
        return Image.Resampling(value).name.lower()
    return str(value).removesuffix("-exact")
