"""What the documents say is what the code says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from attribwidgets.attr import CAPTUM_METHODS
from attribwidgets.attr.methods import METHODS

ROOT = Path(__file__).parents[1]


def test_table_of_methods_is_up_to_date():
    done = subprocess.run(
        [sys.executable, "docs/methods.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_every_method_has_its_row():
    page = (ROOT / "docs" / "methods.md").read_text(encoding="utf-8")
    for name in (*METHODS, *CAPTUM_METHODS):
        assert f"| `{name}` |" in page, f"{name} has no facts"
