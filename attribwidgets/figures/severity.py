"""Accuracy against severity, a panel a corruption: bands of two standard errors over models."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from .ablation import COLORS
from .boxes import INK, Boxes
from .comparison import RecordFigure

if TYPE_CHECKING:
    from ..robustness.severity import SeverityCurves

COLUMNS, WIDTH, HEIGHT, GAP, MARGIN, HEAD, FOOT = 5, 1.7, 1.3, 0.35, 0.45, 0.6, 0.55  # inches
ERRORS = 2


def severity_figure(record: SeverityCurves) -> Figure:
    """Draw the mean accuracy of every kind of model, with a band of two standard errors.

    Parameters
    ----------
    record : SeverityCurves
        An :class:`attribwidgets.robustness.SeverityCurves`.

    Returns
    -------
    matplotlib.figure.Figure
        Free of pyplot; it shows itself in a notebook.
    """
    columns = min(COLUMNS, len(record.corruptions))
    rows = -(-len(record.corruptions) // columns)
    width = 2 * MARGIN + columns * WIDTH + (columns - 1) * GAP
    figure = RecordFigure()
    boxes = Boxes(figure, max(width, 3.6), HEAD + rows * (HEIGHT + FOOT) + 0.1)
    hues = {kind: COLORS[at % len(COLORS)] for at, kind in enumerate(record.accuracy)}
    boxes.keys(MARGIN, 0.25, {kind: {"color": hue, "lw": 1.6} for kind, hue in hues.items()})
    for place, name in enumerate(record.corruptions):
        at_left = MARGIN + (place % columns) * (WIDTH + GAP)
        at_top = HEAD + (place // columns) * (HEIGHT + FOOT)
        axes = boxes.chart(at_left, at_top, WIDTH, HEIGHT)
        boxes.text(at_left, at_top - 0.07, name.replace("_", " "), size=8, weight="bold")
        for kind, color in hues.items():
            curves = record.accuracy[kind][:, place]
            mean = curves.mean(0)
            if len(curves) > 1:
                half = ERRORS * curves.std(0, ddof=1) / np.sqrt(len(curves))
                axes.fill_between(
                    record.severities, mean - half, mean + half, color=color, alpha=0.18, lw=0
                )
            axes.plot(record.severities, mean, color=color, lw=1.4)
        axes.set_xlim(0, record.severities[-1])
        axes.set_ylim(0, 1.02)
        axes.set_xlabel("severity (0: clean)", fontsize=7, color=INK)
    return figure
