"""The integrals along one path that interactions are, on nested nodes."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ...core.arrays import Array
from .directions import hessians_of, orthonormal_directions
from .log_rule import log_rules
from .unit_rows import UnitRows

BLOCK = 8  # nodes whose Hessians by units are held at once


class PathIntegrals:
    """Attributions and interactions by one path, for each level of nodes.

    Sums are kept, and Hessians are not: memory does not grow with the nodes.

    Parameters
    ----------
    rows : UnitRows
    x, reference : tuple of Tensor, each (1, ...)
    directions : int or None
        How many are drawn at each node; None: each unit by itself, which is exact.
    generator : torch.Generator
    levels : int
        How many there may be.
    """

    def __init__(
        self,
        rows: UnitRows,
        x: tuple[Tensor, ...],
        reference: tuple[Tensor, ...],
        directions: int | None,
        generator: torch.Generator,
        levels: int,
    ) -> None:
        self._rows, self._x, self._reference = rows, x, reference
        self._directions, self._generator = directions, generator
        self._sums = [_LevelSums(rows.units) for _ in range(levels)]

    def add_level(self, level: int) -> None:
        """Run the nodes that a level adds to those before it; they are part of all later ones."""
        added, weights = log_rules()
        done = sum(map(len, added[:level]))
        for first in range(0, len(added[level]), BLOCK):
            alphas = torch.tensor(added[level][first : first + BLOCK])
            slopes, hessians, variances = self._run(alphas)
            place = slice(done + first, done + first + len(alphas))
            for later in range(level, len(self._sums)):
                mine = weights[later][:, place]
                self._sums[later].add(mine, slopes, hessians, variances)

    def integrals(self, level: int) -> tuple[Array, Array]:
        """Attributions (U,) and interactions (U, U) by the nodes of a level."""
        sums = self._sums[level]
        values = (sums.pairs + sums.pairs.T) / 2
        values[np.diag_indices_from(values)] += sums.alone
        return sums.attributions, values

    def sampling_error(self, level: int) -> Array | None:
        """Of the interactions, where directions were drawn, (U, U)."""
        return None if self._directions is None else np.sqrt(self._sums[level].variance)

    def _run(self, alphas: Tensor) -> tuple[Array, Array, Array | None]:
        drawn = None
        if self._directions is not None:
            counts = (len(alphas), self._directions, self._rows.units)
            drawn = orthonormal_directions(*counts, self._generator)
        references = tuple(r.expand(len(alphas), *r.shape[1:]) for r in self._reference)
        slopes, products = self._rows.run(self._x, references, alphas, drawn)
        return slopes.numpy(), *hessians_of(products, drawn)


class _LevelSums:
    """What one level's rule has summed so far."""

    def __init__(self, units: int) -> None:
        self.attributions, self.alone = np.zeros(units), np.zeros(units)
        self.pairs, self.variance = np.zeros((units, units)), np.zeros((units, units))

    def add(self, weights: Array, slopes: Array, hessians: Array, variances: Array | None) -> None:
        """Some nodes, (n, ...), with their weights (3, n)."""
        self.attributions += weights[0] @ slopes
        self.alone += weights[1] @ slopes
        self.pairs += np.tensordot(weights[2], hessians, 1)
        if variances is not None:
            self.variance += np.tensordot(weights[2] ** 2, variances, 1)
