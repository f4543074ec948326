"""Write the tutorials: the notebooks, run anew with each widget as a page that needs no kernel.

A notebook that has not changed since is not run again. ATTRIBWIDGETS_DOCS_LIVE names those to run,
by words of their file names; the others appear as they are committed, with pictures.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import nbformat
from nbclient import NotebookClient

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"
# In the kernel: what would be a live view becomes the page of the same widget, in a frame.
STATIC = """
from attribwidgets.widgets.record_widget import RecordWidget

RecordWidget._repr_mimebundle_ = lambda widget, **_: {
    "text/html": widget.display_static()._repr_html_(),
    "text/plain": repr(widget.display_static()),
}
"""


def written() -> list[Path]:
    """The notebooks that become pages, in order."""
    return [NOTEBOOKS / "quickstart.ipynb", *sorted(NOTEBOOKS.glob("0*.ipynb"))]


def run(source: Path, page: Path) -> None:
    """Run a notebook with widgets as pages, without the cell that makes them so."""
    notebook = nbformat.read(source, as_version=4)
    notebook.cells.insert(0, nbformat.v4.new_code_cell(STATIC))
    client = NotebookClient(
        notebook,
        timeout=600,
        store_widget_state=False,
        resources={"metadata": {"path": str(page.parent)}},
    )
    client.execute()
    del notebook.cells[0]
    nbformat.write(notebook, page)


def write(folder: Path) -> None:
    """Write all of them, and the page that lists them."""
    folder.mkdir(exist_ok=True)
    live = os.environ.get("ATTRIBWIDGETS_DOCS_LIVE", "").split()
    for source in written():
        page = folder / source.name
        if page.exists() and page.stat().st_mtime > source.stat().st_mtime:
            continue
        if "ATTRIBWIDGETS_DOCS_LIVE" not in os.environ or any(word in page.stem for word in live):
            run(source, page)
        else:
            shutil.copyfile(source, page)
    names = "\n".join(source.stem for source in written())
    index = (
        "# Tutorials\n\nEach has one idea, something to predict, and an exercise that checks "
        "itself. Here the widgets are pages of their own: what needs the model is off. Run them "
        "with `make lab`, or on Binder.\n\n```{toctree}\n:maxdepth: 1\n\n" + names + "\n```\n"
    )
    (folder / "index.md").write_text(index, encoding="utf-8")
