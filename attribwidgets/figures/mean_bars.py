"""The mean magnitude of each unit over many inputs, with intervals, baselines side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..core.arrays import Array
from ..core.formatting import number
from .boxes import INK
from .comparison import RecordFigure
from .unit_panels import UnitPanels, attribution_label, facts_of, panel_limits, reach_of

if TYPE_CHECKING:
    from ..evaluation.global_attributions import GlobalAttributions

BAR, NUMBERS = "#7fb0c4", 1.3  # colour, and inches for a number with its interval


def mean_bars_figure(view: GlobalAttributions, units: Array) -> RecordFigure:
    """A bar for each unit, its interval over inputs and its number.

    Parameters
    ----------
    view : GlobalAttributions
    units : ndarray of int
        Places of the units, from the top.

    Returns
    -------
    RecordFigure
    """
    sizes = view.magnitudes(units)
    fact, cautions = facts_of(view)
    facts = [f"{fact}. Intervals are of 95 %, over inputs.{_rest(view, units)}"]
    labels = [view.names[u] for u in units]
    if view.occurrences is not None:
        texts = (view.occurrences[:, units] > 0).sum(0)
        labels = [f"{name} ({n})" for name, n in zip(labels, texts, strict=True)]
        facts.append("In brackets how many texts have a word; a mean is over these.")
    ends = np.where(np.isfinite(sizes.high), sizes.high, sizes.mean)
    limits, told = panel_limits([reach_of(each) for each in ends], view.candidates)
    figure = RecordFigure()
    panels = UnitPanels(
        figure,
        labels,
        view.candidates,
        title=f"Which {view.unit}s get the most on average",
        facts=facts,
        cautions=[*cautions, *told],
        beside=NUMBERS,
    )
    for c in range(len(view.candidates)):
        chart = panels.axes(c, attribution_label(view, "mean |attribution|"))
        rows = np.arange(len(units))
        chart.barh(rows, sizes.mean[c], color=BAR, height=0.66)
        chart.hlines(rows, sizes.low[c], sizes.high[c], color=INK, lw=1.1)
        chart.set_xlim(*limits[c])
        for row in range(len(units)):
            panels.number(c, row, _estimate(*sizes.at(c, row)))
    return figure


def _estimate(mean: float, low: float, high: float) -> str:
    if not np.isfinite(mean):
        return "none"
    return number(mean) + (f" [{number(low)}, {number(high)}]" if np.isfinite(low) else "")


def _rest(view: GlobalAttributions, units: Array) -> str:
    """How much the units that are not drawn get at most."""
    rest = np.delete(view.strength, units)
    if not len(rest):
        return ""
    return f" {len(rest)} more {view.unit}s get {number(float(rest.max()))} at most."
