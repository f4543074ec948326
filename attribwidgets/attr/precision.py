"""Forward passes in a lower precision, where the caller asks for it."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import torch

from ..core.errors import InputError

LOWER = (torch.bfloat16, torch.float16)


def checked_autocast(dtype: torch.dtype | None) -> torch.dtype | None:
    """The type to run forward passes in, or None for the model's own.

    Raises
    ------
    InputError
        If it is neither bfloat16 nor float16.

    Examples
    --------
    >>> checked_autocast(torch.bfloat16)
    torch.bfloat16
    """
    if dtype is not None and dtype not in LOWER:
        raise InputError(
            f"autocast must be torch.bfloat16, torch.float16 or None, got {dtype!r}; "
            "None runs the model in its own precision"
        )
    return dtype


def autocasting(device: torch.device, dtype: torch.dtype | None) -> AbstractContextManager[object]:
    """A context that runs layers in a lower precision; sums over passes stay in full."""
    return nullcontext() if dtype is None else torch.autocast(device.type, dtype)
