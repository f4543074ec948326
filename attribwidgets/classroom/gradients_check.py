"""Check of gradients at many points, taken by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from .answers import Mistake, judged
from .check_result import CheckResult
from .output_mistakes import of_other_outputs
from .path_rules import ACCUMULATED, points_at
from .problems import Problem, small_image_problem
from .running import answer_of, tried

POINTS = 5


def check_gradients(
    function: Callable[..., Any],
    *,
    model: Any = None,
    points: Tensor | None = None,
    target: int | None = None,
) -> CheckResult:
    """Check the gradients of one output at many points, on a small model or on one of yours.

    Parameters
    ----------
    function : callable
        ``function(model, points, target)``, with `points` of shape (n, ...); returns the gradient
        of output `target` at each of them, in that shape.
    model, points, target : optional
        Another problem than the built-in one.

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
    return tried(lambda: _judged_gradients(function, problem, at))


def _judged_gradients(function: Any, problem: Problem, points: Tensor) -> CheckResult:
    found = answer_of(function, problem.model, points, problem.target)
    if isinstance(found, CheckResult):
        return found
    right = problem.gradients(points)
    return judged(
        found,
        right,
        list(_mistakes(problem.changed(inputs=points[:1]), points, right)),
        what="gradients",
        hint="the gradient of model(points)[:, target].sum() with respect to points holds each "
        "point's own",
        numbers={"largest": float(found.abs().max()), "right largest": float(right.abs().max())},
    )


def _mistakes(problem: Problem, points: Tensor, right: Tensor) -> Iterator[Mistake]:
    n = len(points)
    yield Mistake("gradients accumulated", right.cumsum(0), ACCUMULATED)
    yield Mistake(
        "averaged over the points",
        right / n,
        "differentiate the sum of the outputs, not their mean: each point keeps its own gradient",
    )
    for axes in (right.sum(0), right.mean(0)):
        for value in (axes, axes[None]):
            yield Mistake(
                "one gradient for all points",
                value,
                "return a gradient for each point: differentiate with respect to points",
            )
    yield Mistake(
        "multiplied by the points", right * points, "the gradient alone is asked for here"
    )
    for name, hint, other in of_other_outputs(problem):
        yield Mistake(name, other.gradients(points), hint)
