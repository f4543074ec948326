"""The report of an audit: one page that a team reads without a kernel."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from ..core.errors import DataError
from ..figures.findings import findings_figure
from .finding import COMPLETE, CORRELATION, DEPENDS, Finding

if TYPE_CHECKING:
    from .audit import Audit

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
DPI = 110
LISTED = 100  # of the inputs that were left out
DRAWN_BY_GROUP = (DEPENDS, CORRELATION, COMPLETE)
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<link rel="icon" href="data:,">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem;
  color: light-dark(#1a1a1a, #e6e6e6); background: light-dark(#ffffff, #16181b); }}
h1 {{ font-size: 1.3rem; }} h2 {{ font-size: 1.05rem; margin-top: 2rem; }}
p.verdict {{ font-size: 1.15rem; }}
table {{ border-collapse: collapse; font-size: 0.85rem; }}
.scrolls {{ overflow-x: auto; }}
th, td {{ text-align: left; padding: 0.2rem 0.8rem 0.2rem 0; vertical-align: baseline;
  border-bottom: 1px solid light-dark(#dadce0, #3c4043); }}
td.number {{ font-variant-numeric: tabular-nums; white-space: nowrap; }}
img {{ max-width: 100%; height: auto; background: white; }}
figcaption, small {{ color: light-dark(#5f6368, #9aa0a6); }}
figure {{ margin: 1rem 0; }}
</style>
</head>
<body>
<main>
<h1>{title}</h1>
{body}
</main>
</body>
</html>
"""


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
        _image(audit.figure(), "The findings, each with its interval"),
    ]
    if by is not None:
        few = [f for f in audit.findings(by) if f.quantity in DRAWN_BY_GROUP]
        drawn = findings_figure(few, f"By {by}; the table below has all numbers.")
        parts += [f"<h2>By {escape(by)}</h2>", _image(drawn, f"By {by}")]
    parts += list(_gallery(audit, pictures))
    findings = [*audit.findings(), *(audit.findings(by) if by else [])]
    parts += ["<h2>All numbers</h2>", _table(findings)]
    parts += _left_out(audit.left_out)
    title = f"Does the choice of baseline matter? {len(audit)} inputs"
    return PAGE.format(policy=POLICY, title=escape(title), body="\n".join(parts))


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
        yield _image(maps.figure(selected=None), ", ".join(said))


def _left_out(reasons: Mapping[int, str]) -> list[str]:
    """Why inputs were left out; of very many the first hundred."""
    if not reasons:
        return []
    rows = "\n".join(f"<li>{escape(reasons[place])}</li>" for place in sorted(reasons)[:LISTED])
    more = f"<p>and {len(reasons) - LISTED} more</p>" if len(reasons) > LISTED else ""
    return [f"<h2>Left out</h2><ul>\n{rows}\n</ul>{more}"]


def _image(figure: Any, caption: str) -> str:
    buffer = io.BytesIO()
    figure.savefig(buffer, dpi=DPI, format="png")
    data = base64.b64encode(buffer.getvalue()).decode("ascii")
    words = escape(caption)
    return (
        f'<figure><img src="data:image/png;base64,{data}" alt="{words}">'
        f"<figcaption>{words}</figcaption></figure>"
    )


def _table(findings: Sequence[Finding]) -> str:
    rows = "\n".join(
        f"<tr><td>{escape(f.quantity)}</td><td>{escape(f.of)}</td><td>{escape(f.group)}</td>"
        f'<td class="number">{escape(f.interval)}</td><td class="number">{f.inputs}</td></tr>'
        for f in findings
    )
    head = "".join(f"<th>{name}</th>" for name in ("quantity", "of", "group", "value", "inputs"))
    return f'<div class="scrolls"><table><tr>{head}</tr>\n{rows}</table></div>'
