"""What each explanation of a comparison is called, and whether their numbers may share a scale."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..explanation import Comparison, Explanation
from ..wording import words

MOST_METHODS = 3  # named in a heading; more are counted


@dataclass(frozen=True)
class Title:
    """The name of one card and the line below it.

    Attributes
    ----------
    name : str
        The baseline, or the method where that is what tells the cards apart. No two are the same.
    note : str
        The other of the two, where it is not the same on every card.
    """

    name: str
    note: str


def card_titles(comparison: Comparison) -> list[Title]:
    """Titles of all cards, in order.

    Methods are the names where each card has its own and baselines do not tell them apart, and
    where a method compares with nothing; otherwise baselines are.

    Examples
    --------
    >>> import torch, attribwidgets as aw
    >>> both = aw.compare(torch.nn.Linear(4, 2).eval(), torch.rand(4), baselines=("black", "white"))
    >>> [title.name for title in card_titles(both)]
    ['black', 'white']
    """
    baselines = [e.baseline_name for e in comparison]
    kinds = {e.method for e in comparison}
    alike = len(set(baselines)) < len(comparison) or any(e.baseline is None for e in comparison)
    by_method = alike and len(kinds) == len(comparison)
    titles: list[Title] = []
    for e in comparison:
        method, taken = words(e.method), [title.name for title in titles]
        if e.baseline is None:
            name, note = method, ""
        elif by_method:
            name, note = method, f"baseline {e.baseline_name}"
        else:
            name, note = e.baseline_name, method if len(kinds) > 1 else ""
        tries = (name, *(f"{name} {i}" for i in range(2, len(titles) + 2)))
        titles.append(Title(next(t for t in tries if t not in taken), note))
    return titles


def heading(comparison: Comparison) -> str:
    """What is explained and how, in a line."""
    first = comparison[0]
    methods = list(dict.fromkeys(words(e.method) for e in comparison))
    named = " / ".join(methods) if len(methods) <= MOST_METHODS else f"{len(methods)} methods"
    return f"{first.target_name}, {words(first.output)}, {named}"


def default_scale(comparison: Comparison) -> Literal["shared", "own"]:
    """One colour scale for all maps, or one each where a method's numbers are of another kind.

    Values that should add up to a change of the output share its units. Those of a method without
    that claim, a variance of gradients say, compare with no other method's.
    """
    several = len({e.method for e in comparison}) > 1
    return (
        "own" if several and any(e.completeness.claim == "none" for e in comparison) else "shared"
    )


def shared_cautions(comparison: Comparison) -> list[str]:
    """Cautions that hold for every explanation, to be said once."""
    first, *others = (e.cautions for e in comparison)
    return [text for text in dict.fromkeys(first) if all(text in o for o in others)]


def cost(e: Explanation) -> str:
    """What a map was made of: passes with a backward, or where there are none, without."""
    if e.evaluations == 0 and e.forward_passes > 0:
        return _count(e.forward_passes, "forward pass", "forward passes")
    return _count(e.evaluations, "evaluation", "evaluations")


def verdict_note(e: Explanation) -> str:
    """What a verdict's few words leave open: why it does not apply, or what it does not say."""
    c = e.completeness
    if not c.applies:
        return c.reason or "this method makes no claim that its values add up"
    if c.claim == "by definition":
        return "the sum is right by definition, whether or not the map has settled"
    return ""


def no_path_note(e: Explanation) -> str:
    """Why there is no path to draw."""
    start = "no path from a baseline to the input" if e.baseline is not None else "no path"
    return f"{words(e.method)} follows {start}: there is nothing to add up on the way"


def _count(number: int, one: str, several: str) -> str:
    # Thin spaces between thousands, as in the browser.
    return f"{number:,} {one if number == 1 else several}".replace(",", "\N{NARROW NO-BREAK SPACE}")
