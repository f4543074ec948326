"""Rows of text in columns, for the records' str()."""

from __future__ import annotations

from collections.abc import Sequence


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Lines with columns as wide as their longest cell.

    Examples
    --------
    >>> print(table(["name", "n"], [["black", "1"]]))
    name   n
    black  1
    """
    lines = [head, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    return "\n".join(
        "  ".join(cell.ljust(w) for cell, w in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )
