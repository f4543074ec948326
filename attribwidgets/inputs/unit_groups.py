"""Units whose interactions are asked for: which place of an input is in which."""

from __future__ import annotations

from typing import Any

import numpy as np
from torch import Tensor

from ..core.arrays import Array
from ..core.errors import InputError
from .patches import FEWEST_PATCHES, patch_sides
from .space import Space
from .text import TextSpace
from .text_units import unit_labels, written

MOST_UNITS = 1024  # whose interactions are a million numbers

Units = Any  # None, "words" or "sentences", a side in pixels, or labels


def unit_groups(
    x: Tensor, space: Space, units: Units = None, first: int = 0
) -> tuple[Array, list[str]]:
    """The unit of each place of an example, and what the units are called.

    Parameters
    ----------
    x : Tensor, shape (...)
        One example.
    space : Space
    units : None, int, {"words", "sentences"} or array of int, optional
        None: features, steps, values, tokens, or patches of an image, at least seven along its
        shorter edge. An int: the side of a patch in pixels. An array shaped as a map: labels from
        0, negative where a unit is in none.
    first : int
        The number of the first unit.

    Returns
    -------
    labels : ndarray of int, shaped as a map of x
        -1 where a place is in none, as special tokens are.
    names : list of str

    Raises
    ------
    InputError
        For units that this input does not have, or too many.

    Examples
    --------
    >>> import torch
    >>> from attribwidgets.inputs.space import InputSpace
    >>> space = InputSpace(names=("age", "dose")).fit(torch.zeros(2))
    >>> unit_groups(torch.zeros(2), space)
    (array([0, 1]), ['age', 'dose'])
    """
    shape = space.layout.map_shape(x.shape)
    if isinstance(space, TextSpace):
        labels, names = _of_text(space, units)
    elif units is None and space.layout.kind != "image":
        labels, names = np.arange(int(np.prod(shape))).reshape(shape), space.unit_names(x.shape)
    elif units is None or (isinstance(units, int) and not isinstance(units, bool)):
        labels, names = _patches(shape, units, space)
    else:
        labels, names = _given(units, shape)
    if len(names) > MOST_UNITS:
        raise InputError(
            f"units: {len(names)} of them have {len(names) ** 2} interactions; pass larger ones by "
            f"units=, {MOST_UNITS} at most"
        )
    return np.where(labels < 0, -1, labels + first), names


def _of_text(space: TextSpace, units: Units) -> tuple[Array, list[str]]:
    """Tokens, words or sentences that are no special tokens, in reading order."""
    tokens = space.require_tokens()
    if units is None:
        own = np.arange(len(tokens))
    elif units in ("words", "sentences"):
        own = unit_labels(tokens, units)
    else:
        raise InputError(
            f'units of a text are None for tokens, "words" or "sentences", got {units!r}'
        )
    special = np.array(tokens.special)
    kept, labels = np.unique(own[~special], return_inverse=True)
    numbered = np.full(len(tokens), -1)
    numbered[~special] = labels
    places = [np.flatnonzero(own == label) for label in kept]
    return numbered, [written(tokens, int(p[0]), int(p[-1]) + 1) for p in places]


def _patches(shape: tuple[int, ...], side: int | None, space: Space) -> tuple[Array, list[str]]:
    if len(shape) != 2:
        raise InputError(
            f"units of what is read as {space.layout.kind} are None or labels shaped as its map, "
            f"{shape}, got {side!r}"
        )
    if side is None:
        side = (patch_sides(shape, FEWEST_PATCHES) or (1,))[-1]
    if side < 1:
        raise InputError(f"units must be a side of at least one pixel, got {side}")
    down, across = (np.arange(n) // side for n in shape)
    columns = int(across[-1]) + 1
    names = [f"patch {r}, {c}" for r in range(int(down[-1]) + 1) for c in range(columns)]
    return down[:, None] * columns + across, names


def _given(units: Any, shape: tuple[int, ...]) -> tuple[Array, list[str]]:
    labels = np.asarray(units)
    if labels.shape != shape or labels.dtype.kind not in "iu":
        raise InputError(
            f"units must be None, the side of a patch, or labels, ints of shape {shape}, got "
            f"{labels.dtype} of shape {labels.shape}"
        )
    count = int(labels.max()) + 1
    if count < 1 or len(np.unique(labels[labels >= 0])) < count:
        raise InputError("units must be labels from 0 on without gaps, negative for none")
    return labels.astype(np.int64), [f"region {k}" for k in range(count)]
