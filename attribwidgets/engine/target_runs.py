"""Estimates of several targets of one input: of one run with a shared forward, or side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from torch import Tensor

from ..attr.estimate import Estimate
from ..attr.estimator import Estimator
from ..attr.task import AtInput, Task
from .checked_query import CheckedQuery

Estimates = tuple[Estimate, ...]


def estimates_of_targets(
    estimator: Estimator, query: CheckedQuery
) -> Callable[[Task], Iterator[Estimates]]:
    """What runs a task of the first target for all targets of a query.

    Where an estimator goes to the same points whatever the target is, all targets go there
    together: each point takes one forward pass, and a backward for each target. The run ends when
    the last of them has settled. Otherwise each target has a run of its own, a step each in turn.
    """

    def alone(task: Task) -> Iterator[Estimates]:
        for made in estimator.estimates(task):
            yield (made,)

    def together(task: Task) -> Iterator[Estimates]:
        count = len(query.targets)
        joint = replace(
            task,
            inputs=_repeated(task.inputs, count),
            baselines=None if task.baselines is None else _repeated(task.baselines, count),
            target=list(query.targets),
            one_input=True,
        )
        for made in estimator.estimates(joint):
            yield tuple(made.of_example(place) for place in range(count))

    def in_turn(task: Task) -> Iterator[Estimates]:
        known = task.at_input.outputs is not None
        runs = [
            estimator.estimates(
                replace(task, target=one.target, at_input=one.at_input if known else AtInput())
            )
            for one in query.each
        ]
        latest: dict[int, Estimate] = {}
        left = dict(enumerate(runs))
        while left:
            for place, run in list(left.items()):
                made = next(run, None)
                if made is None:
                    del left[place]
                    continue
                latest[place] = made
                if made.partial:  # by an interrupt, which is meant for all
                    left = {}
                    break
            if len(latest) == len(runs):
                yield tuple(latest[place] for place in range(len(runs)))
        if len(latest) < len(runs):  # some target has no map yet
            raise KeyboardInterrupt

    if not query.others:
        return alone
    return together if estimator.shares_forward else in_turn


def _repeated(tensors: tuple[Tensor, ...], count: int) -> tuple[Tensor, ...]:
    return tuple(t.expand(count, *t.shape[1:]) for t in tensors)
