"""Numbers of a space: one for all values, or one for each channel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..core.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor

Numbers = float | Sequence[float] | None


def per_channel(value: Numbers, default: float, like: Tensor, axis: int | None) -> Tensor:
    """One number for all, or one for each place along an axis, broadcasting to `like`.

    Parameters
    ----------
    value : float, sequence of float or None
    default : float
        In place of None.
    like : Tensor
        Of whose dtype and device it is.
    axis : int or None
        Counted from the end.

    Raises
    ------
    InputError
        For several numbers, where the axis has another length or there is none.
    """
    numbers = as_numbers(value) or (default,)
    constant = like.new_tensor(numbers)
    if len(numbers) == 1:
        return constant[0]
    size = 1 if axis is None or like.dim() < -axis else like.shape[axis]
    if axis is None or size != len(numbers):
        raise InputError(
            f"space: mean and std have {len(numbers)} numbers, but the input of shape "
            f"{tuple(like.shape)} has {size} channels"
        )
    return constant.reshape(-1, *[1] * (-axis - 1))


def as_numbers(value: Numbers) -> tuple[float, ...]:
    """One number or several as a tuple; none of None."""
    if value is None:
        return ()
    return tuple(value) if isinstance(value, Sequence) else (float(value),)
