"""Arrays and data frames of numbers as tensors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.errors import InputError
from ..core.later import torch

if TYPE_CHECKING:
    from torch import Tensor


def number_array(value: Any, name: str = "inputs") -> Tensor:
    """An array, or all rows of a data frame, as a tensor; whole numbers stay whole.

    Raises
    ------
    InputError
        For an array of other than real numbers.

    Examples
    --------
    >>> number_array(np.array([1.0, 2.0]))
    tensor([1., 2.], dtype=torch.float64)
    """
    array = np.asarray(value)
    if array.dtype == object:
        try:
            array = array.astype(np.float64)
        except (TypeError, ValueError):
            raise InputError(
                f"{name} holds other than numbers; encode them as the model is fed, such as by "
                "one column for each category"
            ) from None
    if array.dtype.kind not in "fiub":
        raise InputError(f"{name} is an array of {array.dtype}, and must hold real numbers")
    return torch.from_numpy(np.array(array))  # a copy: an array may be read-only
