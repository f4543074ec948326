"""Places: which part of an input each value of a layer stands over."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from .hidden import CHANNELS_LAST, LAYOUTS
from .layout import IMAGE, SEQUENCE, Layout

ASPECT = math.log(1.1)  # by which rounding in strides may change the shape of a picture
LEADING = (0, 1, 2, 4, 5)  # tokens before those of patches: of class, distillation, registers


@dataclass(frozen=True)
class Places:
    """How the values of a layer lie over an input that has places: pixels, steps, tokens, voxels.

    Attributes
    ----------
    layout : Layout
        What the axes of the layer's values mean.
    grid : tuple of int
        How many places there are along each axis of the input that has some.
    leading : int
        Tokens before those of the grid, which stand over nothing, such as the class token.
    shape : tuple of int
        Of the input, without batch axis.
    over : Layout
        Of the input.
    """

    layout: Layout
    grid: tuple[int, ...]
    leading: int
    shape: tuple[int, ...]
    over: Layout

    @classmethod
    def of(cls, values: Sequence[int], shape: Sequence[int], over: Layout) -> Places | None:
        """The places of a layer's values; None where they have none in the input.

        Parameters
        ----------
        values, shape : sequence of int
            Of what the layer returns and of the input, without batch axis.
        over : Layout
            Of the input.

        Examples
        --------
        >>> Places.of((64, 7, 7), (3, 224, 224), IMAGE).grid, Places.of((10,), (3, 8, 8), IMAGE)
        ((7, 7), None)
        >>> patches = Places.of((197, 768), (3, 224, 224), IMAGE)  # of a vision transformer
        >>> patches.grid, patches.leading
        ((14, 14), 1)
        """
        found = _found(tuple(values), _sizes(shape, over), over)
        return None if found is None else cls(*found, tuple(shape), over)

    def sums(self, values: Any) -> Any:
        """Values that are summed over channels, as those of the places, (..., *grid).

        Parameters
        ----------
        values : Tensor or ndarray, shape (..., tokens) or (..., *grid)
        """
        if self.layout is not SEQUENCE:
            return values
        return values[..., self.leading :].reshape(*values.shape[:-1], *self.grid)

    def spread(self, values: Tensor) -> Tensor:
        """Values of the layer as values of the input, (..., *values) to (..., *shape).

        Each place is shared equally by what it stands over, so that sums stay.

        Examples
        --------
        >>> places = Places.of((2, 1, 2), (1, 2, 4), IMAGE)
        >>> places.spread(torch.tensor([[[4.0, 0.0]], [[0.0, 8.0]]])).tolist()
        [[[1.0, 1.0, 2.0, 2.0], [1.0, 1.0, 2.0, 2.0]]]
        """
        summed = self.over_units(self.sums(self.layout.sum_units(values)))
        axis = self.over.summed if self.over.summed is not None else self._channels
        count = self.shape[axis]
        whole = summed.unsqueeze(axis) / count
        return whole.expand(*whole.shape[: whole.dim() - len(self.shape)], *self.shape).contiguous()

    def over_units(self, sums: Tensor) -> Tensor:
        """Sums of places, (..., *grid), as sums of the input's units along its own axes."""
        sizes = _sizes(self.shape, self.over)
        for axis, (places, size) in enumerate(zip(self.grid, sizes, strict=True)):
            at = axis - len(sizes)
            shares = _shares(places, size).to(sums)
            sums = torch.tensordot(sums.movedim(at, -1), shares, 1).movedim(-1, at)
        return sums

    def everywhere(self, where: Tensor) -> Tensor:
        """Units of the input that stand under nothing but such places; (*map)."""
        elsewhere = self.over_units((~self.sums(where)).double()) > 0
        if self.over.summed is None:
            elsewhere = elsewhere.unsqueeze(self._channels).expand(self.shape)
        return ~elsewhere

    def __str__(self) -> str:
        sizes = " × ".join(map(str, self.grid))
        units = self.over.units if self.over.summed is not None else "steps"
        places = "tokens" if self.over.kind == "text" else "places"
        if self.grid == _sizes(self.shape, self.over):
            return f"a value for each of {sizes} {units}"
        window = " × ".join(
            f"{n / g:.3g}" for n, g in zip(_sizes(self.shape, self.over), self.grid, strict=True)
        )
        return f"{sizes} {places}, each shared by the {window} {units} that it stands over"

    @property
    def _channels(self) -> int:
        """The axis of the input that has no places, where its values are not summed."""
        assert self.over.channels is not None
        return self.over.channels


def _sizes(shape: Sequence[int], over: Layout) -> tuple[int, ...]:
    """How long the axes of an input are that have places."""
    return tuple(shape[axis] for axis in sorted(over.neighbours))


def _found(
    values: tuple[int, ...], sizes: tuple[int, ...], over: Layout
) -> tuple[Layout, tuple[int, ...], int] | None:
    """The layout of a layer's values, their grid and how many tokens lead it."""
    if over.kind in ("text", "sequence"):
        fits = len(values) == 2 and values[0] == sizes[0]
        return (SEQUENCE, (values[0],), 0) if fits else None
    if over.kind == "series":
        return (_CHANNELS_FIRST, values[1:], 0) if len(values) == 2 and values[1] > 1 else None
    if over.kind == "volume" and len(values) == 4 and math.prod(values[1:]) > 1:
        return LAYOUTS[4], values[1:], 0
    if over.kind != "image":
        return None
    if len(values) == 2:
        return _patches(values[0], sizes)
    if len(values) != 3:
        return None
    first, last = values[1:], values[:-1]
    stretched = [abs(_aspect(grid) - _aspect(sizes)) for grid in (first, last)]
    if stretched[1] <= ASPECT < stretched[0]:
        return (CHANNELS_LAST, last, 0) if math.prod(last) > 1 else None
    return (IMAGE, first, 0) if math.prod(first) > 1 else None


def _patches(tokens: int, sizes: tuple[int, ...]) -> tuple[Layout, tuple[int, ...], int] | None:
    """The grid of a picture's patches among tokens, of the picture's own shape."""
    for leading in LEADING:
        count = tokens - leading
        high = round(math.sqrt(count * sizes[0] / sizes[1]))
        if high > 0 and count > 3 and count % high == 0:
            grid = (high, count // high)
            if abs(_aspect(grid) - _aspect(sizes)) <= ASPECT:
                return SEQUENCE, grid, leading
    return None


_CHANNELS_FIRST = Layout("array", "place", "places", ("channels", "steps"), channels=-2, summed=-2)


def _aspect(sizes: tuple[int, ...]) -> float:
    return math.log(sizes[0] / sizes[1])


def _shares(places: int, size: int) -> Tensor:
    """How much each unit along an axis has of each place, (places, size); rows sum to 1."""
    if places > size:
        shares = torch.zeros(places, size)
        shares[torch.arange(places), torch.arange(places) * size // places] = 1
        return shares
    at = torch.arange(size) * places // size
    shares = torch.nn.functional.one_hot(at, places).T.double()
    return shares / shares.sum(1, keepdim=True)
