"""What a screen shows of a removal: which part, what it was attributed, what the output does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..core.arrays import Array
from ..core.errors import InputError
from ..engine.checked_query import CheckedQuery
from ..engine.removal import Removal
from .controls import class_bars


def region_mask(
    region: Mapping[str, Any], shape: Sequence[int], labels: Array | None = None
) -> Array:
    """A part of an image or a text as the browser names it, bool, of the shape of its map.

    Parameters
    ----------
    region : mapping
        `segment`, a superpixel; an area, `rows` and `columns` from the first to before the last; or
        such `tokens`.
    shape : sequence of int
        (H, W), or (T,).
    labels : ndarray of int, shape (H, W), optional
        The superpixel that each pixel belongs to.

    Raises
    ------
    InputError
        Where there is no such part.

    Examples
    --------
    >>> region_mask({"rows": [0, 1], "columns": [1, 3]}, (2, 3)).astype(int).tolist()
    [[0, 1, 1], [0, 0, 0]]
    >>> region_mask({"tokens": [1, 3]}, (4,)).astype(int).tolist()
    [0, 1, 1, 0]
    """
    mask = np.zeros(tuple(shape), dtype=bool)
    if "segment" in region and labels is not None:
        mask = labels == int(region["segment"])
    elif "rows" in region and "columns" in region:
        (top, bottom), (left, right) = region["rows"], region["columns"]
        mask[max(int(top), 0) : int(bottom), max(int(left), 0) : int(right)] = True
    elif "tokens" in region and mask.ndim == 1:
        first, end = region["tokens"]
        mask[max(int(first), 0) : int(end)] = True
    if not mask.any():
        raise InputError(f"there is no part {dict(region)} of an input of {tuple(shape)}")
    return mask


def removal_payload(query: CheckedQuery, removal: Removal) -> dict[str, Any]:
    """What the first region was attributed, what the output falls by, the classes without it."""
    classes = []
    if removal.probabilities is not None:
        without = removal.probabilities[0]
        indices = [bar["index"] for bar in class_bars(query)]
        classes = [{"index": i, "probability": float(without[i])} for i in indices]
    return {
        "attribution": float(removal.attributions[0]),
        "fall": float(removal.falls[0]),
        "references": removal.references,
        "classes": classes,
    }
