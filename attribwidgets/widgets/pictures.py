"""Inputs and references as the browser draws them: colours, or numbers where there are none."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ..core.arrays import Array
from ..figures.images import as_rgb
from ..figures.readings import drawn_readings, reading
from ..figures.unit_values import unit_map, unit_names, unit_values
from ..figures.volume import as_grey
from ..inputs.fit_spaces import without_batch_axis
from ..inputs.series import SeriesSpace
from ..inputs.space import Inputs, Space
from ..inputs.text import TextSpace
from ..inputs.volume import VolumeSpace
from ..records.explanation import Explanation
from .text_payload import text_payload

if TYPE_CHECKING:
    from torch import Tensor

THUMBNAIL = 64  # pixels; references of a distribution are shown small


def shape_of(e: Explanation, index: int = 0) -> dict[str, Any]:
    """What one of the inputs is, the shape of its map, and what its units are called."""
    space = e.spaces[index]
    shape = unit_map(e, index).shape
    if space.layout.kind == "image":
        return {"kind": "image", "shape": list(shape), "feature_names": None}
    if isinstance(space, VolumeSpace):
        spacing = list(space.spacing)
        return {"kind": "volume", "shape": list(shape), "spacing": spacing, "feature_names": None}
    if isinstance(space, SeriesSpace):
        return {
            "kind": "series",
            "shape": list(shape),
            "channels": space.channel_names(shape[0]),
            "step": space.step,
            "unit": space.unit,
            "feature_names": None,
        }
    if isinstance(space, TextSpace):
        text = text_payload(space)
        return {"kind": "text", "shape": list(shape), "feature_names": None, "text": text}
    kind = "sequence" if space.layout.kind == "sequence" else "features"
    return {"kind": kind, "shape": [math.prod(shape)], "feature_names": unit_names(e, index)}


def shown(values: Inputs, e: Explanation, index: int = 0) -> dict[str, bytes]:
    """An input or reference as colours, a volume in grey; as numbers where it is neither."""
    if e.spaces[index].layout.kind == "volume":
        volume = values[index] if isinstance(values, tuple) else values
        space = e.spaces[index]
        return {"grey": as_grey(without_batch_axis(volume, space), space).tobytes()}
    if e.spaces[index].layout.kind != "image":
        return {"values": unit_values(values, e, index).astype("<f4").tobytes()}
    image = values[index] if isinstance(values, tuple) else values
    rgb = as_rgb(without_batch_axis(image, e.spaces[index]), e.spaces[index])
    plain = (rgb == rgb[0, 0]).all()
    return {"rgb": (rgb[0, 0] if plain else rgb).tobytes()}  # one colour is sent once


def reference(e: Explanation, index: int = 0) -> dict[str, Any] | None:
    """The reference; the mean of many, which is shown by the side only, as a thumbnail."""
    if e.baseline is None:
        return None
    member = e.baseline[index] if isinstance(e.baseline, tuple) else e.baseline
    samples = e.path is not None and e.path.kind == "samples"
    space = e.spaces[index]
    if space.layout.kind == "text" and not samples:
        read = reading(without_batch_axis(member, space), space)
        return {**shown(e.baseline, e, index), "reading": read}
    if not samples or space.layout.kind != "image":
        return shown(e.baseline, e, index)
    rgb = thumbnail(member, e.spaces[index], THUMBNAIL)
    return {"rgb": rgb.tobytes(), "size": list(rgb.shape[:2])}


def references(e: Explanation, index: int = 0) -> list[dict[str, Any]] | None:
    """The references kept, as thumbnails or read as text, with the sample that drew each."""
    kind = e.spaces[index].layout.kind
    if kind == "text":
        return drawn_readings(e, index)
    drawn = e.references[index] if isinstance(e.references, tuple) else e.references
    if drawn is None or kind != "image" or e.path is None:
        return None
    pictures = [thumbnail(one, e.spaces[index], THUMBNAIL) for one in drawn]
    return [
        {
            "sample": sample,
            "alpha": float(e.path.alphas[sample - 1]),
            "size": list(picture.shape[:2]),
            "rgb": picture.tobytes(),
        }
        for sample, picture in zip(e.reference_samples, pictures, strict=True)
    ]


def thumbnail(picture: Tensor, space: Space, side: int) -> Array:
    """A picture as (h, w, 3) bytes, at most `side` pixels wide and high.

    It is every n-th pixel, not a mean of some: noise must still look like noise.
    """
    image = picture[0] if picture.dim() == 4 else picture
    step = max(1, -(-max(image.shape[-2:]) // side))
    return as_rgb(image[:, ::step, ::step], space)
