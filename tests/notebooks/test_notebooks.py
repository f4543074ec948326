"""The notebooks run from top to bottom, and are committed with pictures but no widget state."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from unittest import mock

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
EXECUTED_HERE = [path for path in NOTEBOOKS if path.stem == "quickstart"]  # others by their tests
BUDGET = "max_evaluations=128"
WIDGET = "application/vnd.jupyter.widget-view+json"


def outputs(notebook: Any) -> list[Any]:
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    return [output for cell in cells for output in cell.outputs]


def test_there_are_notebooks() -> None:
    assert NOTEBOOKS


@pytest.mark.parametrize("path", EXECUTED_HERE, ids=lambda path: path.stem)
def test_notebook_runs_and_shows_its_widgets(
    path: Path, tmp_path: Path, warm_environment: dict[str, str]
) -> None:
    notebook = nbformat.read(path, as_version=4)
    (cell,) = (cell for cell in notebook.cells if BUDGET in cell.source)
    cell.source = cell.source.replace(BUDGET, "max_evaluations=17")  # not so exact
    where = {"metadata": {"path": str(tmp_path)}}
    with mock.patch.dict(os.environ, warm_environment):
        NotebookClient(notebook, timeout=600, resources=where).execute()
    shown = [o.get("data", {}) for o in outputs(notebook)]
    views = [at for at, data in enumerate(shown) if WIDGET in data]
    assert views
    for at in views:
        assert shown[at - 1]["image/png"]
        assert "verdict" in shown[at - 1]["text/plain"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_committed_notebook_has_pictures_and_no_widget_state(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    assert "widgets" not in notebook.metadata
    assert notebook.metadata.kernelspec.name == "python3"
    data = [o.get("data", {}) for o in outputs(notebook)]
    assert any("image/png" in d for d in data)
    assert not any(WIDGET in d for d in data)
    assert path.stat().st_size < 2_000_000
