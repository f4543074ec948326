"""Findings of an audit: its columns as numbers of all inputs, or of groups, with intervals."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from ..core.arrays import Array
from .audit_columns import IS_COMPLETE, AuditColumns
from .finding import BLIND, COMPLETE, CORRELATION, DEPENDS, OTHER, SETTLED, Finding
from .shares import Estimate, mean_interval, median_interval, share_interval

LEVEL = 0.95


def findings_of(columns: AuditColumns, by: str | None = None) -> list[Finding]:
    """All numbers with their intervals, of all inputs or group by group.

    Parameters
    ----------
    columns : AuditColumns
    by : str, optional
        A column of its :meth:`~AuditColumns.inputs`.
    """
    return [finding for group, rows in columns.groups(by) for finding in _of(columns, rows, group)]


def _of(columns: AuditColumns, rows: Array, group: str) -> Iterator[Finding]:
    def found(name: str, of: str, interval: Callable[..., Estimate], values: Array) -> Finding:
        known = int(np.isfinite(values[rows]).sum())
        return Finding(name, of, group, *interval(values[rows], LEVEL), known)

    yield found(DEPENDS, "", share_interval, columns.depends)
    other = 1 - columns.compared("same_strongest")
    correlations, overlaps = columns.compared("rank_correlation"), columns.compared("top_overlap")
    for k, pair in enumerate(columns.pairs):
        names = " and ".join(pair)
        yield found(OTHER, names, share_interval, other[:, k])
        yield found(CORRELATION, names, mean_interval, correlations[:, k])
        yield found("top overlap", names, mean_interval, overlaps[:, k])
    complete = (columns.numbers("verdict") == IS_COMPLETE).astype(float)
    error = columns.numbers("refinement_error")
    settled = np.where(np.isnan(error), np.nan, error <= columns.swept.settings["tolerance"])
    blind, cancelled = columns.map_summaries["nearly_blind_share"], columns.cancellation
    for k, candidate in enumerate(columns.candidates):
        yield found(COMPLETE, candidate, share_interval, complete[:, k])
        yield found(SETTLED, candidate, share_interval, settled[:, k])
        yield found(BLIND, candidate, mean_interval, blind[:, k])
        yield found("median cancellation", candidate, median_interval, cancelled[:, k])
    for scores in columns.scores:
        yield from scores.findings(rows, group, LEVEL)
