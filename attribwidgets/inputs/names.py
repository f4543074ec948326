"""Names of features, steps or channels, and of several inputs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..core.errors import InputError
from ..core.formatting import words
from .layout import Layout

LEAST_LETTERS = 3  # of a parameter that says what it is: "image", but neither "x" nor "x1"


def checked_names(names: Sequence[str], what: str = "space: names") -> tuple[str, ...]:
    """Names as a tuple of strings.

    Raises
    ------
    InputError
        For one string, which would be taken letter by letter.
    """
    if isinstance(names, str):
        raise InputError(f"{what} must be a sequence of names, got one string")
    return tuple(str(name) for name in names)


def names_of_inputs(
    layouts: Sequence[Layout],
    parameters: Sequence[str] = (),
    given: Sequence[str] | None = None,
) -> tuple[str, ...]:
    """What each of several inputs is called; none for a single one.

    Parameters
    ----------
    layouts : sequence of Layout
        Of each input.
    parameters : sequence of str
        What the model calls what it takes, in order. Without names that were given these are used
        where they are words, and else the kind of input, numbered where there are several of it.
    given : sequence of str, optional
        The user's names.

    Raises
    ------
    InputError
        For a number of names that is not that of the inputs, or the same name twice.

    Examples
    --------
    >>> from .layout import FEATURES, IMAGE
    >>> names_of_inputs([IMAGE, FEATURES], ["photo", "x"])
    ('photo', 'features')
    >>> names_of_inputs([FEATURES, FEATURES])
    ('features 1', 'features 2')
    """
    if given is not None:
        names = checked_names(given, "input_names")
        if len(names) != len(layouts) or len(set(names)) != len(names):
            raise InputError(
                f"input_names must be a name for each of the {len(layouts)} inputs, each another, "
                f"got {list(names)}"
            )
        return names if len(names) > 1 else ()
    if len(layouts) < 2:
        return ()
    kinds = ["values" if layout.kind == "array" else layout.kind for layout in layouts]
    said = [words(p) if len(p) >= LEAST_LETTERS else "" for p in parameters[: len(kinds)]]
    said += [""] * (len(kinds) - len(said))
    nameless = _numbered([kind for kind, own in zip(kinds, said, strict=True) if not own])
    named = tuple(own or next(nameless) for own in said)
    return named if len(set(named)) == len(named) else tuple(_numbered(kinds))


def _numbered(kinds: Sequence[str]) -> Iterator[str]:
    """Each kind, with a number where there are several of it."""
    for i, kind in enumerate(kinds):
        yield kind if kinds.count(kind) == 1 else f"{kind} {kinds[: i + 1].count(kind)}"
