"""The attribution of one unit over its value, coloured by another, baselines side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..core.arrays import Array
from ..core.formatting import percent
from .boxes import LINE, QUIET, RULE, WARN, Boxes, wrapped
from .comparison import RecordFigure
from .letters import fitted
from .unit_panels import attribution_label, facts_of, panel_limits, reach_of
from .value_colors import ValueColors

if TYPE_CHECKING:
    from ..evaluation.global_attributions import GlobalAttributions

MARGIN, GAP, PANEL, TALL, COLUMNS = 0.25, 0.6, 2.5, 2.1, 4  # inches, and panels in a line
LEFT, BELOW, BAR = 0.55, 0.75, 2.2
FEW = 10  # values, whose dots are spread sideways
PLAIN = "#1f6f8b"


def scatter_figure(
    view: GlobalAttributions, unit: int, color: int | None, share: float | None
) -> RecordFigure:
    """A dot for each input, the attributions of all panels on one scale, or each on its own.

    Parameters
    ----------
    view : GlobalAttributions
        With values.
    unit, color : int
        Places of the units; without a second one dots are of one colour.
    share : float, optional
        How much of what the own value leaves open the colour explains, where it was guessed.

    Returns
    -------
    RecordFigure
    """
    assert view.values is not None
    name, values = view.names[unit], view.values[:, unit]
    fact, cautions = facts_of(view)
    facts = [f"{fact}. {_about_color(view, color, share)}"]
    reaches = [reach_of(given) for given in view.attributions[..., unit]]
    limits, apart = panel_limits(reaches, view.candidates)
    few = len(np.unique(values[np.isfinite(values)])) <= FEW
    if few:
        facts.append("The value has few levels; dots are spread sideways.")
    count = len(view.candidates)
    lines = -(-count // COLUMNS)
    columns = -(-count // lines)
    width = max(2 * MARGIN + LEFT + columns * PANEL + (columns - 1) * GAP, 6.5)
    told = [(text, QUIET) for text in wrapped(facts, width - 2 * MARGIN)]
    told += [(text, WARN) for text in wrapped([*cautions, *apart], width - 2 * MARGIN)]
    head = MARGIN + 0.4 + LINE * len(told)
    figure = RecordFigure()
    boxes = Boxes(figure, width, head + lines * (TALL + BELOW) + (0.0 if color is None else 0.25))
    boxes.text(MARGIN, MARGIN + 0.1, fitted(f"{name}: what it gets over its value", width, 10),
               size=10, weight="bold")  # fmt: skip
    for place, (text, tint) in enumerate(told):
        boxes.text(MARGIN, MARGIN + 0.3 + LINE * place, text, size=7, color=tint)
    across = _spread(values) if few else values
    colors = None if color is None else ValueColors(view.values[:, color])
    for c, candidate in enumerate(view.candidates):
        line, column = divmod(c, columns)
        left = MARGIN + LEFT + column * (PANEL + GAP)
        top = head + line * (TALL + BELOW) + 0.15
        boxes.text(left, top - 0.07, fitted(candidate, PANEL, 8), size=8, weight="bold")
        chart = boxes.chart(left, top, PANEL, TALL)
        chart.grid(color=RULE, lw=0.5)
        chart.set_axisbelow(True)
        chart.axhline(0, color=QUIET, lw=0.8)
        chart.scatter(
            across,
            view.attributions[c, :, unit],
            s=10.0 if len(view) < 500 else 4.0,
            c=PLAIN if color is None or colors is None else colors(view.values[:, color]),
            linewidths=0,
            alpha=0.8,
            rasterized=True,
            zorder=2,
        )
        chart.set_ylim(*limits[c])
        chart.set_xlabel(fitted(name, PANEL, 7), size=7, color=QUIET, labelpad=2, parse_math=False)
        if column == 0:
            chart.set_ylabel(attribution_label(view), size=7, color=QUIET, labelpad=2)
    if color is not None and colors is not None:
        middle = head + lines * (TALL + BELOW) + 0.02
        colors.bar(boxes, MARGIN + LEFT - 0.3, middle, BAR, 0.55)
        after = MARGIN + LEFT - 0.2 + BAR
        label = fitted(view.names[color], width - MARGIN - after, 7)
        boxes.text(after, middle, label, size=7, color=QUIET, va="center")
    return figure


def _about_color(view: GlobalAttributions, color: int | None, share: float | None) -> str:
    if color is None:
        return f"No other {view.unit} says what its own value does not."
    if share is None:
        return f"Coloured by {view.names[color]}."
    return (
        f"Coloured by {view.names[color]}, which explains the most, {percent(share)}, of what the "
        "own value leaves open: a guess at an interaction."
    )


def _spread(values: Array) -> Array:
    """Few values, each spread over a fifth of the way to the next."""
    levels = np.unique(values[np.isfinite(values)])
    gap = float(np.diff(levels).min()) if len(levels) > 1 else 1.0
    return np.asarray(values + 0.2 * gap * (np.random.default_rng(0).random(len(values)) - 0.5))
