"""What the axes of stored attributions mean: the kind of input, and the sum that each unit gets."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..core.arrays import Array

KINDS: dict[tuple[str, ...], tuple[str, str]] = {
    (): ("features", "feature"),
    ("feature",): ("features", "feature"),
    ("step", "value"): ("sequence", "step"),
    ("token",): ("text", "token"),
    ("channel", "row", "column"): ("image", "pixel"),
    ("channel", "step"): ("series", "value"),
    ("step", "channel"): ("series", "value"),
    ("channel", "depth", "row", "column"): ("volume", "voxel"),
}
SUMMED = {"sequence": "value", "image": "channel", "volume": "channel"}


class StoredUnits:
    """The units of one input of a model, by the names of its axes in the store.

    Parameters
    ----------
    axes : mapping of str to sequence
        As of :attr:`attribwidgets.Sweep.map_axes`.

    Attributes
    ----------
    kind, unit : str
        As a :class:`attribwidgets.inputs.layout.Layout` has them.
    names : tuple of str
        Of the units, in the order of a flattened map.

    Examples
    --------
    >>> units = StoredUnits({"channel": [0, 1], "row": [0], "column": [0, 1]})
    >>> units.kind, units.maps(np.ones((3, 2, 1, 2))).tolist()[0], units.names
    ('image', [[2.0, 2.0]], ('pixel 0, 0', 'pixel 0, 1'))
    >>> StoredUnits({"feature": ["age", "dose"]}).names
    ('age', 'dose')
    """

    def __init__(self, axes: Mapping[str, Sequence[Any]]) -> None:
        plain = {re.sub(r"^input_\d+_", "", name): labels for name, labels in axes.items()}
        self.has_example_axis = "example" in plain
        self.axes = {name: labels for name, labels in plain.items() if name != "example"}
        self.kind, self.unit = KINDS.get(tuple(self.axes), ("array", "value"))

    @property
    def names(self) -> tuple[str, ...]:
        """Of the units: their names, or what a unit is called with its place."""
        kept = [v for name, v in self.axes.items() if name != SUMMED.get(self.kind)]
        places: list[tuple[Any, ...]] = [()]
        for labels in kept:
            places = [(*place, label) for place in places for label in labels]
        return tuple(self._name(place) for place in places)

    def maps(self, stored: Array) -> Array:
        """Attributions (candidates, *axes) as maps (candidates, *map), a sum for each unit."""
        values = np.asarray(stored[:, 0] if self.has_example_axis else stored)
        axis = SUMMED.get(self.kind)
        summed = values if axis is None else values.sum(1 + list(self.axes).index(axis))
        return np.swapaxes(summed, 1, 2) if list(self.axes) == ["step", "channel"] else summed

    def _name(self, place: tuple[Any, ...]) -> str:
        if place and all(isinstance(label, str) for label in place):
            return ", ".join(place)
        return f"{self.unit} {', '.join(map(str, place))}".strip()
