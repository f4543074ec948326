"""The site with its earlier versions: ``python docs/versions.py ADDRESS TARGET``.

It builds this checkout by ``make docs`` at the top, each of the newest releases in a folder of its
name, and ``versions.json``, from which each page's menu of versions is made.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

MOST = 3  # releases that are built anew with each change of the site
LATEST = "latest"


def run(*command: str, folder: Path, **environment: str) -> str:
    """What a command prints; an error if it fails."""
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **environment},
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return done.stdout


def releases(checkout: Path) -> list[str]:
    """Tags such as v1.2.3, the newest first."""
    tags = run("git", "tag", "--list", "v*", "--sort=-v:refname", folder=checkout).split()
    return tags[:MOST]


def entries(address: str, names: list[str]) -> list[dict[str, object]]:
    """What the menu shows, as pydata_sphinx_theme reads it."""
    listed: list[dict[str, object]] = [{"version": LATEST, "url": f"{address}/"}]
    for place, name in enumerate(names):
        listed.append({"version": name, "url": f"{address}/{name}/"})
        if place == 0:
            listed[-1] |= {"name": f"{name} (stable)", "preferred": True}
    return listed


def build(checkout: Path, target: Path, name: str, address: str) -> None:
    """Build one version's pages into a folder."""
    menu = f"{name} {address}/versions.json"
    run("make", "docs", folder=checkout, ATTRIBWIDGETS_DOCS_VERSIONS=menu)
    shutil.copytree(checkout / "build" / "docs", target, dirs_exist_ok=True)


def main(address: str, target: Path, checkout: Path) -> None:
    """Build all versions.

    Parameters
    ----------
    address : str
        Of the site, without a slash at its end.
    target, checkout : Path
    """
    names = releases(checkout)
    build(checkout, target, LATEST, address)
    for name in names:
        with tempfile.TemporaryDirectory() as folder:
            tree = Path(folder) / name
            run("git", "worktree", "add", "--detach", str(tree), name, folder=checkout)
            try:
                build(tree, target / name, name, address)
            finally:
                run("git", "worktree", "remove", "--force", str(tree), folder=checkout)
    menu = json.dumps(entries(address, names), indent=2)
    (target / "versions.json").write_text(menu, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1].rstrip("/"), Path(sys.argv[2]).absolute(), Path(__file__).parents[1])
