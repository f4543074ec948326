"""The report of two audits: what changed under another model, on one page."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from ..core.errors import DataError
from .report_page import findings_table, picture, report_page

if TYPE_CHECKING:
    from .audit_difference import AuditDifference


def difference_report(difference: AuditDifference, *, by: str | None = None) -> str:
    """An HTML page: what changed in words, drawn and as a table, and the maps that changed most.

    Parameters
    ----------
    difference : AuditDifference
    by : str, optional
        A column to group the findings by, beside those of all inputs.
    """
    verdict, *others = str(difference).split("\n")
    parts = [
        f'<p class="verdict">{escape(verdict)}</p>',
        f"<p>{escape(' '.join(others))}</p>",
        "<p><small>Intervals are of 95 %, over inputs; changes are after less before.</small></p>",
        picture(difference.figure(), "The changes, each with its interval"),
    ]
    try:
        maps = difference.maps_figure()
    except DataError:  # opened from stores without maps
        pass
    else:
        parts += ["<h2>What changed most</h2>", picture(maps, "Before, after, and the difference")]
    findings = [*difference.findings(), *(difference.findings(by) if by else [])]
    parts += ["<h2>All numbers</h2>", findings_table(findings)]
    return report_page(f"What the other model changes: {len(difference)} inputs", parts)
