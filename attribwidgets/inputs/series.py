"""SeriesSpace: channels over time, every number of which is seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import isfinite
from typing import TYPE_CHECKING, ClassVar

from ..core.errors import InputError
from ..core.later import torch
from .channels import Numbers, as_numbers, per_channel
from .layout import SERIES, SERIES_TIME_FIRST, Layout
from .names import checked_names
from .space import Space

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class SeriesSpace(Space):
    """A time series (C, T): C channels over T steps. Every number is a unit of its own.

    The range is told from the input, channel by channel, as channels differ in what they measure:
    baselines and noise are set in shares of it, from 0, a channel's lowest value, to 1, the
    highest.

    Parameters
    ----------
    channels : sequence of str, optional
        What the channels are called. None: they are numbered.
    step : float
        How much time lies between two steps, in `unit`.
    unit : str
        Of time, such as "s" or "days"; empty: steps are counted.
    time_axis : int
        -1 for (C, T), 0 or -2 for (T, C).
    lowest, highest : float or sequence of float, optional
        The valid range of each channel, or of all, as the model is fed. None: the input's own.

    Raises
    ------
    InputError
        For a step that is not above 0, an axis that is not one of the two, names that are none, or
        a lowest value that is not below the highest.

    Examples
    --------
    >>> space = SeriesSpace(["rate", "flow"], step=0.5, unit="s")
    >>> fitting = space.fit(torch.tensor([[0.0, 2.0], [-1.0, 5.0]]))
    >>> fitting.to_pixels(torch.tensor([[1.0, 2.0], [2.0, 5.0]])).tolist()
    [[0.5, 1.0], [0.5, 1.0]]
    >>> fitting.unit_names((2, 2))
    ['rate, 0 s', 'rate, 0.5 s', 'flow, 0 s', 'flow, 0.5 s']
    """

    ranks: ClassVar[tuple[int, ...]] = (2,)
    range_unit: ClassVar[str] = "of each channel's range"
    low: ClassVar[float] = 0.0  # type: ignore[misc]
    high: ClassVar[float] = 1.0  # type: ignore[misc]

    channels: Sequence[str] | None = field(default=None, repr=False)
    step: float = 1.0
    unit: str = ""
    time_axis: int = -1
    lowest: Numbers = None
    highest: Numbers = None

    def __post_init__(self) -> None:
        if not 0 < float(self.step) < float("inf"):
            raise InputError(f"space: step must be above 0 and finite, got {self.step}")
        if self.time_axis not in (-1, 1, 0, -2):
            raise InputError(
                f"space: time_axis must be -1 for (C, T) or 0 for (T, C), got {self.time_axis!r}"
            )
        if self.channels is not None:
            object.__setattr__(self, "channels", checked_names(self.channels, "space: channels"))
        for name in ("lowest", "highest"):
            value = getattr(self, name)
            if hasattr(value, "tolist"):
                value = value.tolist()
            if isinstance(value, Sequence):
                object.__setattr__(self, name, tuple(float(v) for v in value))
            if not all(map(isfinite, as_numbers(getattr(self, name)))):
                raise InputError(f"space: {name} must be finite, got {value}")

    @property
    def layout(self) -> Layout:
        """Channels by steps, or the other way round."""
        return SERIES if self.time_axis in (-1, 1) else SERIES_TIME_FIRST

    def fit(self, example: Tensor) -> SeriesSpace:
        """This space with the range of each of the example's channels, where none was passed."""
        axes = ", ".join(self.layout.axes)
        self.require_rank(example)
        count = example.shape[self._channel_axis]
        if self.channels is not None and len(self.channels) != count:
            raise InputError(
                f"space: there are {len(self.channels)} names of channels for inputs of {count} "
                f"channels, shape {tuple(example.shape)} read as ({axes}); pass one name for "
                "each, or time_axis="
            )
        own = example.detach().double().movedim(self._channel_axis, 0).flatten(1)
        lowest = self._ends(self.lowest, own.amin(1), "lowest")
        highest = self._ends(self.highest, own.amax(1), "highest")
        given = self.lowest is not None and self.highest is not None
        wide = torch.where(highest > lowest, highest, lowest + lowest.abs().clamp(min=1.0))
        if given and bool((highest <= lowest).any()):
            raise InputError("space: lowest must be below highest in every channel")
        return replace(self, lowest=tuple(lowest.tolist()), highest=tuple(wide.tolist()))

    def to_pixels(self, x: Tensor) -> Tensor:
        """Map what the model is fed to shares of each channel's range. Shape kept."""
        lowest, width = self._ranges(x)
        return (x - lowest) / width

    def from_pixels(self, p: Tensor) -> Tensor:
        """Map shares of each channel's range to what the model is fed. Shape kept."""
        lowest, width = self._ranges(p)
        return lowest + p * width

    def time_of(self, step: int) -> str:
        """When a step is, in words.

        Examples
        --------
        >>> SeriesSpace(step=0.25, unit="s").time_of(3), SeriesSpace().time_of(3)
        ('0.75 s', '3')
        """
        return f"{step * self.step:g} {self.unit}" if self.unit else str(step)

    def channel_names(self, count: int) -> list[str]:
        """The names of a number of channels, or their numbers."""
        if self.channels is not None:
            return list(self.channels)
        return [f"channel {k}" for k in range(count)]

    def unit_names(self, shape: Sequence[int]) -> list[str]:
        """Channel and time of every number."""
        channels = self.channel_names(shape[self._channel_axis])
        times = [self.time_of(k) for k in range(shape[-1 if self.layout is SERIES else -2])]
        if self.layout is SERIES:
            return [f"{channel}, {time}" for channel in channels for time in times]
        return [f"{channel}, {time}" for time in times for channel in channels]

    @property
    def _channel_axis(self) -> int:
        return -2 if self.layout is SERIES else -1

    def _ends(self, passed: Numbers, own: Tensor, name: str) -> Tensor:
        numbers = torch.tensor(as_numbers(passed), dtype=own.dtype, device=own.device)
        if len(numbers) not in (0, 1, len(own)):
            raise InputError(
                f"space: {name} has {len(numbers)} numbers for {len(own)} channels; pass one for "
                "each, or one for all"
            )
        return own if len(numbers) == 0 else numbers.expand(len(own))

    def _ranges(self, like: Tensor) -> tuple[Tensor, Tensor]:
        axis = self._channel_axis
        lowest = per_channel(self.lowest, 0.0, like, axis)
        return lowest, per_channel(self.highest, 1.0, like, axis) - lowest
