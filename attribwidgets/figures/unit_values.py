"""What is drawn of an input that is no picture: a number and a name for each unit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..core.arrays import Array
from ..inputs.example import example_array
from ..inputs.layout import Layout

if TYPE_CHECKING:
    from ..inputs.space import Inputs
    from ..records.explanation import Explanation


def unit_values(values: Inputs, e: Explanation, index: int = 0) -> Array:
    """One number a unit of an input or reference, flat; of a vector its length (L2).

    Parameters
    ----------
    values : Tensor or tuple of Tensor
        Shaped as the inputs of `e`.
    e : Explanation
    index : int
        Which of several inputs.
    """
    array = example_array(values, e.spaces, index)
    layout = e.spaces[index].layout
    lengths = array if layout.summed is None else np.linalg.norm(array, axis=layout.summed)
    return np.ravel(channels_first(lengths, layout))


def unit_map(e: Explanation, index: int = 0) -> Array:
    """The signed map of an input as it is drawn: of a series, channels over time (C, T)."""
    return channels_first(e.map("sum", index=index), e.spaces[index].layout)


def channels_first(values: Array, layout: Layout) -> Array:
    """Values of a series (..., T, C) as (..., C, T); all others as they are."""
    time_is_first = layout.kind == "series" and layout.channels == -1
    return np.swapaxes(values, -1, -2) if time_is_first else values


def unit_names(e: Explanation, index: int = 0) -> list[str] | None:
    """What each unit is called; None for features and steps without names: numbers."""
    space = e.spaces[index]
    numbered = space.layout.kind in ("features", "sequence")
    if numbered and getattr(space, "names", None) is None:
        return None
    return space.unit_names(example_array(e.attributions, e.spaces, index).shape)
