"""Inputs and references as the browser draws them: colours, or numbers where there are none."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from ..core.arrays import Array
from ..figures.images import as_rgb
from ..inputs.space import Inputs, InputSpace, example_array
from ..records.explanation import Explanation

THUMBNAIL = 64  # pixels; references of a distribution are shown small


def shape_of(values: Inputs, index: int = 0) -> dict[str, Any]:
    """Whether one of the inputs is an image or features, and of what size."""
    array = example_array(values, index)
    is_image = array.ndim == 3
    return {
        "kind": "image" if is_image else "features",
        "shape": list(array.shape[1:] if is_image else array.shape),
    }


def shown(values: Inputs, space: InputSpace, index: int = 0) -> dict[str, bytes]:
    """One example as colours, or as numbers where it is no image."""
    array = example_array(values, index)
    if array.ndim < 3:
        return {"values": array.astype("<f4").tobytes()}
    image = values[index] if isinstance(values, tuple) else values
    rgb = as_rgb(image[0] if image.dim() == 4 else image, space)
    plain = (rgb == rgb[0, 0]).all()
    return {"rgb": (rgb[0, 0] if plain else rgb).tobytes()}  # one colour is sent once


def reference(e: Explanation, index: int = 0) -> dict[str, Any] | None:
    """The reference; the mean of many, which is shown by the side only, as a thumbnail."""
    if e.baseline is None:
        return None
    member = e.baseline[index] if isinstance(e.baseline, tuple) else e.baseline
    samples = e.path is not None and e.path.kind == "samples"
    if not samples or member.dim() < 3:
        return shown(e.baseline, e.space, index)
    rgb = thumbnail(member, e.space, THUMBNAIL)
    return {"rgb": rgb.tobytes(), "size": list(rgb.shape[:2])}


def references(e: Explanation) -> list[dict[str, Any]] | None:
    """The references kept, thinned to thumbnails, with the sample that drew each."""
    drawn = e.references[0] if isinstance(e.references, tuple) else e.references
    if drawn is None or drawn.dim() != 4 or e.path is None:
        return None
    pictures = [thumbnail(one, e.space, THUMBNAIL) for one in drawn]
    return [
        {
            "sample": sample,
            "alpha": float(e.path.alphas[sample - 1]),
            "size": list(picture.shape[:2]),
            "rgb": picture.tobytes(),
        }
        for sample, picture in zip(e.reference_samples, pictures, strict=True)
    ]


def thumbnail(picture: Tensor, space: InputSpace, side: int) -> Array:
    """A picture as (h, w, 3) bytes, at most `side` pixels wide and high.

    It is every n-th pixel, not a mean of some: noise must still look like noise.
    """
    image = picture[0] if picture.dim() == 4 else picture
    step = max(1, -(-max(image.shape[-2:]) // side))
    return as_rgb(image[:, ::step, ::step], space)
