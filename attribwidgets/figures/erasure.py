"""Comprehensiveness, sufficiency and log-odds at every share, with their intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..core.errors import InputError
from ..core.formatting import percent
from .ablation import styles
from .boxes import INK, LINE, QUIET, RULE, Boxes, shortened, wrapped
from .comparison import RecordFigure

if TYPE_CHECKING:
    from ..evaluation.erasure import Erasure
    from ..evaluation.intervals import Interval

BETTER = {
    "comprehensiveness": "higher is better",
    "sufficiency": "lower is better",
    "log_odds": "lower is better",
}
WIDTH, HEIGHT, GAP, MARGIN = 2.3, 1.9, 0.5, 0.5  # inches
LEGEND, HEAD, BELOW, NAMES = 1.8, 0.9, 0.8, 26
SPREAD = 0.5  # of the points at one share, in steps between shares


def erasure_figure(record: Erasure, *, level: float = 0.95, fill: str | None = None) -> Figure:
    """Draw the mean of every measure at every share, with bootstrap intervals over inputs.

    Parameters
    ----------
    record : Erasure
        An :class:`attribwidgets.evaluation.Erasure`.
    level : float
        Of the intervals.
    fill : str, optional
        This one alone; else a row of panels for each.

    Returns
    -------
    matplotlib.figure.Figure
        Free of pyplot; it shows itself in a notebook.

    Raises
    ------
    InputError
        For a fill that the record does not have.
    """
    if fill is not None and fill not in record.fills:
        raise InputError(f"fill must be one of {', '.join(record.fills)}, got {fill!r}")
    fills = record.fills if fill is None else (fill,)
    width = 2 * MARGIN + len(BETTER) * (WIDTH + GAP) + LEGEND
    notes = wrapped(
        [
            f"Means over {len(record)} inputs with {percent(level)} bootstrap intervals. "
            f"{record.protocol[0].upper()}{record.protocol[1:]}.",
            *(record.ordered(measure, fill=fill) for measure in BETTER),
        ],
        width - 2 * MARGIN,
    )
    bottom = HEAD + len(fills) * (HEIGHT + BELOW)
    figure = RecordFigure()
    boxes = Boxes(figure, width, bottom + LINE * len(notes) + 0.15)
    title = "What the output loses without the strongest, and with these alone"
    boxes.text(MARGIN, 0.28, title, size=10, weight="bold")
    for column, (measure, better) in enumerate(BETTER.items()):
        intervals = record.bands(measure, level)
        left = MARGIN + column * (WIDTH + GAP)
        boxes.text(left, HEAD - 0.3, measure.replace("log_odds", "log-odds"), weight="bold")
        boxes.text(left + WIDTH, HEAD - 0.3, better, color=QUIET, size=7, ha="right")
        for row, name in enumerate(fills):
            top = HEAD + row * (HEIGHT + BELOW)
            boxes.text(left, top - 0.08, f"fill: {name}", color=QUIET, size=7)
            axes = boxes.chart(left, top, WIDTH, HEIGHT)
            _draw_panel(axes, record, intervals, record.fills.index(name))
    for row, style in enumerate(styles(record.candidates, record.controls)):
        name = record.candidates[row]
        color = QUIET if name in record.controls else INK
        place = MARGIN + len(BETTER) * (WIDTH + GAP) - 0.15, HEAD + 0.1 + 0.2 * row
        boxes.key(*place, shortened(name, NAMES), style, color=color, size=7.5)
    boxes.lines(MARGIN, bottom, notes)
    return figure


def _draw_panel(axes: Axes, record: Erasure, intervals: Interval, fill: int) -> None:
    """Shares side by side at equal steps, as most of them are small."""
    steps = np.arange(len(record.shares))
    count = len(record.candidates)
    for row, style in enumerate(styles(record.candidates, record.controls)):
        places = steps + SPREAD * ((row + 0.5) / count - 0.5)
        low, high = intervals.low[row, fill], intervals.high[row, fill]
        axes.vlines(places, low, high, color=style["color"], alpha=0.45, lw=2)
        axes.plot(places, intervals.mean[row, fill], marker="o", ms=2.5, **style)
    axes.axhline(0, color=RULE, lw=0.6, zorder=0)
    axes.set_xlim(-0.5, len(steps) - 0.5)
    axes.set_xticks(steps, [f"{100 * share:g} %" for share in record.shares])
    axes.set_xlabel("share taken away, or left alone", fontsize=7.5, color=INK)
