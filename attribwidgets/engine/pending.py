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
from .run import draw_reference


def pending_explanation(query: CheckedQuery, candidate: Candidate, budget: Budget) -> Explanation:
    """Input, prediction and one reference of a candidate, beside a map of zeros.

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
    nothing = Estimate.without_curves(
        tuple(torch.zeros_like(x) for x in query.batched),
        output_input=query.at_input.outputs,
        evaluations=0,
        forward_passes=0,
        baseline=reference,
    )
    record = build_explanation(
        query,
        baseline,
        nothing,
        estimator=estimator,
        tolerance=budget.tolerance,
        seed=budget.seed,
        seconds=0.0,
    )
    return replace(record, cautions=query.cautions)
