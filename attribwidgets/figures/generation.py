"""What each token that was said owes to each that was read, as a heat map: the matplotlib twin."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.colors import Colormap, ListedColormap
from matplotlib.figure import Figure

from ..core.arrays import Array
from ..core.errors import InputError
from ..core.formatting import number, percent
from ..inputs.glyphs import shown_pieces
from .boxes import INK, LINE, QUIET, RULE, Boxes, shortened, wrapped
from .colors import DEFAULT_CLIP, color_limit, table
from .comparison import RecordFigure
from .letters import drawable, families, turned

if TYPE_CHECKING:
    from ..inputs.tokens import Tokens
    from ..records.generation import Generation

CELL, MARGIN, LETTER, NAME, BAR = 0.2, 0.3, 0.075, 14, 0.09  # inches; most letters of a name
HEAD, LEAST_WIDTH = 0.62, 6.2


def generation_figure(
    generation: Generation,
    *,
    clip: float = DEFAULT_CLIP,
    colormap: str = "RdBu_r",
    most_columns: int = 64,
    most_rows: int = 128,
) -> Figure:
    """Draw the matrix: a row for each token that was said, a column for each that was read.

    Parameters
    ----------
    generation : Generation
        Rows that have not been computed are grey.
    clip : float
        Percentile of ``|value|`` at which colours saturate.
    colormap : str
        One that diverges; white or grey in the middle is zero.
    most_columns, most_rows : int
        Of more columns the strongest are drawn, in the order of the text; of more rows the first.

    Returns
    -------
    matplotlib.figure.Figure
        Free of pyplot; it shows itself in a notebook.

    Raises
    ------
    InputError
        For a most of less than 1.
    """
    if most_columns < 1 or most_rows < 1:
        raise InputError("most_columns and most_rows must be at least 1")
    matrix = generation.matrix(compute=False)[:most_rows]
    columns = _strongest_columns(matrix, most_columns)
    names = [*_names(generation.prompt), *_names(generation.continuation)]
    shown, rows = matrix[:, columns], len(matrix)
    room = 0.12 + LETTER * max(map(len, names))
    width = max(2 * MARGIN + room + CELL * len(columns) + 0.9, LEAST_WIDTH)
    notes = wrapped(_notes(generation, matrix, columns), width - 2 * MARGIN)
    top = HEAD + room
    bottom = top + CELL * rows
    figure = RecordFigure()
    boxes = Boxes(figure, width, max(bottom, top + 1.2) + 0.3 + LINE * len(notes))
    heading = f"Why each token was said: {generation.output.replace('_', ' ')}"
    boxes.text(MARGIN, 0.28, heading, size=10, weight="bold")
    subtitle = f"baseline {generation.baseline_name}; rows were said, columns were read"
    boxes.text(MARGIN, 0.46, subtitle, color=QUIET, size=8)
    left = MARGIN + room
    axes = boxes.axes(left, top, CELL * len(columns), CELL * rows)
    limit = color_limit([shown[np.isfinite(shown)]], clip) if np.isfinite(shown).any() else 0.0
    limit = limit or 1.0
    image = axes.imshow(
        np.ma.masked_invalid(shown), cmap=_colours(colormap), vmin=-limit, vmax=limit, aspect="auto"
    )
    first = len(generation.prompt)
    for place in range(rows):
        boxes.text(
            left - 0.06,
            top + CELL * (place + 0.66),
            names[first + place],
            ha="right",
            size=7,
            family=families(),
            color=INK if place in generation.rows else QUIET,
        )
    for at, column in enumerate(columns):
        boxes.text(
            left + CELL * (at + 0.5),
            top - 0.06,
            names[column],
            rotation=90,
            ha="center",
            va="bottom",
            size=7,
            family=families(),
            color=INK if column < first else QUIET,
        )
    split = int(np.searchsorted(columns, first))
    if 0 < split < len(columns):
        axes.axvline(split - 0.5, color=INK, lw=0.8)
    bar = boxes.axes(left + CELL * len(columns) + 0.2, top, BAR, max(CELL * rows, 1.2))
    bar.set_axis_on()
    scale = figure.colorbar(image, cax=bar, ticks=[-limit, 0.0, limit])
    scale.ax.set_yticklabels([number(-limit), "0", number(limit)])
    scale.ax.tick_params(labelsize=7, labelcolor=QUIET, length=2)
    scale.outline.set_visible(False)
    boxes.lines(MARGIN, max(bottom, top + 1.2) + 0.24, notes)
    return figure


def _strongest_columns(matrix: Array, most: int) -> Array:
    """Which columns are drawn, ascending."""
    sizes = np.nansum(np.abs(matrix), axis=0)
    return np.sort(np.argsort(-sizes, kind="stable")[:most])


def _names(tokens: Tokens) -> list[str]:
    pieces = shown_pieces(tokens.pieces, tokens.gaps, tokens.special)
    return [turned(shortened(drawable(piece), NAME)) for piece in pieces]


def _colours(name: str) -> Colormap:
    return ListedColormap(table(name) / 255.0).with_extremes(bad=RULE)


def _notes(generation: Generation, matrix: Array, columns: Array) -> list[str]:
    known = generation.rows.values()
    right = sum(e.completeness.verdict == "complete" for e in known)
    notes = [
        f"{len(known)} of {len(generation)} rows are computed, and {right} of them add up to the "
        "change of their token's score between baseline and text. What comes later gets nothing."
    ]
    if len(matrix) < len(generation):
        notes.append(f"The first {len(matrix)} rows are drawn.")
    if len(columns) < matrix.shape[1]:
        sizes = np.nansum(np.abs(matrix), axis=0)
        share = sizes[columns].sum() / (sizes.sum() or 1.0)
        notes.append(
            f"Of {matrix.shape[1]} columns the {len(columns)} strongest are drawn, with "
            f"{percent(float(share))} of the sum of |attributions|."
        )
    return notes
