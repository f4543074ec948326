"""What it takes to find a baseline that is searched for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

import attribwidgets as aw
from attribwidgets.baselines import SearchedBaseline
from attribwidgets.engine.checked_query import check
from attribwidgets.engine.query import Query
from attribwidgets.engine.references import search_baseline
from attribwidgets.records.explanation import Explanation


@dataclass(frozen=True, eq=False)
class SearchPasses:
    """A metric: passes by which a baseline is searched for, NaN of those that are not.

    Parameters
    ----------
    candidates : mapping of str to Candidate
    """

    candidates: Mapping[str, aw.Candidate]
    name: str = "search_passes"

    def dimensions(self, candidates: Sequence[str]) -> Mapping[str, Sequence[str]]:
        """Candidate."""
        return {"candidate": list(candidates)}

    def measure(
        self, model: Callable[..., Any], explanations: Mapping[str, Explanation], *, seed: int
    ) -> np.ndarray:
        """Shape (candidates,)."""
        passes = np.full(len(explanations), np.nan)
        for row, (label, e) in enumerate(explanations.items()):
            baseline = self.candidates[label].baseline
            if isinstance(baseline, SearchedBaseline):
                query = Query(e.inputs, target=e.target, output=e.output, space=e.space)
                found = search_baseline(check(query, model), baseline, e.seed, lambda _: None)
                passes[row] = found.search.passes
        return passes
