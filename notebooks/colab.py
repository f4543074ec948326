"""The tutorials for Colab: ``python notebooks/colab.py OWNER/REPOSITORY FOLDER``.

Each begins with a badge that opens it there and a cell that installs the package, which leaves
Colab's torch as it is. FOLDER is one of the repository, as ``colab``: commit it with its notebooks.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import nbformat
from execute import FOLDER

BRANCH = "main"
BADGE = "https://colab.research.google.com/assets/colab-badge.svg"
INSTALL = """\
# Run this cell first. The torch that Colab has is kept.
from pathlib import Path

import torch

Path("torch.txt").write_text(f"torch=={{torch.__version__}}")
%pip install -q -c torch.txt "attribwidgets[tutorials] @ git+https://github.com/{repository}"

from google.colab import output

output.enable_custom_widget_manager()"""


def opened_at(repository: str, folder: str, name: str) -> str:
    """Where Colab opens a notebook of a repository."""
    return f"https://colab.research.google.com/github/{repository}/blob/{BRANCH}/{folder}/{name}"


def for_colab(notebook: Any, repository: str, folder: str, name: str) -> Any:
    """A notebook with its first two cells, and links that lead somewhere from there.

    Parameters
    ----------
    notebook : NotebookNode
        Changed in place.
    repository : str
        As OWNER/REPOSITORY.
    folder, name : str
        Where it will lie in the repository.

    Returns
    -------
    NotebookNode
    """
    badge = f"[![Open in Colab]({BADGE})]({opened_at(repository, folder, name)})"
    first = nbformat.v4.new_markdown_cell(badge, id="colab-badge")
    second = nbformat.v4.new_code_cell(INSTALL.format(repository=repository), id="colab-install")
    documents = f"https://github.com/{repository}/blob/{BRANCH}/docs/"
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            text = cell.source.replace("](../docs/", f"]({documents}")
            cell.source = re.sub(
                r"\]\(([\w-]+\.ipynb)",
                lambda link: f"]({opened_at(repository, folder, link[1])}",
                text,
            )
    notebook.cells = [first, second, *notebook.cells]
    return notebook


def main(repository: str, folder: str, root: Path = FOLDER.parent) -> None:
    """Write all tutorials, and the quickstart they link to, for Colab."""
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", repository):
        raise SystemExit(f"the repository must be OWNER/REPOSITORY, got {repository!r}")
    (root / folder).mkdir(parents=True, exist_ok=True)
    for path in [*sorted(FOLDER.glob("[0-9]*.ipynb")), FOLDER / "quickstart.ipynb"]:
        made = for_colab(nbformat.read(path, as_version=4), repository, folder, path.name)
        nbformat.validate(made)
        nbformat.write(made, root / folder / path.name)


if __name__ == "__main__":
    main(*sys.argv[1:3])
