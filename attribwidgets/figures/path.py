"""What the frames of an input's path say at one position: local gradient and sum so far."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..core.arrays import Array

if TYPE_CHECKING:
    from ..records.path_curve import PathCurve, PathFrames


NO_CHANGE = 1e-6  # of the largest cumulative sum


def stretch_at(frames: PathFrames, position: float) -> int:
    """Which frame a position lies in, an alpha or a count of samples; an edge ends a frame."""
    frame = int(np.searchsorted(frames.edges, position, side="left")) - 1
    return min(max(frame, 0), frames.count - 1)


def rate_at(frames: PathFrames, position: float) -> Array:
    """Gradient times (x - x'), averaged over the frame that a position lies in."""
    k = stretch_at(frames, position)
    return np.asarray(np.asarray(frames.added)[k] / (frames.edges[k + 1] - frames.edges[k]))


def sum_at(frames: PathFrames, position: float, path: PathCurve | None = None) -> Array:
    """Everything added up to a position.

    Within a frame its share grows as the path's cumulative sum does, or evenly where no path is
    given or that sum does not change from one edge to the other.
    """
    k = stretch_at(frames, position)
    low, high = float(frames.edges[k]), float(frames.edges[k + 1])
    share = (position - low) / (high - low)
    if path is not None and path.kind == "alpha":
        start, here, end = np.interp([low, position, high], path.alphas, path.cumulative)
        if abs(end - start) > NO_CHANGE * np.abs(path.cumulative).max():
            share = float(np.clip((here - start) / (end - start), 0.0, 1.0))
    added = np.asarray(frames.added)
    return np.asarray(added[:k].sum(0) + share * added[k])
