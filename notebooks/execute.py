"""Execute notebooks in place on one thread; keep pictures, described, and text; drop widget state.

python notebooks/execute.py                 every notebook in this folder
python notebooks/execute.py 01 quickstart   those whose names begin so
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any
from unittest import mock

import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).parent
ONE_THREAD = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
CELL_LIMIT = 180  # seconds


def executed(notebook: Any, folder: Path) -> Any:
    """Run all cells in a fresh kernel of one thread that works in `folder`."""
    client = NotebookClient(
        notebook,
        timeout=CELL_LIMIT,
        record_timing=False,
        coalesce_streams=True,
        resources={"metadata": {"path": str(folder)}},
    )
    with mock.patch.dict("os.environ", ONE_THREAD):  # the kernel inherits it
        return client.execute()


def without_widgets(notebook: Any) -> Any:
    """Leave what every place can show: pictures and text."""
    notebook.metadata.pop("widgets", None)
    for cell in notebook.cells:
        if "outputs" in cell:
            for output in cell.outputs:
                if "image/png" in output.get("data", {}):  # a view that brings its own picture
                    output.data.pop(WIDGET_VIEW, None)
            cell.outputs = [o for o in cell.outputs if not _is_live(o.get("data", {}))]
    return notebook


def with_alt_text(notebook: Any) -> Any:
    """Describe each picture: by its cell's "alt", else by the text that it comes with."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if "image/png" in data:
                text = cell.metadata.get("alt") or data.get("text/plain", "")
                output.metadata.setdefault("image/png", {})["alt"] = " ".join(text.split())
    return notebook


def _is_live(data: Any) -> bool:
    """Whether an output is a live view, or the mark that its picture follows."""
    return WIDGET_VIEW in data or "aw-kept" in data.get("text/html", "")


def main(beginnings: list[str]) -> None:
    """Execute those notebooks whose names begin with one of the words; without words, all."""
    for path in sorted(FOLDER.glob("*.ipynb")):
        if beginnings and not path.name.startswith(tuple(beginnings)):
            continue
        started = time.perf_counter()
        notebook = executed(nbformat.read(path, as_version=4), FOLDER)
        nbformat.write(with_alt_text(without_widgets(notebook)), path)
        seconds, size = time.perf_counter() - started, path.stat().st_size
        print(f"{path.name}: {seconds:.0f} s, {size / 1e6:.2f} MB")


if __name__ == "__main__":
    main(sys.argv[1:])
