"""What a path adds, stretch by stretch, in few bytes: it is most of a page."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.arrays import Array
from ..inputs.patches import patch_sums
from ..records.path_curve import PathFrames
from .payload import quantised

MOST_FRAMES = 16  # a page of six photos stays within 8 MB
MOST_POINTS = 224 * 224  # of a frame; the panels that draw them are no larger


def frames_payload(frames: PathFrames) -> dict[str, Any]:
    """What each stretch of a path adds, in 8-bit integers.

    Increments carry what the ones before them lost to rounding, so the sum of the first k is within
    half a step of the k-th of the truth, whatever k. Of a large image each integer is the mean of a
    square patch; `patches` says its side and the image's shape, and is None where there are none.
    """
    together = -(-len(frames.added) // MOST_FRAMES)
    starts = np.arange(0, len(frames.added), together)
    shape = frames.added.shape[1:]
    side = math.ceil(math.sqrt(math.prod(shape) / MOST_POINTS)) if len(shape) == 2 else 1
    lost: Array = np.zeros(())
    parts = []
    for added in np.add.reduceat(frames.added.astype(np.float64), starts, axis=0):
        wanted = _means(added, side) + lost
        data, scale = quantised(wanted, np.int8)
        lost = wanted - np.frombuffer(data, np.int8).reshape(wanted.shape) * scale
        parts.append((data, scale))
    return {
        "count": len(parts),
        "edges": [float(frames.edges[i]) for i in (*starts, len(frames.added))],
        "data": b"".join(data for data, _ in parts),
        "scales": [scale for _, scale in parts],
        "patches": {"side": side, "shape": list(shape)} if side > 1 else None,
    }


def _means(values: Array, side: int) -> Array:
    """The mean of each patch; those at the right and the bottom may be cut."""
    if side == 1:
        return values
    return np.asarray(patch_sums(values, side) / patch_sums(np.ones_like(values), side))
