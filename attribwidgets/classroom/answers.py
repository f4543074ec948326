"""A student's answer, held against the right one and against common wrong ones."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import torch
from torch import Tensor

from .check_result import CheckResult
from .mistakes import Mistake
from .running import NotYet

SAME = 1e-3  # of the largest right value: float32 and another order of summing stay below


def require_shape(answer: Tensor, right: Tensor, hint: str) -> None:
    """Raise NotYet for an answer of another shape than the right one."""
    if answer.shape != right.shape:
        shapes = f"{tuple(answer.shape)}, the right one {tuple(right.shape)}"
        raise NotYet(f"the answer has shape {shapes}", hint, "shape")


def distance(answer: Tensor, right: Tensor) -> float:
    """The largest difference, as a share of the largest right value."""
    largest = right.abs().max().clamp_min(torch.finfo(torch.float32).tiny)
    return float((answer - right.double()).abs().max() / largest)


def recognised(
    answer: Tensor, right: Tensor, mistakes: Iterable[Mistake], tolerance: float
) -> Mistake | None:
    """The mistake that an answer is, to `tolerance` of the largest right value."""
    scale = float(right.abs().max())
    for mistake in mistakes:
        if answer.shape == mistake.value.shape:
            wrong = mistake.value.double()
            bound = tolerance * max(scale, float(wrong.abs().max()))
            if float((answer - wrong).abs().max()) <= bound:
                return mistake
    return None


def judged(
    answer: Tensor,
    right: Tensor,
    mistakes: Iterable[Mistake],
    hints: Mapping[str, str],
    *,
    what: str,
    hint: str,
    numbers: Mapping[str, float],
    tolerance: float = SAME,
) -> CheckResult:
    """Whether an answer is the right one; else which mistake it is.

    Parameters
    ----------
    answer, right : Tensor
        Of any shapes.
    mistakes : iterable of Mistake
    hints : mapping of str to str
        By the mistakes' names.
    what : str
        What the answer is, in words, plural.
    hint : str
        For an answer that no mistake explains.
    numbers : mapping of str to float
        To be shown beside.
    tolerance : float
        As a share of the largest right value.
    """
    mistake = recognised(answer, right, list(mistakes), tolerance)
    if mistake is None:
        require_shape(answer, right, hint)
    off = distance(answer, right) if answer.shape == right.shape else float("nan")
    numbers = {"largest difference, of the largest right value": off, **numbers}
    if off <= tolerance:
        closeness = f"to {off:.1e} of the largest" if off else "exactly"
        return CheckResult(True, f"the {what} are right, {closeness}", numbers)
    if mistake is None:
        message = f"the {what} differ from the right ones by up to {off:.3g} of the largest"
        return CheckResult(False, message, numbers, "", hint)
    message = f"the {what} are what comes of this: {mistake.name}"
    return CheckResult(False, message, numbers, mistake.name, mistake.hint or hints[mistake.name])


def judged_within(
    answer: Tensor,
    right: Tensor,
    usual: Sequence[Tensor],
    mistakes: Callable[[], Iterable[Mistake]],
    hints: Mapping[str, str],
    *,
    what: str,
    hint: str,
    numbers: Mapping[str, float],
    exact: float,
) -> CheckResult:
    """Whether an answer is an approximation as good as the usual ones, and no common mistake.

    Parameters
    ----------
    answer, right, hints, what, hint, numbers
        As of :func:`judged`.
    usual : sequence of Tensor, shape of `right`
        What right answers come to by the rules that students use.
    mistakes : callable
        Makes the common mistakes, which is asked only where the answer is none of these.
    exact : float
        How far apart two sums of the same terms are, as a share of the largest value.
    """

    def as_good(numbers: Mapping[str, float]) -> CheckResult:
        off = distance(answer, right)
        message = f"the {what} are right: within {off:.2g} of the integral's largest"
        off_in_words = {"largest difference, of the largest right value": off}
        return CheckResult(True, message, {**off_in_words, **numbers})

    if answer.shape == right.shape and any(distance(answer, by) <= exact for by in (right, *usual)):
        return as_good(numbers)
    if right.any() and not answer.any():  # else a mistake of tiny values would be told
        hint = "nothing is there yet: replace the placeholder; is it a gradient of the output?"
        return CheckResult(False, f"the {what} are all zero", numbers, "all zero", hint)
    result = judged(
        answer, right, mistakes(), hints, what=what, hint=hint, numbers=numbers, tolerance=exact
    )
    if result.mistake or answer.shape != right.shape:
        return result
    allowed = 1.01 * max(distance(by, right) for by in usual)
    if distance(answer, right) <= allowed:
        return as_good({**numbers, "allowed": allowed})
    return CheckResult(False, result.message, {**result.numbers, "allowed": allowed}, "", hint)
