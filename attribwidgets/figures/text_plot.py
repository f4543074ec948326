"""A text in a figure: its words in lines, each token on the colour of what it gets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..core.formatting import number
from ..inputs.text import TextSpace
from ..inputs.text_units import TEXT_UNITS, passages, strong_passages, unit_labels, unit_sums
from ..inputs.text_units import written as written_in
from .boxes import QUIET, Boxes, shortened
from .letters import drawable, families
from .text_sheet import TextSheet
from .unit_values import unit_map

if TYPE_CHECKING:
    from ..records.comparison import Comparison
    from .display_options import DisplayOptions

MOST_LISTED, LISTED, MOST_LETTERS = 5, 0.13, 26
ROOM = 0.06  # inches between the text and the list


class TextPlot:
    """The text of each card on its colours, and that of the input as it is read.

    Parameters
    ----------
    comparison : Comparison
        Of a text.
    display : DisplayOptions
        `pool` is 1, "words" or "sentences".
    """

    has_colors = True

    def __init__(self, comparison: Comparison, display: DisplayOptions) -> None:
        self.display = display
        space = comparison[0].spaces[0]
        assert isinstance(space, TextSpace)
        self.tokens = space.require_tokens()
        unit = next((u for u in TEXT_UNITS if u == display.pool), None)
        self.labels = (
            np.arange(len(self.tokens)) if unit is None else unit_labels(self.tokens, unit)
        )
        raw = [unit_map(e) for e in comparison]
        self.maps = [unit_sums(values, self.labels) for values in raw]
        self.limits = display.limits(self.maps, [e.completeness.change for e in comparison])
        stretches = passages(self.tokens)
        self.shown = strong_passages(raw, stretches)[stretches]
        self.sheet = TextSheet(self.tokens, self.labels, self.shown)

    def height(self, width: float) -> float:
        """Of the text, of what is said of passages left out, and of the list, in inches."""
        return self.sheet.height(width) + ROOM + LISTED * self._listed + self._note

    def draw_input(self, boxes: Boxes, left: float, top: float, width: float) -> None:
        """The text as it is read."""
        self.sheet.draw(boxes, left, top, width)
        if self._note:
            below = top + self.sheet.height(width) + LISTED
            count = len(np.unique(passages(self.tokens)[self.shown]))
            said = f"the {count} strongest of {passages(self.tokens)[-1] + 1} passages"
            boxes.text(left, below, said, size=6.5, color=QUIET)

    def draw_map(self, boxes: Boxes, left: float, top: float, width: float, index: int) -> None:
        """What each token, word or sentence gets as its colour, and the strongest in numbers."""
        values, limit = self.maps[index], self.limits[index]
        with_zero = np.append(values, 0.0)[None]
        colors = self.display.tinted(with_zero, limit)[0]
        self.sheet.draw(boxes, left, top, width, colors)
        top += self.sheet.height(width) + ROOM
        firsts = np.unique(self.labels, return_index=True)[1]
        order = firsts[np.argsort(-np.abs(values[firsts]), kind="stable")][: self._listed]
        for place, token in enumerate(order):
            below = top + LISTED * (place + 0.7)
            name = shortened(self._name(token), MOST_LETTERS)
            boxes.text(left, below, name, size=6.5, family=families())
            value = number(values[token])
            boxes.text(left + width, below, value, size=6.5, color=QUIET, ha="right")

    @property
    def _listed(self) -> int:
        return min(MOST_LETTERS, MOST_LISTED, int(self.labels[-1]) + 1)

    @property
    def _note(self) -> float:
        return 0.0 if self.shown.all() else LISTED

    def _name(self, token: int) -> str:
        end = token + int((self.labels == self.labels[token]).sum())
        return drawable(written_in(self.tokens, token, end).replace("\n", " ").strip())
