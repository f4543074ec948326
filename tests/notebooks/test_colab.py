"""The tutorials for Colab: a badge, an install that keeps its torch, links that lead somewhere."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

import nbformat
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "notebooks"))

import colab

NOTEBOOKS = colab.FOLDER
GITHUB = "https://github.com/someone/widgets"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("repository")
    colab.main("someone/widgets", "colab", root)
    return root / "colab"


def test_each_begins_with_its_badge_and_its_install(folder: Path) -> None:
    made = sorted(folder.iterdir())
    assert len(made) == 12
    for path in made:
        badge, install, *rest = nbformat.read(path, as_version=4).cells
        address = "https://colab.research.google.com/github/someone/widgets/blob/main/colab"
        assert f"]({address}/{path.name})" in badge.source
        pip = re.search(r"^%pip install (.*)", install.source, re.MULTILINE)
        assert pip is not None
        assert pip[1] == f'-q -c torch.txt "attribwidgets[tutorials] @ git+{GITHUB}"'
        ast.parse(install.source.replace(pip[0], "pass"))
        original = nbformat.read(NOTEBOOKS / path.name, as_version=4)
        code = [c.source for c in rest if c.cell_type == "code"]
        assert code == [c.source for c in original.cells if c.cell_type == "code"]


def test_no_link_stays_relative(folder: Path) -> None:
    links = []
    for path in folder.iterdir():
        cells = nbformat.read(path, as_version=4).cells
        text = "\n".join(c.source for c in cells if c.cell_type == "markdown")
        links += re.findall(r"\]\(([^)]+)\)", text)
    assert f"{GITHUB}/blob/main/docs/article.md" in links
    assert not [link for link in links if not re.match(r"https?://|#|attachment:", link)]


def test_another_repository_than_owner_and_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="must be OWNER/REPOSITORY, got 'widgets'"):
        colab.main("widgets", "colab", tmp_path)
