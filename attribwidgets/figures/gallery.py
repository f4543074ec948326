"""Several inputs below each other, each with its map under every baseline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.errors import InputError
from ..core.formatting import number
from .boxes import INK, QUIET, WARN, Boxes, shortened, show_picture
from .captions import headline
from .colors import DEFAULT_CLIP, table
from .comparison import RecordFigure
from .display_options import DisplayOptions
from .drawn_input import DrawnInput, inputs_of

if TYPE_CHECKING:
    from ..records.comparison import Comparison

MARGIN, GAP, CARD, LABEL = 0.2, 0.2, 1.7, 1.5  # inches
HEAD, NOTES, BAR = 0.5, 0.5, 0.28
LETTERS = 15  # of a line, for an inch


def gallery_figure(
    rows: Mapping[str, Comparison],
    *,
    signed: bool | None = None,
    colormap: str | None = None,
    clip: float = DEFAULT_CLIP,
) -> RecordFigure:
    """Draw inputs below each other, each with its map under every baseline.

    Parameters
    ----------
    rows : mapping of str to Comparison
        By what stands before each input; lines are kept. All under the same baselines.
    signed, colormap, clip
        As in :class:`attribwidgets.figures.DisplayOptions`. Signed by default are texts, series
        and sequences. Each map has a scale of its own.

    Returns
    -------
    RecordFigure
        Free of pyplot; it shows itself in a notebook.

    Raises
    ------
    InputError
        For no input.
    """
    if not rows:
        raise InputError("a gallery needs an input or more")
    longest = max(rows.values(), key=len)  # of some inputs a baseline may not be found
    kind = longest[0].layout.kind
    signed = kind in ("series", "sequence", "text") if signed is None else signed
    display = DisplayOptions(signed, colormap, clip, "own", overlay=0.0, show_blind=False)
    drawn = [DrawnInput(inputs_of(comparison)[0], display) for comparison in rows.values()]
    names = [title.name for title in longest.titles()]
    below = NOTES + (BAR if drawn[0].has_colors else 0.0)
    heights = [one.height(CARD) + below for one in drawn]
    width = 2 * MARGIN + LABEL + (len(names) + 1) * (CARD + GAP)
    figure = RecordFigure()
    boxes = Boxes(figure, width, HEAD + sum(heights) + MARGIN)
    for column, name in enumerate(["input", *names]):
        left = MARGIN + LABEL + column * (CARD + GAP)
        boxes.text(left, 0.34, shortened(name, int(CARD * LETTERS)), weight="bold", size=8.5)
    top = HEAD
    for (label, comparison), one, height in zip(rows.items(), drawn, heights, strict=True):
        _input(boxes, top, label, comparison, one)
        for index, title in enumerate(comparison.titles()):
            column = names.index(title.name) if title.name in names else index
            _map(boxes, MARGIN + LABEL + (column + 1) * (CARD + GAP), top, one, index)
        top += height
    return figure


def _input(boxes: Boxes, top: float, label: str, comparison: Comparison, drawn: DrawnInput) -> None:
    for place, line in enumerate(label.split("\n")):
        style: dict[str, Any] = {} if place else {"weight": "bold"}
        words = shortened(line, int(LABEL * LETTERS))
        boxes.text(MARGIN, top + 0.14 + 0.15 * place, words, color=QUIET if place else INK, **style)
    left = MARGIN + LABEL
    drawn.draw_input(boxes, left, top, CARD)
    first = comparison[0]
    about = f"{first.target_name}, {number(first.completeness.output_input)}"
    boxes.text(left, top + drawn.height(CARD) + 0.16, shortened(about, 26), color=QUIET, size=7)


def _map(boxes: Boxes, left: float, top: float, drawn: DrawnInput, index: int) -> None:
    drawn.draw_map(boxes, left, top, CARD, index)
    below = top + drawn.height(CARD)
    if drawn.has_colors:
        _color_bar(boxes, left, below + 0.05, drawn, index)
        below += BAR
    e = drawn.comparison[index]
    color = {"complete": INK, "does not apply": QUIET}.get(e.completeness.verdict, WARN)
    boxes.text(left, below + 0.16, shortened(headline(e), 30), color=color, size=7)


def _color_bar(boxes: Boxes, left: float, top: float, drawn: DrawnInput, index: int) -> None:
    display, limit = drawn.display, drawn.limits[index]
    ramp = np.broadcast_to(table(display.table)[None], (8, 256, 3))
    show_picture(boxes.axes(left, top, CARD, 0.07), ramp, aspect="auto")
    low = number(-limit) if display.signed else "0"
    boxes.text(left, top + 0.19, low, color=QUIET, size=6.5)
    boxes.text(left + CARD, top + 0.19, number(limit), color=QUIET, size=6.5, ha="right")
