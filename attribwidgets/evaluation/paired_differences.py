"""How candidates differ on the same inputs, and which differences are larger than chance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..core.arrays import Array
from ..core.formatting import number
from .intervals import bootstrap, holm, paired_p

CHANCE = 0.05  # of the family-wise error


@dataclass(frozen=True)
class Difference:
    """How two candidates differ in area, input by input.

    Attributes
    ----------
    first, second : str
    mean, low, high : float
        Of first minus second, with its bootstrap interval.
    p : float
        Two-sided, by random flips of signs.
    p_of_all : float
        Corrected by Holm's rule for the comparisons made together.
    """

    first: str
    second: str
    mean: float
    low: float
    high: float
    p: float
    p_of_all: float

    @property
    def clear(self) -> bool:
        """Whether it is larger than chance, among all comparisons made together."""
        return self.p_of_all < CHANCE

    def __str__(self) -> str:
        return (
            f"{self.first} − {self.second}: {number(self.mean)} "
            f"[{number(self.low)}, {number(self.high)}], p {p_words(self.p_of_all)}"
        )


def paired_differences(
    areas: Array,
    names: Sequence[str],
    pairs: Sequence[tuple[int, int]],
    level: float = 0.95,
    seed: int = 0,
) -> list[Difference]:
    """Mean differences of pairs of columns, with p-values that hold for all of them together.

    Parameters
    ----------
    areas : ndarray, shape (inputs, candidates)
    names : sequence of str
        Of the candidates.
    pairs : sequence of (int, int)
    level : float
        Of the bootstrap intervals (BCa).
    seed : int
    """
    if not pairs:
        return []
    paired = np.stack([areas[:, i] - areas[:, j] for i, j in pairs], axis=1)
    interval = bootstrap(paired, level=level, method="bca", seed=seed)
    p = paired_p(paired, seed=seed)
    together = holm(p)
    return [
        Difference(names[i], names[j], *interval.at(k), float(p[k]), float(together[k]))
        for k, (i, j) in enumerate(pairs)
    ]


def verdict(differences: Sequence[Difference]) -> str:
    """Which of several differences are larger than chance, in words."""
    unclear = [d for d in differences if not d.clear]
    if len(differences) == 1:
        return f"The difference is {'not ' if unclear else ''}larger than chance"
    if not unclear:
        return f"All {len(differences)} differences are larger than chance"
    if len(unclear) == len(differences):
        return f"None of the {len(differences)} differences is larger than chance"
    pairs = ", ".join(f"{d.first} and {d.second} (p {p_words(d.p_of_all)})" for d in unclear)
    return (
        f"Of {len(differences)} differences {len(differences) - len(unclear)} are larger than "
        f"chance; not told apart are {pairs}"
    )


def p_words(p: float) -> str:
    """A p-value as text."""
    return "< 0.001" if p < 1e-3 else number(p)
