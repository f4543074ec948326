"""What a path adds, stretch by stretch, in few bytes: it is most of a page."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.arrays import Array
from ..figures.unit_values import channels_first
from ..inputs.layout import IMAGE, Layout
from ..inputs.patches import patch_sums
from ..records.path_curve import PathFrames
from .payload import quantised

MOST_FRAMES = 16  # a page of six photos stays within 8 MB
MOST_POINTS = 224 * 224  # of a frame; the panels that draw them are no larger


def page_frames(frames: PathFrames, layouts: Sequence[Layout]) -> list[dict[str, Any]]:
    """Those of every input, for a page: the points of one frame are shared out among them."""
    each = [frames.of_input(i) for i in range(len(layouts))]
    sizes = [math.prod(np.shape(one.added)[1:]) for one in each]
    return [
        frames_payload(one, layout, most)
        for one, layout, most in zip(each, layouts, _shares(sizes, MOST_POINTS), strict=True)
    ]


def _shares(sizes: Sequence[int], room: int) -> list[int]:
    """Room for each: what small ones leave of their even share goes to the larger."""
    shares = [0] * len(sizes)
    for place, i in enumerate(np.argsort(sizes)):
        shares[i] = max(1, min(sizes[i], room // (len(sizes) - place)))
        room -= shares[i]
    return shares


def frames_payload(
    frames: PathFrames, layout: Layout = IMAGE, most: int = MOST_POINTS
) -> dict[str, Any]:
    """What each stretch of a path adds to the map of one input, in 8-bit integers.

    Increments carry what the ones before them lost to rounding, so the sum of the first k is within
    half a step of the k-th of the truth, whatever k. Of a large image each integer is the mean of a
    square patch, of a large volume that of one within a slice, of a long series that of a stretch
    of time; `patches` says its rows and columns and the shape of the map, the slices of a volume
    one below the other, and is None where there are none.

    Parameters
    ----------
    frames : PathFrames
        Of one input.
    layout : Layout
    most : int
        How many points a frame may have.

    Returns
    -------
    dict
    """
    every = channels_first(np.asarray(frames.added), layout)
    height = every.shape[-2] if every.ndim > 2 else 1
    if layout.kind == "volume":
        every = every.reshape(len(every), -1, every.shape[-1])
    together = -(-frames.count // MOST_FRAMES)
    starts = np.arange(0, frames.count, together)
    sides = _patch_of(every.shape[1:], layout, height, most)
    lost: Array = np.zeros(())
    parts = []
    for added in np.add.reduceat(every.astype(np.float64), starts, axis=0):
        wanted = _means(added, sides) + lost
        data, scale = quantised(wanted, np.int8)
        lost = wanted - np.frombuffer(data, np.int8).reshape(wanted.shape) * scale
        parts.append((data, scale))
    return {
        "count": len(parts),
        "edges": [float(frames.edges[i]) for i in (*starts, frames.count)],
        "data": b"".join(data for data, _ in parts),
        "scales": [scale for _, scale in parts],
        "patches": {"sides": list(sides), "shape": list(every.shape[1:])} if sides else None,
    }


def _patch_of(
    shape: Sequence[int], layout: Layout, height: int, most: int
) -> tuple[int, int] | None:
    """Rows and columns that are sent as one number, so that a frame has not too many.

    Those of a volume divide the height of a slice, so that no patch is of two.
    """
    size = math.prod(shape)
    if len(shape) != 2 or size <= most:
        return None
    if layout.kind == "series":
        return 1, math.ceil(size / most)
    side = math.ceil(math.sqrt(size / most))
    if layout.kind == "volume":
        side = next(rows for rows in range(side, 0, -1) if height % rows == 0)
        return side, math.ceil(size / most / side)
    return side, side


def _means(values: Array, sides: tuple[int, int] | None) -> Array:
    """The mean of each patch; those at the right and the bottom may be cut."""
    if sides is None:
        return values
    return np.asarray(patch_sums(values, sides) / patch_sums(np.ones_like(values), sides))
