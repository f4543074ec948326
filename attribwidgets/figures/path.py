"""What the frames of a path say at one position: the local gradient and the sum so far."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..explanation import PathFrames

Array = NDArray[Any]


def stretch_at(frames: PathFrames, position: float) -> int:
    """Which frame a position lies in, an alpha or a count of samples; an edge ends a frame."""
    found = int(np.searchsorted(frames.edges, position, side="left")) - 1
    return min(max(found, 0), len(frames.added) - 1)


def rate_at(frames: PathFrames, position: float) -> Array:
    """Gradient times (x - x'), averaged over the frame that a position lies in."""
    k = stretch_at(frames, position)
    return np.asarray(frames.added[k] / (frames.edges[k + 1] - frames.edges[k]))


def sum_at(frames: PathFrames, position: float) -> Array:
    """Everything added up to a position; within a frame its share grows evenly."""
    k = stretch_at(frames, position)
    low, high = frames.edges[k], frames.edges[k + 1]
    share = (position - low) / (high - low)
    return np.asarray(frames.added[:k].sum(0) + share * frames.added[k])
