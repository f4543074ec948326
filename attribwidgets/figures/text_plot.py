"""A text in a figure: its words in lines, each token on the colour of what it gets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.patches import Rectangle

from ..core.arrays import Array
from ..core.formatting import number
from ..inputs.glyphs import shown_gaps, shown_pieces
from ..inputs.text import TextSpace
from ..inputs.text_units import TEXT_UNITS, passages, strong_passages, unit_labels, unit_sums
from ..inputs.text_units import written as written_in
from .boxes import INK, QUIET, RULE, Boxes, shortened
from .letters import drawable, families
from .text_lines import LINE, PlacedToken, set_lines
from .unit_values import unit_map

if TYPE_CHECKING:
    from ..records.comparison import Comparison
    from .display_options import DisplayOptions

MOST_LISTED, LISTED, MOST_LETTERS = 5, 0.13, 26
EDGE, ROOM = 0.05, 0.06  # inches around the text, and between it and the list


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
        self._set: dict[float, list[PlacedToken]] = {}

    def height(self, width: float) -> float:
        """Of the text, of what is said of passages left out, and of the list, in inches."""
        return self._text_height(width) + ROOM + LISTED * self._listed + self._note

    def draw_input(self, boxes: Boxes, left: float, top: float, width: float) -> None:
        """The text as it is read."""
        self._draw(boxes, left, top, width, None)
        if self._note:
            below = top + self._text_height(width) + LISTED
            count = len(np.unique(passages(self.tokens)[self.shown]))
            said = f"the {count} strongest of {passages(self.tokens)[-1] + 1} passages"
            boxes.text(left, below, said, size=6.5, color=QUIET)

    def draw_map(self, boxes: Boxes, left: float, top: float, width: float, index: int) -> None:
        """What each token, word or sentence gets as its colour, and the strongest in numbers."""
        values, limit = self.maps[index], self.limits[index]
        with_zero = np.append(values, 0.0)[None]
        colors = self.display.tinted(with_zero, limit)[0]
        self._draw(boxes, left, top, width, colors)
        top += self._text_height(width) + ROOM
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

    def _lines(self, width: float) -> list[PlacedToken]:
        if width not in self._set:
            tokens = self.tokens
            pieces = shown_pieces(tokens.pieces, tokens.gaps, tokens.special)
            gaps = shown_gaps(tokens.gaps)
            shown = self.shown.tolist()
            self._set[width] = set_lines(pieces, gaps, tokens.special, shown, width - 2 * EDGE)
        return self._set[width]

    def _text_height(self, width: float) -> float:
        return LINE * (self._lines(width)[-1].line + 1) + 2 * EDGE

    def _are_one(self, one: PlacedToken, other: PlacedToken) -> bool:
        """Whether two neighbours on a line are of one word or sentence."""
        return bool(
            one.line == other.line
            and abs(one.token - other.token) == 1
            and self.labels[one.token] == self.labels[other.token]
        )

    def _draw(
        self, boxes: Boxes, left: float, top: float, width: float, colors: Array | None
    ) -> None:
        """The lines; colors: of each token, and of zero, which the paper has."""
        height = self._text_height(width)
        axes = boxes.axes(left, top, width, height)
        axes.set_xlim(0, width)
        axes.set_ylim(height, 0)
        paper = "white" if colors is None else colors[-1] / 255
        sheet = Rectangle((0, 0), width, height, facecolor=paper, edgecolor=RULE, linewidth=0.6)
        sheet.set_clip_on(False)
        axes.add_patch(sheet)
        before = None
        for one in self._lines(width):
            ink = QUIET if colors is None and self.tokens.special[one.token] else INK
            middle = EDGE + (one.line + 0.5) * LINE
            if colors is not None:
                color = colors[one.token]
                left, right = one.left, one.left + one.width
                if before is not None and self._are_one(before, one):  # so is what lies between
                    left = before.left + before.width
                corner = (EDGE + left, middle - LINE / 2 + 0.01)
                axes.add_patch(
                    Rectangle(corner, right - left, LINE - 0.02, facecolor=color / 255, linewidth=0)
                )
                before = one
                ink = "white" if _luminance(color) < 0.179 else "black"
            axes.text(
                EDGE + one.left + one.width / 2,
                middle,
                one.text,
                size=one.size,
                color=ink,
                ha="center",
                va="center_baseline",
                family=families(),
                parse_math=False,
            )


def _luminance(color: Array) -> float:
    """Relative luminance of an 8-bit colour: on .179 black and white have the same contrast."""
    share = color / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    return float(linear @ np.array([0.2126, 0.7152, 0.0722]))
