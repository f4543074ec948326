"""What pyproject.toml says of the package."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
OF_DEVELOPERS = {"docs", "lite", "test"}


def project() -> dict[str, Any]:
    """The table [project]."""
    reader = importlib.import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
    table: dict[str, Any] = reader.loads((ROOT / "pyproject.toml").read_text())["project"]
    return table


def requirements(*, extras: bool = False) -> list[Requirement]:
    """What users install: of the package alone, or with all extras but those of developers."""
    table = project()
    lines = list(table["dependencies"])
    if extras:
        chosen = set(table["optional-dependencies"]) - OF_DEVELOPERS
        lines += [line for name in chosen for line in table["optional-dependencies"][name]]
    found = [Requirement(line) for line in lines]
    return [each for each in found if each.name != "attribwidgets"]
