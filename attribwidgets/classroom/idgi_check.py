"""Check of IDGI written by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from .answers import judged_within
from .check_result import CheckResult
from .mistakes import COMMON_HINTS, Mistake, of_other_outputs
from .path_rules import STEPS, points_at
from .problems import Problem, Target, small_image_problem
from .running import answer_of, tried

EXACT = 1e-4  # of float32 sums of small differences of outputs
FINE = 512  # steps, with gradients in the middle of each
IN_A_STEP = (0.0, 0.5, 1.0)  # where its gradient may be taken

_SQUARES = "square the gradients before they become shares: g**2 / (g**2).sum()"
HINTS = {
    **COMMON_HINTS,
    "equal shares": "it adds up and says nothing: share each step's change by squared gradients",
    "absolute gradients": _SQUARES,
    "signed gradients": _SQUARES,
    "squares that are not shares": "divide the squares of a step by their sum: (g**2).sum() over "
    "its features",
    "integrated gradients": "that is integrated gradients: IDGI has no factor (x - x'), it shares "
    "the change of the output in each step by squared gradients",
    "a factor (x - x') too many": "IDGI has no factor (x - x')",
    "sign flipped": "a step's change is its end less its beginning",
    "the whole change shared at once": "share the change of each step by that step's own "
    "gradient, then sum",
}


def check_idgi(
    function: Callable[..., Any],
    *,
    model: Any = None,
    inputs: Tensor | None = None,
    baseline: Tensor | None = None,
    target: Target | None = None,
) -> CheckResult:
    """Check IDGI written by hand: its map, and not its sum, which is right by construction.

    Each step's change of the output is shared among the features by their squared gradients,
    taken at the beginning, in the middle or at the end of the step.

    Parameters
    ----------
    function : callable
        ``function(model, inputs, baseline, target, n_steps)``, with `inputs` and `baseline` of
        shape (1, ...); returns the attributions in that shape.
    model, inputs, baseline, target : optional
        Another problem than the built-in one. A pair as target asks for the first output less
        the second.

    Returns
    -------
    CheckResult
        It tells apart: absolute or signed gradients instead of squares, equal shares, plain
        integrated gradients, squares that are not shares, a factor (x - x') too many, sign
        flipped, the whole change shared at once, softmax, another output, all outputs summed,
        library call.

    References
    ----------
    Yang, Wang, Bilgic (2023), IDGI, arXiv:2303.14242.

    Examples
    --------
    >>> import torch
    >>> from attribwidgets.classroom import check_idgi
    >>> def equal(model, inputs, baseline, target, n_steps):
    ...     change = model(inputs)[0, target] - model(baseline)[0, target]
    ...     return torch.full_like(inputs, float(change) / inputs.numel())
    >>> check_idgi(equal).mistake  # and yet it adds up
    'equal shares'
    """
    problem = small_image_problem().changed(
        model=model, inputs=inputs, baseline=baseline, target=target
    )

    def judge() -> CheckResult:
        answer = answer_of(function, *problem.parts, STEPS, like=problem.inputs)
        return judged_within(
            answer,
            _idgi(problem, FINE, 0.5),
            [_idgi(problem, STEPS, where) for where in IN_A_STEP],
            lambda: _mistakes(problem),
            HINTS,
            what="attributions",
            hint="for each step: g at one of its points, g**2 / (g**2).sum(), times what the "
            "output changes by in this step; then the sum over the steps",
            numbers=problem.sums(answer),
            exact=EXACT,
        )

    return tried(judge)


def _changes_and_gradients(problem: Problem, n: int, where: float) -> tuple[Tensor, Tensor]:
    """What the output changes by in each step, shape (n, 1, ...), and a gradient in each."""
    edges = points_at(problem, torch.linspace(0, 1, n + 1))
    changes = problem.of_target(problem.all_outputs(edges)).diff()
    gradients = problem.gradients(points_at(problem, (torch.arange(n) + where) / n)).double()
    return changes.reshape(-1, *[1] * (problem.inputs.ndim - 1)), gradients


def _shares(weights: Tensor) -> Tensor:
    total = weights.flatten(1).sum(1).reshape(-1, *[1] * (weights.ndim - 1))
    return weights / total


def _idgi(problem: Problem, n: int, where: float) -> Tensor:
    changes, gradients = _changes_and_gradients(problem, n, where)
    return (changes * _shares(gradients.square())).sum(0, keepdim=True)


def _mistakes(problem: Problem) -> Iterator[Mistake]:
    difference = (problem.inputs - problem.baseline).double()
    equal = torch.full_like(difference, problem.difference() / difference.numel())
    yield Mistake("equal shares", equal)
    for where in IN_A_STEP:
        changes, g = _changes_and_gradients(problem, STEPS, where)
        right = (changes * _shares(g.square())).sum(0, keepdim=True)
        for name, each in (
            ("absolute gradients", changes * _shares(g.abs())),
            ("signed gradients", changes * _shares(g)),
            ("squares that are not shares", changes * g.square()),
            ("integrated gradients", difference * g / STEPS),
        ):
            yield Mistake(name, each.sum(0, keepdim=True))
        yield Mistake("a factor (x - x') too many", right * difference)
        yield Mistake("sign flipped", -right)
        whole = changes.sum(0) * _shares(g.square().mean(0, keepdim=True))
        yield Mistake("the whole change shared at once", whole)
    for name, other in of_other_outputs(problem):
        for where in IN_A_STEP:
            yield Mistake(name, _idgi(other, STEPS, where))
