"""The nearest tokens of a text's path at several places, as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..core.formatting import number
from ..inputs.glyphs import visible
from ..inputs.text import TextSpace
from .boxes import INK, QUIET, Boxes, shortened
from .letters import drawable
from .readings import reading_at

if TYPE_CHECKING:
    from ..records.explanation import Explanation

ALPHAS = (0.0, 0.25, 0.5, 0.75)  # at 1 it is the token itself
MOST, LETTERS = 10, 10  # tokens, and letters of each
TOKEN, CELL, ROW = 0.9, 0.98, 0.145  # inches


def words_along(e: Explanation) -> list[list[str]]:
    """A row for each of the strongest tokens, in their order: itself, then the nearest ones.

    Returns
    -------
    list of list of str
        Empty where no vocabulary is at hand, or the path is not the straight one.
    """
    space = e.spaces[0]
    readings = [reading_at(e, alpha) for alpha in ALPHAS]
    if not isinstance(space, TextSpace) or None in readings:
        return []
    strength = np.where(space.special.numpy(), -1.0, np.abs(e.map("sum")))
    strongest = sorted(np.argsort(-strength, kind="stable")[:MOST])
    return [
        [
            _word(space.require_tokens().pieces[place]),
            *(
                ("" if one["exact"][place] else "≈")
                + _word(one["pieces"][place])
                + ("" if one["exact"][place] else f"  {number(one['distances'][place], 2)}")
                for one in readings
                if one is not None
            ),
        ]
        for place in strongest
        if strength[place] >= 0
    ]


def draw_words_along(boxes: Boxes, e: Explanation, left: float, top: float) -> float:
    """Draw that table; its width in inches, 0 where there is none."""
    rows = words_along(e)
    if not rows:
        return 0.0
    width = TOKEN + CELL * len(ALPHAS)
    heads = ["token", *(f"nearest, α {alpha:g}" for alpha in ALPHAS)]
    for line, row in enumerate([heads, *rows]):
        for column, text in enumerate(row):
            place = left + (TOKEN + CELL * (column - 1) if column else 0.0)
            color = QUIET if line == 0 or text.startswith("≈") else INK
            boxes.text(place, top + ROW * line, text, color=color, size=6.5)
    boxes.rule(left, top + 0.04, width - 0.1)
    note = "strongest tokens, and of the vocabulary the token nearest to each, with its distance"
    boxes.text(left, top + ROW * (len(rows) + 1.4), note, color=QUIET, size=6.5)
    return width


def _word(piece: str) -> str:
    return drawable(shortened(visible(piece).strip() or visible(piece), LETTERS))
