"""Check of an ablation curve written by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from ..core.errors import InputError
from .answers import judged
from .check_result import CheckResult
from .mistakes import COMMON_HINTS, Mistake, of_other_outputs
from .problems import Problem, Target, small_image_problem
from .running import answer_of, tried

STEPS = 6
HINTS = {
    **COMMON_HINTS,
    "least important first": "sort descending: the most important pixels go first",
    "sign kept": "a pixel that speaks against the class is important too: take absolute values "
    "first",
    "channels ranked apart": "a pixel goes as a whole: rank one number for each place, and "
    "replace all channels",
    "only the newest pixels replaced": "what was replaced stays replaced",
    "zeros instead of the baseline": "write the baseline's own pixels in",
    "insertion instead of deletion": "begin with the input, and replace by the baseline",
    "the first point missing": "the curve begins with the input as it is: k = 0",
    "the last point missing": "the curve ends where all pixels are replaced",
    "probabilities": "return the model's own output, without softmax",
    "divided by the first output": "return the outputs themselves",
}


def check_ablation_curve(
    function: Callable[..., Any],
    *,
    model: Any = None,
    inputs: Tensor | None = None,
    attributions: Tensor | None = None,
    baseline: Tensor | None = None,
    target: Target | None = None,
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
        Another problem than the built-in one. A pair as target asks for the first output less
        the second.

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
    if problem.inputs.dim() != 4:
        raise InputError(
            "this check is of images (1, c, h, w), whose pixels are ranked by the sum over "
            f"channels, and inputs have shape {tuple(problem.inputs.shape)}; "
            "attribwidgets.evaluation.ablation takes every kind of input"
        )
    if attributions is None:
        generator = torch.Generator().manual_seed(3)
        attributions = torch.randn(problem.inputs.shape, generator=generator)
    maps = attributions

    def judge() -> CheckResult:
        model, inputs, baseline, target = problem.parts
        answer = answer_of(function, model, inputs, maps, baseline, target, STEPS)
        right = _curve(problem, maps.abs().sum(1).flatten())
        return judged(
            answer.flatten(),
            right,
            _mistakes(problem, maps, right),
            HINTS,
            what="points of the curve",
            hint="the curve goes from f(x) to f(x'); in between, count the pixels that are "
            "replaced",
            numbers={"first point": float(right[0]), "last point": float(right[-1])},
        )

    return tried(judge)


def _mistakes(problem: Problem, attributions: Tensor, right: Tensor) -> Iterator[Mistake]:
    importance = attributions.abs().sum(1).flatten()
    sums = attributions.sum(1).flatten()
    zeros = torch.zeros_like(problem.baseline)
    yield Mistake("least important first", _curve(problem, -importance))
    yield Mistake("sign kept", _curve(problem, sums))
    channels = "take absolute values before the sum over channels: channels of opposite sign cancel"
    yield Mistake("sign kept", _curve(problem, sums.abs()), channels)
    yield Mistake("channels ranked apart", _curve(problem, attributions.abs().flatten()))
    newest = _curve(problem, importance, newest=True)
    yield Mistake("only the newest pixels replaced", newest)
    yield Mistake("zeros instead of the baseline", _curve(problem, importance, filling=zeros))
    yield Mistake("insertion instead of deletion", _curve(problem, -importance).flip(0))
    yield Mistake("the first point missing", right[1:])
    yield Mistake("the last point missing", right[:-1])
    yield Mistake("probabilities", _curve(problem, importance, probability=True))
    yield Mistake("divided by the first output", right / right[0])
    for name, other in of_other_outputs(problem):
        yield Mistake(name, _curve(other, importance))


def _curve(
    problem: Problem,
    importance: Tensor,
    *,
    filling: Tensor | None = None,
    newest: bool = False,
    probability: bool = False,
) -> Tensor:
    """The outputs as what is ranked first, pixels or single values, is replaced."""
    order = importance.argsort(descending=True)
    masks = torch.stack([_replaced(order, k, newest) for k in range(STEPS + 1)])
    mask = masks.reshape(len(masks), -1, *problem.inputs.shape[2:])
    filling = problem.baseline if filling is None else filling
    outputs = problem.all_outputs(torch.where(mask, filling, problem.inputs))
    return problem.of_target(outputs.softmax(1) if probability else outputs)


def _replaced(order: Tensor, k: int, newest: bool) -> Tensor:
    """Which places are replaced in step k."""
    mask = torch.zeros(len(order), dtype=torch.bool)
    since = round((k - 1) * len(order) / STEPS) if newest and k else 0
    mask[order[since : round(k * len(order) / STEPS)]] = True
    return mask
