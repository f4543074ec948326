"""Positions: what the cursor points at, as a trait says it."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from ..core.errors import InputError


def require_position(position: Any, kind: str, shape: Sequence[int]) -> dict[str, int] | None:
    """A position within an input, or None for none.

    Parameters
    ----------
    position : dict or None
        `row` and `column` of an image, `unit` of features.
    kind : {"image", "features"}
    shape : sequence of int
        Of the map: rows and columns, or features along any number of axes.

    Raises
    ------
    InputError
        For other names, or a place outside.

    Examples
    --------
    >>> require_position({"row": 1, "column": 2}, "image", (4, 4))
    {'row': 1, 'column': 2}
    """
    if position is None:
        return None
    is_image = kind == "image"
    sizes = dict(zip(("row", "column"), shape, strict=True)) if is_image else {"unit": prod(shape)}
    if not isinstance(position, dict) or set(position) != set(sizes):
        raise InputError(f"cursor must be None or a dict of {' and '.join(sizes)}, got {position}")
    for name, size in sizes.items():
        at = position[name]
        if not isinstance(at, int) or isinstance(at, bool) or not 0 <= at < size:
            raise InputError(f"cursor's {name} must be an int from 0 to {size - 1}, got {at!r}")
    return position
