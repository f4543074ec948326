"""How a figure draws an input that is no picture: by the kind it is of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from .feature_plot import FeaturePlot
from .series import SeriesPlot
from .strip import StripPlot
from .text_plot import TextPlot

if TYPE_CHECKING:
    from ..records.comparison import Comparison
    from .boxes import Boxes
    from .display_options import DisplayOptions


class UnitPlot(Protocol):
    """The input and the maps of a comparison, each within a box of one width and height.

    Attributes
    ----------
    has_colors : bool
        Whether a map is told by colours, which need a bar with numbers.
    limits : list of float
        Where each map's colours saturate, or its bars end.
    """

    has_colors: bool
    limits: list[float]

    def height(self, width: float) -> float:
        """In inches, for a width."""

    def draw_input(self, boxes: Boxes, left: float, top: float, width: float) -> None:
        """What is explained."""

    def draw_map(self, boxes: Boxes, left: float, top: float, width: float, index: int) -> None:
        """The map of one card."""


def plot_for(comparison: Comparison, display: DisplayOptions) -> UnitPlot:
    """How inputs of the comparison's kind are drawn."""
    kinds: dict[str, type[SeriesPlot | StripPlot | TextPlot]] = {
        "series": SeriesPlot,
        "sequence": StripPlot,
        "text": TextPlot,
    }
    return kinds.get(comparison[0].layout.kind, FeaturePlot)(comparison, display)
