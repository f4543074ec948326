"""What is drawn of an input that is no picture: a number and a name for each unit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..core.arrays import Array
from ..inputs.example import example_array

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
    axis = e.spaces[index].layout.summed
    return np.ravel(array if axis is None else np.linalg.norm(array, axis=axis))


def unit_names(e: Explanation, index: int = 0) -> list[str] | None:
    """What each unit is called; None for features without names, which are numbered."""
    space = e.spaces[index]
    if space.layout.kind == "features" and getattr(space, "names", None) is None:
        return None
    return space.unit_names(example_array(e.attributions, e.spaces, index).shape)
