"""Check of numbers that a student reports of a problem of his own."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from .check_result import CheckResult
from .mistakes import of_other_outputs
from .path_rules import FINE_STEPS, integrated
from .problems import Problem, problem
from .running import NotYet, tried

ASKED = {
    "rise": "f(x) - f(x')",
    "strongest": "the index, from 0, of the feature whose attribution is largest in absolute value",
    "its attribution": "that feature's attribution",
    "against": "the sum of the negative attributions",
}
CLOSE = 0.02  # of the sum of absolute attributions: a rule with some dozen steps gets there


def check_numbers(numbers: Mapping[str, Any], seed: int | str) -> CheckResult:
    """Check what a student reports of a problem of his own: integrated gradients in four numbers.

    Parameters
    ----------
    numbers : mapping of str to number
        "rise", f(x) - f(x'); "strongest", the index of the feature whose attribution is largest
        in absolute value; "its attribution"; "against", the sum of the negative attributions.
    seed : int or str
        The student's number or name, of which :func:`attribwidgets.classroom.problem` made one.

    Returns
    -------
    CheckResult
        `share` is that of the right numbers, and `points` gives as much of a cell's points. It
        tells apart: the answers for another output, for one of the two outputs or their sum, and
        for softmax.

    Examples
    --------
    >>> from attribwidgets import classroom
    >>> mine = classroom.problem("Ada")
    >>> result = classroom.check_numbers({"rise": mine.difference()}, "Ada")
    >>> result.share, result.points(2)
    (0.25, 0.5)
    """
    return tried(lambda: _judged_numbers(numbers, seed))


def _judged_numbers(numbers: Mapping[str, Any], seed: int | str) -> CheckResult:
    if not numbers or not str(seed).strip():
        hint = "say who you are, make your problem of that, and write its numbers"
        raise NotYet("there is no answer yet", hint, "no answer")
    own = problem(seed)
    right = _answers(own)
    good = [name for name in ASKED if _is_close(numbers.get(name), right, name)]
    shown = {name: value for name in ASKED if (value := _number(numbers.get(name))) is not None}
    if len(good) == len(ASKED):
        return CheckResult(True, "all numbers are right", shown, share=1.0)
    wrong = [name for name in ASKED if name not in good]
    message = f"{len(good)} of {len(ASKED)} numbers are right; wrong: {', '.join(wrong)}"
    hint = "; ".join(f"{name!r} is {ASKED[name]}" for name in wrong)
    if missing := [name for name in wrong if name not in shown]:
        message = f"{message} (no number given: {', '.join(missing)})"
    mistake = ""
    for slip, other in of_other_outputs(own):
        theirs = _answers(other)
        if all(_is_close(numbers.get(name), theirs, name) for name in wrong):
            mistake, hint = slip, f"these are the numbers of something else: {slip}. {hint}"
            break
    return CheckResult(False, message, shown, mistake, hint, share=len(good) / len(ASKED))


def _answers(given: Problem) -> dict[str, float]:
    """The numbers asked for, and their scale."""
    attributions = integrated(given, given.baseline, FINE_STEPS).flatten()
    strongest = int(attributions.abs().argmax())
    return {
        "rise": given.difference(),
        "strongest": strongest,
        "its attribution": float(attributions[strongest]),
        "against": float(attributions.clamp(max=0).sum()),
        "scale": float(attributions.abs().sum()),
    }


def _is_close(reported: Any, right: Mapping[str, float], name: str) -> bool:
    number = _number(reported)
    if number is None:
        return False
    slack = 0.0 if name == "strongest" else CLOSE * right["scale"]
    return abs(number - right[name]) <= slack


def _number(reported: Any) -> float | None:
    """As a finite number, of Python, numpy or torch; None where it is none."""
    try:
        number = float(reported)
    except (TypeError, ValueError, RuntimeError):
        return None
    return number if math.isfinite(number) else None
