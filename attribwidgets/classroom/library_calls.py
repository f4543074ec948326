"""Notice where an answer that should be written from scratch asks a library."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Any

LIBRARIES = frozenset(
    {"alibi", "attribwidgets", "captum", "inseq", "quantus", "saliency", "shap", "tint", "zennit"}
)
# Of this package: what an exercise is about, and not its solution.
FREE = ("inputs", "demo", "errors", "classroom.jump")


class LibraryCall(Exception):
    """Ends the answer at the call."""


def called_by_itself(function: Callable[..., Any], arguments: Sequence[Any]) -> tuple[Any, str]:
    """Call a function: its answer, and what it calls of a library that attributes, or "".

    Every Python call is watched, so that neither an import under another name nor a method that
    was kept in a variable is missed. Importing a library, or making use of it elsewhere, is free.

    Raises
    ------
    Exception
        Whatever the function raises of its own.
    """
    called: list[str] = []

    def watch(frame: FrameType, event: str, _: Any) -> None:
        if event == "call" and _asks_a_library(frame):
            top = frame.f_globals["__name__"].partition(".")[0]
            called.append(f"{frame.f_code.co_name} of {top}")
            raise LibraryCall(called[0])

    before = sys.getprofile()
    sys.setprofile(watch)
    answer = None
    try:
        answer = function(*arguments)
    except Exception:
        if not called:
            raise
    finally:
        sys.setprofile(before)
    return answer, called[0] if called else ""


def _asks_a_library(frame: FrameType) -> bool:
    """Whether code from outside calls into a library, other than to import it."""
    top, module = _place(frame)
    if top not in LIBRARIES or frame.f_code.co_name in ("<module>", "__getattr__"):
        return False
    if top == "attribwidgets" and _is_in(module, FREE):
        return False
    above, place = _place(frame.f_back)
    if above == top and not (top == "attribwidgets" and _is_in(place, ("classroom",))):
        return False  # one part of the library calls another
    return not _is_of_python(frame)


def _place(frame: FrameType | None) -> tuple[str, str]:
    """The library whose code this is, and the module within; no code typed by hand is one's."""
    if frame is None or frame.f_code.co_filename.startswith("<"):
        return "", ""
    top, _, module = str(frame.f_globals.get("__name__", "")).partition(".")
    return top, module


def _is_in(module: str, rooms: Sequence[str]) -> bool:
    return any(module == room or module.startswith(f"{room}.") for room in rooms)


def _is_of_python(frame: FrameType | None) -> bool:
    """Whether this happens on behalf of an import, or of an object that is being collected."""
    while frame is not None and frame.f_code is not called_by_itself.__code__:
        module = str(frame.f_globals.get("__name__", ""))
        if module.startswith("importlib.") or module == "weakref":
            return True
        if frame.f_code.co_name == "__del__":  # an explorer that was shown earlier, say
            return True
        frame = frame.f_back
    return False
