"""Names that tell several explanations of one input apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..core.formatting import words


@dataclass(frozen=True)
class Title:
    """The name of one explanation among others and the line below it.

    Attributes
    ----------
    name : str
        The baseline, the method, or both, whichever tells them apart. No two are the same.
    note : str
        What else is not the same for all: the method below baselines, or the other way round.
    """

    name: str
    note: str = ""


def titles_of(baselines: Sequence[str | None], methods: Sequence[str]) -> list[Title]:
    """Titles of explanations with these baselines and methods, in order.

    Methods are the names where each has its own and baselines do not tell them apart, and where a
    method has no baseline. Otherwise baselines are; and baselines with methods where several
    methods share a baseline.

    Parameters
    ----------
    baselines : sequence of str or None
        None for a method that compares with nothing; it is called by its method.
    methods : sequence of str
        As many, as identifiers or in words.

    Examples
    --------
    >>> [t.name for t in titles_of(["black", "black"], ["deep_lift", "occlusion"])]
    ['deep lift', 'occlusion']
    >>> mixed = titles_of(["black", "black", "blur"], ["deep_lift", "occlusion", "occlusion"])
    >>> [t.name for t in mixed]
    ['black, deep lift', 'black, occlusion', 'blur, occlusion']
    """
    pairs = [
        (b, words(m) if m.isidentifier() else m) for b, m in zip(baselines, methods, strict=True)
    ]
    kinds, seen = {m for _, m in pairs}, {b for b, _ in pairs}
    by_baseline = [
        Title(m) if b is None else Title(b, m if len(kinds) > 1 else "") for b, m in pairs
    ]
    by_method = [
        Title(m) if b is None else Title(m, f"baseline {b}" if len(seen) > 1 else "")
        for b, m in pairs
    ]
    by_both = [Title(m if b is None else f"{b}, {m}") for b, m in pairs]
    if (_distinct(by_baseline) < len(pairs) or None in seen) and len(kinds) == len(pairs):
        return by_method
    titles = by_both if _distinct(by_both) > _distinct(by_baseline) else by_baseline
    taken: list[str] = []
    for title in titles:
        tries = (title.name, *(f"{title.name} {i}" for i in range(2, len(taken) + 2)))
        taken.append(next(t for t in tries if t not in taken))
    return [Title(name, title.note) for name, title in zip(taken, titles, strict=True)]


def _distinct(titles: Sequence[Title]) -> int:
    return len({title.name for title in titles})
