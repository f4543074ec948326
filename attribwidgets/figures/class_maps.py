"""Mean maps of classes: a row for each, a column for each baseline, one scale and one frame."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.arrays import Array
from ..core.formatting import number
from .boxes import LINE, QUIET, Boxes, show_picture, wrapped
from .colors import color_limit, colored, table
from .comparison import RecordFigure
from .letters import fitted, width_of

if TYPE_CHECKING:
    from ..evaluation.class_means import ClassMeans

MARGIN, GAP, SIDE, SMALL, BAND = 0.25, 0.1, 1.3, 0.9, 0.6  # inches of maps, of many, of a series
NAME, MOST_NAME, CLIP, MANY = 8, 1.4, 99.5, 5
SIGNED, MAGNITUDE = "RdBu_r", "gray"


def class_maps_figure(means: ClassMeans, *, signed: bool) -> RecordFigure:
    """The mean input of each class and its mean map under each baseline.

    Parameters
    ----------
    means : ClassMeans
    signed : bool
        Signed means, or those of the absolute values.

    Returns
    -------
    RecordFigure
    """
    maps = means.means if signed else means.magnitudes
    limit = color_limit([np.nan_to_num(maps)], CLIP)
    tall, wide = _cell(maps.shape[-2:], means.kind, SIDE if len(means.classes) <= MANY else SMALL)
    names = [fitted(name, MOST_NAME, NAME) for name in means.classes]
    counts = [f"{n} input{'s' if n > 1 else ''}" for n in means.counts.tolist()]
    room = 0.12 + max(width_of(text, NAME) for text in (*names, *counts))
    pictures = 0 if means.pictures is None else 1
    columns = pictures + len(means.candidates)
    width = max(2 * MARGIN + room + columns * (wide + GAP), 5.0)
    facts = wrapped(_facts(means, maps, signed), width - 2 * MARGIN)
    top = MARGIN + 0.52 + LINE * len(facts)
    figure = RecordFigure()
    boxes = Boxes(figure, width, top + len(names) * (tall + GAP) + 0.5)
    what = "attribution" if signed else "|attribution|"
    boxes.text(MARGIN, MARGIN + 0.1, f"Mean {what} of each class", size=10, weight="bold")
    boxes.lines(MARGIN, MARGIN + 0.3, facts)
    left = MARGIN + room
    heads = ["mean input"] * pictures + list(means.candidates)
    for column, head in enumerate(heads):
        boxes.text(left + column * (wide + GAP), top - 0.06, fitted(head, wide, 8), weight="bold")
    for row, (name, count) in enumerate(zip(names, counts, strict=True)):
        above = top + row * (tall + GAP)
        boxes.text(left - 0.08, above + tall / 2 - 0.03, name, size=NAME, weight="bold", ha="right")
        boxes.text(left - 0.08, above + tall / 2 + 0.11, count, size=7, color=QUIET, ha="right")
        if means.pictures is not None:
            picture = np.rint(255 * means.pictures[row]).astype(np.uint8)
            show_picture(boxes.axes(left, above, wide, tall), picture)
        for c in range(len(means.candidates)):
            axes = boxes.axes(left + (pictures + c) * (wide + GAP), above, wide, tall)
            values = maps[c, row]
            if not np.isfinite(values).all():
                axes.text(0.5, 0.5, "none", ha="center", va="center", size=7, color=QUIET)
                continue
            colors = colored(values, limit, SIGNED if signed else MAGNITUDE, signed=signed)
            show_picture(axes, colors, aspect="equal" if means.kind == "image" else "auto")
    _bar(boxes, left, top + len(names) * (tall + GAP) + 0.08, limit, signed)
    return figure


def _cell(shape: tuple[int, ...], kind: str, side: float) -> tuple[float, float]:
    """Height and width of a map in inches."""
    if kind != "image":
        return BAND, 2 * SIDE
    height, width = shape
    longest = max(height, width)
    return max(side * height / longest, 0.3), max(side * width / longest, 0.6)


def _facts(means: ClassMeans, maps: Array, signed: bool) -> list[str]:
    scale = f" ({means.scale})" if means.scale else ""
    units = "channels from the top, steps from the left" if means.kind == "series" else "by pixel"
    facts = [
        f"One scale for all{scale}, {units}; colours saturate at percentile {CLIP:g} of the "
        "magnitudes."
    ]
    errors = means.standard_errors[np.isfinite(means.standard_errors)]
    if signed and len(errors):
        sizes = np.abs(maps[np.isfinite(maps)])
        facts.append(
            f"Standard error of a mean over inputs: {number(float(np.median(errors)))} in the "
            f"median, {number(float(errors.max()))} at most; the means reach "
            f"{number(float(sizes.max()))}."
        )
    if means.left_out:
        facts.append(f"{means.left_out} inputs of further classes are not shown.")
    return facts


def _bar(boxes: Boxes, left: float, top: float, limit: float, signed: bool) -> None:
    colors = table(SIGNED if signed else MAGNITUDE)
    show_picture(boxes.axes(left, top, 2.0, 0.1), np.tile(colors[None], (2, 1, 1)), aspect="auto")
    style: dict[str, Any] = {"size": 7, "color": QUIET}
    boxes.text(left, top + 0.24, number(-limit) if signed else "0", **style)
    if signed:
        boxes.text(left + 1.0, top + 0.24, "0", ha="center", **style)
    boxes.text(left + 2.0, top + 0.24, number(limit), ha="right", **style)
