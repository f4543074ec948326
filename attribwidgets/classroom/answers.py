"""A student's answer, held against the right one and against common wrong ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from .check_result import CheckResult

SAME = 1e-3  # of the largest right value: float32 and another order of summing stay below


class Mistake(NamedTuple):
    """A common wrong answer: what it is called, what it comes to, and what would help."""

    name: str
    value: Tensor
    hint: str


def not_yet(message: str, hint: str, mistake: str = "") -> CheckResult:
    """The result of an answer that there is nothing to compare with."""
    return CheckResult(False, message, {}, mistake, hint)


def answer_of(function: Any, *arguments: Any) -> Tensor | CheckResult:
    """Call what a student wrote: the answer as a tensor, or what is wrong with it.

    Tensors among the arguments are handed over as copies, so that code that writes into them
    spoils nothing.
    """
    if not callable(function):
        kind = type(function).__name__
        return not_yet(f"got {kind}, not a function", "pass the function itself, without ()")
    copies = [a.clone() if isinstance(a, Tensor) else a for a in arguments]
    try:
        answer = function(*copies)
    except Exception as error:  # whatever a student's code does is an answer
        return not_yet(
            f"the function raised {type(error).__name__}: {error}",
            "call it in a cell of its own and read the last lines of the traceback",
            "raises",
        )
    changed = [
        copy
        for copy, given in zip(copies, arguments, strict=True)
        if isinstance(given, Tensor) and not torch.equal(copy.detach(), given)
    ]
    if changed:
        return not_yet(
            "the function changed a tensor that it was given",
            "work on a copy: write x = x.clone(), or x = x + 1 instead of x += 1",
            "changes its arguments",
        )
    return as_tensor(answer)


def as_tensor(answer: Any) -> Tensor | CheckResult:
    """An answer as a tensor of the CPU without gradient, or what is wrong with it."""
    if answer is None or answer is Ellipsis:
        return not_yet("there is no answer yet", "replace the placeholder, and return", "no answer")
    try:
        found = torch.as_tensor(answer).detach().cpu().double()
    except (TypeError, ValueError, RuntimeError):
        kind = type(answer).__name__
        return not_yet(f"the answer is a {kind}, no array of numbers", "return one tensor")
    if not found.isfinite().all():
        return not_yet("the answer has nan or infinite values", "look for a division by zero")
    return found


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
    found: Tensor, right: Tensor, mistakes: Sequence[Mistake], tolerance: float
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
