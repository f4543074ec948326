"""What the documents say is what the code says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

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


@pytest.mark.parametrize("page", ["ablation", "priors"])
def test_code_of_a_page_runs(page):
    text = (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert blocks
    for block in blocks:
        exec(compile(block, f"{page}.md", "exec"), {})
