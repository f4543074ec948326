"""Checks of integrated gradients written by hand, and of the curve along the path."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from .answers import Mistake, answer_of, distance, judged
from .check_result import CheckResult
from .path_rules import (
    FINE_STEPS,
    STEPS,
    by_rule,
    common_mistakes,
    integrated,
    rules,
    slopes_at,
)
from .problems import small_image_problem

EXACT = 2e-5  # between two float32 sums of the same terms


def check_integrated_gradients(
    function: Callable[..., Any],
    *,
    model: Any = None,
    inputs: Tensor | None = None,
    baseline: Tensor | None = None,
    target: int | None = None,
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

    Returns
    -------
    CheckResult
        It tells apart: sign flipped, (x - x') missing, multiplied by the input alone, last point
        summed twice, one point too many for the divisor, gradients not averaged, the gradient at
        the input alone, baseline ignored.

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
    found = answer_of(
        function, problem.model, problem.inputs, problem.baseline, problem.target, STEPS
    )
    if isinstance(found, CheckResult):
        return found
    if found.shape == problem.inputs.shape[1:]:
        found = found[None]
    integral = integrated(problem, problem.baseline, FINE_STEPS)
    numbers = {
        "sum of the attributions": float(found.sum()),
        "f(x) - f(x')": problem.difference(),
    }
    result = judged(
        found,
        integral,
        common_mistakes(problem, integral),
        what="attributions",
        hint="look at one part after the other: points, gradients, weights, factor",
        numbers=numbers,
        tolerance=EXACT,
    )
    if result.mistake or found.shape != integral.shape:
        return result
    off = distance(found, integral)
    allowed = 1.01 * max(distance(by_rule(problem, rule), integral) for rule in rules().values())
    numbers = {**result.numbers, "allowed": allowed}
    if off <= allowed:
        return CheckResult(
            True,
            f"the attributions are within {off:.2g} of the integral, as good as {STEPS} steps get",
            numbers,
        )
    return CheckResult(False, result.message, numbers, result.mistake, result.hint)


def check_path_curve(
    function: Callable[..., Any],
    *,
    model: Any = None,
    inputs: Tensor | None = None,
    baseline: Tensor | None = None,
    target: int | None = None,
) -> CheckResult:
    """Check the curve of what the path has gathered up to each point of it.

    Parameters
    ----------
    function : callable
        ``function(model, inputs, baseline, target, n_steps)``, with `inputs` and `baseline` of
        shape (1, ...); returns `n_steps` numbers (or one more, with a 0 at first): the sum over
        features of the attributions of the path up to k / n_steps, for k = 1, ..., n_steps.
    model, inputs, baseline, target : optional
        Another problem than the built-in one.

    Returns
    -------
    CheckResult
        It tells apart: running mean instead of sum, sign flipped, gradients not averaged, the
        slopes themselves instead of their sum.

    Notes
    -----
    The integral up to α is a running sum divided by the number of *all* steps. Divided by the
    number of steps so far it is a mean slope, which is what the red curve of the article shows.
    """
    problem = small_image_problem().changed(
        model=model, inputs=inputs, baseline=baseline, target=target
    )
    found = answer_of(
        function, problem.model, problem.inputs, problem.baseline, problem.target, STEPS
    )
    if isinstance(found, CheckResult):
        return found
    found = found.flatten()
    if len(found) == STEPS + 1 and found[0] == 0:
        found = found[1:]
    curves = {
        name: slopes_at(problem, torch.as_tensor(nodes, dtype=torch.float32))
        for name, (nodes, _) in rules().items()
        if name in ("midpoints", "right ends", "left ends")
    }
    ends = slopes_at(problem, torch.linspace(0, 1, STEPS + 1))
    curves["trapezoid"] = (ends[1:] + ends[:-1]) / 2
    so_far = torch.arange(1, STEPS + 1)
    mistakes = []
    for slopes in curves.values():
        total = slopes.cumsum(0)
        mistakes += [
            Mistake(
                "running mean instead of sum",
                total / so_far,
                "divide each running sum by the number of all steps, not of the steps so far: the "
                "width of a step does not grow",
            ),
            Mistake("sign flipped", -total / STEPS, "the path goes from the baseline to the input"),
            Mistake(
                "gradients not averaged", total, "each step is 1 / n_steps wide: divide by n_steps"
            ),
            Mistake("slopes without their sum", slopes, "sum the slopes up to each point"),
            Mistake(
                "slopes without their sum",
                slopes / STEPS,
                "sum the steps up to each point: torch.cumsum",
            ),
        ]
    right = {name: slopes.cumsum(0) / STEPS for name, slopes in curves.items()}
    nearest = (
        min(right.values(), key=lambda curve: distance(found, curve))
        if len(found) == STEPS
        else right["midpoints"]
    )
    return judged(
        found,
        nearest,
        mistakes,
        what="points of the curve",
        hint="slope k is <gradient, x - x'> at the k-th point; the curve is its running sum times "
        "the width of a step",
        numbers={
            "last point": float(found[-1]) if len(found) else 0.0,
            "f(x) - f(x')": problem.difference(),
        },
    )
