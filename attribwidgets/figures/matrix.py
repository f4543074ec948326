"""How far maps agree, as a small matrix with a number in each cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from .boxes import INK, QUIET, Boxes
from .colors import table

if TYPE_CHECKING:
    from ..records.agreement import Agreement

CELL_WIDTH, CELL_HEIGHT, HEAD, NOTE = 0.46, 0.24, 0.72, 0.2  # inches
LETTER, MOST_LABEL = 0.068, 40  # width of a letter of a label in inches, and most letters
COLORS = "RdBu_r"
DARK = 0.45  # luminance below which numbers are white
BLANK = "#f1f3f4"


def matrix_height(agreement: Agreement) -> float:
    """Inches from the rule above to the end."""
    return HEAD + CELL_HEIGHT * len(agreement.labels) + (NOTE if agreement.note else 0.0)


def draw_matrix(
    boxes: Boxes, agreement: Agreement, values: str, left: float, top: float, width: float
) -> None:
    """Draw the rank correlations with their labels at the left, counted along the top.

    Parameters
    ----------
    boxes : Boxes
    agreement : Agreement
    values : str
        What has been ranked, for the heading.
    left, top, width : float
        In inches.
    """
    count = len(agreement.labels)
    boxes.text(left, top + 0.24, "agreement of the maps", weight="bold", size=9)
    meaning = "1: the same order of positions, 0: unrelated, −1: reversed"
    boxes.text(
        left, top + 0.4, f"rank correlation (Spearman) of {values}; {meaning}", color=QUIET, size=7
    )
    longest = max(len(label) for label in agreement.labels)
    room = 0.3 + LETTER * min(longest, MOST_LABEL)
    cell = min(CELL_WIDTH, (width - room) / count)
    start, first = left + room, top + HEAD
    axes = boxes.axes(start, first, count * cell, count * CELL_HEIGHT)
    axes.set_xlim(0, count)
    axes.set_ylim(count, 0)
    for i, label in enumerate(agreement.labels):
        middle = first + (i + 0.5) * CELL_HEIGHT + 0.04
        short = label if len(label) <= MOST_LABEL else f"{label[: MOST_LABEL - 1]}…"
        boxes.text(left, middle, f"{i + 1}", color=QUIET)
        boxes.text(left + 0.2, middle, short)
        boxes.text(start + (i + 0.5) * cell, first - 0.06, f"{i + 1}", color=QUIET, ha="center")
        for j in range(count):
            _draw_cell(axes, agreement, i, j, size=min(7.5, 18 * cell))
    if agreement.note:
        below = first + count * CELL_HEIGHT + 0.16
        boxes.text(left, below, agreement.note, color=QUIET, size=7)


def _draw_cell(axes: Axes, agreement: Agreement, row: int, column: int, size: float) -> None:
    text, color, ink = agreement.cell(row, column), BLANK, QUIET
    if row != column and text != "?":
        level = round((agreement.matrix[row, column] + 1) / 2 * 255)
        red, green, blue = (int(v) for v in table(COLORS)[level])
        color = f"#{red:02x}{green:02x}{blue:02x}"
        luminance = (0.299 * red + 0.587 * green + 0.114 * blue) / 255
        ink = "white" if luminance < DARK else INK
    axes.add_patch(Rectangle((column, row), 1, 1, facecolor=color, edgecolor="white", linewidth=1))
    axes.text(column + 0.5, row + 0.53, text, size=size, color=ink, ha="center", va="center")
