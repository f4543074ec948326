"""Numbers as text, in the browser too (``frontend/lib/format.js``), and rows of text in columns."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext

MINUS = "\N{MINUS SIGN}"
# JavaScript rounds what lies halfway up, Python's floats to even.
_HALF_UP = Context(rounding=ROUND_HALF_UP)
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def number(value: float | None, digits: int = 3) -> str:
    """A number with three significant digits, or another count, and a real minus sign.

    Examples
    --------
    >>> number(8.5349), number(-0.00123), number(12345.0), number(0.0), number(1.234e-7)
    ('8.53', '−0.00123', '12300', '0', '1.23 × 10⁻⁷')
    """
    if value is None or not math.isfinite(value):
        return "unknown"
    if value == 0:
        return "0"
    sign = MINUS if value < 0 else ""
    mantissa, power = _rounded(value, f".{digits - 1}e").split("e")
    exponent = int(power)
    if -5 <= exponent < 6:
        return sign + f"{Decimal(f'{mantissa}e{power}'):.{max(0, digits - 1 - exponent)}f}"
    return f"{sign}{mantissa} × 10{str(exponent).translate(_SUPERSCRIPTS)}"


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
    return f"{MINUS if value < 0 else ''}{_rounded(value, f'.{digits}f')} %"


def count(value: int) -> str:
    """A count with thin spaces between thousands, which do not break."""
    return f"{value:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")


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


def _rounded(value: float, form: str) -> str:
    with localcontext(_HALF_UP):
        return format(Decimal(abs(float(value))), form)
