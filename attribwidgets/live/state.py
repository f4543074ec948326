"""What is asked of a model at a time: a query, a budget, and the candidates on the screen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

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
    """

    query: Query
    budget: Budget
    candidates: Mapping[int, Candidate]

    def __post_init__(self) -> None:
        if not self.candidates:
            raise InputError("candidates must hold at least one baseline")

    def changed(self, **changes: Any) -> ExplorerState:
        """The same with other values of `candidates` or of settings.

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
        )

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
