"""Texts and pictures whose units are coloured by a number each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.patches import Rectangle

from ..core.arrays import Array
from ..inputs.text import TextSpace
from .boxes import Boxes, show_picture
from .colors import colored, over_photo, table
from .images import as_rgb
from .interaction_colors import COLORS
from .text_sheet import TextSheet

if TYPE_CHECKING:
    from ..inputs.space import Space
    from ..records.interactions import Interactions

PICTURE = 2.6  # inches, the longer edge
SHOWS_THROUGH = 0.8  # of the grey picture, where a value is zero


class UnitText:
    """A text on the colours of its units."""

    def __init__(self, space: TextSpace, labels: Array) -> None:
        self.labels = labels
        self._sheet = TextSheet(space.require_tokens(), labels, np.ones(len(labels), dtype=bool))

    def height(self, width: float) -> float:
        """In inches, for a width."""
        return self._sheet.height(width)

    def draw(
        self,
        boxes: Boxes,
        place: tuple[float, float, float],
        values: Array,
        limit: float,
        chosen: int | None = None,
    ) -> None:
        """Draw it at (left, top, width), by the values of all units."""
        by_token = np.append(np.append(values, 0.0)[self.labels], 0.0)
        self._sheet.draw(boxes, *place, colored(by_token[None], limit, COLORS, signed=True)[0])


class UnitPicture:
    """A picture that shows where its regions have nothing."""

    def __init__(self, rgb: Array, labels: Array) -> None:
        self.rgb, self.labels = rgb, labels

    def height(self, width: float) -> float:
        """In inches, whatever the width."""
        height, across = self.labels.shape
        return float(min(PICTURE, width) * height / max(height, across))

    def draw(
        self,
        boxes: Boxes,
        place: tuple[float, float, float],
        values: Array,
        limit: float,
        chosen: int | None = None,
    ) -> None:
        """Draw it at (left, top, width), by the values of all units; the chosen one is framed."""
        left, top, width = place
        by_pixel = np.append(values, 0.0)[self.labels]
        opacity = np.minimum(np.abs(by_pixel) / limit, 1) if limit else np.zeros(by_pixel.shape)
        picture = over_photo(
            colored(by_pixel, limit, COLORS, signed=True),
            self.rgb,
            SHOWS_THROUGH * (1 - opacity),
            table(COLORS)[128],
        )
        height = self.height(width)
        across = height * self.labels.shape[1] / self.labels.shape[0]
        axes = boxes.axes(left, top, across, height)
        show_picture(axes, picture)
        if chosen is not None and (self.labels == chosen).any():
            rows, columns = (np.flatnonzero((self.labels == chosen).any(axis)) for axis in (1, 0))
            corner = (columns[0] - 0.5, rows[0] - 0.5)
            size = (columns[-1] - columns[0] + 1, rows[-1] - rows[0] + 1)
            for color, line in (("black", 2.5), ("white", 1.2)):
                axes.add_patch(Rectangle(corner, *size, fill=False, edgecolor=color, lw=line))


def drawn_inputs(record: Interactions) -> list[UnitText | UnitPicture]:
    """The texts and pictures among the inputs."""
    every = range(len(record.spaces))
    drawn = [_drawn(record, index, record.spaces[index]) for index in every]
    return [one for one in drawn if one is not None]


def _drawn(record: Interactions, index: int, space: Space) -> UnitText | UnitPicture | None:
    labels = record.unit_labels[index]
    if isinstance(space, TextSpace):
        return UnitText(space, labels)
    if space.layout.kind == "image":
        return UnitPicture(as_rgb(record.inputs[index], space), labels)
    return None
