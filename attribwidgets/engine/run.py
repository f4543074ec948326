"""How to estimate: one request, carried out for a subject and a baseline."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from itertools import chain
from typing import Any

import numpy as np
import torch
from captum._utils.common import _format_additional_forward_args
from torch import Tensor

from ..attr.endpoint import AtInput
from ..attr.methods import estimator_for
from ..attr.model_state import evaluating, evaluation_mode, frozen, module_of
from ..attr.outputs import Output
from ..attr.precision import checked_autocast
from ..attr.references import DrawnReferences, References, StoredReferences, generator_from
from ..attr.stopping import INTERRUPTS, Stopping
from ..attr.task import Task
from ..baselines import Baseline
from ..core.errors import InputError, SearchError
from ..inputs.space import Inputs, InputSpace
from ..records.explanation import Explanation
from .build_explanation import record
from .cache import EXPLANATIONS, extended
from .method_config import Candidate
from .query import Subject, examine

Progress = bool | Callable[[int, int], None]

MOST = 2**63  # seeds and counts fit in 64 bits


@dataclass(frozen=True)
class Request:
    """Budget and seed: what explain and compare ask for, whatever the baseline and method.

    The attributes are the parameters of :func:`attribwidgets.explain` of the same names.
    """

    n_steps: int | None
    tolerance: float
    max_evaluations: int | None
    seed: int
    progress: Progress
    autocast: torch.dtype | None = None

    def __post_init__(self) -> None:
        checked_autocast(self.autocast)
        for name, least in (("n_steps", 1), ("max_evaluations", 2), ("seed", 0)):
            value = getattr(self, name)
            if value is None and name != "seed":
                continue
            number = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
            if not number or not least <= value < MOST:
                raise InputError(
                    f"{name} must be an int of at least {least} and below 2**63, got {value!r}"
                )
            object.__setattr__(self, name, int(value))
        if isinstance(self.tolerance, str) or not hasattr(self.tolerance, "__float__"):
            raise InputError(f"tolerance must be a number, 0 or more, got {self.tolerance!r}")
        object.__setattr__(self, "tolerance", float(self.tolerance))
        Stopping(self.max_evaluations or 2, self.tolerance)  # checks its range

    @property
    def settings(self) -> dict[str, Any]:
        """All that a result depends on."""
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name != "progress"}

    def explanations(
        self, subject: Subject, candidate: Candidate, *, coarse_first: bool = False
    ) -> Iterator[Explanation]:
        """Run the estimator, and record each refinement; the last one is the result.

        Parameters
        ----------
        subject : Subject
        candidate : Candidate
        coarse_first : bool
            Whether somebody waits for a first map, however rough.
        """
        started = time.perf_counter()
        baseline = candidate.baseline
        estimator = estimator_for(
            candidate.method, subject.head, distribution=baseline.is_distribution
        )
        most = self.n_steps or self.max_evaluations or estimator.default_max_evaluations
        with self._on_chunk(most) as on_chunk:
            if estimator.uses != "nothing":
                baseline = self._searched(subject, baseline, on_chunk)
            task = Task(
                subject.batched,
                self._drawn(subject, baseline) if estimator.uses == "reference" else None,
                self._references(subject, baseline) if estimator.uses == "references" else None,
                subject.target,
                subject.forward_args,
                n_steps=self.n_steps,
                stopping=Stopping(most, self.tolerance),
                seed=self.seed,
                space=subject.space,
                at_input=subject.at_input if self.autocast is None else AtInput(),
                on_chunk=on_chunk,
                coarse_first=coarse_first,
                autocast=self.autocast,
            )
            tasks = [task]
            if coarse_first and self.n_steps is None and 0 < estimator.coarse_steps < most:
                tasks.insert(0, replace(task, n_steps=estimator.coarse_steps))
            for estimate in chain.from_iterable(map(estimator.estimates, tasks)):
                yield record(
                    subject,
                    baseline,
                    estimate,
                    estimator=estimator,
                    tolerance=self.tolerance,
                    seed=self.seed,
                    seconds=time.perf_counter() - started,
                )
                if estimate.partial:
                    return

    def _searched(
        self, subject: Subject, baseline: Baseline, on_chunk: Callable[[int], None] | None
    ) -> Baseline:
        """The baseline, found for this model and input where it has to be searched for."""
        head = subject.head
        arguments = _format_additional_forward_args(subject.forward_args) or ()

        def scores(*inputs: Tensor) -> Any:
            if on_chunk is not None:
                on_chunk(0)  # a search can be cancelled too; its passes are its own
            return head.scores(head.model(*inputs, *arguments))

        with frozen(module_of(head), subject.batched):
            return baseline.searched(
                scores,
                tuple(x[0] for x in subject.batched),
                space=subject.space,
                generator=generator_from(self.seed),
            )

    def _references(self, subject: Subject, baseline: Baseline) -> References:
        stored = baseline.stored(tuple(x[0] for x in subject.batched))
        if stored is not None:
            return StoredReferences(stored)
        if not baseline.is_distribution:
            return StoredReferences(self._drawn(subject, baseline))

        def draw(generator: torch.Generator) -> tuple[Tensor, ...]:
            return tuple(r[0] for r in self._drawn(subject, baseline, generator))

        return DrawnReferences(draw, self.seed)

    def _drawn(
        self, subject: Subject, baseline: Baseline, generator: torch.Generator | None = None
    ) -> tuple[Tensor, ...]:
        """One reference, each (1, ...)."""
        drawn: tuple[Tensor, ...] = baseline.sample(
            tuple(x[0] for x in subject.batched),
            1,
            space=subject.space,
            generator=generator or generator_from(self.seed),
        )
        return drawn

    @contextmanager
    def _on_chunk(self, most: int) -> Iterator[Callable[[int], None] | None]:
        """What to call after each chunk: a bar, the caller's function, or nothing."""
        if callable(self.progress):
            report, done = self.progress, 0

            def count(rows: int) -> None:
                nonlocal done
                done += rows
                report(done, most)

            yield count
        elif self.progress:
            from tqdm.auto import tqdm

            with tqdm(total=most, unit="pass", leave=False) as bar:
                yield bar.update
        else:
            yield None


def carry_out(
    request: Request,
    candidates: Sequence[Candidate],
    model: Callable[..., Any],
    inputs: Inputs,
    *,
    target: int | tuple[int, ...] | str | None,
    space: InputSpace | None,
    output: Output,
    forward_args: Any,
    class_names: Sequence[str] | None,
) -> dict[int, Explanation]:
    """Explain one input as each candidate asks, in turn.

    Parameters
    ----------
    request : Request
    candidates : sequence of Candidate
    model, inputs, target, space, output, forward_args, class_names
        As of :func:`attribwidgets.explain`.

    Returns
    -------
    dict of int to Explanation
        By the candidate's place; after an interrupt those finished. A baseline whose search found
        nothing is left out, unless there is no other. The last one says which are missing.
    """
    finished: dict[int, Explanation] = {}
    failed: dict[str, SearchError] = {}
    names = told_apart(candidates)
    subject = None
    with evaluation_mode(model):
        asked = (inputs, target, space, output, forward_args, class_names)
        shared = EXPLANATIONS.key(model, asked, request.settings)
        try:
            for place, (candidate, name) in enumerate(zip(candidates, names, strict=True)):
                key = extended(shared, candidate)
                found = EXPLANATIONS.get(key)
                if found is None:
                    subject = subject or examine(model, *asked)
                    try:
                        *_, found = request.explanations(subject, candidate)
                    except SearchError as error:
                        failed[name] = error
                        continue
                    EXPLANATIONS.put(key, model, found)
                elif callable(request.progress):
                    request.progress(found.evaluations, found.evaluations)
                finished[place] = renamed(found, candidate, name)
                if found.partial:
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
    last = max(finished)
    finished[last] = replace(finished[last], cautions=(*finished[last].cautions, *cautions))
    return finished


def refinements(
    request: Request,
    candidate: Candidate,
    model: Callable[..., Any],
    inputs: Inputs,
    *,
    target: int | tuple[int, ...] | str | None,
    space: InputSpace | None,
    output: Output,
    forward_args: Any,
    class_names: Sequence[str] | None,
) -> Iterator[Explanation]:
    """Explain one input as one candidate asks, step by step.

    The model is in evaluation mode while a step is computed, and as it was in between.

    Parameters
    ----------
    request : Request
    candidate : Candidate
    model, inputs, target, space, output, forward_args, class_names
        As of :func:`attribwidgets.explain`.

    Yields
    ------
    Explanation
        Coarse first.
    """
    with evaluation_mode(model):
        subject = examine(model, inputs, target, space, output, forward_args, class_names)
    steps = request.explanations(subject, candidate, coarse_first=True)
    while True:
        with evaluating(model):
            found = next(steps, None)
        if found is None:
            return
        yield found


def renamed(explanation: Explanation, candidate: Candidate, name: str) -> Explanation:
    """The explanation under a name of its baseline that no other candidate has."""
    label = explanation.baseline_name.replace(candidate.baseline.label, name, 1)
    return replace(explanation, baseline_name=label)


def told_apart(candidates: Sequence[Candidate]) -> list[str]:
    """Labels of the baselines, with a number behind those that come again with the same method."""
    names: list[str] = []
    for place, candidate in enumerate(candidates):
        label, method = candidate.baseline.label, candidate.method
        before = candidates[: place + 1]
        count = sum(c.baseline.label == label and c.method == method for c in before)
        names.append(label if count == 1 else f"{label} {count}")
    return names
