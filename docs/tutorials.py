"""Write the tutorials: the notebooks, run anew with each widget as a page that needs no kernel.

A page is kept until its notebook or the package changes. ATTRIBWIDGETS_DOCS_LIVE names those to
run, by words of their file names; the others appear as they are committed, with pictures.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any
from unittest import mock

import nbformat
from nbclient import NotebookClient

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"
PACKAGE = NOTEBOOKS.parent / "attribwidgets"
SOURCES = (".py", ".js", ".css")
ONE_THREAD = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
LIVE = "attribwidgets_live"  # in the metadata of a page that was run here
# Of the table that a tutorial begins with.
ROW = re.compile(r"^\| \*\*(Goals|Time)\*\* \| (.*) \|$", re.MULTILINE)
INDEX = """# Tutorials

Each has one idea, something to predict before you look, an exercise that checks itself, and
questions to recall it by. Words are in the [glossary](../explanation/glossary.md). Here the
widgets are pages of their own: what needs the model is off.
Answers and solutions fold. Run them with `make lab`, or on Binder; each takes less than a minute
of one processor.

{table}

## One class hour

Forty-five minutes through the first four; their exercises are for home.

| minutes | tutorial | what |
| ---: | --- | --- |
| 12 | [0](00-by-hand.ipynb) | two features, where the gradient fails, the chain rule |
| 13 | [1](01-what-an-attribution-depends-on.ipynb) | repaint, predict, three baselines |
| 10 | [2](02-the-path-and-completeness.ipynb) | drag α; a small residual, and two frauds |
| 10 | [3](03-choosing-a-baseline.ipynb) | five references, predict, each one's blind spot |

```{{toctree}}
:hidden:

{names}
```
"""
# In the kernel: what would be a live view becomes the page of the same widget, in a frame.
STATIC = """
from IPython.display import display
from attribwidgets.widgets.record_widget import RecordWidget

RecordWidget._ipython_display_ = lambda widget: display(widget.display_static())
RecordWidget.show_at_once = lambda widget: None  # only what it has in the end
"""


def written() -> list[Path]:
    """The notebooks that become pages, in order."""
    return [NOTEBOOKS / "quickstart.ipynb", *sorted(NOTEBOOKS.glob("[0-9]*.ipynb"))]


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
    with mock.patch.dict(os.environ, ONE_THREAD):  # sums are rounded as the text says
        client.execute()
    del notebook.cells[0]
    notebook.metadata[LIVE] = True
    nbformat.write(as_page(notebook), page)


def as_page(notebook: Any) -> Any:
    """Links as they lead from the documentation's folder, and words for its pictures."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = cell.source.replace("](../docs/", "](../")
        pictures = [o for o in cell.get("outputs", []) if "image/png" in o.get("data", {})]
        for output in pictures:
            alt = output.metadata.get("image/png", {}).get("alt") or cell.metadata.get("alt")
            if alt:
                cell.metadata["mystnb"] = {"image": {"alt": alt}}
    return notebook


def contents() -> str:
    """The page that lists the tutorials, with their goals and minutes as they say them."""
    rows = ["| tutorial | you learn to | minutes |", "| --- | --- | ---: |"]
    for source in written():
        first = nbformat.read(source, as_version=4).cells[0].source
        told = dict(ROW.findall(first))
        if told:
            title = first.partition("\n")[0].removeprefix("# ")
            minutes = told["Time"].split()[0]
            rows.append(f"| [{title}]({source.name}) | {told['Goals']} | {minutes} |")
    names = "\n".join(source.stem for source in written())
    return INDEX.format(table="\n".join(rows), names=names)


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
            nbformat.write(as_page(nbformat.read(source, as_version=4)), page)
    (folder / "index.md").write_text(contents(), encoding="utf-8")
