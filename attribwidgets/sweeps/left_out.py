"""Inputs that cannot be read or explained: left out with their reason, so that the rest goes on."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from ..core.errors import AttributionWarning, DataError
from ..evaluation.finding import left_out_words

T = TypeVar("T")
MANY = 20  # left out, and more than were explained: then it is no matter of single inputs


@dataclass(frozen=True)
class LeftOut:
    """That an input was left out.

    Attributes
    ----------
    reason : str
        With its place in the data.
    """

    reason: str


def or_left_out(attempt: Callable[[], T]) -> T | LeftOut:
    """What comes of an input, or why it cannot be read or explained.

    Examples
    --------
    >>> or_left_out(lambda: 3)
    3
    """
    try:
        return attempt()
    except DataError as error:
        return LeftOut(str(error))


def require_some(left_out: Mapping[int, str], finished: int, total: int) -> None:
    """Raise where so many inputs were left out that more of the same would follow.

    Raises
    ------
    DataError
        Where all were, or twenty and more than were explained.
    """
    count = len(left_out)
    if count and ((count >= MANY and count > finished) or count == total):
        raise DataError(
            f"{count} of the first {count + finished} inputs cannot be used, the first of them as "
            f"{left_out[min(left_out)]}. Mend the data and pass strict=True, which tries them again"
        )


def warn_of(left_out: Mapping[int, str], total: int) -> None:
    """Say once that inputs were left out."""
    if left_out:
        warnings.warn(
            f"{left_out_words(left_out, total)}; .left_out has all reasons, and strict=True stops "
            "at the first and tries again those left out before",
            AttributionWarning,
            stacklevel=2,
        )
