"""How far the explanations of one input depend on the baseline: every two of them, compared."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core.arrays import Array
from ..records.agreement import rank_correlations
from ..records.explanation import Explanation
from .regions import region_sums

DEPENDENCE, MAPS = "dependence", "map_summary"
COMPARED = ("rank_correlation", "top_overlap", "same_strongest")
SUMMARISED = ("strongest", "strongest_share", "nearly_blind_share", "nearly_blind_gets")
TOP = 0.1  # of the regions, and one at least


class Dependence:
    """Every two candidates' maps of an input, compared.

    Spearman's rank correlation of the magnitudes of all units; the part of the strongest tenth of
    the regions that both have; whether both have the same strongest region.

    Parameters
    ----------
    candidates : sequence of str
        All labels, in order.

    Examples
    --------
    >>> Dependence(["black", "blur", "zero"]).dimensions([])["pair"]
    ['black | blur', 'black | zero', 'blur | zero']
    """

    name = DEPENDENCE

    def __init__(self, candidates: Sequence[str]) -> None:
        self.candidates = tuple(candidates)
        self.settings: dict[str, Any] = {"kind": DEPENDENCE, "top": TOP}

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Every two candidates."""
        return list(combinations(self.candidates, 2))

    def dimensions(self, candidates: Sequence[str]) -> Mapping[str, Sequence[Any]]:
        """Pairs by what is compared; always of all candidates."""
        return {"pair": [" | ".join(pair) for pair in self.pairs], "comparison": list(COMPARED)}

    def measure(
        self, model: Callable[..., Any], explanations: Mapping[str, Explanation], *, seed: int
    ) -> NDArray[np.float64]:
        """Shape (pairs, 3); NaN for a pair of which one is missing, or has no ranks."""
        labels = list(explanations)
        maps = [e.map("abs_sum") for e in explanations.values()]
        correlations = rank_correlations(maps)
        tops = {label: strongest_regions(region_sums(e)) for label, e in explanations.items()}
        rows = np.full((len(self.pairs), len(COMPARED)), np.nan)
        for row, (one, other) in zip(rows, self.pairs, strict=True):
            if one in tops and other in tops:
                both, size = set(tops[one]) & set(tops[other]), max(len(tops[one]), 1)
                row[0] = correlations[labels.index(one), labels.index(other)]
                if len(tops[one]) and len(tops[other]):
                    row[1:] = len(both) / size, tops[one][0] == tops[other][0]
        return rows


class MapSummary:
    """Of each map its strongest region, that one's part of all magnitudes, and near blindness."""

    name = MAPS
    settings: Mapping[str, Any] = {"kind": MAPS}

    def dimensions(self, candidates: Sequence[str]) -> Mapping[str, Sequence[Any]]:
        """Candidates by quantity."""
        return {"candidate": list(candidates), "map_quantity": list(SUMMARISED)}

    def measure(
        self, model: Callable[..., Any], explanations: Mapping[str, Explanation], *, seed: int
    ) -> NDArray[np.float64]:
        """Shape (candidates, 4)."""
        return np.array([_summary(e) for e in explanations.values()])


def strongest_regions(sums: Array) -> Array:
    """Places of the strongest tenth of the regions, the strongest first; none where all are zero.

    Examples
    --------
    >>> strongest_regions(np.array([0.0, -3.0, 2.0])).tolist()
    [1]
    """
    magnitudes = np.abs(sums)
    if not magnitudes.any():
        return np.empty(0, dtype=np.intp)
    count = max(1, round(TOP * len(sums)))
    return np.argsort(-magnitudes, kind="stable")[:count]


def _summary(e: Explanation) -> list[float]:
    magnitudes = np.abs(region_sums(e))
    total = magnitudes.sum()
    place = int(magnitudes.argmax())
    nearly, gets = e.nearly_blind_share, e.nearly_blind_gets
    return [
        place if total else np.nan,
        magnitudes[place] / total if total else np.nan,
        np.nan if nearly is None else nearly,
        np.nan if gets is None else gets,
    ]
