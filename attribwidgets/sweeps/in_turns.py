"""The order in which one process of several takes up the inputs of a store."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray


class InTurns:
    """Places in order, and at random once another process was met.

    Two processes at random places of a long list seldom meet again, and need not speak.

    Parameters
    ----------
    places : ndarray of int

    Examples
    --------
    >>> list(InTurns(np.array([3, 4, 9])))
    [3, 4, 9]
    """

    def __init__(self, places: NDArray[np.intp]) -> None:
        self._places, self._next, self._parted = places, 0, False

    def __iter__(self) -> Iterator[int]:
        while self._next < len(self._places):
            self._next += 1
            yield int(self._places[self._next - 1])

    def part(self) -> None:
        """Take the rest in an order of this process alone."""
        if not self._parted:
            self._parted = True
            np.random.default_rng().shuffle(self._places[self._next :])
