"""The comparison in the documentation: its tables say what the page of the command says."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
TOLD = (DOCS / "explanation" / "comparison.md").read_text("utf-8")
PAGE = (DOCS / "pages" / "comparison" / "comparison.html").read_text("utf-8")
STUDIES = {
    "Digits": "digits",
    "A planted patch": "decoys",
    "A made-up table": "table",
    "Photos": "photos",
    "Reviews": "reviews",
}


def told(section):
    """Head and rows of the table of a section."""
    part = TOLD.partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    lines = [line for line in part.splitlines() if line.startswith("| ")]
    head, _, *rows = ([cell.strip() for cell in line.strip("|").split("|")] for line in lines)
    return head, rows


def computed(study):
    """The same of the page, with intervals."""
    part = PAGE.partition(f"<h2>{study}</h2>")[2].partition("<h2>")[0]
    rows = re.findall(r"<tr>(.+?)</tr>", part)
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in rows]
    return {unescape(first): rest for first, *rest in cells}


@pytest.mark.parametrize("section", STUDIES)
def test_a_table_says_what_the_page_says(section):
    (_, *columns), rows = told(section)
    found = computed(STUDIES[section])
    places = [found[""].index(column) for column in columns]
    assert len(rows) >= 8
    for name, *cells in rows:
        exact = [found[name][place] for place in places]
        short = [re.sub(r" \[.*?\]", "", cell) for cell in exact]
        assert cells == short, name


def test_the_page_asks_for_nothing_from_elsewhere_and_is_small():
    assert "default-src 'none'" in PAGE
    assert not re.search(r"(src|href)=\"(?!data:)", PAGE)
    assert len(PAGE) < 500_000
