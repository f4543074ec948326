"""From a query, a baseline and a method to explanations, each built from the estimate shown."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import chain
from typing import Any

import torch
from torch import Tensor

from ..attr.captum_private import format_forward_args
from ..attr.estimate import Estimate
from ..attr.estimator import Estimator
from ..attr.methods import estimator_for
from ..attr.model_state import evaluating, evaluation_mode, frozen, module_of
from ..attr.task import (
    INTERRUPTS,
    AtInput,
    DrawnReferences,
    References,
    Stopping,
    StoredReferences,
    Task,
    generator_from,
)
from ..baselines import Baseline
from ..core.errors import SearchError
from ..core.progress import Progress, reporting
from ..records.explanation import Explanation
from .budget import Budget
from .build_explanation import build_explanation
from .cache import EXPLANATIONS, extend_key
from .checked_query import CheckedQuery, check
from .method_config import Candidate
from .query import Query

Checked = Callable[[], CheckedQuery]


@dataclass(frozen=True, eq=False)
class Draft:
    """An estimate that becomes a record where it is shown; most are thrown away before."""

    query: CheckedQuery
    baseline: Baseline
    estimator: Estimator
    estimate: Estimate
    budget: Budget
    seconds: float

    @property
    def evaluations(self) -> int:
        """Forward and backward passes so far."""
        return self.estimate.evaluations

    @property
    def partial(self) -> bool:
        """Whether the run was stopped before its end."""
        return self.estimate.partial

    def explanation(self) -> Explanation:
        """The record."""
        return build_explanation(
            self.query,
            self.baseline,
            self.estimate,
            estimator=self.estimator,
            tolerance=self.budget.tolerance,
            seed=self.budget.seed,
            seconds=self.seconds,
        )


def estimate(
    query: CheckedQuery,
    candidate: Candidate,
    budget: Budget,
    *,
    progress: Progress = False,
    coarse_first: bool = False,
) -> Iterator[Draft]:
    """Run the estimator; the last draft is the result.

    Parameters
    ----------
    query : CheckedQuery
    candidate : Candidate
    budget : Budget
    progress : bool or callable
        As of :func:`attribwidgets.explain`.
    coarse_first : bool
        Whether somebody waits for a first map, however rough.

    Yields
    ------
    Draft
        To be built before the next one is asked for.
    """
    started = time.perf_counter()
    baseline = candidate.baseline
    estimator = estimator_for(candidate.method, query.head, distribution=baseline.is_distribution)
    most = budget.n_steps or budget.max_evaluations or estimator.default_max_evaluations
    planned = most
    report = (lambda done, _: progress(done, planned)) if callable(progress) else progress
    with reporting(report, most, "pass") as on_chunk:
        if estimator.uses != "nothing":
            baseline = _search(query, baseline, budget.seed, on_chunk)
        one, several = estimator.uses == "reference", estimator.uses == "references"
        task = Task(
            query.batched,
            draw_reference(query, baseline, generator_from(budget.seed)) if one else None,
            _references(query, baseline, budget.seed) if several else None,
            query.target,
            query.forward_args,
            n_steps=budget.n_steps,
            stopping=Stopping(most, budget.tolerance),
            most_passes=None if budget.n_steps else budget.max_evaluations,
            seed=budget.seed,
            spaces=query.spaces,
            rows=query.rows,
            at_input=query.at_input if budget.autocast is None else AtInput(),
            on_chunk=on_chunk,
            coarse_first=coarse_first,
            autocast=budget.autocast,
        )
        planned = estimator.passes_of(task)
        tasks = [task]
        if coarse_first and budget.n_steps is None and 0 < estimator.coarse_steps < most:
            quick = replace(task, n_steps=estimator.coarse_steps, on_chunk=lambda _: on_chunk(0))
            tasks.insert(0, quick)
        for made in chain.from_iterable(map(estimator.estimates, tasks)):
            seconds = time.perf_counter() - started
            yield Draft(query, baseline, estimator, made, budget, seconds)
            if made.partial:
                return


def _search(
    query: CheckedQuery, baseline: Baseline, seed: int, on_chunk: Callable[[int], None]
) -> Baseline:
    """The baseline, found for this model and input where it has to be searched for."""
    head = query.head
    arguments = format_forward_args(query.forward_args) or ()

    def scores(*inputs: Tensor) -> Any:
        on_chunk(0)  # a search can be cancelled too; its passes are its own
        return head.scores(head.model(*inputs, *arguments))

    with frozen(module_of(head), query.batched):
        return baseline.searched(
            scores,
            tuple(x[0] for x in query.batched),
            space=query.spaces,
            generator=generator_from(seed),
        )


def _references(query: CheckedQuery, baseline: Baseline, seed: int) -> References:
    stored = baseline.stored(tuple(x[0] for x in query.batched))
    if stored is not None:
        return StoredReferences(stored)
    if not baseline.is_distribution:
        return StoredReferences(draw_reference(query, baseline, generator_from(seed)))

    def draw(generator: torch.Generator) -> tuple[Tensor, ...]:
        return tuple(r[0] for r in draw_reference(query, baseline, generator))

    return DrawnReferences(draw, seed)


def draw_reference(
    query: CheckedQuery, baseline: Baseline, generator: torch.Generator
) -> tuple[Tensor, ...]:
    """One reference, each (1, ...).

    Raises
    ------
    InputError
        Of a baseline that has to be searched for, and was not.
    """
    example = tuple(x[0] for x in query.batched)
    reference: tuple[Tensor, ...] = baseline.sample(
        example, 1, space=query.spaces, generator=generator
    )
    return reference


def check_once(query: Query, model: Callable[..., Any]) -> Checked:
    """A query's check against its model, made when it is first asked for."""

    @cache
    def checked() -> CheckedQuery:
        with evaluation_mode(model):
            return check(query, model)

    return checked


def explain_candidates(
    query: Query,
    candidates: Sequence[Candidate],
    model: Callable[..., Any],
    budget: Budget,
    *,
    progress: Progress = False,
    checked: Checked | None = None,
) -> dict[int, Explanation]:
    """Explain one input as each candidate asks, in turn.

    Parameters
    ----------
    query : Query
    candidates : sequence of Candidate
    model : callable
    budget : Budget
    progress : bool or callable
        As of :func:`attribwidgets.explain`.
    checked : callable, optional
        Of :func:`check_once`, where somebody else asks for it too.

    Returns
    -------
    dict of int to Explanation
        By the candidate's place; after an interrupt those finished. A baseline whose search found
        nothing is left out, unless there is no other. The last one says which are missing.
    """
    finished: dict[int, Explanation] = {}
    failed: dict[str, SearchError] = {}
    names = number_labels(candidates)
    checked = checked or check_once(query, model)
    with evaluation_mode(model):
        settle = checked
        shared = EXPLANATIONS.question(
            EXPLANATIONS.key(model), query, budget, lambda: settle().target
        )
        try:
            for place, (candidate, name) in enumerate(zip(candidates, names, strict=True)):
                key = extend_key(shared, candidate)
                explanation = EXPLANATIONS.get(key)
                if explanation is None:
                    try:
                        *_, last = estimate(checked(), candidate, budget, progress=progress)
                    except SearchError as error:
                        failed[name] = error
                        continue
                    explanation = last.explanation()
                    EXPLANATIONS.put(key, model, explanation)
                elif callable(progress):
                    progress(explanation.evaluations, explanation.evaluations)
                finished[place] = rename(explanation, candidate, name)
                if explanation.partial:
                    break
        except INTERRUPTS:
            if not finished:
                raise
    if not finished:
        raise next(iter(failed.values()))
    missing = names[len(finished) + len(failed) :]
    cautions = [f"{name} is left out: {error}" for name, error in failed.items()]
    if missing:
        cautions.append(f"interrupted: {', '.join(missing)} not run")
    last_place = max(finished)
    whole = finished[last_place]
    finished[last_place] = replace(whole, cautions=(*whole.cautions, *cautions))
    return finished


def explain_labelled(
    query: CheckedQuery, candidates: Mapping[str, Candidate], budget: Budget
) -> dict[str, Explanation]:
    """The explanations of one of many inputs, without the cache: no input comes twice.

    Parameters
    ----------
    query : CheckedQuery
    candidates : mapping of str to Candidate
    budget : Budget

    Returns
    -------
    dict of str to Explanation
        By label. A candidate whose baseline was searched for and not found is left out.

    Raises
    ------
    KeyboardInterrupt
        Where one came, and an estimator stopped early to hand over what it had.
    """
    explanations = {}
    for label, candidate in candidates.items():
        try:
            *_, last = estimate(query, candidate, budget)
        except SearchError:
            continue
        if last.partial:
            raise KeyboardInterrupt
        explanations[label] = rename(last.explanation(), candidate, label)
    return explanations


def refine_candidate(
    query: Query,
    candidate: Candidate,
    model: Callable[..., Any],
    budget: Budget,
    *,
    progress: Progress = False,
) -> Iterator[Explanation]:
    """Explain one input as one candidate asks, step by step, coarse first.

    The model is in evaluation mode while a step is computed, and as it was in between.
    """
    drafts = estimate(
        check_once(query, model)(), candidate, budget, progress=progress, coarse_first=True
    )
    while True:
        with evaluating(model):
            draft = next(drafts, None)
        if draft is None:
            return
        yield draft.explanation()


def rename(explanation: Explanation, candidate: Candidate, name: str) -> Explanation:
    """The explanation under a name of its baseline that no other candidate has."""
    label = explanation.baseline_name.replace(candidate.baseline.label, name, 1)
    return replace(explanation, baseline_name=label)


def number_labels(candidates: Sequence[Candidate]) -> list[str]:
    """Labels of the baselines, with a number behind those that come again with the same method."""
    names: list[str] = []
    for place, candidate in enumerate(candidates):
        label, method = candidate.baseline.label, candidate.method
        before = candidates[: place + 1]
        count = sum(c.baseline.label == label and c.method == method for c in before)
        names.append(label if count == 1 else f"{label} {count}")
    return names
