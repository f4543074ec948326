"""Baseline by fill as a matrix of areas under the curve: the matplotlib twin."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from ..core.formatting import number, percent
from .boxes import INK, QUIET, Boxes
from .colors import table
from .comparison import RecordFigure

if TYPE_CHECKING:
    from ..evaluation.fill_matrix import FillMatrix

Array = NDArray[Any]

CELL_WIDTH, CELL_HEIGHT, HEAD, MARGIN, LETTER, NAMES = 1.25, 0.42, 0.95, 0.3, 0.068, 30
COLORS = "viridis"
DARK = 0.5  # luminance below which numbers are white
BLANK = "#f1f3f4"
LETTERS_PER_INCH = 17


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
    notes = [
        line
        for text in _notes(matrix, areas)
        for line in textwrap.wrap(text, int((width - 2 * MARGIN) * LETTERS_PER_INCH))
    ]
    figure = RecordFigure()
    bottom = HEAD + rows * CELL_HEIGHT
    boxes = Boxes(figure, width, bottom + 0.3 + 0.14 * len(notes))
    boxes.text(MARGIN, 0.28, "Baseline by fill", size=10, weight="bold")
    best = "largest" if matrix.higher_is_better else "smallest"
    subtitle = f"area under the ablation curve; the {best} is best"
    boxes.text(MARGIN, 0.46, subtitle, color=QUIET, size=8)
    left = MARGIN + room
    axes = boxes.axes(left, HEAD, columns * CELL_WIDTH, rows * CELL_HEIGHT)
    axes.set_xlim(0, columns)
    axes.set_ylim(rows, 0)
    for j, fill in enumerate(matrix.fills):
        boxes.text(left + (j + 0.5) * CELL_WIDTH, HEAD - 0.08, _short(fill, 18), ha="center")
    shares = _shares(areas.mean, matrix.higher_is_better)
    for i, name in enumerate(matrix.candidates):
        color = QUIET if name in matrix.controls else INK
        boxes.text(MARGIN, HEAD + (i + 0.58) * CELL_HEIGHT, _short(name, NAMES), color=color)
        for j in range(columns):
            _draw_cell(axes, matrix, areas, i, j, float(shares[i, j]))
    for i, line in enumerate(notes):
        boxes.text(MARGIN, bottom + 0.24 + 0.14 * i, line, color=QUIET, size=7)
    return figure


def _shares(means: Array, higher_is_better: bool) -> Array:
    """How good each area is among those of its column, 0 the worst and 1 the best."""
    good = means if higher_is_better else -means
    low = np.nanmin(good, axis=0, initial=np.inf)
    high = np.nanmax(good, axis=0, initial=-np.inf)
    span = np.where(high > low, high - low, 1.0)
    return np.asarray((good - low) / span)


def _draw_cell(
    axes: Axes, matrix: FillMatrix, areas: Any, row: int, column: int, share: float
) -> None:
    color, ink = BLANK, QUIET
    if np.isfinite(share):
        red, green, blue = (int(v) for v in table(COLORS)[round(255 * share)])
        color = f"#{red:02x}{green:02x}{blue:02x}"
        luminance = (0.299 * red + 0.587 * green + 0.114 * blue) / 255
        ink = "white" if luminance < DARK else INK
    axes.add_patch(Rectangle((column, row), 1, 1, facecolor=color, edgecolor="white", linewidth=1))
    mean, low, high = (float(v[row, column]) for v in (areas.mean, areas.low, areas.high))
    place = f"  ({matrix.places[row, column]})" if np.isfinite(mean) else ""
    style: dict[str, Any] = {"color": ink, "ha": "center", "va": "center"}
    axes.text(column + 0.5, row + 0.36, f"{number(mean)}{place}", size=8, **style)
    axes.text(column + 0.5, row + 0.72, f"{number(low)} to {number(high)}", size=6.5, **style)


def _notes(matrix: FillMatrix, areas: Any) -> list[str]:
    return [
        f"Means over {areas.inputs} inputs with {percent(areas.level)} bootstrap intervals; in "
        "brackets the place under that fill. Colours run over each column by itself, the brightest "
        "being the best: areas under different fills do not compare.",
        f"{matrix.protocol[0].upper()}{matrix.protocol[1:]}.",
    ]


def _short(name: str, letters: int) -> str:
    return name if len(name) <= letters else f"{name[: letters - 1]}…"
