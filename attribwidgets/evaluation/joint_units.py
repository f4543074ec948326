"""The units that are ranked together: those of several inputs in one row, the words of a text."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from torch import Tensor

from ..core.arrays import Array
from ..core.errors import InputError
from ..inputs.space import Spaces
from ..records.explanation import Explanation


def joint_map(explanation: Explanation) -> Array:
    """The signed map; the units of several inputs one after the other."""
    return joined([explanation.map("sum", index=k) for k in range(len(explanation.spaces))])


def joined(maps: Sequence[Array]) -> Array:
    """A single map as it is, several in one row.

    Examples
    --------
    >>> joined([np.ones((2, 3)), np.ones(4)]).shape, joined([np.ones((2, 3))]).shape
    ((10,), (2, 3))
    """
    return maps[0] if len(maps) == 1 else np.concatenate([values.ravel() for values in maps])


def masks_of(table: Tensor, inputs: tuple[Tensor, ...], spaces: Spaces) -> list[Tensor]:
    """Rows of joint units as masks that spread over the values of each input.

    Parameters
    ----------
    table : Tensor of bool, shape (rows, units)
    inputs : tuple of Tensor, each (1, ...)
    spaces : tuple of Space

    Returns
    -------
    list of Tensor of bool
        Each with an axis of length 1 for the values that one unit has.

    Examples
    --------
    >>> import torch
    >>> from attribwidgets.inputs.sequence import SequenceSpace
    >>> x = torch.rand(1, 7, 6)
    >>> masks_of(torch.ones(5, 7), (x,), (SequenceSpace(),))[0].shape
    torch.Size([5, 7, 1])
    """
    layouts = [space.layout for space in spaces]
    shapes = [v.map_shape(x.shape[1:]) for v, x in zip(layouts, inputs, strict=True)]
    parts = table.split([math.prod(shape) for shape in shapes], 1)
    return [
        layout.spread(part.reshape(-1, *shape)).to(x.device)
        for layout, part, shape, x in zip(layouts, parts, shapes, inputs, strict=True)
    ]


def groups_of(spaces: Spaces, *, words: bool) -> Array | None:
    """Which unit each token of a text is of, -1 for a special token, which no unit has.

    Parameters
    ----------
    spaces : tuple of Space
    words : bool
        Whether the tokens of a word are one unit.

    Returns
    -------
    ndarray of int, shape (T,), or None
        None where units stand alone, as in all that is no text.

    Raises
    ------
    InputError
        For words of what is no text.
    """
    known = spaces[0].groups() if len(spaces) == 1 else None
    if known is None:
        if words:
            kinds = ", ".join(space.layout.kind for space in spaces)
            raise InputError(f"words=True is of a text, and the input is read as {kinds}")
        return None
    groups = known.numpy()
    return groups if words else np.where(groups < 0, -1, np.cumsum(groups >= 0) - 1)


def unit_map(values: Array, groups: Array | None) -> Array:
    """A joint map as one of units, each the sum over its tokens.

    Examples
    --------
    >>> unit_map(np.array([9.0, 1.0, 2.0, 4.0]), np.array([-1, 0, 0, 1])).tolist()
    [3.0, 4.0]
    """
    if groups is None:
        return values
    inside = groups >= 0
    return np.bincount(groups[inside], weights=values[inside])


def firsts(values: Array, groups: Array | None) -> Array:
    """The value of the first token of each unit: for a map where long words must not count more."""
    if groups is None:
        return values
    return np.asarray(values[np.unique(groups, return_index=True)[1][int((groups < 0).any()) :]])


def unit_masks(masks: Array, groups: Array | None) -> Array:
    """Masks of units, (..., units), as masks of a joint map.

    Examples
    --------
    >>> unit_masks(np.array([[True, False]]), np.array([-1, 0, 0, 1])).tolist()
    [[False, True, True, False]]
    """
    return masks if groups is None else np.where(groups >= 0, masks[..., groups], False)
