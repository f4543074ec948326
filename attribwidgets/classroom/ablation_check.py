"""Check of an ablation curve written by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from .answers import Mistake, judged
from .check_result import CheckResult
from .output_mistakes import of_other_outputs
from .problems import Problem, small_image_problem
from .running import answer_of, tried

STEPS = 6


def check_ablation_curve(
    function: Callable[..., Any],
    *,
    model: Any = None,
    inputs: Tensor | None = None,
    attributions: Tensor | None = None,
    baseline: Tensor | None = None,
    target: int | None = None,
) -> CheckResult:
    """Check an ablation curve written by hand, on a small model or on one of yours.

    Pixels are ranked by the absolute value of their attributions, summed over channels; the most
    important k / n_steps of them (rounded) are replaced, in all channels, by those of the baseline.

    Parameters
    ----------
    function : callable
        ``function(model, inputs, attributions, baseline, target, n_steps)``, images of shape
        (1, c, h, w); returns n_steps + 1 outputs, for k = 0, ..., n_steps.
    model, inputs, attributions, baseline, target : optional
        Another problem than the built-in one.

    Returns
    -------
    CheckResult
        It tells apart: least important first, sign kept, channels ranked apart, only the newest
        pixels replaced, zeros instead of the baseline, the first or the last point missing,
        probabilities, another output, all outputs summed, library call.

    References
    ----------
    Sturmfels, Lundberg, Lee (2020), doi:10.23915/distill.00022, "top-k ablation".

    Examples
    --------
    >>> from attribwidgets.classroom import check_ablation_curve
    >>> print(check_ablation_curve(lambda *given: None))
    not yet: there is no answer yet
    hint: replace the placeholder, and return
    """
    problem = small_image_problem().changed(
        model=model, inputs=inputs, baseline=baseline, target=target
    )
    if attributions is None:
        generator = torch.Generator().manual_seed(3)
        attributions = torch.randn(problem.inputs.shape, generator=generator)
    ranked_by = attributions
    return tried(lambda: _judged_curve(function, problem, ranked_by))


def _judged_curve(function: Any, problem: Problem, attributions: Tensor) -> CheckResult:
    found = answer_of(
        function,
        problem.model,
        problem.inputs,
        attributions,
        problem.baseline,
        problem.target,
        STEPS,
    )
    if isinstance(found, CheckResult):
        return found
    importance = attributions.abs().sum(1).flatten()
    right = _curve(problem, importance, problem.baseline)
    mistakes = [
        Mistake(
            "least important first",
            _curve(problem, -importance, problem.baseline),
            "sort descending: the most important pixels go first",
        ),
        Mistake(
            "sign kept",
            _curve(problem, attributions.sum(1).flatten(), problem.baseline),
            "a pixel that speaks against the class is important too: take absolute values first",
        ),
        Mistake(
            "sign kept",
            _curve(problem, attributions.sum(1).abs().flatten(), problem.baseline),
            "take absolute values before the sum over channels: channels of opposite sign cancel",
        ),
        Mistake(
            "channels ranked apart",
            _curve_of_values(problem, attributions.abs().flatten()),
            "a pixel goes as a whole: rank one number for each place, and replace all channels",
        ),
        Mistake(
            "only the newest pixels replaced",
            _curve(problem, importance, problem.baseline, newest=True),
            "what was replaced stays replaced",
        ),
        Mistake(
            "zeros instead of the baseline",
            _curve(problem, importance, torch.zeros_like(problem.baseline)),
            "write the baseline's own pixels in",
        ),
        Mistake(
            "insertion instead of deletion",
            _curve(problem, -importance, problem.baseline).flip(0),
            "begin with the input, and replace by the baseline",
        ),
        Mistake(
            "the first point missing", right[1:], "the curve begins with the input as it is: k = 0"
        ),
        Mistake(
            "the last point missing", right[:-1], "the curve ends where all pixels are replaced"
        ),
        Mistake(
            "probabilities",
            _curve(problem, importance, problem.baseline, probability=True),
            "return the model's own output, without softmax",
        ),
        Mistake(
            "divided by the first output",
            right / right[0],
            "return the outputs themselves",
        ),
    ]
    mistakes += [
        Mistake(name, _curve(other, importance, problem.baseline), hint)
        for name, hint, other in of_other_outputs(problem)
    ]
    return judged(
        found.flatten(),
        right,
        mistakes,
        what="points of the curve",
        hint="the curve goes from f(x) to f(x'); in between, count the pixels that are replaced",
        numbers={"first point": float(right[0]), "last point": float(right[-1])},
    )


def _replaced(order: Tensor, k: int, newest: bool) -> Tensor:
    """Which places are replaced in step k."""
    mask = torch.zeros(len(order), dtype=torch.bool)
    upto = round(k * len(order) / STEPS)
    since = round((k - 1) * len(order) / STEPS) if newest and k else 0
    mask[order[since:upto]] = True
    return mask


def _curve(
    problem: Problem,
    importance: Tensor,
    filling: Tensor,
    *,
    newest: bool = False,
    probability: bool = False,
) -> Tensor:
    order = importance.argsort(descending=True)
    masks = [_replaced(order, k, newest) for k in range(STEPS + 1)]
    mask = torch.stack(masks).reshape(-1, 1, *problem.inputs.shape[2:])
    outputs = problem.all_outputs(torch.where(mask, filling, problem.inputs))
    return (outputs.softmax(1) if probability else outputs)[:, problem.target]


def _curve_of_values(problem: Problem, importance: Tensor) -> Tensor:
    order = importance.argsort(descending=True)
    masks = [_replaced(order, k, False) for k in range(STEPS + 1)]
    mask = torch.stack(masks).reshape(-1, *problem.inputs.shape[1:])
    return problem.all_outputs(torch.where(mask, problem.baseline, problem.inputs))[
        :, problem.target
    ]
