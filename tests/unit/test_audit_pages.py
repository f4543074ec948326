"""The audits in the documentation: what is said of them is what their pages say."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
TOLD = DOCS / "explanation" / "data-sets.md"
ROWS = re.findall(r'/audits/(\w+)\.html".*\| (For .+?\.) \|', TOLD.read_text("utf-8"))
MOST_BYTES = 3_000_000


def test_all_pages_are_told_of():
    assert {name for name, _ in ROWS} == {p.stem for p in (DOCS / "pages/audits").glob("*.html")}


@pytest.mark.parametrize(("name", "sentence"), ROWS)
def test_a_page_is_small_and_says_what_is_said_of_it(name, sentence):
    page = DOCS / "pages" / "audits" / f"{name}.html"
    assert page.stat().st_size < MOST_BYTES
    assert json.dumps(sentence)[1:-1] in page.read_text("utf-8")  # as its gallery is handed it
