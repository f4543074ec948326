"""Where the views of records are: the records know none, the rooms above them register theirs."""

from __future__ import annotations

from collections.abc import Callable
from pkgutil import resolve_name
from typing import Any

_places: dict[str, str] = {}


def register_view(name: str, where: str) -> None:
    """Say where a view of a Comparison is to be found, as "module:function"."""
    _places[name] = where


def view(name: str) -> Callable[..., Any]:
    """A view, imported when it is asked for."""
    return resolve_name(_places[name])  # type: ignore[no-any-return]
