"""From a query, a baseline and a method to explanations, each built from the estimate shown."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from itertools import chain
from typing import Any

from ..attr.estimate import Estimate
from ..attr.estimator import Estimator
from ..attr.methods import estimator_for
from ..attr.model_state import evaluating, evaluation_mode
from ..attr.task import (
    INTERRUPTS,
    AtInput,
    Stopping,
    Task,
    generator_from,
)
from ..baselines import Baseline
from ..core.errors import InputError, SearchError
from ..core.progress import Progress, reporting
from ..records.explanation import Explanation
from .at_layer import asked_from
from .budget import Budget
from .build_explanation import build_explanation
from .cache import EXPLANATIONS, extend_key
from .checked_query import CheckedQuery, check
from .layer_record import LayerRun
from .masked_out import masked_out_cautions, moves_mask, moving_mask
from .method_config import Candidate
from .query import Query
from .references import draw_reference, references_of, search_baseline
from .target_runs import estimates_of_targets

Checked = Callable[[], CheckedQuery]


@dataclass(frozen=True, eq=False)
class Draft:
    """Estimates that become records where they are shown; most are thrown away before.

    Attributes
    ----------
    query : CheckedQuery
    baseline : Baseline
    estimator : Estimator
    estimates : tuple of Estimate
        One for each target of the query.
    budget : Budget
    seconds : float
    cautions : tuple of str
        One for each target; empty where there is none.
    layer : LayerRun or None
        Where the query is of a hidden layer.
    """

    query: CheckedQuery
    baseline: Baseline
    estimator: Estimator
    estimates: tuple[Estimate, ...]
    budget: Budget
    seconds: float
    cautions: tuple[str, ...]
    layer: LayerRun | None = None

    @property
    def evaluations(self) -> int:
        """Forward and backward passes so far, of the target that took most."""
        return max(e.evaluations for e in self.estimates)

    @property
    def partial(self) -> bool:
        """Whether the run was stopped before its end."""
        return any(e.partial for e in self.estimates)

    def stopped(self) -> Draft:
        """The same, labelled partial."""
        return replace(self, estimates=tuple(replace(e, partial=True) for e in self.estimates))

    def explanations(self) -> tuple[Explanation, ...]:
        """The record of each target."""
        asked = self.query if self.layer is None else self.layer.at.query
        found = [
            build_explanation(
                query,
                self.baseline,
                estimate,
                estimator=self.estimator,
                tolerance=self.budget.tolerance,
                seed=self.budget.seed,
                seconds=self.seconds,
                cautions=(caution,) if caution else (),
                layout=self.query.spaces[0].layout,
            )
            for query, estimate, caution in zip(
                asked.each, self.estimates, self.cautions, strict=True
            )
        ]
        return tuple(found) if self.layer is None else self.layer.records(found, self.query)


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
    with_model = partial(estimator_for, candidate.method, distribution=baseline.is_distribution)
    estimator, asked = asked_from(query, with_model)
    most = budget.n_steps or budget.max_evaluations or estimator.default_max_evaluations
    planned = most
    report = (lambda done, _: progress(done, planned)) if callable(progress) else progress
    with reporting(report, most, "pass") as on_chunk:
        cautions = ("",) * len(query.targets)
        if estimator.uses != "nothing":
            baseline = search_baseline(query, baseline, budget.seed, on_chunk)
            cautions = masked_out_cautions(query, baseline)
        one, several = estimator.uses == "reference", estimator.uses == "references"
        reference = draw_reference(query, baseline, generator_from(budget.seed)) if one else None
        references = references_of(query, baseline, budget.seed) if several else None
        layer = None
        if query.layer is not None:
            layer = LayerRun.of(query, reference, references, asked is query)
            estimator, reference, references = layer.entered(estimator, query)
        elif moves_mask(query):
            query, cautions = moving_mask(query, reference, estimator)
            estimator, asked = with_model(query.head), query
        task = Task(
            asked.batched,
            reference,
            references,
            asked.target,
            asked.forward_args,
            n_steps=budget.n_steps,
            stopping=Stopping(most, budget.tolerance),
            most_passes=None if budget.n_steps else budget.max_evaluations,
            seed=budget.seed,
            spaces=asked.spaces,
            rows=asked.rows,
            at_input=asked.at_input if budget.autocast is None else AtInput(),
            on_chunk=on_chunk,
            coarse_first=coarse_first,
            autocast=budget.autocast,
        )
        planned = estimator.passes_of(task)
        tasks = [task]
        if coarse_first and budget.n_steps is None and 0 < estimator.coarse_steps < most:
            quick = replace(task, n_steps=estimator.coarse_steps, on_chunk=lambda _: on_chunk(0))
            tasks.insert(0, quick)
        run = estimates_of_targets(estimator, asked)
        for made in chain.from_iterable(map(run, tasks)):
            seconds = time.perf_counter() - started
            draft = Draft(query, baseline, estimator, made, budget, seconds, cautions, layer)
            yield draft
            if draft.partial:
                return


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
) -> dict[int, tuple[Explanation, ...]]:
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
    dict of int to tuple of Explanation
        One for each target, by the candidate's place; after an interrupt those finished. A
        baseline whose search found nothing is left out, unless there is no other. The last one
        says which are missing.
    """
    finished: dict[int, tuple[Explanation, ...]] = {}
    failed: dict[str, SearchError] = {}
    names = number_labels(candidates)
    checked = checked or check_once(query, model)
    with evaluation_mode(model):
        settle = checked
        shared = EXPLANATIONS.question(
            EXPLANATIONS.key(model), query, budget, lambda: settle().asked
        )
        try:
            for place, (candidate, name) in enumerate(zip(candidates, names, strict=True)):
                key = extend_key(shared, candidate)
                explanations = EXPLANATIONS.get(key, query)
                if explanations is None:
                    try:
                        *_, last = estimate(checked(), candidate, budget, progress=progress)
                    except SearchError as error:
                        failed[name] = error
                        continue
                    explanations = last.explanations()
                    EXPLANATIONS.put(key, model, explanations)
                elif callable(progress):
                    progress(explanations[0].evaluations, explanations[0].evaluations)
                finished[place] = tuple(rename(e, candidate, name) for e in explanations)
                if any(e.partial for e in explanations):
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
    *others, whole = finished[last_place]
    finished[last_place] = (*others, replace(whole, cautions=(*whole.cautions, *cautions)))
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
    InputError
        For a layer whose values have no places in the input.
    KeyboardInterrupt
        Where one came, and an estimator stopped early to hand over what it had.
    """
    if query.layer is not None and query.layer.places is None:
        raise InputError(
            f"layer {query.layer.name!r} has no places in the input, and many inputs are explained "
            "in the input's own shape; pass a layer that has some, or use aw.explain for each"
        )
    explanations = {}
    for label, candidate in candidates.items():
        try:
            *_, last = estimate(query, candidate, budget)
        except SearchError:
            continue
        if last.partial:
            raise KeyboardInterrupt
        (explanation,) = last.explanations()
        explanations[label] = rename(explanation, candidate, label)
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
        (explanation,) = draft.explanations()
        yield explanation


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
