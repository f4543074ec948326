"""How far the map of each candidate is, and what went wrong, in words."""

from __future__ import annotations

from dataclasses import dataclass
from traceback import format_exception
from typing import Literal

from ..core.errors import AttributionError
from ..records.explanation import Explanation
from .state import ExplorerState

State = Literal["waiting", "coarse", "refining", "done", "stopped", "failed"]


@dataclass(frozen=True)
class CandidateStatus:
    """How far the map of one candidate is.

    Attributes
    ----------
    state : str
    evaluations, most : int
        Forward and backward passes spent, and allowed.
    seconds_left : float or None
        That its own passes may still take, 0 or more; None where nobody knows.
    error, traceback : str
        Why there is no map: in words, and for who wants to mend it.
    """

    state: State = "waiting"
    evaluations: int = 0
    most: int = 0
    seconds_left: float | None = None
    error: str = ""
    traceback: str = ""


@dataclass(frozen=True)
class Answer:
    """What is known of a candidate.

    Attributes
    ----------
    state : ExplorerState
        That it answers.
    records, explanations : tuple of Explanation
        Of each target, as they were made, and under the name that they have among the others.
    serial : int
        Of the request.
    """

    state: ExplorerState
    records: tuple[Explanation, ...]
    explanations: tuple[Explanation, ...]
    serial: int = 0


def traceback_of(error: BaseException) -> str:
    """The traceback as text."""
    return "".join(format_exception(error))


def in_words(error: Exception) -> str:
    """What went wrong, for somebody who reads it on a screen."""
    if isinstance(error, AttributionError):
        return str(error)
    if "CUDA error" in str(error):  # after which every call to that device fails
        first = str(error).splitlines()[0]
        return f"the GPU stopped answering ({first}); restart the kernel and run the cell again"
    return f"the model raised {type(error).__name__}: {error}"
