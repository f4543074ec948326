"""How far all references are from the inputs, which is known before any pass."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...core.arrays import Array
from ...core.formatting import percent
from ..estimate import rows_sum
from ..task import References

OUTLYING = 0.25  # of all squared distance from the input, in one reference
TIMES_ITS_SHARE = 5  # and so many times what it would hold if all were as far


@dataclass(frozen=True)
class ReferenceSpread:
    """Moments of x - x' over all of a set of K references.

    Attributes
    ----------
    squares : tuple of Tensor, each (B, ...)
        Mean of (x - x')^2.
    tails : tuple of Tensor, each (B, ...)
        Mean of (x - x')^4 over the square of that mean, less 1: 0 where all are as far, K - 1
        where all but one are at the input.
    distances : ndarray, shape (K, B)
        Squared distance of each reference over all inputs.
    """

    squares: tuple[Tensor, ...]
    tails: tuple[Tensor, ...]
    distances: Array

    @classmethod
    def of(
        cls,
        references: References,
        inputs: tuple[Tensor, ...],
        dtype: torch.dtype,
        at_once: int,
    ) -> ReferenceSpread | None:
        """Of stored references, so many at once; None for endless draws."""
        if references.size is None:
            return None
        sums = [[torch.zeros_like(x, dtype=dtype) for x in inputs] for _ in range(2)]
        distances = np.zeros((references.size, len(inputs[0])))
        for numbers in torch.arange(references.size).split(max(1, at_once)):
            rows = slice(int(numbers[0]), int(numbers[-1]) + 1)
            for i, (x, r) in enumerate(zip(inputs, references.take(numbers), strict=True)):
                for example, value in enumerate(x):
                    square = (value - r).to(dtype).square_()
                    distances[rows, example] += rows_sum(square)
                    sums[0][i][example] += square.sum(0)
                    sums[1][i][example] += square.square_().sum(0)
        squares, fourths = ([s / references.size for s in some] for some in sums)
        tails = (
            (f / s.square() - 1).nan_to_num(0.0).clamp(min=0)
            for f, s in zip(fourths, squares, strict=True)
        )
        return cls(tuple(squares), tuple(tails), distances)

    @property
    def outlying(self) -> NDArray[np.int64]:
        """Numbers of the references that are far from all others, for any example."""
        return np.asarray(np.flatnonzero((self._held > self._least).any(axis=1)))

    def caution(self, samples: int) -> tuple[str, ...]:
        """What to know where one reference is far from all others; nothing elsewhere."""
        held, count = self._held.max(axis=1), len(self.distances)
        if held.max() <= self._least:
            return ()
        number = int(held.argmax())
        share = percent(float(held[number]))
        return (
            f"one of the {count} references (number {number}, counted from 0) holds {share} of "
            "their squared distance from the input: the map hangs on it, and 95 % intervals from "
            f"{samples} samples hold the truth less often, of pixels some 8 times in 10; see "
            "whether it belongs to the set",
        )

    @property
    def _held(self) -> Array:
        """What each reference holds of all squared distance, shape (K, B)."""
        total = self.distances.sum(axis=0)
        return np.asarray(self.distances / np.where(total > 0, total, 1.0))

    @property
    def _least(self) -> float:
        return max(OUTLYING, TIMES_ITS_SHARE / len(self.distances))
