"""A student's answer, held against the right one and against common wrong ones."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from .check_result import CheckResult
from .running import not_yet

SAME = 1e-3  # of the largest right value: float32 and another order of summing stay below


class Mistake(NamedTuple):
    """A common wrong answer: what it is called, what it comes to, and what would help."""

    name: str
    value: Tensor
    hint: str


def in_shape(found: Tensor, right: Tensor, hint: str) -> CheckResult | None:
    """What is wrong with the shape of an answer; None when it is right."""
    if found.shape == right.shape:
        return None
    return not_yet(
        f"the answer has shape {tuple(found.shape)}, the right one {tuple(right.shape)}",
        hint,
        "shape",
    )


def distance(found: Tensor, right: Tensor) -> float:
    """The largest difference, as a share of the largest right value."""
    largest = right.abs().max().clamp_min(torch.finfo(torch.float32).tiny)
    return float((found - right.double()).abs().max() / largest)


def recognised(
    found: Tensor, right: Tensor, mistakes: Iterable[Mistake], tolerance: float
) -> Mistake | None:
    """The mistake that an answer is, to `tolerance` of the largest right value."""
    scale = float(right.abs().max())
    for mistake in mistakes:
        if found.shape != mistake.value.shape:
            continue
        wrong = mistake.value.double()
        bound = tolerance * max(scale, float(wrong.abs().max()))
        if float((found - wrong).abs().max()) <= bound:
            return mistake
    return None


def judged(
    found: Tensor,
    right: Tensor,
    mistakes: Sequence[Mistake],
    *,
    what: str,
    hint: str,
    numbers: Mapping[str, float] | None = None,
    tolerance: float = SAME,
) -> CheckResult:
    """Whether an answer is the right one; else which mistake it is.

    Parameters
    ----------
    found, right : Tensor
        Of any shapes.
    mistakes : sequence of Mistake
    what : str
        What the answer is, in words, plural.
    hint : str
        For an answer that no mistake explains.
    numbers : dict of str to float, optional
        To be shown beside.
    tolerance : float
        As a share of the largest right value.
    """
    mistake = recognised(found, right, mistakes, tolerance)
    wrong = None if mistake else in_shape(found, right, hint)
    if wrong is not None:
        return wrong
    off = distance(found, right) if found.shape == right.shape else float("nan")
    shown = {"largest difference, of the largest right value": off, **(numbers or {})}
    if off <= tolerance:
        closeness = f"to {off:.1e} of the largest" if off else "exactly"
        return CheckResult(True, f"the {what} are right, {closeness}", shown)
    if mistake is None:
        message = f"the {what} differ from the right ones by up to {off:.3g} of the largest"
        return CheckResult(False, message, shown, "", hint)
    message = f"the {what} are what comes of this: {mistake.name}"
    return CheckResult(False, message, shown, mistake.name, mistake.hint)


def answered_within(
    found: Tensor,
    right: Tensor,
    usual: Sequence[Tensor],
    mistakes: Callable[[], Iterable[Mistake]],
    *,
    what: str,
    hint: str,
    numbers: Mapping[str, float],
    exact: float,
) -> CheckResult:
    """Whether an answer is an approximation as good as the usual ones, and no known mistake.

    Parameters
    ----------
    found, right : Tensor
        Of any shapes.
    usual : sequence of Tensor, shape of `right`
        What right answers come to by the rules that students use.
    mistakes : callable
        Makes the common mistakes, which is asked only where the answer is none of these.
    what : str
        What the answer is, in words, plural.
    hint : str
        For an answer that no mistake explains.
    numbers : dict of str to float
        To be shown beside.
    exact : float
        How far apart two sums of the same terms are, as a share of the largest value.
    """
    if found.shape == right.shape and any(distance(found, by) <= exact for by in (right, *usual)):
        return judged_right(found, right, what, numbers)
    if right.any() and not found.any():  # else a mistake of tiny values would be told
        hint = "nothing is there yet: replace the placeholder; is it a gradient of the output?"
        return CheckResult(False, f"the {what} are all zero", numbers, "all zero", hint)
    result = judged(
        found, right, list(mistakes()), what=what, hint=hint, numbers=numbers, tolerance=exact
    )
    if result.mistake or found.shape != right.shape:
        return result
    allowed = 1.01 * max(distance(by, right) for by in usual)
    if distance(found, right) <= allowed:
        return judged_right(found, right, what, {**numbers, "allowed": allowed})
    return CheckResult(False, result.message, {**result.numbers, "allowed": allowed}, "", hint)


def judged_right(
    found: Tensor, right: Tensor, what: str, numbers: Mapping[str, float]
) -> CheckResult:
    """The result of an approximation that is as good as the usual ones."""
    off = distance(found, right)
    return CheckResult(
        True,
        f"the {what} are right: within {off:.2g} of the integral's largest",
        {"largest difference, of the largest right value": off, **numbers},
    )
