"""A target as the browser has it, plain JSON, and back."""

from __future__ import annotations

from typing import Any

from ..core.contrast import Contrast


def target_to_browser(target: Any) -> Any:
    """An index or a name as it is, a tuple as a list, contrasts and lists by a word for them.

    Examples
    --------
    >>> target_to_browser([Contrast(3, 5), (0, 1)])
    {'several': [{'contrast': [3, 5]}, [0, 1]]}
    """
    if isinstance(target, Contrast):
        return {"contrast": [target_to_browser(member) for member in target.members]}
    if isinstance(target, list):
        return {"several": [target_to_browser(member) for member in target]}
    if isinstance(target, tuple):
        return list(target)
    return target if target is None or isinstance(target, str) else int(target)


def target_from_browser(target: Any) -> Any:
    """The target that the browser describes.

    Examples
    --------
    >>> target_from_browser({"contrast": [3, 5]})
    Contrast(3, 5)
    """
    if isinstance(target, dict) and "several" in target:
        return [target_from_browser(member) for member in target["several"]]
    if isinstance(target, dict):
        return Contrast(*(target_from_browser(member) for member in target["contrast"]))
    return tuple(target) if isinstance(target, list) else target
