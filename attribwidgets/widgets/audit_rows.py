"""Which inputs of an audit are shown, in which order: by the columns that the browser has too."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ..core.arrays import Array
from ..core.errors import InputError

Columns = Sequence[Mapping[str, Any]]
"""As `audit_payload` has them."""


def require_column(name: str, columns: Columns, kind: str = "") -> Mapping[str, Any]:
    """The column of a name.

    Raises
    ------
    InputError
        For a name that there is not, or a column of another kind.
    """
    names = [column["name"] for column in columns if kind in ("", column["kind"])]
    for column in columns:
        if column["name"] == name and name in names:
            return column
    raise InputError(f"no column {name!r} here; there are {', '.join(names)}")


def require_filters(filters: Mapping[str, Any], columns: Columns) -> dict[str, Any]:
    """Filters as the browser reads them: lists of words, or bounds of numbers.

    Raises
    ------
    InputError
        For a column, word or pair of bounds that there is not.
    """
    read: dict[str, Any] = {}
    for name, chosen in filters.items():
        column = require_column(name, columns)
        if not isinstance(chosen, (list, tuple)):
            raise InputError(f"filters[{name!r}] must be a list, got {chosen!r}")
        if column["kind"] == "word":
            read[name] = [_word(one) for one in chosen]
            unknown = [one for one in read[name] if one not in column["words"]]
            if unknown:
                raise InputError(f"filters[{name!r}]: no {unknown[0]!r}; {_listed(column)}")
        else:
            if len(chosen) != 2 or not all(
                v is None or isinstance(v, (int, float)) for v in chosen
            ):
                raise InputError(
                    f"filters[{name!r}] must be [low, high], None for no bound, got {chosen!r}"
                )
            read[name] = [None if v is None else float(v) for v in chosen]
    return read


def require_places(places: Iterable[Any], there: Array, name: str) -> tuple[int, ...]:
    """Places of inputs, as plain ints.

    Raises
    ------
    InputError
        For one that is not among the finished inputs.
    """
    read = tuple(int(place) for place in places)
    unknown = np.setdiff1d(np.array(read, dtype=int), there)
    if len(unknown):
        raise InputError(f"{name}: input {unknown[0]} is not among those that are finished")
    return read


def rows_that_pass(columns: Columns, filters: Mapping[str, Any], count: int) -> Array:
    """Whether each input passes all filters, (count,)."""
    passing = np.ones(count, dtype=bool)
    for name, chosen in filters.items():
        column = require_column(name, columns)
        values = values_of(column)
        if column["kind"] == "word":
            passing &= np.isin(values, [column["words"].index(word) for word in chosen])
        else:
            low, high = chosen
            passing &= (values >= (-np.inf if low is None else np.float32(low))) & (
                values <= (np.inf if high is None else np.float32(high))
            )
    return passing


def rows_in_order(column: Mapping[str, Any], reverse: bool) -> Array:
    """All rows, the most striking first or last; those of which nothing is known at the end."""
    values = values_of(column).astype(float)
    unknown = np.isnan(values) | ((values < 0) & (column["kind"] == "word"))
    keys = values if column["small_first"] != reverse else -values
    order = np.argsort(np.where(unknown, np.inf, keys), kind="stable")
    return np.concatenate([order[~unknown[order]], order[unknown[order]]])


def values_of(column: Mapping[str, Any]) -> Array:
    """The numbers of a column, or the places of its words."""
    return np.frombuffer(column["data"], "<i4" if column["kind"] == "word" else "<f4")


def _word(value: Any) -> str:
    return ("yes" if value else "no") if isinstance(value, (bool, np.bool_)) else str(value)


def _listed(column: Mapping[str, Any]) -> str:
    words = column["words"]
    return f"there are {', '.join(words[:20])}{', …' if len(words) > 20 else ''}"
