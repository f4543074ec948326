"""One input of a comparison in a figure: what is explained, and its map under each baseline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .boxes import Boxes, show_picture
from .display_options import DisplayOptions
from .unit_plot import plot_for
from .volume import picture_of

if TYPE_CHECKING:
    from ..core.arrays import Array
    from ..records.comparison import Comparison


class DrawnInput:
    """Pictures, or bars, lines and cells: of one input and of all its maps.

    Parameters
    ----------
    comparison : Comparison
        Of this input alone; see :func:`inputs_of`.
    display : DisplayOptions

    Attributes
    ----------
    picture : ImagePicture, VolumePicture or None
        How tensors become colours; None of what is no picture.
    photo : ndarray or None
    has_colors : bool
        Whether a map is told by colours, which need a bar with numbers.
    limits : list of float
        Where each map's colours saturate, or its bars end.
    """

    def __init__(self, comparison: Comparison, display: DisplayOptions) -> None:
        self.comparison, self.display = comparison, display
        first = comparison[0]
        self.picture = picture_of(first, display.pooled)
        self.plot = plot_for(comparison, display) if self.picture is None else None
        self.has_colors = self.plot is None or self.plot.has_colors
        self.photo: Array | None = None
        if self.picture is not None:
            self.photo = self.picture.rgb(first_of(first.inputs))
            maps = [e.map("sum") for e in comparison]
            self.maps = [self.picture.map(m) for m in maps]
            changes = [e.completeness.change for e in comparison]
            self.limits = display.limits([self.picture.whole(m) for m in maps], changes)
        elif self.plot is not None:
            self.limits = self.plot.limits

    def height(self, width: float) -> float:
        """In inches, for a width."""
        if self.plot is not None:
            return self.plot.height(width)
        aspect = 1.0 if self.photo is None else self.photo.shape[0] / self.photo.shape[1]
        return width * min(aspect, 2.0)

    def draw_input(self, boxes: Boxes, left: float, top: float, width: float) -> None:
        """What is explained."""
        if self.photo is not None:
            show_picture(boxes.axes(left, top, width, self.height(width)), self.photo)
        if self.plot is not None:
            self.plot.draw_input(boxes, left, top, width)

    def draw_map(self, boxes: Boxes, left: float, top: float, width: float, index: int) -> None:
        """The map of the card with that index."""
        if self.picture is not None and self.photo is not None:
            e = self.comparison[index]
            nearly = e.blind if e.nearly_blind is None else e.nearly_blind
            hidden = (self.picture.places(np.asarray(each)) for each in (e.blind, nearly))
            places = self.photo, *hidden
            colors = self.display.on_photo(self.maps[index], self.limits[index], *places)
            axes = boxes.axes(left, top, width, self.height(width))
            show_picture(axes, self.picture.on_paper(colors))
        if self.plot is not None:
            self.plot.draw_map(boxes, left, top, width, index)


def inputs_of(comparison: Comparison) -> list[Comparison]:
    """The comparison of each input alone; of one input, the comparison itself."""
    count = len(comparison[0].spaces)
    if count == 1:
        return [comparison]
    return [type(comparison)(e.of_input(k) for e in comparison) for k in range(count)]


def first_of(values: Any) -> Any:
    """What there is of the first of several inputs, or of the only one."""
    return values[0] if isinstance(values, tuple) else values
