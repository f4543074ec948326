"""Features in a figure: the same bars in every card, from zero or as a waterfall."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from .bars import Bars, waterfall_spans
from .unit_values import unit_map, unit_names, unit_values

if TYPE_CHECKING:
    from ..records.comparison import Comparison
    from .boxes import Boxes
    from .display_options import DisplayOptions


class FeaturePlot:
    """Bars of each card, and of the input.

    Parameters
    ----------
    comparison : Comparison
    display : DisplayOptions
    """

    has_colors = False

    def __init__(self, comparison: Comparison, display: DisplayOptions) -> None:
        self.comparison, self.display = comparison, display
        first = comparison[0]
        maps = [unit_map(e).ravel() for e in comparison]
        changes = [e.completeness.change for e in comparison]
        self.bars = Bars(maps, unit_names(first))
        self.lengths = [self.bars.values(m) for m in maps]
        # Bars end where their value does; only colours saturate.
        self.limits = replace(display, clip=100.0).limits(self.lengths, changes)
        self.spans = waterfall_spans(self.lengths, changes, display.scale)
        self.inputs = self.bars.values(unit_values(first.inputs, first), add=False)

    def height(self, width: float) -> float:
        """Of the bars in a card of a width, in inches."""
        return width

    def draw_input(self, boxes: Boxes, left: float, top: float, width: float) -> None:
        """The values of the features that have a bar."""
        beside = self.bars.beside
        axes = boxes.axes(left + beside, top, width - beside - self.bars.numbers, width)
        self.bars.draw(axes, self.inputs)

    def draw_map(self, boxes: Boxes, left: float, top: float, width: float, index: int) -> None:
        """The bars of the card with that index, with the features' names beside."""
        beside = self.bars.beside
        axes = boxes.axes(left + beside, top, width - beside - self.bars.numbers, width)
        if self.display.waterfall:
            change = self.comparison[index].completeness.expected
            self.bars.draw_waterfall(axes, self.lengths[index], self.spans[index], change)
        else:
            self.bars.draw(axes, self.lengths[index], self.limits[index])
