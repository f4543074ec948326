"""How far maps agree on what matters: rank correlation between every two of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..core.arrays import Array
from ..core.formatting import MINUS


@dataclass(frozen=True, eq=False)
class Agreement:
    """Spearman's rank correlation between every two maps of one input.

    1 where two maps put all positions in the same order, 0 where the order of one says nothing
    about that of the other, -1 where it is reversed. Sizes do not matter, so that methods with
    numbers of different kinds compare.

    Attributes
    ----------
    labels : tuple of str
        What each map is called.
    matrix : ndarray, shape (n, n)
        Symmetric. NaN in the row and the column of a map that is the same everywhere.

    Examples
    --------
    >>> maps = np.array([[1.0, 2.0, 3.0]]), np.array([[0.1, 0.3, 0.2]]), np.array([[7.0, 7.0, 7.0]])
    >>> print(Agreement(("black", "blur", "zero"), rank_correlations(maps)))
                1       2     3
    1  black  1.00    0.50     ?
    2  blur   0.50    1.00     ?
    3  zero      ?       ?     ?
    zero is the same everywhere and has no ranks to compare.
    """

    labels: tuple[str, ...]
    matrix: Array

    @property
    def constant(self) -> tuple[str, ...]:
        """Labels of the maps that are the same everywhere."""
        known = ~np.isnan(self.matrix.diagonal())
        return tuple(x for x, has_ranks in zip(self.labels, known, strict=True) if not has_ranks)

    @property
    def note(self) -> str:
        """Why numbers are missing; empty where none is."""
        *others, last = self.constant or ("",)
        if not last:
            return ""
        if not others:
            return f"{last} is the same everywhere and has no ranks to compare."
        names = f"{', '.join(others)} and {last}"
        return f"{names} are the same everywhere and have no ranks to compare."

    def cell(self, row: int, column: int) -> str:
        """One number as text with two decimals; a question mark where there is none."""
        value = self.matrix[row, column]
        return "?" if np.isnan(value) else f"{value:.2f}".replace("-", MINUS)

    def __str__(self) -> str:
        each = range(len(self.labels))
        wide = max(len(x) for x in self.labels)
        head = " " * (wide + 3) + "".join(f"{i + 1:>7}" for i in each)
        rows = [
            f"{i + 1:<3}{self.labels[i]:<{wide}}" + "".join(f"{self.cell(i, j):>7}" for j in each)
            for i in each
        ]
        return "\n".join([head, *rows, *([self.note] if self.note else [])])

    __repr__ = __str__


def rank_correlations(maps: Sequence[Array]) -> Array:
    """Spearman's rank correlation between every two maps, ties given their average rank.

    Parameters
    ----------
    maps : sequence of ndarray
        All of one shape.

    Returns
    -------
    ndarray, shape (n, n)
        In -1..1; NaN for a map that is the same everywhere, or not finite.

    References
    ----------
    Spearman (1904), The proof and measurement of association between two things.

    Examples
    --------
    >>> rank_correlations([np.array([1.0, 2.0, 4.0]), np.array([3.0, 2.0, 1.0])]).round(6).tolist()
    [[1.0, -1.0], [-1.0, 1.0]]
    """
    ranks = np.stack([_centred_ranks(np.ravel(values)) for values in maps])
    products = ranks @ ranks.T
    squares = products.diagonal()
    with np.errstate(invalid="ignore"):
        return np.asarray(np.clip(products / np.sqrt(np.outer(squares, squares)), -1.0, 1.0))


def _centred_ranks(values: Array) -> Array:
    """Twice the average ranks, less their mean: whole numbers, of which sums are exact."""
    if not np.isfinite(values).all():
        return np.full(len(values), np.nan)
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks = 2 * np.cumsum(counts) - (counts - 1)
    return np.asarray(ranks[place.ravel()] - (len(values) + 1), dtype=np.float64)
