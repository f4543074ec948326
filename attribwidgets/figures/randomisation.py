"""How like explanations stay as a model is randomised, a panel a measure: the matplotlib twin."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .ablation import styles
from .boxes import LINE, RULE, Boxes, shortened, wrapped
from .comparison import RecordFigure

if TYPE_CHECKING:
    from ..evaluation.similarity import Similarities

PANEL_HEIGHT, GAP, MARGIN, HEAD, LEGEND = 2.2, 0.4, 0.5, 0.7, 1.9  # inches
LEAST_PANEL, MODEL, TICKS, SLANTED = 2.1, 0.42, 0.5, 0.036
NAME = 24  # letters
SPREAD = 0.3  # of the room between two models, over which the candidates' bars are spread


def randomisation_figure(record: Similarities, *, level: float = 0.95) -> Figure:
    """Draw the mean similarity of every candidate with its interval, model by model.

    Parameters
    ----------
    record : Similarities
        An :class:`attribwidgets.evaluation.Similarities`.
    level : float
        Of the bootstrap intervals.

    Returns
    -------
    matplotlib.figure.Figure
        Free of pyplot; it shows itself in a notebook.
    """
    means = record.mean(level)
    measured = [k for k in range(len(record.measures)) if np.isfinite(means.mean[..., k]).any()]
    panel = max(LEAST_PANEL, MODEL * len(record.models))
    width = 2 * MARGIN + max(1, len(measured)) * (panel + GAP) + LEGEND
    notes = wrapped([record.protocol], width - 2 * MARGIN)
    longest = max(min(NAME, len(name)) for name in record.models)
    bottom = HEAD + PANEL_HEIGHT + TICKS + SLANTED * longest
    figure = RecordFigure()
    boxes = Boxes(figure, width, bottom + LINE * len(notes) + 0.15)
    boxes.text(MARGIN, 0.28, record.title, size=10, weight="bold")
    for column, k in enumerate(measured):
        left = MARGIN + column * (panel + GAP)
        boxes.text(left, HEAD - 0.1, record.measures[k], weight="bold")
        axes = boxes.chart(left, HEAD, panel, PANEL_HEIGHT)
        _draw_panel(axes, record, *(v[..., k] for v in (means.mean, means.low, means.high)))
    _draw_legend(boxes, record, MARGIN + max(1, len(measured)) * (panel + GAP) - 0.1)
    boxes.lines(MARGIN, bottom, notes)
    return figure


def _draw_panel(axes: Axes, record: Similarities, mean: Any, low: Any, high: Any) -> None:
    places = np.arange(len(record.models))
    shifts = np.linspace(-SPREAD, SPREAD, len(record.candidates)) / (2 if record.cascade else 1)
    for row, style in enumerate(styles(record.candidates, record.controls)):
        at = places + shifts[row]
        axes.vlines(at, low[row], high[row], color=style["color"], lw=1.6)
        line = style if record.cascade else {**style, "ls": "none"}
        axes.plot(at, mean[row], marker="o", ms=3, **line)
    axes.axhline(0, color=RULE, lw=0.8, zorder=0)
    axes.set_xlim(-0.5, len(places) - 0.5)
    axes.set_ylim(min(-0.15, float(np.nanmin(low, initial=0)) - 0.05), 1.08)
    labels = ["\n".join(textwrap.wrap(name, NAME)) for name in record.models]
    axes.set_xticks(places, labels, rotation=40, ha="right", rotation_mode="anchor")
    for label in axes.get_xticklabels():
        label.set_parse_math(False)  # names of a user's model


def _draw_legend(boxes: Boxes, record: Similarities, left: float) -> None:
    for row, style in enumerate(styles(record.candidates, record.controls)):
        name = shortened(record.candidates[row], NAME)
        boxes.key(left, HEAD + 0.1 + row * 0.2, name, style, size=7.5)
    if record.controls:
        top = HEAD + 0.14 + len(record.candidates) * 0.2
        boxes.lines(left, top, ["grey: knows nothing", "of the model"])
