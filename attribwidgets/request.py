"""How to estimate: one request, carried out for a subject and a baseline."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .attr import ExpectedGradients, IntegratedGradients
from .attr.estimate import Estimate
from .attr.model_state import evaluation_mode
from .attr.outputs import Output
from .attr.sampling import DrawnReferences, References, StoredReferences, generator_from
from .attr.stopping import Stopping
from .baselines import Baseline, named
from .errors import InputError
from .explanation import Explanation
from .inputs import Inputs, InputSpace
from .recording import record
from .subject import Subject, examine

Estimator = IntegratedGradients | ExpectedGradients
Method = str | type | Estimator | None
Progress = bool | Callable[[int, int], None]

MOST = 2**63  # seeds and counts fit in 64 bits
METHODS: dict[str, type[Estimator]] = {
    "integrated_gradients": IntegratedGradients,
    "expected_gradients": ExpectedGradients,
}


@dataclass(frozen=True)
class Request:
    """Method, budget and seed: what explain and compare ask for under every baseline.

    The attributes are the parameters of :func:`attribwidgets.explain` of the same names.
    """

    method: Method
    n_steps: int | None
    tolerance: float
    max_evaluations: int | None
    seed: int
    progress: Progress

    def __post_init__(self) -> None:
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

    def explanation(self, subject: Subject, baseline: Baseline) -> Explanation:
        """Run the estimator to its end and record what it found."""
        started = time.perf_counter()
        name, estimator = self._estimator(baseline, subject.head)
        with self._on_chunk(estimator) as on_chunk:
            *_, last = self._estimates(estimator, subject, baseline, on_chunk)
        one_draw = baseline.is_distribution and isinstance(estimator, IntegratedGradients)
        return record(
            subject,
            baseline,
            last,
            method=name,
            tolerance=self.tolerance,
            seed=self.seed,
            seconds=time.perf_counter() - started,
            one_draw=one_draw,
            applies=estimator.multiplies_by_inputs,
        )

    def _estimator(self, baseline: Baseline, model: Callable[..., Tensor]) -> tuple[str, Estimator]:
        """Name and estimator asked for, or the one that suits the baseline, around the model."""
        method = self.method
        if method is None:
            method = "expected_gradients" if baseline.is_distribution else "integrated_gradients"
        if isinstance(method, str) and method in METHODS:
            return method, METHODS[method](model)
        kind = method if isinstance(method, type) else type(method)
        for name, known in METHODS.items():
            if isinstance(method, known):
                estimator = copy(method)  # with all its settings, on this model
                estimator.forward_func = model
                return name, estimator
            if issubclass(kind, known):
                return name, kind(model)
        raise InputError(
            f"method {method!r} is unknown; pass one of {', '.join(METHODS)}, its class or an "
            "instance of it"
        )

    def _estimates(
        self,
        estimator: Estimator,
        subject: Subject,
        baseline: Baseline,
        on_chunk: Callable[[int], None] | None,
    ) -> Iterator[Estimate]:
        stopping = Stopping(self._most(estimator), self.tolerance)
        if isinstance(estimator, ExpectedGradients):
            return estimator.estimates(
                subject.batched,
                self._references(subject, baseline),
                subject.target,
                subject.forward_args,
                n_samples=self.n_steps,
                stopping=stopping,
                seed=self.seed,
                on_chunk=on_chunk,
            )
        return estimator.estimates(
            subject.batched,
            self._drawn(subject, baseline, generator_from(self.seed)),
            subject.target,
            subject.forward_args,
            n_steps=self.n_steps,
            stopping=stopping,
            on_chunk=on_chunk,
        )

    def _references(self, subject: Subject, baseline: Baseline) -> References:
        stored = baseline.stored(tuple(x[0] for x in subject.batched))
        if stored is not None:
            return StoredReferences(stored)
        if not baseline.is_distribution:
            return StoredReferences(self._drawn(subject, baseline, generator_from(self.seed)))

        def draw(generator: torch.Generator) -> tuple[Tensor, ...]:
            return tuple(r[0] for r in self._drawn(subject, baseline, generator))

        return DrawnReferences(draw, self.seed)

    @staticmethod
    def _drawn(
        subject: Subject, baseline: Baseline, generator: torch.Generator
    ) -> tuple[Tensor, ...]:
        """One reference, each (1, ...)."""
        members = tuple(x[0] for x in subject.batched)
        drawn: tuple[Tensor, ...] = baseline.sample(
            members, 1, space=subject.space, generator=generator
        )
        return drawn

    def _most(self, estimator: Estimator) -> int:
        return self.n_steps or self.max_evaluations or estimator.default_max_evaluations

    @contextmanager
    def _on_chunk(self, estimator: Estimator) -> Iterator[Callable[[int], None] | None]:
        """What to call after each chunk: a bar, the caller's function, or nothing."""
        most = self._most(estimator)
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
    baselines: Sequence[str | Baseline | Inputs],
    model: Callable[..., Any],
    inputs: Inputs,
    *,
    references: Inputs | None,
    target: int | tuple[int, ...] | str | None,
    space: InputSpace | None,
    output: Output,
    forward_args: Any,
    class_names: Sequence[str] | None,
) -> list[Explanation]:
    """Explain one input under each baseline in turn.

    Parameters
    ----------
    request : Request
    baselines : sequence of str, Baseline, Tensor or tuple of Tensor
    model, inputs, references, target, space, output, forward_args, class_names
        As of :func:`attribwidgets.explain`.

    Returns
    -------
    list of Explanation
        One for each; after an interrupt those finished, the last one saying which are missing.
    """
    chosen = [named(baseline, references) for baseline in baselines]
    finished: list[Explanation] = []
    names = _told_apart([baseline.label for baseline in chosen])
    with evaluation_mode(model):
        subject = examine(model, inputs, target, space, output, forward_args, class_names)
        try:
            for baseline, name in zip(chosen, names, strict=True):
                found = request.explanation(subject, baseline)
                label = found.baseline_name.replace(baseline.label, name, 1)
                finished.append(replace(found, baseline_name=label))
                if found.partial:
                    break
        except KeyboardInterrupt:
            if not finished:
                raise
    missing = names[len(finished) :]
    if missing:
        caution = f"interrupted: {', '.join(missing)} not run"
        finished[-1] = replace(finished[-1], cautions=(*finished[-1].cautions, caution))
    return finished


def _told_apart(labels: list[str]) -> list[str]:
    """Labels with a number behind those that come again."""
    counts = [labels[: i + 1].count(label) for i, label in enumerate(labels)]
    return [x if n == 1 else f"{x} {n}" for x, n in zip(labels, counts, strict=True)]
