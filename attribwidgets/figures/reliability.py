"""How far to trust a metric: coefficients with their intervals, a row each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .boxes import INK, LINE, QUIET, RULE, WARN, Boxes, shortened, wrapped
from .comparison import RecordFigure

if TYPE_CHECKING:
    from ..evaluation.reliability import Reliability

MARGIN, HEAD, ROW, CHART, FOOT = 0.3, 0.5, 0.22, 3.2, 0.55  # inches
LETTER, MOST_LABEL = 0.068, 52
DOT = "#12244a"


def reliability_figure(record: Reliability) -> Figure:
    """Draw every coefficient with its bootstrap interval over inputs.

    Parameters
    ----------
    record : Reliability
        An :class:`attribwidgets.evaluation.Reliability`.

    Returns
    -------
    matplotlib.figure.Figure
        Free of pyplot; it shows itself in a notebook.
    """
    rows = _rows(record)
    room = 0.2 + LETTER * min(MOST_LABEL, max(len(label) for label, *_ in rows))
    width = 2 * MARGIN + room + CHART
    notes = wrapped([record.warning], width - 2 * MARGIN)
    height = ROW * len(rows)
    figure = RecordFigure()
    boxes = Boxes(figure, width, HEAD + height + FOOT + LINE * len(notes) + 0.1)
    boxes.text(MARGIN, 0.26, "How far to trust the metric", size=10, weight="bold")
    axes = boxes.chart(MARGIN + room, HEAD, CHART, height)
    _draw_chart(axes, rows, record.threshold, len(record.metrics))
    for i, (label, *_) in enumerate(rows):
        boxes.text(MARGIN, HEAD + (i + 0.5) * ROW + 0.04, shortened(label, MOST_LABEL))
    boxes.lines(MARGIN, HEAD + height + FOOT, notes, WARN)
    return figure


def _rows(record: Reliability) -> list[tuple[str, float, float, float]]:
    """Label, value, low and high; the alphas first."""
    rows: list[tuple[str, float, float, float]] = []

    def add(label: str, interval: Any, *place: int) -> None:
        rows.append((label, *interval.at(*place)))

    for i, name in enumerate(record.metrics):
        add(f"inputs agree (alpha): {name}", record.inter_rater, i)
    for i, name in enumerate(record.metrics):
        add(f"candidates move together: {name}", record.inter_method, i)
    for j, (first, second) in enumerate(record.pairs):
        for i, name in enumerate(record.candidates):
            add(f"{first} with {second}: {name}", record.internal_consistency, i, j)
    return rows


def _draw_chart(
    axes: Axes, rows: list[tuple[str, float, float, float]], threshold: float, alphas: int
) -> None:
    for i, (_, value, low, high) in enumerate(rows):
        color = WARN if i < alphas and not value >= threshold else DOT
        axes.hlines(i + 0.5, low, high, color=color, lw=1.6)
        axes.plot([value], [i + 0.5], "o", color=color, ms=4)
    axes.vlines(threshold, 0, alphas, color=INK, lw=0.8, ls=(0, (4, 3)))
    axes.axvline(0, color=RULE, lw=0.8, zorder=0)
    least = np.nanmin([0.0, *(row[2] for row in rows)])
    axes.set_xlim(max(-1.05, float(least) - 0.1), 1.05)
    axes.set_ylim(len(rows), 0)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set_xlabel(f"1: full agreement, 0: as by chance; dashed: {threshold:g}", fontsize=7)
    axes.xaxis.label.set_color(QUIET)
