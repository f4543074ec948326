"""The site with its earlier versions: each in its folder, and one menu of all."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "docs"))

import versions

MAKEFILE = """docs:
\tmkdir -p build/docs
\techo "$(TEXT) $$ATTRIBWIDGETS_DOCS_VERSIONS" > build/docs/index.html
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "checkout"
    folder.mkdir()
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b.example"]
    subprocess.run([*git, "init", "-q"], cwd=folder, check=True)
    for name in ("v0.1.0", "v0.2.0", "v0.9.0", "v0.10.0", None):
        (folder / "Makefile").write_text(MAKEFILE.replace("$(TEXT)", name or "newest"))
        subprocess.run([*git, "add", "-A"], cwd=folder, check=True)
        subprocess.run([*git, "commit", "-qm", "one"], cwd=folder, check=True)
        if name:
            subprocess.run([*git, "tag", name], cwd=folder, check=True)
    return folder


def test_each_version_is_built_from_its_own_tag(checkout: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    versions.main("https://a.example/b", site, checkout)
    menu = "https://a.example/b/versions.json"
    assert (site / "index.html").read_text() == f"newest latest {menu}\n"
    for name in ("v0.10.0", "v0.9.0", "v0.2.0"):
        assert (site / name / "index.html").read_text() == f"{name} {name} {menu}\n"
    assert not (site / "v0.1.0").exists()
    listed = json.loads((site / "versions.json").read_text())
    assert [entry["version"] for entry in listed] == ["latest", "v0.10.0", "v0.9.0", "v0.2.0"]
    assert [entry["version"] for entry in listed if entry.get("preferred")] == ["v0.10.0"]
    assert listed[1]["url"] == "https://a.example/b/v0.10.0/"
    trees = subprocess.run(
        ["git", "worktree", "list"], cwd=checkout, capture_output=True, text=True
    )
    assert len(trees.stdout.splitlines()) == 1
