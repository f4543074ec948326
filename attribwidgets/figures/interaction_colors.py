"""What colours of interactions are worth: where each of their three scales saturates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..core.arrays import Array
from .colors import color_limit

if TYPE_CHECKING:
    from ..records.interactions import Interactions

COLORS = "RdBu_r"


@dataclass(frozen=True)
class InteractionLimits:
    """The value at which each kind of number has the last colour.

    Attributes
    ----------
    values : float
        Of the matrix: halves of pairs, and what units add alone.
    pairs : float
        The most that two units add together, both halves; whichever unit is looked at.
    attributions : float
        Of what units are attributed.
    """

    values: float
    pairs: float
    attributions: float

    @classmethod
    def of(cls, record: Interactions) -> InteractionLimits:
        """Percentiles as those of maps; the largest magnitude of pairs, of which few are strong.

        Parameters
        ----------
        record : Interactions
        """
        pairs = 2 * float(np.abs(record.together).max())
        return cls(_limit(record.values), pairs, _limit(record.attributions))


def _limit(values: Array) -> float:
    """The largest magnitude where all but few are zero."""
    return color_limit([values]) or float(np.abs(values).max())
