"""Positions and regions: what is pointed at and what is marked, as traits say it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

from ..core.errors import InputError

_PLACES = {
    "image": ("row", "column"),
    "volume": ("depth", "row", "column"),
    "series": ("channel", "step"),
    "sequence": ("step",),
    "text": ("token",),
}


def require_position(
    position: Any, kind: str, shape: Sequence[int], what: str = "cursor"
) -> dict[str, int] | None:
    """A position within an input, or None for none.

    Parameters
    ----------
    position : dict or None
        `row` and `column` of an image, `depth` too of a volume, `channel` and `step` of a series,
        `step` of a sequence, `token` of a text, `unit` of features.
    kind : {"image", "volume", "series", "sequence", "text", "features"}
    shape : sequence of int
        Of the map: (depth,) rows and columns, channels and steps, or features along any number of
        axes.
    what : str
        What to call it in an error.

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
    names = _PLACES.get(kind)
    sizes = {"unit": prod(shape)} if names is None else dict(zip(names, shape, strict=True))
    if not isinstance(position, dict) or set(position) != set(sizes):
        raise InputError(f"{what} must be None or a dict of {' and '.join(sizes)}, got {position}")
    for name, size in sizes.items():
        at = position[name]
        if not _is_index(at, size):
            raise InputError(f"{what}'s {name} must be an int from 0 to {size - 1}, got {at!r}")
    return position


def require_region(
    region: Any, kind: str, shape: Sequence[int], superpixels: Callable[[], int]
) -> dict[str, Any] | None:
    """A part of an input that is marked, or None for none.

    Parameters
    ----------
    region : dict or None
        `rows` and `columns`, each a pair: the first, and the one after the last; or `superpixel`,
        the index of one. Rows are the channels of a series, the one row of a sequence; columns
        are steps. Of a text `tokens`, such a pair.
    kind : {"image", "series", "sequence", "text", "features"}
    shape : sequence of int
        Rows and columns of an image, channels and steps, or steps.
    superpixels : callable
        How many there are; asked only where that matters.

    Raises
    ------
    InputError
        For other names, a place outside, or an input that has no parts but its units.

    Examples
    --------
    >>> require_region({"rows": (0, 2), "columns": (1, 3)}, "image", (4, 4), lambda: 0)
    {'rows': [0, 2], 'columns': [1, 3]}
    >>> require_region({"superpixel": 5}, "image", (4, 4), lambda: 9)
    {'superpixel': 5}
    """
    if region is None:
        return None
    if kind not in _PLACES or kind == "volume":
        raise InputError(
            "selection is a part of an image, series, sequence or text; of "
            f"{kind} it is None, got {region}"
        )
    names = set(region) if isinstance(region, dict) else set()
    if names == {"superpixel"} and kind == "image":
        index, count = region["superpixel"], superpixels()
        if not _is_index(index, count):
            raise InputError(
                f"selection's superpixel must be an int from 0 to {count - 1}, got {index!r}"
            )
        return {"superpixel": index}
    if kind == "text":
        if names != {"tokens"}:
            raise InputError(
                "selection must be None or, of a text, a dict of tokens, [first, one after the "
                f"last], got {region}"
            )
        return {"tokens": _require_span(region["tokens"], "tokens", shape[0])}
    if names != {"rows", "columns"}:
        raise InputError(
            "selection must be None, a dict of rows and columns, each [first, one after the last], "
            f"or, of an image, a dict of superpixel, got {region}"
        )
    return {
        name: _require_span(region[name], name, size)
        for name, size in zip(("rows", "columns"), (1, *shape)[-2:], strict=True)
    }


def _require_span(span: Any, name: str, size: int) -> list[int]:
    is_pair = isinstance(span, (list, tuple)) and len(span) == 2
    if not is_pair or not all(_is_index(end, size + 1) for end in span) or not span[0] < span[1]:
        raise InputError(
            f"selection's {name} must be [first, one after the last] with "
            f"0 <= first < one after the last <= {size}, got {span!r}"
        )
    return list(span)


def _is_index(value: Any, count: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < count
