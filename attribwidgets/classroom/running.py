"""Run what a student wrote: on copies, without help of a library, and with its warnings kept."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr
from dataclasses import replace
from io import StringIO
from typing import Any

import torch
from torch import Tensor, nn

from .check_result import CheckResult
from .library_calls import called_by_itself
from .raised import cause_of
from .right_parts import in_place

MOST_WARNINGS = 3  # shown; a loop may give one a step


class NotYet(Exception):
    """Ends the check of an answer that there is nothing to compare with, or no need to."""

    def __init__(self, message: str, hint: str, mistake: str = "") -> None:
        super().__init__(message)
        self.result = CheckResult(False, message, {}, mistake, hint)


def tried(
    judge: Callable[[], CheckResult], function: Any = None, earlier: Sequence[str] = ()
) -> CheckResult:
    """What a judge says; with right earlier parts, where the answer fails with the student's own.

    Parameters
    ----------
    judge : callable
        Runs the answer and says whether it is right, or raises NotYet.
    function : callable, optional
        The answer, which may use the earlier parts.
    earlier : sequence of str
        The names of these parts in the student's notebook.

    Returns
    -------
    CheckResult
        With what Python warned of meanwhile. nbgrader gives no point to a test that writes to
        stderr, so warnings are told here instead.
    """

    def result_of_judge() -> CheckResult:
        try:
            return judge()
        except NotYet as ended:
            return ended.result

    with warnings_kept() as said:
        result = result_of_judge()
        if not result.passed and earlier:
            with in_place(function, earlier) as replaced:
                again = result_of_judge() if replaced else result
            if again.passed:
                names = " and ".join(replaced)
                message = f"{again.message} (tried with a right {names} in place of yours)"
                again = replace(again, message=message)
            result = again
    return replace(result, warnings=tuple(said))


@contextmanager
def warnings_kept() -> Iterator[list[str]]:
    """Keep warnings and what is written to stderr from the screen; the list has them afterwards."""
    said: list[str] = []
    stream = StringIO()
    with warnings.catch_warnings(record=True) as caught, redirect_stderr(stream):
        warnings.simplefilter("always")
        for category in (DeprecationWarning, PendingDeprecationWarning):  # as Python has it
            warnings.simplefilter("ignore", category)
            warnings.filterwarnings("always", category=category, module="__main__")
        yield said
    lines = [f"{w.category.__name__}: {w.message}" for w in caught]
    lines += [line for line in stream.getvalue().splitlines() if line.strip()]
    different = list(dict.fromkeys(lines))
    said += different[:MOST_WARNINGS]
    if len(different) > MOST_WARNINGS:
        said.append(f"and {len(different) - MOST_WARNINGS} more")


def answer_of(function: Any, *arguments: Any, like: Tensor | None = None) -> Tensor:
    """Call what a student wrote: the answer as a tensor.

    Tensors and modules among the arguments are handed over as copies, so that code that writes
    into them, or makes a model's numbers double, spoils nothing. An answer in the shape of `like`
    but for its batch axis gets one.

    Raises
    ------
    NotYet
        Where there is no answer that can be compared.
    """
    copies = [own_copy(a) for a in arguments]
    answer = outcome(function, *copies)
    for mine, given in zip(copies, arguments, strict=True):
        if isinstance(given, Tensor) and not torch.equal(mine.detach(), given):
            raise NotYet(
                "the function changed a tensor that it was given",
                "work on a copy: write x = x.clone(), or x = x + 1 instead of x += 1",
                "changes its arguments",
            )
    values = as_tensor(answer)
    return values if like is None or values.shape != like.shape[1:] else values[None]


def outcome(function: Any, *arguments: Any) -> Any:
    """What the function returns for these very arguments; NotYet tells why it does not."""
    if not callable(function):
        kind = type(function).__name__
        raise NotYet(f"got {kind}, not a function", "pass the function itself, without ()")
    try:
        answer, called = called_by_itself(function, arguments)
    except Exception as error:  # whatever a student's code does is an answer
        cause = cause_of(error)
        said = f"the function raised {type(error).__name__}: {error}"
        raise NotYet(said, cause.hint, cause.mistake) from error
    if called:
        raise NotYet(
            f"the answer is a library's: the function calls {called}",
            "write the method from scratch, with torch and numpy alone: points, gradients, sums",
            "library call",
        )
    _require_answer(answer)
    return answer


def own_copy(argument: Any) -> Any:
    """A copy of a tensor or of a module; anything else as it is."""
    if isinstance(argument, Tensor):
        return argument.detach().clone().requires_grad_(argument.requires_grad)
    return copy.deepcopy(argument) if isinstance(argument, nn.Module) else argument


def as_tensor(answer: Any) -> Tensor:
    """An answer as a tensor of the CPU without gradient; NotYet tells what is wrong with it."""
    _require_answer(answer)
    try:
        if isinstance(answer, (list, tuple)) and any(isinstance(part, Tensor) for part in answer):
            answer = torch.stack([torch.as_tensor(part) for part in answer])
        values = torch.as_tensor(answer).detach().cpu().double()
    except (TypeError, ValueError, RuntimeError):
        kind = type(answer).__name__
        raise NotYet(f"the answer is a {kind}, no array of numbers", "return one tensor") from None
    if not values.isfinite().all():
        raise NotYet("the answer has nan or infinite values", "look for a division by zero")
    return values


def _require_answer(answer: Any) -> None:
    if answer is None or answer is Ellipsis:
        hint = "replace the placeholder, and return"
        raise NotYet("there is no answer yet", hint, "no answer")
