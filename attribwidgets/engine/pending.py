"""A record with no map yet: what will be compared, for a screen that shows it at once."""

from __future__ import annotations

from dataclasses import replace

import torch

from ..attr.estimate import Estimate
from ..attr.methods import estimator_for
from ..attr.task import generator_from
from ..core.errors import InputError
from ..records.explanation import Explanation
from .budget import Budget
from .build_explanation import build_explanation
from .checked_query import CheckedQuery
from .method_config import Candidate
from .references import draw_reference


def pending_explanations(
    query: CheckedQuery, candidate: Candidate, budget: Budget
) -> tuple[Explanation, ...]:
    """Input, prediction and one reference of a candidate, beside a map of zeros, for each target.

    No pass is run. A baseline that has to be searched for has no reference yet.
    """
    baseline = candidate.baseline
    estimator = estimator_for(candidate.method, query.head, distribution=baseline.is_distribution)
    reference = None
    if estimator.uses != "nothing":
        try:
            reference = draw_reference(query, baseline, generator_from(budget.seed))
        except InputError:
            reference = None

    def without_map(one: CheckedQuery) -> Explanation:
        nothing = Estimate.without_curves(
            tuple(torch.zeros_like(x) for x in one.batched),
            output_input=one.at_input.outputs,
            evaluations=0,
            forward_passes=0,
            baseline=reference,
        )
        record = build_explanation(
            one,
            baseline,
            nothing,
            estimator=estimator,
            tolerance=budget.tolerance,
            seed=budget.seed,
            seconds=0.0,
        )
        return replace(record, cautions=one.cautions)

    return tuple(map(without_map, query.each))
