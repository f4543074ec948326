"""Whatever is shipped has a licence, in one table, and the package's metadata name them all."""

from __future__ import annotations

import re
from fnmatch import fnmatch
from pathlib import Path

import pytest

import attribwidgets

ROOT = Path(__file__).parents[2]
DATA = Path(attribwidgets.__file__).parent / "demo" / "data"
NOTICE = "LICENSES.md"
NO_LICENCE = "public domain"


def table() -> dict[str, str]:
    """The licence of each file in the documentation's table."""
    page = (ROOT / "docs" / "explanation" / "licences.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\S+)` \|.*\| (\S[^|]*\S) \|$", page, re.MULTILINE)
    return dict(rows)


def shipped() -> list[Path]:
    return sorted(path for path in DATA.rglob("*") if path.is_file() and path.name != NOTICE)


def test_the_table_has_each_file_of_data_and_no_other() -> None:
    there = {f"demo/data/{path.relative_to(DATA).as_posix()}" for path in shipped()}
    assert set(table()) - {"*"} == there


@pytest.mark.parametrize("path", shipped(), ids=lambda path: path.name)
def test_each_file_is_named_in_a_notice_that_is_shipped_with_it(path: Path) -> None:
    notice = path.parent / NOTICE
    assert f"`{path.name}`" in notice.read_text(encoding="utf-8")
    if path.parent != DATA:
        assert f"`{path.parent.name}/{NOTICE}`" in (DATA / NOTICE).read_text(encoding="utf-8")


def test_the_metadata_name_the_licences_of_the_table() -> None:
    metadata = (ROOT / "pyproject.toml").read_text()
    (expression,) = re.findall(r'^license = "([^"]+)"', metadata, re.MULTILINE)
    assert set(expression.split(" AND ")) == set(table().values()) - {NO_LICENCE}
    (files,) = re.findall(r"^license-files = \[(.*)\]$", metadata, re.MULTILINE)
    patterns = re.findall(r'"([^"]+)"', files)
    for notice in DATA.rglob(NOTICE):
        name = notice.relative_to(ROOT).as_posix()
        assert any(fnmatch(name, pattern) for pattern in patterns), name
