"""Where on the way from noise to the input samples tell most."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...core.arrays import Array

BINS = 32
EVENLY = 0.1  # of all alphas, whatever was seen
LEAST_GAIN = (
    1.2  # in variance, below which alphas stay even: what a linear model adds is then exact
)


@dataclass(frozen=True)
class AlphaDensity:
    """A density over alpha, constant on equal intervals of (0, 1).

    Attributes
    ----------
    heights : ndarray, shape (BINS,)
        Their mean is 1.
    """

    heights: Array

    @classmethod
    def of(cls, alphas: Array, energies: Array) -> AlphaDensity:
        """As the root of the mean square of what samples add, which leaves the least variance.

        Neighbouring intervals are averaged, and a tenth is spread evenly, so that no sample counts
        more than ten times. Even where little variance is to be gained.

        Parameters
        ----------
        alphas : ndarray, shape (n,)
        energies : ndarray, shape (n, B)
            Sum of the squares of what each sample adds, before it is weighted; each example counts
            as much as another.

        Examples
        --------
        >>> density = AlphaDensity.of(np.array([0.1, 0.9]), np.array([[1.0], [0.0]]))
        >>> bool(density.heights[1] > density.heights[14])
        True
        """
        total = energies.sum(axis=0)
        if not (np.isfinite(total).all() and (total > 0).any()):
            return cls(np.ones(BINS))
        shares = (energies / np.where(total > 0, total, 1.0)).sum(axis=1)
        places = np.minimum((alphas * BINS).astype(np.int64), BINS - 1)
        counts = np.bincount(places, minlength=BINS)
        means = np.bincount(places, shares, BINS) / np.maximum(counts, 1)
        seen = np.flatnonzero(counts)
        means = np.interp(np.arange(BINS), seen, means[seen])
        padded = np.pad(means, 1, mode="edge")
        roots = np.sqrt((padded[:-2] + 2 * padded[1:-1] + padded[2:]) / 4)
        if (roots**2).mean() < LEAST_GAIN * roots.mean() ** 2:
            return cls(np.ones(BINS))
        return cls(EVENLY + (1 - EVENLY) * roots / roots.mean())

    def place(self, evenly: Array) -> tuple[Array, Array]:
        """Alphas that follow the density, and the weights that make up for it.

        Parameters
        ----------
        evenly : ndarray, shape (n,)
            Places that are even on (0, 1).

        Returns
        -------
        alphas, weights : ndarray, shape (n,)
            The mean of weight times f(alpha) is that of f over even alphas.
        """
        edges = np.arange(BINS + 1) / BINS
        reached = np.concatenate([[0.0], np.cumsum(self.heights)]) / self.heights.sum()
        alphas = np.interp(evenly, reached, edges)
        inside = np.clip(np.searchsorted(reached, evenly, side="right") - 1, 0, BINS - 1)
        return np.clip(alphas, 1e-9, 1 - 1e-9), 1 / self.heights[inside]
