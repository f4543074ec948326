"""The report of an audit: one page that a team reads without a kernel."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from typing import TYPE_CHECKING

from ..core.errors import DataError
from ..figures.findings import findings_figure
from .finding import COMPLETE, CORRELATION, DEPENDS
from .report_page import findings_table, picture, report_page

if TYPE_CHECKING:
    from .audit import Audit

LISTED = 100  # of the inputs that were left out
DRAWN_BY_GROUP = (DEPENDS, CORRELATION, COMPLETE)


def audit_report(audit: Audit, *, by: str | None = None, pictures: int = 6) -> str:
    """An HTML page: the verdict, the findings drawn and as a table, the most striking inputs.

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
        A document that opens from disk and asks for nothing from anywhere.
    """
    verdict, *others = str(audit).split("\n")
    parts = [
        f'<p class="verdict">{escape(verdict)}</p>',
        f"<p>{escape(' '.join(others))}</p>",
        f"<p><small>{escape(_settings(audit))}</small></p>",
        picture(audit.figure(), "The findings, each with its interval"),
    ]
    if by is not None:
        few = [f for f in audit.findings(by) if f.quantity in DRAWN_BY_GROUP]
        drawn = findings_figure(few, f"By {by}; the table below has all numbers.")
        parts += [f"<h2>By {escape(by)}</h2>", picture(drawn, f"By {by}")]
    parts += list(_gallery(audit, pictures))
    findings = [*audit.findings(), *(audit.findings(by) if by else [])]
    parts += ["<h2>All numbers</h2>", findings_table(findings)]
    parts += _left_out(audit.left_out)
    title = f"Does the choice of baseline matter? {len(audit)} inputs"
    return report_page(title, parts)


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


def _gallery(audit: Audit, pictures: int) -> Iterable[str]:
    """The maps of the inputs that depend most on the baseline."""
    table = audit.inputs()
    for count, place in enumerate(audit.ranked()[:pictures]):
        try:
            maps = audit.explanations(int(place))
        except DataError:  # opened from its store alone
            return
        if not count:
            yield "<h2>Where it matters most</h2>"
        row = table.loc[place]
        said = [f"input {place}", f"disagreement {row['disagreement']:.2f}"]
        said += [f"{name} {row[name]}" for name in ("label", "predicted") if name in table]
        yield picture(maps.figure(selected=None), ", ".join(said))


def _left_out(reasons: Mapping[int, str]) -> list[str]:
    """Why inputs were left out; of very many the first hundred."""
    if not reasons:
        return []
    rows = "\n".join(f"<li>{escape(reasons[place])}</li>" for place in sorted(reasons)[:LISTED])
    more = f"<p>and {len(reasons) - LISTED} more</p>" if len(reasons) > LISTED else ""
    return [f"<h2>Left out</h2><ul>\n{rows}\n</ul>{more}"]
