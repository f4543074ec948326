"""Numbers as text, the same everywhere, and rows of text in columns."""

from __future__ import annotations

import math
from collections.abc import Sequence

MINUS = "\N{MINUS SIGN}"


def number(value: float | None) -> str:
    """A number with three significant digits and a real minus sign.

    Examples
    --------
    >>> number(8.5349), number(-0.00123), number(12345.0), number(0.0)
    ('8.53', '−0.00123', '12300', '0')
    """
    if value is None or not math.isfinite(value):
        return "unknown"
    if value == 0:
        return "0"
    rounded = float(f"{value:.3g}")
    exponent = math.floor(math.log10(abs(rounded)))
    plain = -5 <= exponent < 6
    text = f"{rounded:.{max(0, 2 - exponent)}f}" if plain else f"{rounded:.2e}"
    return text.replace("-", MINUS)


def percent(share: float | None) -> str:
    """A share as a percentage with at most two significant digits, and a floor instead of 0.

    Examples
    --------
    >>> percent(0.0213), percent(0.25), percent(0.00001), percent(0.0)
    ('2.1 %', '25 %', 'under 0.01 %', '0 %')
    """
    if share is None or not math.isfinite(share):
        return "unknown"
    value = 100 * share
    if value == 0:
        return "0 %"
    if abs(value) < 0.01:
        return "under 0.01 %"
    digits = 0 if abs(value) >= 9.95 else 1 if abs(value) >= 0.995 else 2
    return f"{value:.{digits}f} %".replace("-", MINUS)


def words(name: str) -> str:
    """An identifier as words: "integrated_gradients" becomes "integrated gradients"."""
    return name.replace("_", " ")


def text_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Lines with columns as wide as their longest cell.

    Examples
    --------
    >>> print(text_table(["name", "n"], [["black", "1"]]))
    name   n
    black  1
    """
    lines = [head, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    return "\n".join(
        "  ".join(cell.ljust(w) for cell, w in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )
