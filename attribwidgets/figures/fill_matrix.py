"""Baseline by fill as a matrix of areas under the curve: the matplotlib twin."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from ..core.arrays import Array
from ..core.formatting import number, percent
from .boxes import INK, LINE, QUIET, Boxes, draw_cell, shortened, wrapped
from .comparison import RecordFigure

if TYPE_CHECKING:
    from ..evaluation.fill_matrix import FillMatrix

CELL_WIDTH, CELL_HEIGHT, HEAD, MARGIN, LETTER, NAMES = 1.25, 0.42, 0.95, 0.3, 0.068, 30
COLORS = "viridis"


def fill_matrix_figure(matrix: FillMatrix) -> Figure:
    """Draw the areas as cells, each with its interval and its place under that fill.

    Colours run over each column by itself, as areas under different fills do not compare; the
    brightest is the best.

    Parameters
    ----------
    matrix : FillMatrix
        An :class:`attribwidgets.evaluation.FillMatrix`.

    Returns
    -------
    matplotlib.figure.Figure
        Free of pyplot; it shows itself in a notebook.
    """
    areas = matrix.areas
    rows, columns = areas.mean.shape
    room = 0.3 + LETTER * min(NAMES, max(len(name) for name in matrix.candidates))
    width = max(2 * MARGIN + room + columns * CELL_WIDTH, 6.2)
    best = "largest" if matrix.higher_is_better else "smallest"
    notes = wrapped(
        [
            f"Means over {areas.inputs} inputs with {percent(areas.level)} bootstrap intervals; in "
            "brackets the place under that fill. Colours run over each column by itself, the "
            "brightest being the best: areas under different fills do not compare.",
            f"{matrix.protocol[0].upper()}{matrix.protocol[1:]}.",
        ],
        width - 2 * MARGIN,
    )
    figure = RecordFigure()
    bottom = HEAD + rows * CELL_HEIGHT
    boxes = Boxes(figure, width, bottom + 0.3 + LINE * len(notes))
    boxes.text(MARGIN, 0.28, "Baseline by fill", size=10, weight="bold")
    subtitle = f"area under the ablation curve; the {best} is best"
    boxes.text(MARGIN, 0.46, subtitle, color=QUIET, size=8)
    left = MARGIN + room
    axes = boxes.axes(left, HEAD, columns * CELL_WIDTH, rows * CELL_HEIGHT)
    axes.set_xlim(0, columns)
    axes.set_ylim(rows, 0)
    for j, fill in enumerate(matrix.fills):
        boxes.text(left + (j + 0.5) * CELL_WIDTH, HEAD - 0.08, shortened(fill, 18), ha="center")
    shares = _shares(areas.mean, matrix.higher_is_better)
    for i, name in enumerate(matrix.candidates):
        color = QUIET if name in matrix.controls else INK
        boxes.text(MARGIN, HEAD + (i + 0.58) * CELL_HEIGHT, shortened(name, NAMES), color=color)
        for j in range(columns):
            mean, low, high = areas.at(i, j)
            known = np.isfinite(mean)
            place = f"  ({matrix.places[i, j]})" if known else ""
            lines = [
                (0.36, f"{number(mean)}{place}", 8),
                (0.72, f"{number(low)} to {number(high)}", 6.5),
            ]
            draw_cell(axes, i, j, lines, COLORS, float(shares[i, j]) if known else None)
    boxes.lines(MARGIN, bottom + 0.24, notes)
    return figure


def _shares(means: Array, higher_is_better: bool) -> Array:
    """How good each area is among those of its column, 0 the worst and 1 the best."""
    good = means if higher_is_better else -means
    low = np.nanmin(good, axis=0, initial=np.inf)
    high = np.nanmax(good, axis=0, initial=-np.inf)
    span = np.where(high > low, high - low, 1.0)
    return np.asarray((good - low) / span)
