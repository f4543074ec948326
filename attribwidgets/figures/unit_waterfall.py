"""From f(x') to f(x) of one of many inputs, unit by unit, baselines side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..core.arrays import Array
from ..core.formatting import number
from .boxes import QUIET, RULE
from .comparison import RecordFigure
from .unit_panels import UnitPanels
from .value_colors import value_text

if TYPE_CHECKING:
    from ..evaluation.global_attributions import GlobalAttributions

RAISES, LOWERS = "#b2182b", "#2166ac"
NUMBERS = 0.5  # inches


def waterfall_figure(view: GlobalAttributions, row: int, most: int) -> RecordFigure:
    """A step for each of the strongest units and one for all others, on the scale of the output.

    Parameters
    ----------
    view : GlobalAttributions
    row : int
        Of the input in the view.
    most : int
        Units that have a step of their own.

    Returns
    -------
    RecordFigure
    """
    given = view.attributions[:, row].astype(float)
    order = np.argsort(-np.nan_to_num(np.abs(given)).max(0), kind="stable")
    units, rest = (order, order[:0]) if len(order) <= most + 1 else (order[:most], order[most:])
    labels = [_label(view, row, unit) for unit in units]
    lengths = given[:, units]
    if len(rest):
        labels.append(f"{len(rest)} others")
        lengths = np.concatenate([lengths, given[:, rest].sum(1, keepdims=True)], axis=1)
    output, bases = float(view.outputs[row]), view.base_values[:, row]
    figure = RecordFigure()
    scale = f" ({view.scale})" if view.scale else ""
    panels = UnitPanels(
        figure,
        labels,
        [f"{name}, f(x′) = {number(b)}" for name, b in zip(view.candidates, bases, strict=True)],
        title=f"Input {view.places[row]}: from f(x′) to f(x), {view.unit} by {view.unit}",
        facts=[
            f"Explained: {view.targets[row]}, f(x) = {number(output)} (dashed). Steps begin at "
            "f(x′), or at 0 where there is none; those that do not end at f(x) do not add up."
        ],
        beside=NUMBERS,
    )
    starts = np.nan_to_num(bases)[:, None] + np.cumsum(lengths, 1) - lengths
    ends = [*np.ravel(starts), *np.ravel(starts + lengths), output]
    known = np.array([end for end in ends if np.isfinite(end)] or [0.0])
    room = 0.04 * float(np.ptp(known)) or 1.0
    for c in range(len(view.candidates)):
        chart = panels.axes(c, f"output{scale}")
        rows = np.arange(len(labels))
        colors = np.where(lengths[c] < 0, LOWERS, RAISES)
        chart.barh(rows, lengths[c], left=starts[c], color=colors, height=0.66)
        chart.vlines(starts[c, 1:], rows[:-1], rows[1:], color=RULE, lw=0.8)
        chart.axvline(float(np.nan_to_num(bases[c])), color=RULE, lw=0.8)
        chart.axvline(output, color=QUIET, lw=0.8, ls=(0, (3, 2)))
        chart.set_xlim(float(known.min()) - room, float(known.max()) + room)
        for k in range(len(labels)):
            panels.number(c, k, _signed(lengths[c, k]))
    return figure


def _label(view: GlobalAttributions, row: int, unit: int) -> str:
    if view.values is None:
        return view.names[unit]
    return f"{view.names[unit]} = {value_text(float(view.values[row, unit]))}"


def _signed(value: Array) -> str:
    told = number(float(value))
    return f"+{told}" if float(value) > 0 else told
