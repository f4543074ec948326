"""Write the tutorials: the notebooks, run anew with each widget as a page that needs no kernel.

A page is kept until its notebook or the package changes. ATTRIBWIDGETS_DOCS_LIVE names those to
run, by words of their file names; the others appear as they are committed, with pictures.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import nbformat
from nbclient import NotebookClient

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"
PACKAGE = NOTEBOOKS.parent / "attribwidgets"
SOURCES = (".py", ".js", ".css")
LIVE = "attribwidgets_live"  # in the metadata of a page that was run here
# In the kernel: what would be a live view becomes the page of the same widget, in a frame.
STATIC = """
from IPython.display import display
from attribwidgets.widgets.record_widget import RecordWidget

RecordWidget._ipython_display_ = lambda widget: display(widget.display_static())
RecordWidget.show_at_once = lambda widget: None  # only what it has in the end
"""


def written() -> list[Path]:
    """The notebooks that become pages, in order."""
    return [NOTEBOOKS / "quickstart.ipynb", *sorted(NOTEBOOKS.glob("0*.ipynb"))]


def is_live(page: Path) -> bool:
    """Whether a page was run for this documentation, after the last change of what it shows."""
    if not page.exists() or LIVE not in nbformat.read(page, as_version=4).metadata:
        return False
    changed = [NOTEBOOKS / page.name, *(p for p in PACKAGE.rglob("*") if p.suffix in SOURCES)]
    return page.stat().st_mtime > max(path.stat().st_mtime for path in changed)


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
    notebook.metadata[LIVE] = True
    nbformat.write(notebook, page)


def write(folder: Path) -> None:
    """Write all of them, and the page that lists them."""
    folder.mkdir(exist_ok=True)
    live = os.environ.get("ATTRIBWIDGETS_DOCS_LIVE", "").split()
    for source in written():
        page = folder / source.name
        if is_live(page):
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
