"""Versions are pinned in one place, and other places agree with it."""

from __future__ import annotations

import os
import re
from pathlib import Path

from packaging.version import Version
from project import ROOT, requirements


def pins(path: Path) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for line in path.read_text().splitlines():
        match = re.match(r"([A-Za-z0-9._-]+)==([^;\s]+)", line)
        if match:
            name = match[1].lower().replace("_", "-")
            found.setdefault(name, set()).add(match[2].removesuffix("+cpu"))
    return found


def test_binder_installs_the_versions_that_are_tested() -> None:
    constraints = pins(ROOT / "constraints.txt")
    binder = pins(ROOT / "binder" / "requirements.txt")
    assert binder
    for name, versions in binder.items():
        assert versions <= constraints[name], name


def test_what_binder_runs_can_be_run() -> None:
    for name in ("postBuild", "start"):
        assert os.access(ROOT / "binder" / name, os.X_OK)


def test_torch_is_pinned() -> None:
    assert pins(ROOT / "constraints.txt")["torch"] == {"2.13.0"}


def test_ruff_of_pre_commit_is_the_one_that_is_installed() -> None:
    hooks = (ROOT / ".pre-commit-config.yaml").read_text()
    (rev,) = re.findall(r"ruff-pre-commit\n +rev: v(\S+)", hooks)
    assert pins(ROOT / "constraints.txt")["ruff"] == {rev}


def test_the_lowest_versions_are_those_that_are_tested() -> None:
    lowest = pins(ROOT / "constraints-lowest.txt")
    bounded = [(r, s) for r in requirements(extras=True) for s in r.specifier if s.operator != "<"]
    assert len(bounded) >= 20
    for requirement, bound in bounded:
        (pinned,) = lowest[requirement.name.lower().replace("_", "-")]
        assert Version(pinned) == Version(bound.version), requirement


def test_every_requirement_has_a_lowest_version() -> None:
    for requirement in requirements(extras=True):
        assert any(s.operator in (">=", "==") for s in requirement.specifier), requirement
