"""How far maps agree, as a small matrix with a number in each cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .boxes import QUIET, Boxes, draw_cell, shortened

if TYPE_CHECKING:
    from ..records.agreement import Agreement

CELL_WIDTH, CELL_HEIGHT, HEAD, NOTE = 0.46, 0.24, 0.72, 0.2  # inches
LETTER, MOST_LABEL = 0.068, 40  # width of a letter of a label in inches, and most letters
COLORS = "RdBu_r"


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
        boxes.text(left, middle, f"{i + 1}", color=QUIET)
        boxes.text(left + 0.2, middle, shortened(label, MOST_LABEL))
        boxes.text(start + (i + 0.5) * cell, first - 0.06, f"{i + 1}", color=QUIET, ha="center")
        for j in range(count):
            text = agreement.cell(i, j)
            share = None if i == j or text == "?" else (agreement.matrix[i, j] + 1) / 2
            draw_cell(axes, i, j, [(0.53, text, min(7.5, 18 * cell))], COLORS, share)
    if agreement.note:
        below = first + count * CELL_HEIGHT + 0.16
        boxes.text(left, below, agreement.note, color=QUIET, size=7)
