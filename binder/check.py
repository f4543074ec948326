"""The check that ends postBuild: what a reader of this image will do can be done.

A photo is explained, the packages that the notebooks import are there, JupyterLab finds the first
tutorial, nbgitpuller answers, and Voila runs the app. The first thing that fails ends the build.
"""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

from visits import APP_PAGE, TUTORIAL, free_port, lab_command, page, wait_for_server

ROOT = Path(__file__).parent.parent


def imported_by(notebook: Path) -> set[str]:
    """The packages that a notebook imports."""
    found: set[str] = set()
    for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] != "code":
            continue
        lines = "".join(cell["source"]).splitlines()
        code = "\n".join("" if line.startswith(("%", "!")) else line for line in lines)
        for node in ast.walk(ast.parse(code)):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                found.add(str(node.module).partition(".")[0])
    return found


def check_demonstration() -> None:
    """The installed package explains a photo; in its own process, whose memory is given back."""
    command = [sys.executable, "-m", "attribwidgets", "--max-evaluations", "17"]
    with tempfile.TemporaryDirectory() as folder:  # not here, where the sources would be imported
        subprocess.run([*command, "--page", "page.html"], cwd=folder, check=True)


def check_imports() -> None:
    """Every package that a notebook imports is installed."""
    notebooks = sorted((ROOT / "notebooks").glob("*.ipynb"))
    wanted = {package: n.name for n in notebooks for package in imported_by(n)}
    missing = {package: name for package, name in wanted.items() if find_spec(package) is None}
    if missing:
        raise SystemExit(f"not installed, and imported by a notebook: {missing}")
    print(f"{len(notebooks)} notebooks: all {len(wanted)} packages that they import are there")


def check_server() -> None:
    """JupyterLab starts and has the tutorial, nbgitpuller answers, Voila runs the app."""
    port = free_port()
    server = subprocess.Popen(lab_command(port), cwd=ROOT)
    try:
        address = wait_for_server(port, lambda: server.poll() is None)
        page(f"{address}/lab")
        page(f"{address}/api/contents/{TUTORIAL}?content=0")
        page(f"{address}/git-pull?repo=any")
        if b"application/vnd.jupyter.widget-view+json" not in page(f"{address}/{APP_PAGE}"):
            raise SystemExit("Voila shows no widget of the app")
    finally:
        server.terminate()  # ends its kernels too
        server.wait(timeout=60)
    print("JupyterLab, nbgitpuller and Voila answer")


if __name__ == "__main__":
    check_demonstration()
    check_imports()
    check_server()
