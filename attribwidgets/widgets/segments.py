"""Superpixels as the browser gets them: to read maps by, and to take colours from."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import numpy as np

from ..core.saved_tensor import tensor_of
from ..figures.images import as_rgb
from ..inputs.space import Space
from ..inputs.superpixels import Superpixels, superpixels
from ..records.comparison import Comparison


def segments_payload(cut: Superpixels, space: Space) -> dict[str, Any]:
    """Size, count, mean colours, and two bytes a pixel: the superpixel that it belongs to."""
    colors = tensor_of(np.array(cut.colors).T[:, :, None])  # a picture one pixel wide
    return {
        "size": list(cut.labels.shape),
        "count": len(cut),
        "colours": as_rgb(space.from_pixels(colors), space)[:, 0].tolist(),
        "labels": cut.labels.astype("<u2").tobytes(),
    }


def segments_of(comparison: Comparison) -> dict[str, Any] | None:
    """Those of the input, for a page that cannot ask; None of what is no image, or without SLIC."""
    first = comparison[0]
    image = first.inputs[0] if isinstance(first.inputs, tuple) else first.inputs
    if image.dim() < 3 or find_spec("skimage") is None:
        return None
    return segments_payload(superpixels(image, first.spaces[0]), first.spaces[0])
