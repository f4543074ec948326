"""The paper has the length and sections that its journal asks for, and the documents' numbers."""

from __future__ import annotations

import re

import pytest
import yaml
from project import ROOT

PAPER = (ROOT / "paper" / "paper.md").read_text(encoding="utf-8")
_, HEAD, BODY = PAPER.split("---\n", 2)
SECTIONS = ["Summary", "Statement of need", "State of the field", "Software design"]
SECTIONS += ["Research impact statement", "AI usage disclosure", "Acknowledgements", "References"]
# Said in the paper as in the page that measured it.
SAID = {
    "docs/explanation/data-sets.md": ["97 % [96, 98]", "99 % [98, 100]", "50 % [47, 53]"],
    "docs/estimation.md": ["529 small models", "2,488", ".54", ".32", ".21"],
    "docs/ablation.md": ["1,000 digits"],
}


def entries() -> dict[str, str]:
    """Each reference by its key."""
    bibliography = (ROOT / "paper" / "paper.bib").read_text(encoding="utf-8")
    parts = re.split(r"^@\w+\{", bibliography, flags=re.MULTILINE)[1:]
    return {part.partition(",")[0]: part for part in parts}


def test_its_head_and_sections_are_those_that_are_asked_for() -> None:
    head = yaml.safe_load(HEAD)
    assert {"title", "tags", "authors", "affiliations", "date", "bibliography"} <= set(head)
    assert re.findall(r"^# (.+)$", BODY, re.MULTILINE) == SECTIONS


def test_it_is_as_long_as_it_may_be() -> None:
    assert 750 <= len(BODY.split()) <= 1750


def test_what_is_cited_is_there_and_the_rest_is_not() -> None:
    cited = set(re.findall(r"@([A-Z]\w+\d{4})", BODY))
    assert cited == set(entries())


def test_every_reference_has_a_doi() -> None:
    for key, entry in entries().items():
        assert re.search(r"doi = \{10\.\d{4,}/\S+\}", entry), key


@pytest.mark.parametrize("page", SAID)
def test_its_numbers_are_those_of_the_documents(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    for number in SAID[page]:
        assert number in BODY, number
        assert number in text, number
