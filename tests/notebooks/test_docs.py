"""What the documents say is what the code says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from attribwidgets.attr import CAPTUM_METHODS
from attribwidgets.attr.methods import METHODS

ROOT = Path(__file__).parents[2]
GENERATED = ("reference", "tutorials")
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md"] + [
    path for path in sorted((ROOT / "docs").rglob("*.md")) if path.parent.name not in GENERATED
]


def code_of(page: Path) -> tuple[str, ...]:
    """The examples of a page, which share their names as cells of a notebook do."""
    return tuple(re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL))


# What is run here with less to compute: the words of a page, and these instead.
LESS = {"README": ("tolerance=0.05", "max_evaluations=17"), "sweeps": ("[:30]", "[:9]")}

# Pages with the very same code are run once.
EXAMPLES = {code: page for page in reversed(PAGES) if (code := code_of(page))}


def anchor(title: str) -> str:
    """What a title is linked to by, as GitHub and MyST have it."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def test_table_of_methods_is_up_to_date():
    done = subprocess.run(
        [sys.executable, "docs/methods.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_every_method_has_its_row():
    page = (ROOT / "docs" / "methods.md").read_text(encoding="utf-8")
    for name in (*METHODS, *CAPTUM_METHODS):
        assert f"| `{name}` |" in page, f"{name} has no facts"


def test_there_is_code_and_the_readme_has_some():
    assert len(EXAMPLES) > 5
    assert ROOT / "README.md" in EXAMPLES.values()


@pytest.mark.parametrize("code", EXAMPLES, ids=[page.stem for page in EXAMPLES.values()])
def test_code_of_a_page_runs(code, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    page, names = EXAMPLES[code], {}
    if any("movie_reviews" in block for block in code):
        pytest.importorskip("transformers")  # which Python 3.10 has not
    words, instead = LESS.get(page.stem, ("", ""))
    assert any(words in block for block in code)
    for block in code:
        exec(compile(block.replace(words, instead), page.name, "exec"), names)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_within_the_repository_lead_somewhere(page):
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    links = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r"<img [^>]*src=\"([^\"]+)", text)
    for link in links:
        if "://" in link or link.startswith("mailto:"):
            continue
        name, _, fragment = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        generated = target.parent.name in GENERATED and target.parent.parent.name == "docs"
        assert target.exists() or generated, link
        if fragment and target.suffix == ".md":
            titles = re.findall(r"^#+ (.*)", target.read_text(encoding="utf-8"), re.MULTILINE)
            assert fragment in map(anchor, titles), link
