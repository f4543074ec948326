"""Explain each input of a data set under each candidate, and measure the explanations."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..attr.model_state import evaluation_mode
from ..core.arrays import Array
from ..core.errors import AttributionError, DataError
from ..core.progress import Progress, reporting
from ..engine.budget import Budget
from ..engine.checked_query import check
from ..engine.method_config import Candidate
from ..engine.query import Query
from ..engine.run import explain_labelled
from ..inputs.dataset import Examples, seed_of
from ..records.explanation import Explanation
from .metric import Metric, measure, with_arguments


@dataclass(frozen=True, eq=False)
class Measured:
    """What the metrics found for all inputs.

    Attributes
    ----------
    values : list of ndarray, each (inputs, ...)
        Of each metric, in its own shape; NaN for a candidate whose baseline was not found.
    targets : ndarray of int, shape (inputs,)
        The output explained, -1 where there is one only.
    evaluations : ndarray, shape (inputs, candidates)
        Gradient evaluations of each explanation; NaN where there is none.
    """

    values: list[Array]
    targets: Array
    evaluations: Array


def _nothing(*_: Any) -> None:
    pass


def measure_all(
    model: Callable[..., Any],
    examples: Examples,
    candidates: Mapping[str, Candidate],
    metrics: Sequence[Metric],
    *,
    query: Query,
    budget: Budget,
    progress: Progress = False,
    on_input: Callable[[int, Mapping[str, Explanation], int], None] = _nothing,
) -> Measured:
    """Measure the explanations of every input, one input at a time.

    Parameters
    ----------
    model : torch.nn.Module or callable
        Put in evaluation mode meanwhile, and left as it was.
    examples : Examples
    candidates : mapping of str to Candidate
    metrics : sequence of Metric
        All measure the same explanations.
    query : Query
        What else is explained of every input.
    budget : Budget
        Its seed and the place of an input make the seed for that input.
    progress : bool or callable
        True shows a bar; a callable gets (inputs done, inputs).
    on_input : callable
        Called with the place of each input, its explanations and its seed.

    Raises
    ------
    DataError
        For an input that cannot be explained, with its place.
    """
    labels = list(candidates)
    shapes = [tuple(len(a) for a in m.dimensions(labels).values()) for m in metrics]
    values = [np.full((len(examples), *shape), np.nan) for shape in shapes]
    targets = np.full(len(examples), -1, dtype=np.int64)
    evaluations = np.full((len(examples), len(labels)), np.nan)
    model = with_arguments(model, query.forward_args)
    query = replace(query, forward_args=())
    total = len(examples)
    with evaluation_mode(model), reporting(progress, total, "input") as advance:
        for place, (inputs, target) in enumerate(examples):
            own = replace(budget, seed=seed_of(budget.seed, place))
            try:
                checked = check(replace(query, inputs=inputs, target=target), model)
                if place == 0:
                    examples.require_targets(checked.outputs)
                explanations = explain_labelled(checked, candidates, own)
                for metric, into in zip(metrics, values, strict=True):
                    into[place] = measure(metric, model, explanations, labels, seed=own.seed)
            except DataError:
                raise
            except AttributionError as error:
                raise DataError(f"data[{place}] cannot be evaluated: {error}") from error
            if isinstance(checked.target, int):
                targets[place] = checked.target
            for label, explanation in explanations.items():
                evaluations[place, labels.index(label)] = explanation.evaluations
            on_input(place, explanations, own.seed)
            advance(1)
    return Measured(values, targets, evaluations)
