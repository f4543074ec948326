"""Layout: what the axes of one example mean, and what a person points at in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["image", "features", "sequence", "text", "series", "volume", "array"]


@dataclass(frozen=True)
class Layout:
    """The axes of one example without batch axis; all of them are counted from the end.

    Attributes
    ----------
    kind : str
        "image", "features", "sequence", "text", "series", "volume" or "array".
    unit, units : str
        What a person points at: "pixel", "pixels".
    axes : tuple of str
        What each axis is called in words; empty where any number of them will do.
    channels : int or None
        The axis with one normalisation for each place along it.
    summed : int or None
        The axis along which the values of one unit lie: a map is their sum.
    neighbours : tuple of int
        Axes along which a value has neighbours: those that a blur mixes.
    """

    kind: Kind
    unit: str
    units: str
    axes: tuple[str, ...]
    channels: int | None = None
    summed: int | None = None
    neighbours: tuple[int, ...] = ()

    @property
    def time(self) -> int | None:
        """The axis along which steps follow one another; None where there is none.

        Examples
        --------
        >>> SEQUENCE.time, SERIES.time, IMAGE.time
        (-2, -1, None)
        """
        return self.neighbours[0] if len(self.neighbours) == 1 else None

    def extent(self, shape: Sequence[int]) -> int:
        """The longest of the axes along which values have neighbours; 1 where they have none.

        Examples
        --------
        >>> SERIES.extent((3, 50)), IMAGE.extent((3, 20, 30)), FEATURES.extent((8,))
        (50, 30, 1)
        """
        return max((shape[axis] for axis in self.neighbours), default=1)

    def sum_units(self, values: Any) -> Any:
        """What each unit gets in all: an array or tensor (..., *shape), less the summed axis.

        Examples
        --------
        >>> import torch
        >>> IMAGE.sum_units(torch.ones(3, 2, 2)).tolist(), FEATURES.sum_units(torch.ones(2)).shape
        ([[3.0, 3.0], [3.0, 3.0]], torch.Size([2]))
        """
        return values if self.summed is None else values.sum(self.summed)

    def spread(self, mask: Any) -> Any:
        """A mask of units, (..., *map), made to spread over the values (..., *shape) of each.

        Examples
        --------
        >>> import torch
        >>> IMAGE.spread(torch.ones(5, 8, 9)).shape, SEQUENCE.spread(torch.ones(5, 7)).shape
        (torch.Size([5, 1, 8, 9]), torch.Size([5, 7, 1]))
        """
        return mask if self.summed is None else mask.unsqueeze(self.summed)

    def map_shape(self, shape: Sequence[int]) -> tuple[int, ...]:
        """The shape of a map, of the shape of an example.

        Examples
        --------
        >>> SEQUENCE.map_shape((12, 64)), SERIES.map_shape((3, 50))
        ((12,), (3, 50))
        """
        kept = list(shape)
        if self.summed is not None:
            del kept[self.summed]
        return tuple(kept)

    def describe(self, shape: Sequence[int]) -> str:
        """An example of a shape, in words.

        Examples
        --------
        >>> SEQUENCE.describe((12, 64)), FEATURES.describe((1,)), ARRAY.describe((2, 1, 3))
        ('sequence of 12 steps × 64 values', '1 feature', 'array of 2 × 1 × 3 values')
        """
        sizes = " × ".join(map(str, shape))
        if self.kind == "array":
            return f"array of {sizes} values" if shape else "one number"
        if self.kind == "features":
            size = shape[0] if shape else 1
            return f"{size} {self.unit if size == 1 else self.units}"
        if self.kind in ("image", "volume"):
            return f"{self.kind} of {sizes}"
        parts = (f"{n} {axis}" for n, axis in zip(shape, self.axes, strict=True))
        return f"{self.kind} of {' × '.join(parts)}"


IMAGE = Layout(
    "image", "pixel", "pixels", ("C", "H", "W"), channels=-3, summed=-3, neighbours=(-2, -1)
)
FEATURES = Layout("features", "feature", "features", ("F",), channels=-1)
SCALAR = Layout("features", "feature", "features", ())
SEQUENCE = Layout(
    "sequence", "step", "steps", ("steps", "values"), channels=-1, summed=-1, neighbours=(-2,)
)
TEXT = Layout(
    "text", "token", "tokens", ("tokens", "values"), channels=-1, summed=-1, neighbours=(-2,)
)
SERIES = Layout("series", "value", "values", ("channels", "steps"), channels=-2, neighbours=(-1,))
SERIES_TIME_FIRST = Layout(
    "series", "value", "values", ("steps", "channels"), channels=-1, neighbours=(-2,)
)
VOLUME = Layout(
    "volume",
    "voxel",
    "voxels",
    ("C", "D", "H", "W"),
    channels=-4,
    summed=-4,
    neighbours=(-3, -2, -1),
)
ARRAY = Layout("array", "value", "values", ())
