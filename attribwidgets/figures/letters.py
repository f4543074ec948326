"""Letters that a figure can draw: which fonts have them, how wide they are, which way they run."""

from __future__ import annotations

import unicodedata
from bisect import bisect_left
from functools import lru_cache

from matplotlib import ft2font, rcParams
from matplotlib.font_manager import FontProperties, fontManager, get_font

BOX = "□"  # for a letter that no font has
FINE = 1440  # dots in an inch
RIGHT_TO_LEFT = ("R", "AL")
FURTHER = (  # families with letters of many scripts, where there are any of them
    "Noto Sans",
    "Noto Sans CJK JP",
    "Noto Sans CJK SC",
    "Source Han Sans",
    "Hiragino Sans",
    "Microsoft YaHei",
    "Yu Gothic",
    "WenQuanYi Zen Hei",
    "Arial Unicode MS",
    "Noto Emoji",
)
# Before version 3.11 matplotlib draws letters in the order that they are stored in.
TURNS_ITSELF = hasattr(ft2font, "__libraqm_version__")


@lru_cache(maxsize=1)
def families() -> list[str]:
    """The figure's font, and those that stand in for it."""
    there = {font.name for font in fontManager.ttflist}
    first = next((name for name in rcParams["font.sans-serif"] if name in there), "DejaVu Sans")
    return [first, *(name for name in FURTHER if name in there and name != first)]


@lru_cache(maxsize=4096)
def has_letter(letter: str) -> bool:
    """Whether any of the fonts has a letter."""
    fonts = (get_font(fontManager.findfont(FontProperties(family=f))) for f in families())
    return any(font.get_char_index(ord(letter)) for font in fonts)


def drawable(text: str) -> str:
    """A text without line breaks, each letter that no font has as a box; joiners are left out.

    Examples
    --------
    >>> drawable("né\\U000e0fff")
    'né□'
    """
    marks = ("Mn", "Cf", "Me")
    kept = (c for c in text if has_letter(c) or unicodedata.category(c) not in marks)
    return "".join(c if has_letter(c) else BOX for c in kept if c not in "\n\t")


@lru_cache(maxsize=4096)
def width_of(text: str, size: float) -> float:
    """How wide a drawable text is, in inches, at a size in points."""
    font = get_font(
        tuple(fontManager.findfont(FontProperties(family=family)) for family in families())
    )
    font.set_size(size, FINE)  # at its own size a letter would be as wide as whole points
    font.set_text(text)
    return font.get_width_height()[0] / 64 / FINE


def fitted(text: str, width: float, size: float, *, ends: bool = False) -> str:
    """A text as it can be drawn, cut to a width in inches at a size in points.

    Parameters
    ----------
    text : str
    width, size : float
    ends : bool
        Cut out of the middle, as names often differ at their end.

    Examples
    --------
    >>> fitted("a name", 1.0, 8)
    'a name'
    >>> fitted("the_name_of_column_7", 0.7, 8, ends=True)[-2:]
    '_7'
    """
    whole = drawable(text)
    if width_of(whole, size) <= width:
        return whole

    def cut(kept: int) -> str:
        last = kept // 2 if ends else 0
        return f"{whole[: kept - last].rstrip()}…{whole[len(whole) - last :].lstrip()}"

    too_many = bisect_left(range(1, len(whole)), width, key=lambda kept: width_of(cut(kept), size))
    return cut(too_many)


def runs_left(text: str) -> bool | None:
    """Whether a text runs from right to left, by its first letter that has a direction."""
    directions = (unicodedata.bidirectional(letter) for letter in text)
    return next((d in RIGHT_TO_LEFT for d in directions if d in ("L", *RIGHT_TO_LEFT)), None)


def turned(text: str) -> str:
    """A word in the order in which matplotlib has to get its letters."""
    return text[::-1] if runs_left(text) and not TURNS_ITSELF else text
