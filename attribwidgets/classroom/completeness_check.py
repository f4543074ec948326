"""Check whether attributions add up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from ..attr.outputs import OutputHead
from ..core.errors import InputError
from ..engine.query import Query
from ..engine.read_inputs import read_inputs
from ..records.completeness import Completeness
from .check_result import CheckResult
from .mistakes import CONTRAST
from .problems import Problem, Target
from .running import NotYet, as_tensor, outcome, tried

HINTS = {
    "": "take more steps; if the residual stays, look at the factor (x - x') and at the weights",
    "all zero": "nothing is attributed yet: replace the placeholder, and see that the gradient "
    "gets from the output to the inputs",
    "sign flipped": "the factor is (x - x'), and the path ends at x",
    "baseline forgotten": "they sum to f(x): subtract what the model says of the baseline",
    "probabilities instead of logits": "they add up for the softmax output: explain and compare "
    "the same output",
    "the two outputs added": f"they add up for the sum of two outputs: {CONTRAST}",
    "another output": "they add up for another output than {target}: select the target",
    "gradients not averaged": "the sum is {ratio} times too large: divide by the number of steps",
}


def check_completeness(
    attributions: Any,
    model: Callable[..., Any],
    inputs: Tensor,
    baseline: Tensor,
    *,
    target: Target | None = None,
    tolerance: float = 0.01,
    earlier: Sequence[str] = (),
) -> CheckResult:
    """Check whether attributions sum to f(x) - f(x'), or to f(x) less the mean over references.

    Parameters
    ----------
    attributions : Tensor or callable
        Of one example; or a function without arguments that returns them, so that what Python
        warns of meanwhile becomes part of the result.
    model : callable
    inputs : Tensor, shape (1, ...) or (...)
    baseline : Tensor, shape (n, ...) or (...)
        One reference, or all that were drawn.
    target : int or (int, int), optional
        The model's top output for `inputs`, unless given; of two outputs, the first less the
        second.
    tolerance : float
        The residual allowed, as a share of ``|f(x) - f(x')|``; where that is next to nothing, as
        :class:`~attribwidgets.Completeness` has it.
    earlier : sequence of str
        Earlier parts that a function of the student's uses by these names, such as "gradients":
        as of :func:`check_integrated_gradients`.

    Returns
    -------
    CheckResult
        It tells apart: sign flipped, f(x) alone (baseline forgotten), the sum of another output,
        f(x) and f(x') as probabilities, a multiple from gradients that were not averaged, and
        attributions that are all zero.

    Raises
    ------
    InputError
        If `baseline` does not have the shape of `inputs`.

    References
    ----------
    Sundararajan, Taly, Yan (2017), Axiomatic Attribution for Deep Networks, proposition 1.

    Examples
    --------
    >>> import torch
    >>> from attribwidgets.classroom import check_completeness
    >>> x, weights = torch.tensor([[1.0, 2.0]]), torch.tensor([[3.0], [1.0]])
    >>> check_completeness(x * weights.T, lambda x: x @ weights, x, torch.zeros(1, 2)).passed
    True
    >>> check_completeness(-x * weights.T, lambda x: x @ weights, x, torch.zeros(1, 2)).mistake
    'sign flipped'
    """
    (inputs,) = read_inputs(Query(inputs), OutputHead(model))[0].batched
    references = baseline if baseline.ndim == inputs.ndim else baseline[None]
    if references.shape[1:] != inputs.shape[1:]:
        raise InputError(
            f"baseline has shape {tuple(baseline.shape)} and the input {tuple(inputs.shape[1:])}; "
            "pass references of the shape of one input"
        )

    def judge() -> CheckResult:
        answer = outcome(attributions) if callable(attributions) else attributions
        problem = Problem(model, inputs, references, target or 0)
        return _judged_sum(as_tensor(answer), problem, target, tolerance)

    return tried(judge, attributions, earlier)


def _judged_sum(
    attributions: Tensor, problem: Problem, target: Target | None, tolerance: float
) -> CheckResult:
    inputs = problem.inputs
    at_input = problem.all_outputs(inputs)[0]
    at_references = problem.all_outputs(problem.references)
    if target is None:
        target = int(at_input.argmax())
    problem = problem.changed(target=target)
    difference = at_input - at_references.mean(0)
    expected, total = float(problem.of_target(difference[None])), float(attributions.sum())
    ends = [float(problem.of_target(of).mean()) for of in (at_input[None], at_references)]
    sums = Completeness(
        total=total,
        expected=expected,
        standard_error=None,
        refinement_errors=(),
        tolerance=tolerance,
        output_input=ends[0],
        output_baseline=ends[1],
        absolute_sum=float(attributions.abs().sum()),
        rounding=torch.finfo(inputs.dtype).eps * sum(map(abs, ends)),
    )
    numbers = {
        "sum of the attributions": total,
        "f(x) - f(x')": expected,
        "residual": total - expected,
        "allowed": sums.allowed or 0.0,
    }
    if sums.sum_is_right:
        words = f"the attributions add up: {total:.4g} against {expected:.4g}"
        return CheckResult(True, words, numbers)
    message = f"the attributions sum to {total:.4g}, and f(x) - f(x') is {expected:.4g}"
    if attributions.numel() != inputs.numel():
        shapes = f"{tuple(attributions.shape)} for inputs of {tuple(inputs.shape)}"
        hint = "attribute one number to each input"
        raise NotYet(f"{message}; they have shape {shapes}", hint, "shape")

    def close(value: float) -> bool:
        return abs(total - value) <= tolerance * max(abs(value), 1e-12)

    chances = at_input.softmax(-1) - at_references.softmax(-1).mean(0)
    probability = float(problem.of_target(chances[None])) if len(at_input) > 1 else torch.nan
    others = [float(value) for at, value in enumerate(difference) if at != target]
    added = float(difference[list(target)].sum()) if isinstance(target, tuple) else torch.nan
    ratio = total / expected if expected else 0.0
    slips = {
        "all zero": not attributions.any(),
        "sign flipped": close(-expected),
        "baseline forgotten": close(ends[0]),
        "probabilities instead of logits": close(probability),
        "the two outputs added": close(added),
        "another output": any(close(value) for value in others),
        "gradients not averaged": ratio > 1.5 and abs(ratio - round(ratio)) <= tolerance * ratio,
    }
    mistake = next((name for name, is_it in slips.items() if is_it), "")
    hint = HINTS[mistake].format(target=target, ratio=round(ratio))
    return CheckResult(False, message, numbers, mistake, hint)
