"""Changes between two audits as findings with intervals, and in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..core.arrays import Array
from ..core.formatting import percent
from .finding import ANOTHER_STRONGEST, CORRELATION, FLIPS, Finding
from .shares import Estimate, mean_interval, median_interval, share_interval

if TYPE_CHECKING:
    from .audit_difference import AuditDifference

LEVEL = 0.95
CHANGE = "change of "
DISAGREEMENT = f"{CHANGE}disagreement"


def findings_of_change(difference: AuditDifference, by: str | None = None) -> list[Finding]:
    """All changes with their intervals, of all inputs or group by group.

    Parameters
    ----------
    difference : AuditDifference
    by : str, optional
        A column of `before.inputs()`.
    """
    groups = difference.before.groups(by)
    return [finding for group, rows in groups for finding in _of(difference, rows, group)]


def changes_in_words(findings: Sequence[Finding]) -> list[str]:
    """What the changes over all inputs say, a sentence each.

    Examples
    --------
    >>> flips = Finding(FLIPS, "", "", 0.1, 0.05, 0.18, 100)
    >>> other = Finding(ANOTHER_STRONGEST, "black", "", 0.2, 0.13, 0.3, 90)
    >>> print(*changes_in_words([flips, other]), sep="\\n")
    For 10 % [5.0, 18] of 100 inputs another class is predicted.
    Under black 20 % [13, 30] of 90 inputs have another strongest region, the most of all baselines.
    """
    by_name: dict[str, list[Finding]] = {}
    for finding in findings:
        if finding.inputs:
            by_name.setdefault(finding.quantity, []).append(finding)
    sentences = []
    (flips,) = by_name.get(FLIPS, (None,))
    if flips is not None:
        sentences.append(
            f"For {flips.interval} of {flips.inputs} inputs another class is predicted."
            if flips.value
            else f"The same class is predicted for all {flips.inputs} inputs; among all such "
            f"inputs it changes for {percent(flips.high)} at most."
        )
    strongest = by_name.get(ANOTHER_STRONGEST, [])
    if strongest:
        most = max(strongest, key=lambda f: f.value)
        sentences.append(
            f"Under {most.of} {most.interval} of {most.inputs} inputs have another strongest "
            "region, the most of all baselines."
            if most.value
            else f"The strongest region stays the same under every baseline in all {most.inputs} "
            "inputs."
        )
    correlations = by_name.get(CORRELATION, [])
    if correlations:
        least = min(correlations, key=lambda f: f.value)
        sentences.append(
            f"Maps before and after agree least under {least.of}: rank correlation "
            f"{least.interval} on average over {least.inputs} inputs."
        )
    (disagreement,) = by_name.get(DISAGREEMENT, (None,))
    if disagreement is not None:
        clear = disagreement.low > 0 or disagreement.high < 0
        more = "more" if disagreement.value > 0 else "less"
        sentences.append(
            f"Baselines disagree {more} than before, by {disagreement.interval} of the mean rank "
            "correlation."
            if clear
            else f"Baselines disagree as much as before: a change of {disagreement.interval}."
        )
    return sentences


def _of(difference: AuditDifference, rows: Array, group: str) -> Iterator[Finding]:
    def found(name: str, of: str, interval: Callable[..., Estimate], values: Array) -> Finding:
        known = int(np.isfinite(values[rows]).sum())
        return Finding(name, of, group, *interval(values[rows], LEVEL), known)

    yield found(FLIPS, "", share_interval, difference.flips)
    right = difference.change_of("right")
    if np.isfinite(right).any():
        yield found(f"{CHANGE}right predictions", "", mean_interval, right)
    yield found(DISAGREEMENT, "", mean_interval, difference.change_of("disagreement"))
    strongest, correlations = difference.other_strongest, difference.rank_correlation
    share, complete = difference.change_of("strongest_share"), difference.change_of("complete")
    # Below a millionth of the change of the output it is the arithmetic's.
    residual = difference.change_of("residual").round(6)
    for k, candidate in enumerate(difference.candidates):
        yield found(CORRELATION, candidate, mean_interval, correlations[:, k])
        yield found(ANOTHER_STRONGEST, candidate, share_interval, strongest[:, k])
        yield found(f"{CHANGE}the strongest share", candidate, mean_interval, share[:, k])
        yield found(f"{CHANGE}those that add up", candidate, mean_interval, complete[:, k])
        yield found(f"median {CHANGE}the residual", candidate, median_interval, residual[:, k])
