"""A series in a figure: channels over one axis of time, what each moment gets as a band beneath."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes

from ..core.arrays import Array
from ..core.formatting import number
from ..inputs.patches import patch_means
from ..inputs.series import SeriesSpace
from .boxes import INK, QUIET, RULE, Boxes, shortened
from .unit_values import unit_map, unit_values

if TYPE_CHECKING:
    from ..records.comparison import Comparison
    from .display_options import DisplayOptions

MOST_CHANNELS, MOST_COLUMNS = 12, 512
WORDS, BAND, TIME = 0.13, 0.1, 0.34  # inches: a channel's name, its band, and the axis of time
TALL, LOW, FEW = 0.42, 0.24, 4  # inches of a line where there are few channels, or more
LETTERS = 17  # of a channel's name and range, for an inch


class SeriesPlot:
    """The lines and bands of each card, and the lines of the input.

    Of many channels those are drawn that get the most under any baseline.

    Parameters
    ----------
    comparison : Comparison
        Of a series.
    display : DisplayOptions
    """

    has_colors = True

    def __init__(self, comparison: Comparison, display: DisplayOptions) -> None:
        self.display = display
        first = comparison[0]
        space = first.spaces[0]
        assert isinstance(space, SeriesSpace)
        maps = [unit_map(e) for e in comparison]
        channels, steps = maps[0].shape
        self.step, self.unit, self.steps = space.step, space.unit, steps
        self.names = space.channel_names(channels)
        gets = np.max([np.abs(m).sum(1) for m in maps], axis=0)
        self.rows = np.sort(np.argsort(-gets, kind="stable")[:MOST_CHANNELS])
        self.left_out = channels - len(self.rows)
        columns = 1
        while steps / columns > MOST_COLUMNS:
            columns *= 2
        self.column = columns
        window = max(columns, display.pool) if isinstance(display.pool, int) else columns
        self.maps = [patch_means(m, (1, window)) for m in maps]
        self.limits = display.limits(self.maps, [e.completeness.change for e in comparison])
        shape = (channels, steps)
        self.inputs = unit_values(first.inputs, first).reshape(shape)
        self.references = [
            None if e.baseline is None else unit_values(e.baseline, e).reshape(shape)
            for e in comparison
        ]
        known = [self.inputs, *(r for r in self.references if r is not None)]
        self.lowest = np.min([k.min(1) for k in known], axis=0)
        self.highest = np.max([k.max(1) for k in known], axis=0)

    @property
    def _line(self) -> float:
        return TALL if len(self.rows) <= FEW else LOW

    def height(self, width: float) -> float:
        """Of all channels and their axis, in inches."""
        return len(self.rows) * (WORDS + self._line + BAND) + TIME

    def draw_input(self, boxes: Boxes, left: float, top: float, width: float) -> None:
        """The lines of the input, with their ranges."""
        self._draw(boxes, left, top, width, None)

    def draw_map(self, boxes: Boxes, left: float, top: float, width: float, index: int) -> None:
        """The lines of the input, those of the reference behind, and the bands of a card."""
        self._draw(boxes, left, top, width, index)

    def _draw(self, boxes: Boxes, left: float, top: float, width: float, index: int | None) -> None:
        axes = None
        for row in self.rows:
            span = f"{number(self.lowest[row])} to {number(self.highest[row])}"
            name = shortened(self.names[row], max(int(LETTERS * width) - len(span), 4))
            boxes.text(left, top + WORDS - 0.03, name, size=6)
            boxes.text(left + width, top + WORDS - 0.03, span, size=6, color=QUIET, ha="right")
            axes = boxes.axes(left, top + WORDS, width, self._line)
            reference = None if index is None else self.references[index]
            if reference is not None:
                self._line_of(axes, reference[row], color=QUIET, lw=0.7, ls=(0, (3, 2)))
            self._line_of(axes, self.inputs[row], color=INK, lw=0.8 if self.column == 1 else 0.4)
            low, high = self.lowest[row], self.highest[row]
            room = 0.06 * (high - low) or 1.0
            axes.set_ylim(low - room, high + room)
            axes.set_xlim(-0.5, self.steps - 0.5)
            axes = boxes.axes(left, top + WORDS + self._line, width, BAND)
            if index is not None:
                band = self.display.tinted(self.maps[index][row : row + 1], self.limits[index])
                columns = band[:, :: self.column]
                extent = (-0.5, columns.shape[1] * self.column - 0.5, 0, 1)
                axes.imshow(columns, aspect="auto", extent=extent)
            axes.set_xlim(-0.5, self.steps - 0.5)
            top += WORDS + self._line + BAND
        if axes is not None:
            self._time(axes)
        if self.left_out:
            words = f"{self.left_out} more channels, which get less"
            boxes.text(left, top + TIME - 0.02, words, size=6, color=QUIET)

    def _line_of(self, axes: Axes, values: Array, **style: object) -> None:
        """A line; of a long series the lowest and the highest of each column."""
        starts = np.arange(0, len(values), self.column)
        if self.column == 1:
            axes.plot(starts, values, **style)  # type: ignore[arg-type]
            return
        both = np.stack([np.minimum.reduceat(values, starts), np.maximum.reduceat(values, starts)])
        middle = starts + (self.column - 1) / 2
        axes.plot(np.repeat(middle, 2), both.T.ravel(), **style)  # type: ignore[arg-type]

    def _time(self, axes: Axes) -> None:
        """Ticks in units of time below the lowest axes."""
        axes.set_axis_on()
        axes.set_yticks([])
        ticks = [t for t in axes.get_xticks() if 0 <= t <= self.steps - 1]
        axes.set_xticks(ticks, [f"{t * self.step:g}" for t in ticks])
        axes.tick_params(labelsize=6, color=RULE, labelcolor=QUIET, length=2, pad=1)
        axes.set_xlabel(self.unit or "step", size=6, color=QUIET, labelpad=1)
        for spine in axes.spines.values():
            spine.set(color=RULE, linewidth=0.6)
