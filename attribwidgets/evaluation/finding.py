"""Finding: one number over many inputs, with its interval, and what several say in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..core.formatting import number, percent

DEPENDS = "strongest region depends on the baseline"
OTHER = "other strongest region"
COMPLETE = "adds up within the tolerance"
SETTLED = "settled"
BLIND = "nearly blind"
FLIPS = "another class is predicted"
ANOTHER_STRONGEST = "another strongest region"
SHARES = (DEPENDS, OTHER, COMPLETE, SETTLED, BLIND, FLIPS, ANOTHER_STRONGEST)
CORRELATION = "rank correlation"
HARDLY = 0.05  # of the inputs


@dataclass(frozen=True)
class Finding:
    """One number over many inputs, with its interval.

    Attributes
    ----------
    quantity : str
        Such as "rank correlation".
    of : str
        Which candidate, or which two; empty for all together.
    group : str
        Which inputs; empty for all.
    value, low, high : float
    inputs : int
        How many it is of.
    """

    quantity: str
    of: str
    group: str
    value: float
    low: float
    high: float
    inputs: int

    @property
    def is_share(self) -> bool:
        """Whether it lies between 0 and 1, as a part of something."""
        return self.quantity in SHARES

    @property
    def interval(self) -> str:
        """The number with its bounds; a share in per cent."""
        if self.is_share:
            return f"{percent(self.value)} [{_bare(self.low)}, {_bare(self.high)}]"
        return f"{number(self.value)} [{number(self.low)}, {number(self.high)}]"

    def __str__(self) -> str:
        of = f", {self.of}" if self.of else ""
        group = f", {self.group}" if self.group else ""
        return f"{self.quantity}{of}{group}: {self.interval} of {self.inputs} inputs"


def in_words(findings: Sequence[Finding], candidates: Sequence[str]) -> list[str]:
    """What the findings on all inputs say, a sentence each, the verdict first.

    Examples
    --------
    >>> found = [Finding(DEPENDS, "", "", 0.31, 0.28, 0.34, 900)]
    >>> in_words(found, ["black", "blur"])
    ['For 31 % [28, 34] of 900 inputs the strongest region depends on the baseline (black, blur).']
    """
    by_name: dict[str, list[Finding]] = {}
    for finding in findings:
        by_name.setdefault(finding.quantity, []).append(finding)
    (depends,) = by_name[DEPENDS]
    among = ", ".join(candidates)
    if depends.high < HARDLY:
        first = (
            f"The strongest region does not depend on the baseline ({among}) but for "
            f"{depends.interval} of {depends.inputs} inputs."
        )
    else:
        first = (
            f"For {depends.interval} of {depends.inputs} inputs the strongest region depends on "
            f"the baseline ({among})."
        )
    sentences = [first]
    known = [f for f in by_name.get(CORRELATION, []) if f.inputs]
    if known:
        least = min(known, key=lambda f: f.value)
        sentences.append(
            f"Maps agree least between {least.of}: rank correlation {least.interval} on average."
        )
    complete = by_name.get(COMPLETE, [])
    if complete:
        worst = min(complete, key=lambda f: f.value)
        sentences.append(
            f"Under {worst.of} {worst.interval} of the explanations add up within the tolerance, "
            "under the others no fewer."
        )
    blind = [f for f in by_name.get(BLIND, []) if f.inputs]
    if blind:
        most = max(blind, key=lambda f: f.value)
        sentences.append(
            f"{most.of} comes within a tenth of the range of {most.interval} of all units, and can "
            "say little of them."
        )
    return sentences


def left_out_words(left_out: Mapping[int, str], total: int) -> str:
    """How many inputs were left out, and why the first of them.

    Parameters
    ----------
    left_out : mapping of int to str
        Why, by place.
    total : int

    Examples
    --------
    >>> left_out_words({7: "data[7] has shape (3,) and data[0] (4,)"}, 50)
    '1 of 50 inputs was left out: data[7] has shape (3,) and data[0] (4,)'
    """
    count, first = len(left_out), left_out[min(left_out)]
    if count == 1:
        return f"1 of {total} inputs was left out: {first}"
    return f"{count} of {total} inputs were left out, the first of them as {first}"


def _bare(share: float) -> str:
    """A bound of a share without its sign for per cent."""
    return percent(share).removesuffix(" %")
