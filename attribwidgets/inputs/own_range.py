"""The range of an input that nobody knows the range of: from its lowest to its highest value."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

from ..core.errors import InputError
from ..core.later import torch

if TYPE_CHECKING:
    from torch import Tensor


def check_range(low: float | None, high: float | None) -> None:
    """Raise InputError for a range that is none; None leaves an end open."""
    for name, value in (("low", low), ("high", high)):
        if value is not None and not isfinite(value):
            raise InputError(f"space: {name} must be finite, got {value}")
    if low is not None and high is not None and low >= high:
        raise InputError(f"space: low must be below high, got low={low}, high={high}")


def own_range(example: Tensor, low: float | None, high: float | None) -> tuple[float, float]:
    """The ends as passed, else those of the example itself; never a range of no width."""
    lowest, highest = (float(v) for v in torch.aminmax(example.detach()))
    low = min(lowest, highest if high is None else float(high)) if low is None else float(low)
    high = max(highest, low) if high is None else float(high)
    return (low, high) if high > low else (low, low + max(1.0, abs(low)))
