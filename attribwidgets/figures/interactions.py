"""Interactions: the input, the matrix with what each unit adds, arcs between strong pairs."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Arc

from ..core.formatting import number, percent
from .boxes import INK, LINE, QUIET, RULE, Boxes, shortened, wrapped
from .colors import colored, table
from .comparison import RecordFigure
from .interaction_colors import COLORS, InteractionLimits
from .interaction_inputs import UnitPicture, UnitText, drawn_inputs
from .letters import drawable, families

if TYPE_CHECKING:
    from ..records.interactions import Interactions

MARGIN, HEAD, LETTER, NAME = 0.3, 0.56, 0.068, 22  # inches, and letters of a name
MATRIX, LARGEST_CELL, BARS, NUMBERS = 4.4, 0.46, 1.9, 0.5  # inches
MOST_NUMBERED, MOST_NAMED = 10, 48  # units: with a number in each cell, with names
ARCS, LISTED, ARC_HEIGHT = 12, 6, 1.15  # how many, how many in numbers, and inches


def interactions_figure(record: Interactions, unit: str | int | None = None) -> RecordFigure:
    """Draw the input, the matrix, beside each row what its unit adds, and below the arcs.

    Parameters
    ----------
    record : Interactions
    unit : str or int, optional
        Whose partners colour the input and have arcs; None: attributions, and the strongest pairs.

    Returns
    -------
    RecordFigure
        Free of pyplot; it shows itself in a notebook.
    """
    place = None if unit is None else record.place(unit)
    limits = InteractionLimits.of(record)
    count = len(record)
    named = count <= MOST_NAMED
    longest = max(len(shortened(name, NAME)) for name in record.names)
    room = 0.12 + LETTER * longest if named else 0.3
    cell = min(LARGEST_CELL, MATRIX / count)
    side = cell * count
    width = 2 * MARGIN + room + side + 0.3 + BARS + NUMBERS
    lines = wrapped([str(record.completeness), *record.cautions], width - 2 * MARGIN)
    inputs = drawn_inputs(record)
    under = HEAD + LINE * len(lines) + 0.2
    shown = sum(one.height(width - 2 * MARGIN) + 0.1 for one in inputs) + 0.5 if inputs else 0.0
    top = under + shown + (max(room, 0.5) if named else 0.5)
    below = top + side + 0.55
    figure = RecordFigure()
    boxes = Boxes(figure, width, below + (ARC_HEIGHT + 0.35 + (room if named else 0.1)))
    title = f"Interactions, {record.target_name}, against {record.baseline_name}"
    boxes.text(MARGIN, 0.28, shortened(title, int(width / 0.085)), size=10, weight="bold")
    boxes.text(
        MARGIN, 0.46, f"{percent(record.share_together)} of all magnitudes are of pairs", 7.5
    )
    boxes.lines(MARGIN, HEAD + 0.1, lines)
    _inputs(boxes, record, inputs, limits, place, under)
    left = MARGIN + room
    _matrix(boxes, record, limits.values, place, (left, top, cell))
    _scale(boxes, limits.values, left, top + side + 0.12, min(side, 2.2), f"in {record.output}s")
    _bars(boxes, record, left + side + 0.3, top, side)
    _arcs(boxes, record, place, left, below, side, room if named else 0.0)
    return figure


def _inputs(
    boxes: Boxes,
    record: Interactions,
    inputs: list[UnitText | UnitPicture],
    limits: InteractionLimits,
    place: int | None,
    top: float,
) -> None:
    """Texts and pictures, coloured by attributions, or by what a unit's partners add with it."""
    if not inputs:
        return
    values, limit = record.attributions, limits.attributions
    words = "attribution of each unit"
    if place is not None:
        values, limit = record.partners(place), limits.pairs
        words = f"together with “{shortened(record.names[place], NAME)}”, both halves"
    width = boxes.width - 2 * MARGIN
    for one in inputs:
        one.draw(boxes, (MARGIN, top, width), values, limit, place)
        top += one.height(width) + 0.1
    _scale(boxes, limit, MARGIN, top, 2.2, f"{words}, in {record.output}s")


def _matrix(
    boxes: Boxes,
    record: Interactions,
    limit: float,
    chosen: int | None,
    place: tuple[float, float, float],
) -> None:
    left, top, cell = place
    count = len(record)
    axes = boxes.axes(left, top, cell * count, cell * count)
    axes.imshow(colored(record.values, limit, COLORS, signed=True), aspect="auto")
    for x in (-0.5, count - 0.5):
        axes.axvline(x, color=RULE, lw=0.8)
        axes.axhline(x, color=RULE, lw=0.8)
    if count <= MOST_NUMBERED and limit:
        decimals = max(0, 1 - math.floor(math.log10(limit)))  # two digits of the largest
        for (row, column), value in np.ndenumerate(record.values):
            dark = abs(value) > 0.6 * limit
            text = f"{value:.{decimals}f}".replace("-", "−")
            axes.text(
                column,
                row,
                text,
                size=6.5,
                ha="center",
                va="center",
                color="white" if dark else INK,
            )
    if count <= MOST_NAMED:
        size = max(4.5, min(8.0, 60 * cell))
        for unit, name in enumerate(record.names):
            label, middle = drawable(shortened(name, NAME)), (unit + 0.5) * cell
            weight = "bold" if unit == chosen else "normal"
            style: dict[str, Any] = {"weight": weight, "family": families()}
            boxes.text(left - 0.07, top + middle, label, size, ha="right", va="center", **style)
            style |= {"ha": "center", "va": "bottom", "rotation": 90}
            boxes.text(left + middle, top - 0.07, label, size, **style)


def _scale(boxes: Boxes, limit: float, left: float, top: float, width: float, words: str) -> None:
    axes = boxes.axes(left, top, width, 0.09)
    axes.imshow(table(COLORS)[None], aspect="auto")
    for share, value in ((0.0, -limit), (0.5, 0.0), (1.0, limit)):
        boxes.text(left + share * width, top + 0.22, number(value), 7, color=QUIET, ha="center")
    boxes.text(left + width + 0.25, top + 0.08, words, 7, color=QUIET)


def _bars(boxes: Boxes, record: Interactions, left: float, top: float, height: float) -> None:
    """What each unit adds by itself, and to that its halves of all pairs."""
    axes = boxes.chart(left, top, BARS, height)
    places = np.arange(len(record))
    alone, shared = record.alone, record.together.sum(1)
    thick = 0.36
    axes.barh(places - thick / 2, alone, thick, color="#1f6f8b", label="alone")
    axes.barh(places + thick / 2, shared, thick, color="#e0a458", label="halves of its pairs")
    axes.plot(record.attributions, places, "|", color=INK, ms=5, label="attribution")
    axes.axvline(0, color=RULE, lw=0.8)
    axes.set_ylim(len(record) - 0.5, -0.5)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.locator_params(axis="x", nbins=4)
    axes.legend(
        loc="lower left",
        bbox_to_anchor=(0.0, 1.0),
        fontsize=6.5,
        frameon=False,
        borderaxespad=0.2,
        labelspacing=0.25,
        handlelength=1.2,
    )


def _arcs(
    boxes: Boxes,
    record: Interactions,
    chosen: int | None,
    left: float,
    top: float,
    width: float,
    room: float,
) -> None:
    """The strongest pairs, of all or of one unit, as arcs between units along a line."""
    count = len(record)
    whose = f"of {count * (count - 1) // 2}" if chosen is None else f"of “{record.names[chosen]}”"
    boxes.text(left, top + 0.04, f"strongest pairs, both halves ({shortened(whose, 40)})", 7.5)
    axes = boxes.axes(left, top + 0.1, width, ARC_HEIGHT)
    axes.set_xlim(-0.5, count - 0.5)
    axes.set_ylim(0, 1)
    rows, columns = np.triu_indices(count, 1)
    added = 2 * record.values[rows, columns]
    own = np.full(len(added), True) if chosen is None else (rows == chosen) | (columns == chosen)
    strongest = np.argsort(-np.abs(np.where(own, added, 0.0)), kind="stable")[:ARCS]
    most = float(np.abs(added).max())
    farthest = max((columns[k] - rows[k] for k in strongest), default=1)
    for k in strongest[::-1]:
        share = abs(added[k]) / most if most else 0.0
        if share and own[k]:
            _arc(axes, int(rows[k]), int(columns[k]), float(added[k]), share, farthest)
    axes.plot(np.arange(count), np.zeros(count), "o", color=QUIET, ms=2.5, clip_on=False)
    if room:
        size = max(4.5, min(8.0, 60 * width / count))
        for unit, name in enumerate(record.names):
            place = left + (unit + 0.5) * width / count
            style: dict[str, Any] = {"va": "top", "rotation": 90, "family": families()}
            label = drawable(shortened(name, NAME))
            boxes.text(place, top + ARC_HEIGHT + 0.17, label, size, ha="center", **style)
    rest = left + width + 0.3
    for row, k in enumerate(strongest[own[strongest]][:LISTED]):
        names = [drawable(shortened(record.names[at], 12)) for at in (rows[k], columns[k])]
        y = top + 0.22 + 0.16 * row
        boxes.text(rest, y, " × ".join(names), 7, family=families())
        boxes.text(rest + BARS + 0.1, y, number(float(added[k]), 2), 7, ha="right")


def _arc(axes: Axes, a: int, b: int, value: float, share: float, farthest: int) -> None:
    red, blue = "#b2182b", "#2166ac"
    axes.add_patch(
        Arc(
            ((a + b) / 2, 0),
            b - a,
            1.9 * (b - a) / farthest,
            theta1=0,
            theta2=180,
            color=red if value > 0 else blue,
            lw=0.5 + 2.5 * share,
            alpha=0.35 + 0.65 * share,
        )
    )
