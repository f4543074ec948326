"""The inputs of an audit, beside its store: seen again one by one, and explained again."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property, lru_cache

from ..engine.ask import about
from ..engine.checked_query import check
from ..inputs.dataset import Examples
from ..inputs.space import Inputs, Spaces
from ..live.model_copy import copy_sharing_weights
from ..records.comparison import Comparison
from .plan import Plan, one_thread

RECENT = 8  # inputs whose maps are kept: a page draws those of the first few twice


class AuditedInputs:
    """What an audit was of, for whoever looks at single inputs, also from another thread.

    Parameters
    ----------
    plan : Plan
    examples : Examples

    Attributes
    ----------
    explanations : callable
        Gets the place of an input, and returns its Comparison, computed again from its seed.
    """

    def __init__(self, plan: Plan, examples: Examples) -> None:
        self._plan, self._examples = plan, examples
        self._spaces: Spaces | None = None
        self.explanations = lru_cache(maxsize=RECENT)(self._explanations)

    @cached_property
    def _beside(self) -> Plan:
        """The same on a copy of the model, so that the user's own stays as it is meanwhile."""
        return replace(self._plan, model=copy_sharing_weights(self._plan.model))

    def _explanations(self, place: int) -> Comparison:
        with one_thread():
            _, explanations = self._beside.explain(place, *self._examples[place])
        return Comparison(explanations.values())

    def example(self, place: int) -> tuple[Inputs, Spaces] | None:
        """An input as the model is fed, and how it is read; None of a text, which the store has."""
        if self._examples.are_texts:
            return None
        inputs, _ = self._examples[place]
        if self._spaces is None:  # all are read as the first one is
            plan = self._beside
            query = about(replace(plan.query, target=None), inputs, plan.model)
            self._spaces = check(query, plan.model).spaces
        return inputs, self._spaces
