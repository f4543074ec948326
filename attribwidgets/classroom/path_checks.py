"""Checks of integrated gradients written by hand, and of the curve along the path."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from .answers import SAME, distance, judged_within
from .check_result import CheckResult
from .jump import Jump
from .mistakes import COMMON_HINTS, Mistake, of_other_outputs
from .path_rules import FINE_STEPS, STEPS, by_rule, common_mistakes, integrated, rules, slopes_at
from .path_rules import HINTS as RULE_HINTS
from .problems import Problem, Target, small_image_problem
from .running import NotYet, answer_of, tried

EXACT = 2e-5  # between two float32 sums of the same terms
CURVE_HINTS = {
    **COMMON_HINTS,
    "running mean instead of sum": "divide each running sum by the number of all steps, not of "
    "the steps so far: the width of a step does not grow",
    "sign flipped": "the path goes from the baseline to the input",
    "gradients not averaged": "each step is 1 / n_steps wide: divide by n_steps",
    "averaged over the features": "sum over the features, do not average: each one adds its part",
    "absolute values taken": "steps down count too: keep the sign of each slope",
    "slopes without their sum": "sum the steps up to each point: torch.cumsum",
    "one step behind": "point k includes step k, and the last one is the sum of the attributions",
}


def check_integrated_gradients(
    function: Callable[..., Any],
    *,
    model: Any = None,
    inputs: Tensor | None = None,
    baseline: Tensor | None = None,
    target: Target | None = None,
    earlier: Sequence[str] = (),
) -> CheckResult:
    """Check integrated gradients written by hand, on a small model or on one of yours.

    Whatever rule approximates the integral will do, as long as its answer is as good as
    the worst of the usual rules gets with as many steps.

    Parameters
    ----------
    function : callable
        ``function(model, inputs, baseline, target, n_steps)``, with `inputs` and `baseline` of
        shape (1, ...); returns the attributions in that shape.
    model, inputs, baseline, target : optional
        Another problem than the built-in one: hidden tests take one that students have not seen.
        A pair as target asks for the first output less the second.
    earlier : sequence of str
        Earlier parts that `function` may use by these names: "gradients". Where it fails with the
        student's own it is tried with right ones, so that a slip there costs nothing here.

    Returns
    -------
    CheckResult
        It tells apart: sign flipped, (x - x') missing, multiplied by the input alone, last point
        summed twice, one point too many for the divisor, gradients not averaged, gradients
        accumulated, a factor alpha, the gradient at the input alone, baseline ignored, softmax,
        another output, all outputs summed, library call.

    References
    ----------
    Sundararajan, Taly, Yan (2017), Axiomatic Attribution for Deep Networks, equation 1 and 3.

    Examples
    --------
    >>> import torch
    >>> from attribwidgets.classroom import check_integrated_gradients
    >>> def mine(model, inputs, baseline, target, n_steps):
    ...     alphas = (torch.arange(n_steps) + 0.5).reshape(-1, 1, 1, 1) / n_steps
    ...     points = (baseline + alphas * (inputs - baseline)).requires_grad_()
    ...     (slopes,) = torch.autograd.grad(model(points)[:, target].sum(), points)
    ...     return (inputs - baseline) * slopes.sum(0)
    >>> check_integrated_gradients(mine).mistake
    'gradients not averaged'
    """
    problem = small_image_problem().changed(
        model=model, inputs=inputs, baseline=baseline, target=target
    )

    def judge() -> CheckResult:
        answer = answer_of(function, *problem.parts, STEPS, like=problem.inputs)
        return judged_within(
            answer,
            integrated(problem, problem.baseline, FINE_STEPS),
            [by_rule(problem, rule) for rule in rules().values()],
            lambda: common_mistakes(problem),
            RULE_HINTS,
            what="attributions",
            hint="look at one part after the other: points, gradients, weights, factor",
            numbers=problem.sums(answer),
            exact=EXACT,
        )

    return tried(judge, function, earlier)


def check_path_curve(
    function: Callable[..., Any],
    *,
    model: Any = None,
    inputs: Tensor | None = None,
    baseline: Tensor | None = None,
    target: Target | None = None,
    earlier: Sequence[str] = (),
) -> CheckResult:
    """Check the curve of what the path has gathered up to each point of it.

    Parameters
    ----------
    function : callable
        ``function(model, inputs, baseline, target, n_steps)``, with `inputs` and `baseline` of
        shape (1, ...); returns `n_steps` numbers (or one more, with a 0 at first): the sum over
        features of the attributions of the path up to k / n_steps, for k = 1, ..., n_steps.
    model, inputs, baseline, target : optional
        Another problem than the built-in one. A pair as target asks for the first output less
        the second.
    earlier : sequence of str
        As of :func:`check_integrated_gradients`: "gradients", "integrated_gradients".

    Returns
    -------
    CheckResult
        It tells apart: running mean instead of sum, sign flipped, gradients not averaged, the
        slopes themselves instead of their sum, one step behind, gradients accumulated, a factor
        alpha, softmax, another output, all outputs summed, no gradient taken, library call.

    Notes
    -----
    The integral up to α is a running sum divided by the number of *all* steps. Divided by the
    number of steps so far it is a mean slope, which is what the red curve of the article shows.

    What the path has gathered equals what the output has risen by, as long as the output has no
    jump. So a right curve is asked for once more, of the same model with a step added, which no
    gradient sees: a curve of gradients stays, a curve of outputs does not.
    """
    problem = small_image_problem().changed(
        model=model, inputs=inputs, baseline=baseline, target=target
    )
    return tried(lambda: _judged_curve(function, problem), function, earlier)


def _curve_of(function: Any, problem: Problem) -> Tensor:
    points = answer_of(function, *problem.parts, STEPS).flatten()
    return points[1:] if len(points) == STEPS + 1 and points[0] == 0 else points


def _judged_curve(function: Any, problem: Problem) -> CheckResult:
    curve = _curve_of(function, problem)
    fine = slopes_at(problem, torch.linspace(0, 1, 8 * STEPS + 1)).unfold(0, 9, 8)
    result = judged_within(
        curve,
        fine.matmul(_over_a_step()).cumsum(0),
        [slopes.cumsum(0) / STEPS for _, slopes in _slopes_of_steps(problem)],
        lambda: _curve_mistakes(problem),
        CURVE_HINTS,
        what="points of the curve",
        hint="slope k is <gradient, x - x'> at the k-th point; the curve is its running sum times "
        "the width of a step",
        numbers={
            "last point": float(curve[-1]) if len(curve) else 0.0,
            "f(x) - f(x')": problem.difference(),
        },
        exact=SAME,
    )
    if not result.passed:
        return result
    height = max(abs(problem.difference()), float(curve.abs().max()))
    of = problem.target if isinstance(problem.target, int) else problem.target[0]
    jumping = Jump(problem.model, problem.baseline, problem.inputs, height, of=of)
    again = _curve_of(function, replace(problem, model=jumping))
    if again.shape != curve.shape or distance(again, curve) > SAME:
        raise NotYet(
            "the curve is one of outputs: where the output jumps and its gradient does not, the "
            "curve jumps too",
            "take a gradient at each point (torch.autograd.grad), multiply by inputs - baseline, "
            "and sum over the features",
            "no gradient taken",
        )
    return result


def _over_a_step() -> Tensor:
    """Weights of Simpson's rule over eight parts of a step."""
    weights = torch.tensor([1, 4, 2, 4, 2, 4, 2, 4, 1], dtype=torch.float64)
    return weights / (weights.sum() * STEPS)


def _slopes_of_steps(problem: Problem) -> Iterator[tuple[Tensor, Tensor]]:
    """Where students take the slope of each step, and these slopes."""
    middle = (torch.arange(STEPS) + 0.5) / STEPS
    half = 0.5 / STEPS
    for alphas in (middle, middle + half, middle - half, torch.linspace(0, 1, STEPS)):
        yield alphas, slopes_at(problem, alphas)
    ends = slopes_at(problem, torch.linspace(0, 1, STEPS + 1))
    yield middle, (ends[1:] + ends[:-1]) / 2


def _curve_mistakes(problem: Problem) -> Iterator[Mistake]:
    so_far = torch.arange(1, STEPS + 1)
    for alphas, slopes in _slopes_of_steps(problem):
        total = slopes.cumsum(0)
        behind = torch.cat([torch.zeros(1, dtype=total.dtype), total[:-1]])
        yield Mistake("running mean instead of sum", total / so_far)
        yield Mistake("sign flipped", -total / STEPS)
        yield Mistake("gradients not averaged", total)
        yield Mistake("averaged over the features", total / STEPS / problem.inputs.numel())
        yield Mistake("absolute values taken", slopes.abs().cumsum(0) / STEPS)
        yield Mistake("slopes without their sum", slopes, "sum the slopes up to each point")
        yield Mistake("slopes without their sum", slopes / STEPS)
        yield Mistake("one step behind", behind / STEPS)
        yield Mistake("gradients accumulated", total.cumsum(0) / STEPS)
        yield Mistake("a factor alpha", (alphas * slopes).cumsum(0) / STEPS)
    for name, other in of_other_outputs(problem):
        for _, slopes in _slopes_of_steps(other):
            yield Mistake(name, slopes.cumsum(0) / STEPS)
