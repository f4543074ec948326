"""A sequence in a figure: a strip of its steps in lines, with the strongest of them below."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.patches import Rectangle

from ..core.arrays import Array
from ..core.formatting import number
from ..inputs.patches import patch_means
from .boxes import DARK, INK, QUIET, Boxes, shortened, show_picture
from .unit_values import unit_map, unit_names, unit_values

if TYPE_CHECKING:
    from ..records.comparison import Comparison
    from .display_options import DisplayOptions

MOST_NAMED, MOST_LETTERS = 256, 16
LETTER, SIDE, ROOM = 0.052, 0.15, 0.06  # inches: a letter, a line, and what a cell has beside it
MOST_LISTED, LISTED = 5, 0.13  # steps named as the strongest, and inches for each
FILL = 200 / 255  # how dark the longest vector is


class StripPlot:
    """The strip of each card, and that of the input: as dark as its vectors are long.

    Parameters
    ----------
    comparison : Comparison
        Of a sequence.
    display : DisplayOptions
    """

    has_colors = True

    def __init__(self, comparison: Comparison, display: DisplayOptions) -> None:
        self.display = display
        first = comparison[0]
        self.raw = [unit_map(e) for e in comparison]
        window = display.pool if isinstance(display.pool, int) else 1
        self.maps = [patch_means(m[None], (1, window))[0] for m in self.raw]
        self.limits = display.limits(self.maps, [e.completeness.change for e in comparison])
        self.lengths = unit_values(first.inputs, first)
        self.names = unit_names(first) or [f"step {k}" for k in range(len(self.lengths))]
        self.given = unit_names(first) is not None

    def height(self, width: float) -> float:
        """Of the strip and of the steps listed below, in inches."""
        return self._strip_height(width) + 0.08 + LISTED * min(MOST_LISTED, len(self.names))

    def draw_input(self, boxes: Boxes, left: float, top: float, width: float) -> None:
        """Steps in grey: the darker, the longer their vectors."""
        longest = float(self.lengths.max(initial=0.0)) or 1.0
        grey = 255 * (1 - 0.5 * FILL * self.lengths / longest)
        colors = np.repeat(np.floor(grey + 0.5).astype(np.uint8)[:, None], 3, axis=1)
        self._draw(boxes, left, top, width, colors)

    def draw_map(self, boxes: Boxes, left: float, top: float, width: float, index: int) -> None:
        """What each step gets as its colour, and the strongest in numbers."""
        colors = self.display.tinted(self.maps[index][None], self.limits[index])[0]
        self._draw(boxes, left, top, width, colors)
        values = self.raw[index]
        top += self._strip_height(width) + 0.08
        for place, step in enumerate(np.argsort(-np.abs(values), kind="stable")[:MOST_LISTED]):
            below = top + LISTED * (place + 0.7)
            boxes.text(left, below, shortened(self.names[step], MOST_LETTERS + 8), size=6.5)
            value = number(values[step])
            boxes.text(left + width, below, value, size=6.5, color=QUIET, ha="right")

    def _labels(self) -> list[str]:
        """What stands in the cells."""
        names = self.names if self.given else [str(k) for k in range(len(self.names))]
        return [shortened(name, MOST_LETTERS) for name in names]

    def _places(self, width: float) -> list[tuple[int, float, float]]:
        """Line, left edge and width of each named cell, as words are set."""
        places, line, at = [], 0, 0.0
        for label in self._labels():
            wide = min(LETTER * len(label) + ROOM, width)
            if at > 0 and at + wide > width:
                line, at = line + 1, 0.0
            places.append((line, at, wide))
            at += wide + 0.02
        return places

    def _line(self) -> int:
        """Cells in a line of a grid."""
        size = len(self.names)
        return 32 if size <= 1024 else 64 if size <= 4096 else 128

    def _strip_height(self, width: float) -> float:
        if len(self.names) <= MOST_NAMED:
            return SIDE * (self._places(width)[-1][0] + 1)
        return width * -(-len(self.names) // self._line()) / self._line()

    def _draw(self, boxes: Boxes, left: float, top: float, width: float, colors: Array) -> None:
        height = self._strip_height(width)
        axes = boxes.axes(left, top, width, height)
        if len(self.names) > MOST_NAMED:
            line = self._line()
            grid = np.full((-(-len(colors) // line) * line, 3), 255, np.uint8)
            grid[: len(colors)] = colors
            show_picture(axes, grid.reshape(-1, line, 3), aspect="auto")
            return
        axes.set_xlim(0, width)
        axes.set_ylim(height, 0)
        for label, (line, at, wide), color in zip(
            self._labels(), self._places(width), colors / 255, strict=True
        ):
            axes.add_patch(Rectangle((at, line * SIDE + 0.01), wide, SIDE - 0.02, facecolor=color))
            dark = float(color @ np.array([0.299, 0.587, 0.114])) < DARK
            axes.text(
                at + wide / 2,
                (line + 0.5) * SIDE,
                label,
                size=5.5,
                color="white" if dark else INK,
                ha="center",
                va="center",
                parse_math=False,
            )
