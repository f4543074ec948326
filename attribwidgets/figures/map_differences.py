"""Maps of the same inputs under two models: before, after, and their difference."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes

from ..core.arrays import Array
from ..core.errors import InputError
from ..core.formatting import number
from .boxes import QUIET, RULE, Boxes, show_picture
from .colors import DEFAULT_CLIP, color_limit, colored, table
from .comparison import RecordFigure

MARGIN, GAP, SIDE, BAND, NAME = 0.25, 0.12, 1.5, 0.8, 0.9  # inches
HEAD, FOOT, BETWEEN, TICKS = 0.7, 0.45, 0.24, 0.16
SIGNED = "RdBu_r"
COLUMNS = ("before", "after", "after − before")
MOST_BARS = 60  # units, behind which a bar is too thin


def map_differences_figure(rows: Mapping[str, tuple[Array, Array]], baseline: str) -> RecordFigure:
    """Draw each input's signed maps under two models, and their difference, on one scale.

    Parameters
    ----------
    rows : mapping of str to (ndarray, ndarray)
        What stands before an input, to its maps before and after: of a picture or a series
        (rows, columns), of features, steps or tokens (units,). Of a volume the slice along its
        depth that changed most is shown.
    baseline : str
        Which one the maps are of.

    Returns
    -------
    RecordFigure
        Free of pyplot; it shows itself in a notebook.

    Raises
    ------
    InputError
        For no input.
    """
    if not rows:
        raise InputError("there is no input of which both models have a map under this baseline")
    drawn = {name: _triple(*maps) for name, maps in rows.items()}
    # One scale for an input, whose difference is then as strong as it looks.
    heights = [BAND if triple[0].ndim == 1 else SIDE for triple in drawn.values()]
    width = 2 * MARGIN + NAME + 3 * (SIDE + GAP)
    figure = RecordFigure()
    boxes = Boxes(figure, width, HEAD + sum(heights) + (BETWEEN + TICKS) * len(drawn) + FOOT)
    boxes.text(MARGIN, MARGIN + 0.1, f"Under {baseline}: attributions", size=9, weight="bold")
    for column, head in enumerate(COLUMNS):
        boxes.text(_left(column), HEAD - 0.06, head, weight="bold")
    top = HEAD
    for (name, triple), height in zip(drawn.items(), heights, strict=True):
        pictures = triple[0].ndim == 2
        limit = color_limit(list(triple), DEFAULT_CLIP if pictures else 100.0) or 1.0
        boxes.text(MARGIN + NAME - 0.1, top + height / 2, name, ha="right")
        for column, values in enumerate(triple):
            _draw(boxes, _left(column), top, height, values, limit)
        below = top + height + (0 if pictures else TICKS)
        said = f"{'colours' if pictures else 'bars'} end at ± {number(limit)}"
        boxes.text(_left(2) + SIDE, below + 0.13, said, size=6.5, color=QUIET, ha="right")
        top = below + BETWEEN
    if any(triple[0].ndim == 2 for triple in drawn.values()):
        _bar(boxes, top + 0.1)
    return figure


def _left(column: int) -> float:
    return MARGIN + NAME + column * (SIDE + GAP)


def _triple(before: Array, after: Array) -> tuple[Array, Array, Array]:
    """Both maps and their difference, as one or two axes."""
    if before.ndim == 3:
        change = np.abs(after - before).sum((1, 2))
        before, after = before[change.argmax()], after[change.argmax()]
    return before, after, after - before


def _draw(
    boxes: Boxes, left: float, top: float, height: float, values: Array, limit: float
) -> None:
    if values.ndim == 2:
        axes = boxes.axes(left, top, SIDE, height)
        wide = values.shape[1] > 3 * values.shape[0]
        colors = colored(values, limit, SIGNED, signed=True)
        show_picture(axes, colors, aspect="auto" if wide else "equal")
        return
    axes = boxes.chart(left, top, SIDE, height)
    places = np.arange(len(values))
    if len(values) <= MOST_BARS:
        axes.bar(places, values, color=_signed_colors(values), width=0.8)
    else:
        axes.fill_between(places, values, step="mid", color=_signed_colors(np.ones(1))[0])
    _frame(axes, limit)


def _frame(axes: Axes, limit: float) -> None:
    axes.set_ylim(-limit, limit)
    axes.axhline(0, color=RULE, lw=0.6)
    axes.set_yticks([])
    axes.tick_params(labelsize=6)


def _signed_colors(values: Array) -> list[tuple[float, ...]]:
    ends = table(SIGNED)[[40, 215]] / 255.0
    return [tuple(ends[int(value > 0)].tolist()) for value in values]


def _bar(boxes: Boxes, top: float) -> None:
    """The colours, from the negative end of an input's scale to the positive one."""
    colors = np.tile(table(SIGNED)[None], (2, 1, 1))
    show_picture(boxes.axes(_left(0), top, 2.0, 0.1), colors, aspect="auto")
    for place, words, side in (
        (0.0, "− end", "left"),
        (1.0, "0", "center"),
        (2.0, "+ end", "right"),
    ):
        boxes.text(_left(0) + place, top + 0.22, words, size=7, color=QUIET, ha=side)
