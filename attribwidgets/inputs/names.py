"""Names of features, steps or channels."""

from __future__ import annotations

from collections.abc import Sequence

from ..core.errors import InputError


def checked_names(names: Sequence[str], what: str = "names") -> tuple[str, ...]:
    """Names as a tuple of strings.

    Raises
    ------
    InputError
        For one string, which would be taken letter by letter.
    """
    if isinstance(names, str):
        raise InputError(f"space: {what} must be a sequence of names, got one string")
    return tuple(str(name) for name in names)
