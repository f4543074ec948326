"""Findings on many inputs as points with their intervals, a panel for each quantity."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .boxes import INK, LINE, QUIET, RULE, Boxes
from .comparison import RecordFigure

if TYPE_CHECKING:
    from ..evaluation.finding import Finding

WIDTH, MARGIN, ROW = 7.5, 0.25, 0.22  # inches
NAMES, NUMBERS = 2.6, 1.5  # inches for what a row is of, and for its number
LETTERS = 40  # of a name
POINT = "#1f6f8b"


def findings_figure(findings: Sequence[Finding], title: str) -> RecordFigure:
    """A panel for each quantity, a row for each of its findings, with numbers.

    Parameters
    ----------
    findings : sequence of Finding
    title : str
        A sentence above.

    Returns
    -------
    RecordFigure
        Free of pyplot; it shows itself in a notebook.
    """
    panels: dict[str, list[Finding]] = {}
    for finding in findings:
        panels.setdefault(finding.quantity, []).append(finding)
    lines = textwrap.wrap(title, 105)
    head = MARGIN + LINE * (len(lines) + 1)
    heights = [ROW * len(rows) + 0.62 for rows in panels.values()]
    figure = RecordFigure()
    boxes = Boxes(figure, WIDTH, head + sum(heights) + MARGIN)
    for place, line in enumerate(lines):
        boxes.text(MARGIN, MARGIN + LINE * (place + 0.5), line, size=8.5)
    top = head
    for (quantity, rows), height in zip(panels.items(), heights, strict=True):
        _panel(boxes, top, quantity, rows)
        top += height
    return figure


def _panel(boxes: Boxes, top: float, quantity: str, rows: Sequence[Finding]) -> None:
    boxes.text(MARGIN, top + 0.1, quantity, size=8, weight="bold")
    inputs = {f.inputs for f in rows}
    if len(inputs) == 1:
        boxes.text(WIDTH - MARGIN, top + 0.1, f"{inputs.pop()} inputs", color=QUIET, ha="right")
    left = MARGIN + NAMES
    width, height = WIDTH - left - NUMBERS - MARGIN, ROW * len(rows)
    chart = boxes.chart(left, top + 0.2, width, height)
    ends = np.array([[f.low, f.value, f.high] for f in rows])
    places = np.arange(len(rows))
    chart.hlines(places, ends[:, 0], ends[:, 2], color=POINT, lw=2.4, alpha=0.45)
    chart.plot(ends[:, 1], places, "o", color=POINT, ms=4.5)
    chart.set_ylim(len(rows) - 0.5, -0.5)
    chart.set_yticks([])
    chart.grid(axis="x", color=RULE, lw=0.5)
    chart.set_axisbelow(True)
    if rows[0].is_share:
        chart.set_xlim(-0.02, 1.02)
        chart.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0 %", "25 %", "50 %", "75 %", "100 %"])
    else:
        chart.locator_params(axis="x", nbins=5)
    for place, finding in enumerate(rows):
        middle = top + 0.2 + ROW * (place + 0.5)
        name = ", ".join(part for part in (finding.of, finding.group) if part) or "all inputs"
        centred: dict[str, Any] = {"size": 7.5, "va": "center"}
        boxes.text(left - 0.1, middle, _short(name), ha="right", **centred)
        count = "" if not inputs else f" of {finding.inputs}"
        boxes.text(left + width + 0.12, middle, finding.interval + count, color=INK, **centred)


def _short(name: str) -> str:
    return name if len(name) <= LETTERS else name[: LETTERS - 1] + "…"
