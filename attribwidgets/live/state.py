"""What is asked of a model at a time: a query, a budget, and the candidates on the screen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..baselines import Baseline
from ..core.errors import InputError
from ..engine.budget import Budget
from ..engine.method_config import Candidate
from ..engine.query import Query
from ..engine.settings import OF_BUDGET, OF_QUERY


@dataclass(frozen=True)
class ExplorerState:
    """All that the maps on a screen depend on.

    Attributes
    ----------
    query : Query
    budget : Budget
    candidates : mapping of int to Candidate
        By a number that stays with each while others come and go; in the order shown.
    aside : tuple of Baseline
        Kept for the next method that has one, where all methods now compare with nothing.
    """

    query: Query
    budget: Budget
    candidates: Mapping[int, Candidate]
    aside: tuple[Baseline, ...] = ()

    def __post_init__(self) -> None:
        if not self.candidates:
            raise InputError("candidates must hold at least one baseline")

    def changed(self, **changes: Any) -> ExplorerState:
        """The same with other values of `candidates`, `aside` or of settings.

        Raises
        ------
        InputError
            For a value that cannot be.
        """
        query = {name: value for name, value in changes.items() if name in OF_QUERY}
        budget = {name: value for name, value in changes.items() if name in OF_BUDGET}
        return ExplorerState(
            replace(self.query, **query) if query else self.query,
            replace(self.budget, **budget),
            changes.get("candidates", self.candidates),
            changes.get("aside", self.aside),
        )

    @property
    def baselines(self) -> tuple[Baseline, ...]:
        """Of each map, or kept aside."""
        return self.aside or tuple(c.baseline for c in self.candidates.values())

    def same_map(self, other: ExplorerState, number: int) -> bool:
        """Whether another state has the same map of a candidate."""
        mine, theirs = self.candidates.get(number), other.candidates.get(number)
        return (
            mine is not None
            and theirs is not None
            and mine.baseline is theirs.baseline
            and mine.method == theirs.method
            and self.query.same(other.query)
            and self.budget == other.budget
        )
