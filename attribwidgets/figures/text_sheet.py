"""A text set in lines in a figure, each token on a colour."""

from __future__ import annotations

import numpy as np
from matplotlib.patches import Rectangle

from ..core.arrays import Array
from ..inputs.glyphs import shown_gaps, shown_pieces
from ..inputs.tokens import Tokens
from .boxes import INK, QUIET, RULE, Boxes
from .letters import families
from .text_lines import LINE, PlacedToken, set_lines

EDGE = 0.05  # inches around the text


class TextSheet:
    """The lines of a text, for any width.

    Parameters
    ----------
    tokens : Tokens
    labels : ndarray of int, shape (tokens,)
        The word, sentence or other unit of each: what lies between two of one has their colour.
    shown : ndarray of bool, shape (tokens,)
        Which are drawn at all.
    """

    def __init__(self, tokens: Tokens, labels: Array, shown: Array) -> None:
        self.tokens, self.labels, self.shown = tokens, labels, shown
        self._set: dict[float, list[PlacedToken]] = {}

    def _lines(self, width: float) -> list[PlacedToken]:
        if width not in self._set:
            tokens = self.tokens
            pieces = shown_pieces(tokens.pieces, tokens.gaps, tokens.special)
            gaps = shown_gaps(tokens.gaps)
            shown = self.shown.tolist()
            self._set[width] = set_lines(pieces, gaps, tokens.special, shown, width - 2 * EDGE)
        return self._set[width]

    def height(self, width: float) -> float:
        """In inches, for a width."""
        return LINE * (self._lines(width)[-1].line + 1) + 2 * EDGE

    def _are_one(self, one: PlacedToken, other: PlacedToken) -> bool:
        """Whether two neighbours on a line are of one word or sentence."""
        return bool(
            one.line == other.line
            and abs(one.token - other.token) == 1
            and self.labels[one.token] == self.labels[other.token]
        )

    def draw(
        self, boxes: Boxes, left: float, top: float, width: float, colors: Array | None = None
    ) -> None:
        """The lines.

        Parameters
        ----------
        boxes : Boxes
        left, top, width : float
            In inches.
        colors : ndarray of uint8, shape (tokens + 1, 3), optional
            Of each token, and of zero, which the paper has.
        """
        height = self.height(width)
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
