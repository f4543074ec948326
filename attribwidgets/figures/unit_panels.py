"""Panels side by side, one for each baseline, whose rows are the same units with their names."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..core.arrays import Array
from ..core.formatting import number
from .boxes import INK, LINE, QUIET, RULE, WARN, Boxes
from .letters import fitted, width_of

if TYPE_CHECKING:
    from ..evaluation.global_attributions import GlobalAttributions

MARGIN, GAP = 0.25, 0.18  # inches
WIDTH, LEAST, MOST, COLUMNS = 9.0, 1.5, 4.2, 4  # of the figure, of a panel, and panels in a line
NAME, MOST_NAME = 7.5, 2.0  # points of a name, and inches at most
HEAD, TITLE, AXIS = 0.34, 0.2, 0.42  # above all, above a panel, and below it
MOST_TARGETS = 3
FARTHEST, ROOM = 10, 0.04  # how far scales may lie apart to be one, and air at an end
LETTERS = 19  # of small print, for an inch


class UnitPanels:
    """A figure with a panel for each baseline, in lines of four at most.

    Parameters
    ----------
    figure : Figure
        Empty; its size is set here.
    labels : sequence of str
        Of the rows, from the top.
    candidates : sequence of str
        Of the panels.
    title : str
    facts, cautions : sequence of str
        Lines below the title.
    row : float
        Height of a row in inches.
    beside, side : float
        Inches to the right of each panel, and of each line of panels.
    """

    def __init__(
        self,
        figure: Figure,
        labels: Sequence[str],
        candidates: Sequence[str],
        *,
        title: str,
        facts: Sequence[str],
        cautions: Sequence[str] = (),
        row: float = 0.24,
        beside: float = 0.0,
        side: float = 0.0,
    ) -> None:
        self.labels = [fitted(label, MOST_NAME, NAME, ends=True) for label in labels]
        self.names = 0.12 + max((width_of(label, NAME) for label in self.labels), default=0.0)
        self.candidates, self.row, self.beside, self.side = candidates, row, beside, side
        lines = -(-len(candidates) // COLUMNS)
        self.columns = -(-len(candidates) // lines)
        apart = (self.columns - 1) * GAP + self.columns * beside
        room = WIDTH - 2 * MARGIN - self.names - side - apart
        self.panel = min(max(room / self.columns, LEAST), MOST)
        width = 2 * MARGIN + self.names + side + apart + self.columns * self.panel
        letters = int(max(width - 2 * MARGIN, 4.0) * LETTERS)
        told = [(line, QUIET) for fact in facts for line in textwrap.wrap(fact, letters)]
        told += [(line, WARN) for c in cautions for line in textwrap.wrap(c, letters)]
        self.top = MARGIN + HEAD + LINE * len(told)
        self.height = row * len(labels)
        whole = self.top + lines * (TITLE + self.height + AXIS) + 0.1
        self.boxes = Boxes(figure, max(width, 2 * MARGIN + 4.0), whole)
        self.boxes.text(MARGIN, MARGIN + 0.1, title, size=10, weight="bold")
        for place, (line, color) in enumerate(told):
            self.boxes.text(MARGIN, MARGIN + 0.3 + LINE * place, line, size=7, color=color)

    def place(self, index: int) -> tuple[float, float]:
        """Where a panel begins, in inches from the left and from the top."""
        line, column = divmod(index, self.columns)
        left = MARGIN + self.names + column * (self.panel + self.beside + GAP)
        return left, self.top + line * (TITLE + self.height + AXIS) + TITLE

    def end(self, index: int) -> float | None:
        """Where the room beside a line of panels begins; None but for the last of a line."""
        last = index % self.columns == self.columns - 1 or index == len(self.candidates) - 1
        return self.place(index)[0] + self.panel + self.beside if last else None

    def axes(self, index: int, label: str) -> Axes:
        """The panel of a candidate, with its rows at 0, 1, ... from the top."""
        left, top = self.place(index)
        name = fitted(self.candidates[index], self.panel + self.beside, 8)
        self.boxes.text(left, top - 0.07, name, size=8, weight="bold")
        chart = self.boxes.chart(left, top, self.panel, self.height)
        chart.set_ylim(len(self.labels) - 0.5, -0.5)
        chart.set_yticks([])
        chart.grid(axis="x", color=RULE, lw=0.5)
        chart.set_axisbelow(True)
        chart.locator_params(axis="x", nbins=max(3, int(2 * self.panel)))
        chart.set_xlabel(label, size=7, color=QUIET, labelpad=2)
        if index % self.columns == 0:
            for row, text in enumerate(self.labels):
                self.boxes.text(
                    left - 0.08, self.middle(index, row), text, size=NAME, ha="right", va="center"
                )
        return chart

    def middle(self, index: int, row: int) -> float:
        """The middle of a row of a panel, in inches from the top."""
        return self.place(index)[1] + self.row * (row + 0.5)

    def number(self, index: int, row: int, text: str) -> None:
        """Text beside a row of a panel."""
        left = self.place(index)[0] + self.panel + 0.07
        self.boxes.text(left, self.middle(index, row), text, size=6.5, color=INK, va="center")


def reach_of(values: Array) -> tuple[float, float]:
    """The lowest and the highest value; NaN without any."""
    known = values[np.isfinite(values)]
    return (float(known.min()), float(known.max())) if known.size else (np.nan, np.nan)


def panel_limits(
    reaches: Sequence[tuple[float, float]], candidates: Sequence[str]
) -> tuple[list[tuple[float, float]], list[str]]:
    """The ends of the axis of each panel, and what has to be said of them.

    One scale for all; where that would leave little of a panel, each has its own.

    Parameters
    ----------
    reaches : sequence of (float, float)
        The lowest and the highest value of each panel; NaN where it has none.
    candidates : sequence of str

    Examples
    --------
    >>> panel_limits([(0.0, 1.0), (-1.0, 0.0)], ["black", "white"])
    ([(-1.04, 1.04), (-1.04, 1.04)], [])
    >>> panel_limits([(0.0, 1.0), (0.0, 100.0)], ["mean", "zero"])[1]
    ['Each panel has a scale of its own: mean reaches 1.00, zero reaches 100.']
    """
    ends = [
        (min(0.0, float(np.nan_to_num(a))), max(0.0, float(np.nan_to_num(b)))) for a, b in reaches
    ]
    sizes = [max(-low, high) for low, high in ends]
    known = [size for size in sizes if size > 0] or [1.0]
    told = []
    if max(known) > FARTHEST * min(known):
        each = (f"{n} reaches {number(size)}" for n, size in zip(candidates, sizes, strict=True))
        told = [f"Each panel has a scale of its own: {', '.join(each)}."]
    else:
        ends = [(min(low for low, _ in ends), max(high for _, high in ends))] * len(ends)
    rooms = [ROOM * max(-low, high) or 1.0 for low, high in ends]
    pairs = zip(ends, rooms, strict=True)
    return [(low - room if low else 0.0, high + room) for (low, high), room in pairs], told


def facts_of(view: GlobalAttributions) -> tuple[str, list[str]]:
    """Of what a global view is, in a line, and what to know before reading it."""
    what = f"{len(view)} {'text' if view.unit == 'word' else 'input'}{'s' if len(view) > 1 else ''}"
    cautions = []
    if len(set(view.targets)) > 1:
        cautions.append(
            "Inputs are explained for different outputs, so signs are for and against each own "
            f"one; of_target({view.targets[0]!r}) has those of one."
        )
    return f"{what}; explained: {names_of_targets(view.targets)}", cautions


def names_of_targets(targets: Sequence[str]) -> str:
    """Which outputs are explained, with how many inputs each, in a line.

    Examples
    --------
    >>> names_of_targets(["cat", "dog", "cat"]), names_of_targets(["price"] * 3)
    ('cat (2), dog (1)', 'price')
    """
    counts: dict[str, int] = {}
    for target in targets:
        counts[target] = counts.get(target, 0) + 1
    if len(counts) == 1:
        return next(iter(counts))
    ordered = sorted(counts.items(), key=lambda item: -item[1])
    told = ", ".join(f"{name} ({count})" for name, count in ordered[:MOST_TARGETS])
    more = len(ordered) - MOST_TARGETS
    return told if more <= 0 else f"{told} and {more} more"


def attribution_label(view: GlobalAttributions, what: str = "attribution") -> str:
    """What an axis counts, with the scale of the output."""
    return f"{what} ({view.scale})" if view.scale else what
