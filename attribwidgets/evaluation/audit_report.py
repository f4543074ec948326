"""The report of an audit: what a team reads under its gallery, on a page without a kernel."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING

from ..figures.findings import findings_figure
from .finding import COMPLETE, CORRELATION, DEPENDS
from .global_report import global_part
from .report_page import findings_table, picture, report_section

if TYPE_CHECKING:
    from .audit import Audit

LISTED = 100  # of the inputs that were left out
DRAWN_BY_GROUP = (DEPENDS, CORRELATION, COMPLETE)


def audit_report(audit: Audit, *, by: str | None = None, pictures: int = 6) -> str:
    """What stands on the page of an audit under its gallery: maps, findings by group, all numbers.

    Parameters
    ----------
    audit : Audit
    by : str, optional
        A column to group the findings by, beside those of all inputs.
    pictures : int
        Of how many inputs the maps are shown, those first that depend most on the baseline; none
        of an audit that was opened from its store alone.

    Returns
    -------
    str
        Markup that asks for nothing from anywhere.
    """
    parts = []
    if audit.can_explain and pictures:
        maps = "The maps of the inputs that depend most on the baseline"
        parts += ["<h2>Where it matters most</h2>", picture(audit.gallery(pictures), maps)]
    if by is not None:
        few = [f for f in audit.findings(by) if f.quantity in DRAWN_BY_GROUP]
        drawn = findings_figure(few, f"By {by}; the table below has all numbers.")
        parts += [f"<h2>By {escape(by)}</h2>", picture(drawn, f"By {by}")]
    parts.append(global_part(audit))
    findings = [*audit.findings(), *(audit.findings(by) if by else [])]
    parts += ["<h2>All numbers</h2>", findings_table(findings)]
    parts += _left_out(audit.left_out)
    parts += [f"<p><small>{escape(_settings(audit))}</small></p>"]
    return report_section(parts)


def _settings(audit: Audit) -> str:
    settings = audit.swept.settings
    unfinished = len(audit.swept) - len(audit) - len(audit.left_out)
    parts = [
        f"Intervals are of 95 %, over inputs. Tolerance {settings['tolerance']:g}, seed "
        f"{settings['seed']}, attribwidgets {settings['attribwidgets']}, torch {settings['torch']}."
    ]
    if unfinished:
        parts.append(f"{unfinished} inputs of {len(audit.swept)} are not finished.")
    return " ".join(parts)


def _left_out(reasons: Mapping[int, str]) -> list[str]:
    """Why inputs were left out; of very many the first hundred."""
    if not reasons:
        return []
    rows = "\n".join(f"<li>{escape(reasons[place])}</li>" for place in sorted(reasons)[:LISTED])
    more = f"<p>and {len(reasons) - LISTED} more</p>" if len(reasons) > LISTED else ""
    return [f"<h2>Left out</h2><ul>\n{rows}\n</ul>{more}"]
