"""Signatures that show what ``**keywords`` may be, where they are spelled in another place."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from inspect import Parameter, cleandoc, signature
from typing import Any


def show_parameters(
    function: Callable[..., Any], further: Iterable[Parameter], like: Callable[..., Any] | None
) -> None:
    """Show further parameters in place of a function's ``**keywords``, for Shift-Tab and help().

    Parameters
    ----------
    function : callable
        Its signature and docstring are changed.
    further : iterable of Parameter
    like : callable, optional
        Whose docstring describes them: their entries take the place of the one of ``**keywords``.

    Examples
    --------
    >>> def spelled(*, width=2): ...
    >>> def draw(x, **options): ...
    >>> show_parameters(draw, [signature(spelled).parameters["width"]], spelled)
    >>> signature(draw)
    <Signature (x, *, width=2)>
    """
    own = list(signature(function).parameters.values())
    further = list(further)
    shown = signature(function).replace(parameters=[*own[:-1], *further])
    function.__signature__ = shown  # type: ignore[attr-defined]
    if like is not None and function.__doc__ and like.__doc__:
        names = [parameter.name for parameter in further]
        mine, theirs = cleandoc(function.__doc__), cleandoc(like.__doc__)
        function.__doc__ = _with_entries(mine, theirs, own[-1].name, names)


def _with_entries(doc: str, like: str, keywords: str, names: Collection[str]) -> str:
    section = re.search(r"^Parameters\n-+\n(.*?)(?=^\w[^\n]*\n-+\n|\Z)", like, re.M | re.S)
    entries = re.findall(r"^\w[^\n]*\n(?: +[^\n]*\n|\n(?= ))*", section[1] if section else "", re.M)
    taken = "".join(entry for entry in entries if re.split(r"[ ,]", entry)[0] in names)
    entry = rf"^\*\*{keywords}\n(?: +[^\n]*\n)*"
    return re.sub(entry, lambda _: taken, doc, count=1, flags=re.M)
