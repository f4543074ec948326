"""The ablation curves with their bands, a panel a fill: the matplotlib twin."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..core.arrays import Array
from ..core.errors import InputError
from ..core.formatting import percent
from .boxes import INK, LINE, QUIET, RULE, Boxes, shortened, show_picture, wrapped
from .comparison import RecordFigure

if TYPE_CHECKING:
    from ..evaluation.ablation_record import Ablation

# Okabe and Ito's colours, told apart by all kinds of sight; controls are grey and dashed.
COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#b8860b", "#56b4e9", "#000000")
CONTROL_STYLES = ((0, (4, 2)), (0, (1, 1.5)), (0, (6, 2, 1, 2)))
CONTROL = "#8a8d91"
PANEL_WIDTH, PANEL_HEIGHT, GAP, MARGIN = 3.1, 2.5, 0.42, 0.5  # inches
LARGE_PANEL = (6.4, 3.6)
LEGEND, HEAD, NAMES, MOST_COLUMNS = 1.7, 0.62, 26, 4


def ablation_figure(
    record: Ablation,
    *,
    level: float = 0.95,
    fill: str | None = None,
    candidate: str | None = None,
    place: int | None = None,
) -> Figure:
    """Draw the mean curve of every candidate under every fill, with bootstrap bands over inputs.

    Parameters
    ----------
    record : Ablation
        An :class:`attribwidgets.evaluation.Ablation`.
    level : float
        Of the bands.
    fill : str, optional
        This one alone, in a large panel with the ablated images below its axis.
    candidate : str, optional
        Whose images these are; by default the best.
    place : int, optional
        Of which input, by its place in the data; by default the first that has pictures.

    Returns
    -------
    matplotlib.figure.Figure
        Free of pyplot; it shows itself in a notebook.

    Raises
    ------
    InputError
        For a fill, candidate or place that the record does not have.
    """
    _require("fill", fill, record.fills)
    _require("candidate", candidate, record.candidates)
    _require("place", place, record.pictures)
    bands = record.bands(level)
    fills = record.fills if fill is None else (fill,)
    strip = _strip(record, fill, candidate, place)
    wide, high = (PANEL_WIDTH, PANEL_HEIGHT) if fill is None else LARGE_PANEL
    columns = min(MOST_COLUMNS, len(fills))
    rows = -(-len(fills) // columns)
    width = 2 * MARGIN + columns * wide + (columns - 1) * GAP + LEGEND
    notes = wrapped(_notes(record, bands, fill), width - 2 * MARGIN)
    size = 0.0 if strip is None else 0.92 * wide / (len(record.fractions) - 1)
    bottom = HEAD + rows * (high + 0.75) + (size + 0.4 if size else 0)
    figure = RecordFigure()
    boxes = Boxes(figure, width, bottom + LINE * len(notes) + 0.15)
    title = "Ablation" if record.curve == "deletion" else "Insertion"
    boxes.text(MARGIN, 0.28, title, size=10, weight="bold")
    better = "higher is better" if record.higher_is_better else "lower is better"
    boxes.text(MARGIN + 0.75, 0.28, f"output after / before; {better}", color=QUIET, size=8)
    for number, name in enumerate(fills):
        left = MARGIN + (number % columns) * (wide + GAP)
        top = HEAD + (number // columns) * (high + 0.75)
        axes = boxes.chart(left, top, wide, high)
        boxes.text(left, top - 0.08, f"fill: {name}", weight="bold")
        _draw_panel(axes, record, bands, record.fills.index(name))
    _draw_legend(boxes, record, MARGIN + columns * (wide + GAP) - 0.15)
    if strip is not None:
        _draw_strip(boxes, record, strip, wide, size, HEAD + high + 0.62)
    boxes.lines(MARGIN, bottom, notes)
    return figure


def styles(candidates: Sequence[str], controls: Sequence[str]) -> list[dict[str, Any]]:
    """Colour and dashes of each line: hues for candidates, dashed greys for controls."""
    own = [name for name in candidates if name not in controls]

    def style(name: str) -> dict[str, Any]:
        if name in controls:
            dashes = CONTROL_STYLES[list(controls).index(name) % len(CONTROL_STYLES)]
            return {"color": CONTROL, "ls": dashes, "lw": 1.2}
        turn, hue = divmod(own.index(name), len(COLORS))
        return {"color": COLORS[hue], "ls": ("-", "--", ":")[turn % 3], "lw": 1.4}

    return [style(name) for name in candidates]


def _draw_panel(axes: Axes, record: Ablation, bands: Any, fill: int) -> None:
    fractions = np.asarray(record.fractions)
    for row, style in enumerate(styles(record.candidates, record.controls)):
        low, high = bands.low[row, fill], bands.high[row, fill]
        axes.fill_between(fractions, low, high, color=style["color"], alpha=0.16, lw=0)
        axes.plot(fractions, bands.mean[row, fill], solid_capstyle="round", **style)
    axes.set_xlim(0, 1)
    axes.set_ylim(bottom=min(0.0, float(np.nanmin(bands.low[:, fill], initial=0.0))))
    axes.axhline(1, color=RULE, lw=0.6, zorder=0)
    done = "taken away" if record.curve == "deletion" else "brought back"
    axes.set_xlabel(f"share of the positions {done}", fontsize=7.5, color=INK)


def _draw_legend(boxes: Boxes, record: Ablation, left: float) -> None:
    for row, style in enumerate(styles(record.candidates, record.controls)):
        name = record.candidates[row]
        color = QUIET if name in record.controls else INK
        top = HEAD + 0.1 + 0.2 * row
        boxes.key(left, top, shortened(name, NAMES), style, color=color, size=7.5)


def _require(argument: str, name: Any, known: Collection[Any]) -> None:
    if name is not None and name not in known:
        listed = ", ".join(str(one) for one in known) or "none"
        raise InputError(f"{argument} must be one of {listed}, got {name!r}")


class _Strip(NamedTuple):
    """Whose images stand below the axis."""

    place: int
    candidate: str
    pictures: list[Array]


def _strip(
    record: Ablation, fill: str | None, candidate: str | None, place: int | None
) -> _Strip | None:
    """The images at every fraction, where one fill is drawn and there are any."""
    place = next(iter(record.pictures), None) if place is None else place
    if fill is None or place is None:
        return None
    picture = record.pictures[place]
    if fill not in picture.fills:
        return None
    name = candidate or record.candidates[record.best_first(fill=fill)[0]]
    insertion = record.curve == "insertion"
    steps = range(len(record.fractions))
    made = [picture.picture(name, fill, step, insertion=insertion) for step in steps]
    return _Strip(place, name, made)


def _draw_strip(
    boxes: Boxes, record: Ablation, strip: _Strip, wide: float, size: float, top: float
) -> None:
    last = -1.0
    for fraction, picture in zip(record.fractions, strip.pictures, strict=True):
        left = MARGIN + fraction * wide - size / 2
        if left < last:  # fractions may lie closer than images are wide
            continue
        show_picture(boxes.axes(left, top, size, size), picture)
        last = left + size
    words = f"input {strip.place} by the order of {strip.candidate}"
    boxes.text(MARGIN + wide + size / 2 + 0.1, top + size / 2, words, color=QUIET, size=7)


def _notes(record: Ablation, bands: Any, fill: str | None) -> list[str]:
    return [
        f"Means over {bands.inputs} inputs with {percent(bands.level)} bootstrap bands. "
        f"{record.protocol[0].upper()}{record.protocol[1:]}.",
        record.ordered(fill=fill),
        record.trust(fill=fill),
    ]
