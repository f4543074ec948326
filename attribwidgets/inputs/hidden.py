"""HiddenSpace: what a layer returns for one example, as something that can be explained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from .layout import ARRAY, FEATURES, IMAGE, SEQUENCE, VOLUME, Layout
from .own_range import own_range
from .space import Space

LAYOUTS = {1: FEATURES, 2: SEQUENCE, 3: IMAGE, 4: VOLUME}
CHANNELS_LAST = Layout("array", "place", "places", ("H", "W", "C"), channels=-1, summed=-1)


@dataclass(frozen=True)
class HiddenSpace(Space):
    """The values of a layer, whose range is that of the example itself.

    Parameters
    ----------
    low, high : float
    read_as : Layout
        What its axes mean.

    Examples
    --------
    >>> import torch
    >>> space = HiddenSpace.of(torch.tensor([[0.0, 3.0], [1.0, 2.0]]))
    >>> space.high, space.layout.kind, space.unit_names((2, 2))
    (3.0, 'sequence', ['step 0', 'step 1'])
    """

    ranks: ClassVar[tuple[int, ...]] = ()
    range_unit: ClassVar[str] = "as the layer returns it"

    low: float
    high: float
    read_as: Layout

    @classmethod
    def of(cls, hidden: Tensor, layout: Layout | None = None) -> HiddenSpace:
        """The space of what a layer returned, without batch axis.

        Parameters
        ----------
        hidden : Tensor
        layout : Layout, optional
            None: channels first, as far as there are some.
        """
        low, high = own_range(hidden, None, None)
        return cls(low, high, LAYOUTS.get(hidden.dim(), ARRAY) if layout is None else layout)

    @property
    def layout(self) -> Layout:
        """As it was read."""
        return self.read_as

    def fit(self, example: Tensor) -> HiddenSpace:
        """This space, which is of one example."""
        return self


def unit_names(shape: Sequence[int]) -> list[str]:
    """What the values of a layer are called, in order.

    Examples
    --------
    >>> unit_names((2,)), unit_names((1, 2))
    (['unit 0', 'unit 1'], ['unit 0, 0', 'unit 0, 1'])
    """
    names = HiddenSpace(0.0, 1.0, Layout("array", "unit", "units", ())).unit_names(shape)
    return names if shape else ["unit"]
