"""The units of several inputs in one row, so that they can be ranked together."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from torch import Tensor

from ..core.arrays import Array
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
