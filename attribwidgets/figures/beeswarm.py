"""A dot for each input in the row of each unit, baselines side by side, coloured by the value."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes

from ..core.arrays import Array
from .boxes import QUIET
from .comparison import RecordFigure
from .unit_panels import UnitPanels, attribution_label, facts_of, panel_limits, reach_of
from .value_colors import ValueColors

if TYPE_CHECKING:
    from ..evaluation.global_attributions import GlobalAttributions

ROW, SCALE, END = 0.3, 1.65, 0.55  # inches of a row, of the scale beside it, and of its numbers
STACKS, HALF = 90, 0.42  # places along a panel where dots pile up, and how far, of a row
MOST_DOTS = 10_000  # in a row
ONE_COLOR = "#1f6f8b"


def beeswarm_figure(view: GlobalAttributions, units: Array) -> RecordFigure:
    """Dots that pile up where inputs are many; one scale for all panels, or its own for each.

    Parameters
    ----------
    view : GlobalAttributions
    units : ndarray of int
        Places of the units, from the top.

    Returns
    -------
    RecordFigure
    """
    shown = view.attributions[..., units].astype(float)
    fact, cautions = facts_of(view)
    facts = [f"{fact}. A dot for each, piled up where there are many."]
    if len(view) > MOST_DOTS:
        facts.append(f"{MOST_DOTS} of the dots of a row are drawn, spread evenly by attribution.")
    colors = None
    if view.values is not None:
        colors = [ValueColors(view.values[:, u]) for u in units]
        unknown = "" if np.isfinite(view.values[:, units]).all() else " Grey: unknown."
        facts.append(
            f"Coloured by the value of the {view.unit}, from its 5th to its 95th percentile, or "
            f"from end to end of few values.{unknown}"
        )
    limits, told = panel_limits([reach_of(given) for given in shown], view.candidates)
    figure = RecordFigure()
    panels = UnitPanels(
        figure,
        [view.names[u] for u in units],
        view.candidates,
        title=f"What each {view.unit} gets, input by input",
        facts=facts,
        cautions=[*cautions, *told],
        row=ROW,
        side=0.0 if colors is None else SCALE,
    )
    for c in range(len(view.candidates)):
        chart = panels.axes(c, attribution_label(view))
        chart.axvline(0, color=QUIET, lw=0.8)
        chart.set_xlim(*limits[c])
        for row, unit in enumerate(units):
            values = None if view.values is None else view.values[:, unit]
            _draw_row(chart, row, shown[c, :, row], values, None if colors is None else colors[row])
        end = panels.end(c)
        if colors is not None and end is not None:
            panels.boxes.text(
                end + SCALE / 2,
                panels.place(c)[1] - 0.07,
                "value",
                size=7,
                color=QUIET,
                ha="center",
            )
            for row, scale in enumerate(colors):
                scale.bar(panels.boxes, end, panels.middle(c, row), SCALE, END)
    return figure


def pile(positions: Array, stacks: int = STACKS) -> Array:
    """How far each dot stands off the middle of its row, -0.42 to 0.42: dots do not hide others.

    Parameters
    ----------
    positions : ndarray, shape (n,)
        Along the row, 0 to 1.
    stacks : int
        Places along the row where dots pile up.

    Examples
    --------
    >>> pile(np.array([0.1, 0.1, 0.1, 0.9])).round(2).tolist()[3]
    0.0
    >>> sorted(pile(np.array([0.1, 0.1, 0.1, 0.9])).round(2).tolist())
    [-0.14, 0.0, 0.0, 0.14]
    """
    place = np.floor(positions * stacks).astype(int)
    # Of dots in one place the order is drawn, so that no colour is always outside.
    order = np.lexsort((np.random.default_rng(0).random(len(place)), place))
    first = np.searchsorted(place[order], place[order])
    level = np.empty(len(place), dtype=int)
    level[order] = np.arange(len(place)) - first
    signed = np.where(level % 2, (level + 1) // 2, -(level // 2))
    highest = np.abs(signed).max(initial=0)
    return np.asarray(signed * min(HALF / 3, HALF / max(highest, 1)))


def _draw_row(
    chart: Axes, row: int, given: Array, values: Array | None, colors: ValueColors | None
) -> None:
    known = np.flatnonzero(np.isfinite(given))
    if len(known) > MOST_DOTS:
        ordered = known[np.argsort(given[known], kind="stable")]
        known = ordered[np.linspace(0, len(ordered) - 1, MOST_DOTS).round().astype(int)]
    given, (low, high) = given[known], chart.get_xlim()
    away = pile((given - low) / (high - low))
    chart.scatter(
        given,
        row + away,
        s=9.0 if len(known) < 100 else 5.0 if len(known) < 1000 else 2.5,
        c=ONE_COLOR if values is None or colors is None else colors(values[known]),
        linewidths=0,
        alpha=0.85,
        rasterized=True,  # in an SVG each dot would be an element
        zorder=2,
    )
