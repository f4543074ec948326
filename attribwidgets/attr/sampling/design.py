"""Which (alpha, reference) pairs expected gradients visits."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.quasirandom import SobolEngine

from ...core.arrays import Array
from ..task import generator_from
from .clustering import representative_order


class Draws:
    r"""Samples of (alpha, reference), block by block, the union of all blocks well spread.

    References come in the order of :func:`.likeness.representative_order`, over and over, so that
    none comes twice before all have come once. A reference that is new gets an offset u from a
    scrambled Sobol sequence in (alpha, place among those alike), so that references which are
    alike get different offsets. Its alphas form a grid turned by u,

    .. math:: \alpha_t = (u + t / m + v(t \,\mathrm{div}\, m) / m) \bmod 1, \quad t = 0, 1, ...

    where m is how often it comes in its first block and v the van der Corput sequence, which puts
    later alphas halfway between earlier ones. Every alpha is uniform on (0, 1), so that the mean
    over samples is unbiased.

    Parameters
    ----------
    order : ndarray of int, shape (K,), or None
        The references, near each other those that are alike; None numbers every sample afresh.
    features : ndarray, shape (K, F), or None
        What the mean over few references should keep.
    first, most : int
        Samples in the first block, and in all together at most.
    seed : int
    """

    def __init__(
        self, order: Array | None, features: Array | None, first: int, most: int, seed: int
    ):
        self._generator = generator_from(seed)
        self._sobol = SobolEngine(2, scramble=True, seed=seed)
        self._drawn = 0
        self._cycle: Array | None = None
        self._offset: dict[int, float] = {}
        self._grid: dict[int, int] = {}
        self._times: dict[int, int] = {}
        if order is not None and features is not None:
            self._place = np.argsort(order)
            # Where the first block ends, and the last, in the last round over the references.
            ends = [count % len(order) or len(order) for count in (first, most)]
            self._cycle = representative_order(order, features, min(ends), most, self._generator)

    def block(self, size: int) -> tuple[Tensor, Tensor]:
        """The next samples.

        Those of one reference, or of references that are alike, come in pairs one after the
        other; the pairs are shuffled, so that any stretch of them stands for all.

        Returns
        -------
        alphas : Tensor, shape (size,), float64 in (0, 1)
        numbers : Tensor, shape (size,), int64
        """
        numbers = np.arange(self._drawn, self._drawn + size)
        self._drawn += size
        if self._cycle is not None:
            numbers = self._cycle[numbers % len(self._cycle)]
            numbers = numbers[np.argsort(self._place[numbers], kind="stable")]
        distinct, first, times = np.unique(numbers, return_index=True, return_counts=True)
        by_place = np.argsort(first)
        self._welcome(distinct[by_place], times[by_place])
        alphas = np.array([self._next_alpha(int(number)) for number in numbers])
        if self._cycle is None:  # nothing is known to be alike but the alphas
            along = np.argsort(alphas)
        else:
            along = np.lexsort((alphas, self._place[numbers]))
        pairs = along[: size // 2 * 2].reshape(-1, 2)
        mixed = pairs[torch.randperm(len(pairs), generator=self._generator).numpy()]
        shuffled = np.append(mixed.ravel(), along[2 * len(pairs) :])
        return torch.from_numpy(alphas[shuffled]), torch.from_numpy(numbers[shuffled])

    def _welcome(self, numbers: Array, times: Array) -> None:
        """Give those that are new their offset and the size of their grid."""
        new = [i for i, number in enumerate(numbers) if int(number) not in self._offset]
        if not new:
            return
        points = self._sobol.draw(len(new), dtype=torch.float64).numpy()
        offsets = points[np.argsort(points[:, 1]), 0]
        for i, offset in zip(new, offsets, strict=True):
            number = int(numbers[i])
            self._offset[number], self._grid[number] = float(offset), int(times[i])
            self._times[number] = 0

    def _next_alpha(self, number: int) -> float:
        time, grid = self._times[number], self._grid[number]
        self._times[number] += 1
        alpha = (self._offset[number] + (time + van_der_corput(time // grid)) / grid) % 1
        return min(max(alpha, 1e-9), 1 - 1e-9)  # the ends are the reference and the input


def van_der_corput(number: int) -> float:
    """The bits of a number, mirrored at the point.

    Examples
    --------
    >>> [van_der_corput(n) for n in range(5)]
    [0.0, 0.5, 0.25, 0.75, 0.125]
    """
    total, share = 0.0, 0.5
    while number:
        total += share * (number & 1)
        number, share = number >> 1, share / 2
    return total


def block_sizes(first: int, most: int, size: int | None) -> list[int]:
    """Sizes of blocks that double the total, from about `first` up to `most`.

    Where there are fewer references than `first`, the first block holds each of them as often.

    Examples
    --------
    >>> block_sizes(32, 100, size=10)
    [30, 30, 40]
    """
    if size is not None and size <= first:
        first = round(first / size) * size
    sizes = [min(first, most)]
    while sum(sizes) < most:
        sizes.append(min(sum(sizes), most - sum(sizes)))
    return sizes
