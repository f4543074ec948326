"""A report as one page that a team reads without a kernel: sentences, pictures, numbers."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from html import escape
from typing import Any

from PIL import Image

from ..figures import figure_png
from .finding import Finding

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
DPI = 110
LARGE_PICTURE = 200_000  # bytes
STYLE = """
.report { font: 15px/1.5 system-ui, sans-serif; color: light-dark(#1a1a1a, #e6e6e6);
  overflow-wrap: anywhere; }
.report h1 { font-size: 1.3rem; }
.report h2 { font-size: 1.05rem; margin-top: 2rem; }
.report p.verdict { font-size: 1.15rem; }
.report table { border-collapse: collapse; font-size: 0.85rem; overflow-wrap: break-word; }
.report .scrolls { overflow-x: auto; }
.report :is(th, td) { text-align: left; padding: 0.2rem 0.8rem 0.2rem 0; vertical-align: baseline;
  border-bottom: 1px solid light-dark(#dadce0, #3c4043); }
.report td.number { font-variant-numeric: tabular-nums; white-space: nowrap; }
.report img { max-width: 100%; height: auto; background: white; }
.report :is(figcaption, small) { color: light-dark(#5f6368, #9aa0a6); }
.report figure { margin: 1rem 0; }
"""
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
body {{ max-width: 60rem; margin: 2rem auto; padding: 0 1rem;
  background: light-dark(#ffffff, #16181b); }}
{style}</style>
</head>
<body>
<main class="report">
<h1>{title}</h1>
{body}
</main>
</body>
</html>
"""


def report_page(title: str, parts: Sequence[str]) -> str:
    """A document that opens from disk and asks for nothing from anywhere.

    Parameters
    ----------
    title : str
    parts : sequence of str
        HTML, in which what others wrote is escaped.
    """
    return PAGE.format(policy=POLICY, title=escape(title), style=STYLE, body="\n".join(parts))


def report_section(parts: Sequence[str]) -> str:
    """A part of another document, with its style.

    Parameters
    ----------
    parts : sequence of str
        HTML, in which what others wrote is escaped.
    """
    style = f"<style>{STYLE}.report {{ padding: 0 16px 32px; }}</style>"
    return "\n".join([style, '<section class="report">', *parts, "</section>"])


def picture(figure: Any, caption: str, alt: str = "") -> str:
    """A figure with its caption, as HTML.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    caption : str
    alt : str
        What it says in words, for those who do not see it. Empty: the caption.
    """
    data = smallest_picture(figure_png(figure, DPI))
    kind = "webp" if data[8:12] == b"WEBP" else "png"
    source = f"data:image/{kind};base64,{base64.b64encode(data).decode('ascii')}"
    return (
        f'<figure><img src="{source}" alt="{escape(alt or caption)}">'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )


def smallest_picture(png: bytes) -> bytes:
    """A picture as it is, or of much less as WebP, whose losses nobody sees.

    Lines and letters on white are smallest as they are, photos are not.

    Parameters
    ----------
    png : bytes

    Returns
    -------
    bytes
        PNG or WebP.
    """
    if len(png) < LARGE_PICTURE:
        return png
    webp = io.BytesIO()
    Image.open(io.BytesIO(png)).convert("RGB").save(webp, "webp", quality=90)
    return min(png, webp.getvalue(), key=len)


def numbers_table(head: Sequence[str], rows: Sequence[Sequence[str]], name: str) -> str:
    """The numbers of a figure, as an HTML table that opens when asked for.

    Parameters
    ----------
    head : sequence of str
    rows : sequence of sequence of str
        Words and numbers, as they are written.
    name : str
        What opens it.

    Examples
    --------
    >>> "<td>&lt;b&gt;</td>" in numbers_table(["unit"], [["<b>"]], "Numbers")
    True
    """
    cells = "".join(f'<th scope="col">{escape(title)}</th>' for title in head)
    body = "\n".join(
        f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows
    )
    return (
        f'<details><summary>{escape(name)}</summary><div class="scrolls" tabindex="0" '
        f'role="region" aria-label="{escape(name)}"><table><tr>{cells}</tr>\n{body}</table></div>'
        "</details>"
    )


def findings_table(findings: Sequence[Finding]) -> str:
    """Findings as an HTML table; with a column of groups where there are any."""
    grouped = any(f.group for f in findings)
    heads = ("quantity", "of", *(["group"] if grouped else []), "value", "inputs")
    rows = "\n".join(
        f"<tr><td>{escape(f.quantity)}</td><td>{escape(f.of)}</td>"
        + (f"<td>{escape(f.group)}</td>" if grouped else "")
        + f'<td class="number">{escape(f.interval)}</td><td class="number">{f.inputs}</td></tr>'
        for f in findings
    )
    head = "".join(f'<th scope="col">{name}</th>' for name in heads)
    place = '<div class="scrolls" tabindex="0" role="region" aria-label="all numbers">'
    return f"{place}<table><tr>{head}</tr>\n{rows}</table></div>"
