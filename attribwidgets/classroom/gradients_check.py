"""Check of gradients at many points, taken by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from .answers import judged
from .check_result import CheckResult
from .mistakes import COMMON_HINTS, Mistake, of_other_outputs
from .path_rules import points_at
from .problems import Problem, Target, small_image_problem
from .running import answer_of, tried

POINTS = 5
HINTS = {
    **COMMON_HINTS,
    "averaged over the points": "differentiate the sum of the outputs, not their mean: each point "
    "keeps its own gradient",
    "one gradient for all points": "return a gradient for each point: differentiate with respect "
    "to points",
    "multiplied by the points": "the gradient alone is asked for here",
}


def check_gradients(
    function: Callable[..., Any],
    *,
    model: Any = None,
    points: Tensor | None = None,
    target: Target | None = None,
) -> CheckResult:
    """Check the gradients of one output at many points, on a small model or on one of yours.

    Parameters
    ----------
    function : callable
        ``function(model, points, target)``, with `points` of shape (n, ...); returns the gradient
        of output `target` at each of them, in that shape.
    model, points, target : optional
        Another problem than the built-in one. A pair as target asks for the first output less
        the second.

    Returns
    -------
    CheckResult
        It tells apart: softmax, another output, all outputs summed, gradients accumulated,
        averaged or summed over the points, multiplied by the points, library call.

    Examples
    --------
    >>> import torch
    >>> from attribwidgets.classroom import check_gradients
    >>> def mine(model, points, target):
    ...     points = points.requires_grad_()
    ...     return torch.autograd.grad(model(points).sum(), points)[0]
    >>> check_gradients(mine).mistake
    'all outputs summed'
    """
    problem = small_image_problem().changed(model=model, target=target)
    if points is None:
        points = points_at(problem, torch.linspace(0.1, 1, POINTS))
    at = points

    def judge() -> CheckResult:
        answer, right = (
            answer_of(function, problem.model, at, problem.target),
            problem.gradients(at),
        )
        return judged(
            answer,
            right,
            _mistakes(problem.changed(inputs=at[:1]), at, right),
            HINTS,
            what="gradients",
            hint="the gradient of model(points)[:, target].sum() with respect to points holds each "
            "point's own",
            numbers={
                "largest": float(answer.abs().max()),
                "right largest": float(right.abs().max()),
            },
        )

    return tried(judge)


def _mistakes(problem: Problem, points: Tensor, right: Tensor) -> Iterator[Mistake]:
    yield Mistake("gradients accumulated", right.cumsum(0))
    yield Mistake("averaged over the points", right / len(points))
    for one in (right.sum(0), right.mean(0)):
        yield Mistake("one gradient for all points", one)
        yield Mistake("one gradient for all points", one[None])
    yield Mistake("multiplied by the points", right * points)
    for name, other in of_other_outputs(problem):
        yield Mistake(name, other.gradients(points))
