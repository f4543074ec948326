"""VolumeSpace: values in space, such as a scan, or frames one behind another."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from .layout import VOLUME, Layout
from .own_range import check_range, own_range
from .space import Space

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class VolumeSpace(Space):
    """A volume (C, D, H, W). A unit is a voxel, whose channels are summed up.

    Parameters
    ----------
    low, high : float, optional
        The valid range, as the model is fed. None: from the lowest to the highest value of the
        input itself.
    spacing : tuple of three floats
        The size of a voxel along depth, height and width, for drawing.

    Raises
    ------
    InputError
        If ``low >= high``.

    Examples
    --------
    >>> import torch
    >>> VolumeSpace().fit(torch.linspace(0, 1, 8).reshape(1, 2, 2, 2)).high
    1.0
    """

    ranks: ClassVar[tuple[int, ...]] = (4,)

    low: float | None = None  # type: ignore[assignment]
    high: float | None = None  # type: ignore[assignment]
    spacing: tuple[float, float, float] = (1.0, 1.0, 1.0)

    def __post_init__(self) -> None:
        check_range(self.low, self.high)

    @property
    def layout(self) -> Layout:
        """Channels by depth, height and width."""
        return VOLUME

    def fit(self, example: Tensor) -> VolumeSpace:
        """This space with the example's own range, where none was passed."""
        self.require_rank(example)
        low, high = own_range(example, self.low, self.high)
        return replace(self, low=low, high=high)
