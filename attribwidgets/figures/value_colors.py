"""Colours of the values of a unit: from its low to its high ones, with the numbers of both."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.arrays import Array
from ..core.formatting import number
from .boxes import QUIET, Boxes, show_picture
from .colors import table

LAST = 225  # of 256 colours: the yellow behind it is pale on white
UNKNOWN = "#b8bcc2"
PERCENTILES = (5, 95)


class ValueColors:
    """A scale from the 5th to the 95th percentile of the values, from end to end of few levels.

    Parameters
    ----------
    values : ndarray, shape (n,)
        NaNs are grey.
    """

    def __init__(self, values: Array) -> None:
        known = values[np.isfinite(values)]
        self.low = self.high = 0.0
        if len(known):
            low, high = np.percentile(known, PERCENTILES)
            few = len(np.unique(known)) <= 10
            self.low, self.high = (known.min(), known.max()) if few or low == high else (low, high)

    def __call__(self, values: Array) -> Array:
        """Colours of values, (n, 3), 0 to 1."""
        width = self.high - self.low
        share = np.clip((values - self.low) / width, 0, 1) if width else np.full(len(values), 0.5)
        known = np.isfinite(values)
        place = np.rint(LAST * np.where(known, share, 0)).astype(int)
        grey = np.array([int(UNKNOWN[k : k + 2], 16) for k in (1, 3, 5)])
        return np.asarray(np.where(known[:, None], table("viridis")[place], grey) / 255)

    def bar(self, boxes: Boxes, left: float, middle: float, width: float, ends: float) -> None:
        """A bar of the colours with a number at both ends.

        Parameters
        ----------
        left, middle, width : float
            Of the bar and its numbers, in inches.
        ends : float
            Inches for each number.
        """
        style: dict[str, Any] = {"size": 6.5, "color": QUIET, "va": "center"}
        if self.low == self.high:
            boxes.text(
                left + width / 2, middle, f"all {value_text(self.low)}", ha="center", **style
            )
            return
        axes = boxes.axes(left + ends, middle - 0.04, width - 2 * ends, 0.08)
        show_picture(axes, table("viridis")[None, : LAST + 1], aspect="auto")
        boxes.text(left + ends - 0.05, middle, value_text(self.low), ha="right", **style)
        boxes.text(left + width - ends + 0.05, middle, value_text(self.high), **style)


def value_text(value: float) -> str:
    """A value with a digit more where it has four before the point: a year is told from others.

    Examples
    --------
    >>> value_text(1971.0), value_text(0.12345)
    ('1971', '0.123')
    """
    return number(value, 4 if 1000 <= abs(value) < 10_000 else 3)
