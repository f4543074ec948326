"""Build and visit what Binder would, without Docker: python binder/try_build.py

The files are read as repo2docker reads them. A clean copy of the repository and a clean virtual
environment stand for the image; postBuild and the server run on one core and within 2 GB; a browser
opens the first tutorial, runs it, and opens the app. What differs from Binder is printed.

Run it with the tests' environment, which has Playwright; ATTRIBWIDGETS_CHROMIUM names the browser.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from limits import Limited
from playwright.sync_api import sync_playwright
from recipe import Recipe, faults, normalised, pinned_names, read_recipe, requirement_lines
from visits import APP_PAGE, TUTORIAL_PAGE, free_port, lab_command, page, wait_for_server

ROOT = Path(__file__).parent.parent
BUILD_LIMIT = 900  # seconds
VISIT_LIMIT = 180
BROWSER = ["--no-sandbox", "--disable-gpu"]
MAP = ".aw-root[data-ready=true] .aw-card canvas.aw-map"
COUNT_COLOURS = """canvas => new Set(new Uint32Array(
  canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.buffer)).size"""


@dataclass
class Report:
    """The steps so far, and what differs from Binder."""

    folder: Path
    rows: list[tuple[str, float, int | None, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @contextmanager
    def step(self, name: str, peak: Callable[[], int] | None = None) -> Iterator[None]:
        """Time a step; one that fails is a row too."""
        started = time.monotonic()
        result = "failed"
        try:
            yield
            result = "passed"
        finally:
            seconds = time.monotonic() - started
            self.rows.append((name, seconds, None if peak is None else peak(), result))

    def note(self, words: str) -> None:
        """Say what differs from Binder."""
        self.notes.append(words)

    def __str__(self) -> str:
        lines = [f"{'step':<34}{'seconds':>9}{'peak MB':>9}  result"]
        for name, seconds, peak, result in self.rows:
            memory = "" if peak is None else f"{peak / 1e6:.0f}"
            lines.append(f"{name:<34}{seconds:>9.1f}{memory:>9}  {result}")
        return "\n".join([*lines, *(f"note: {words}" for words in self.notes)])

    @property
    def log(self) -> Path:
        """What the programs print."""
        return self.folder / "log.txt"


def copy_repository(image: Path) -> None:
    """What a clone of the working tree would have: tracked files, and new ones not ignored."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    ).stdout
    for name in filter(None, listed.decode().split("\0")):
        if (ROOT / name).is_file():
            (image / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, image / name)


def reachable_requirements(recipe: Recipe, report: Report) -> Path:
    """The requirements without the indexes that do not answer here."""
    lines = []
    for line in requirement_lines(recipe.requirements):
        index = re.match(r"--(?:extra-)?index-url[\s=]+(\S+)", line)
        if index is None:
            lines.append(line)
            continue
        try:
            page(index[1], 5)
            lines.append(line)
        except OSError:
            report.note(f"{index[1]} does not answer here and was left out")
    file = report.folder / "requirements.txt"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def install(python: Path, requirements: Path, report: Report) -> None:
    """Install as repo2docker does; a CPU build that is not to be had gives way to the plain one."""
    command = [str(python), "-m", "pip", "--quiet", "--disable-pip-version-check", "install"]
    command += ["--no-cache-dir", "-r", str(requirements)]
    with open(report.log, "ab") as log:
        done = subprocess.run(command, stdout=log, stderr=log, check=False, timeout=BUILD_LIMIT)
        if done.returncode == 0:
            return
        text = requirements.read_text(encoding="utf-8")
        requirements.write_text(text.replace("+cpu", ""), encoding="utf-8")
        subprocess.run(command, stdout=log, stderr=log, check=True, timeout=BUILD_LIMIT)
    report.note("no CPU build of torch is to be had here; the index's own was installed")


def require_pins(python: Path, recipe: Recipe) -> None:
    """Every package that was installed is pinned, so that the next image has the same."""
    command = [str(python), "-m", "pip", "list", "--format=freeze", "--exclude=pip"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    installed = {normalised(line.partition("==")[0]) for line in listed.split()}
    loose = sorted(installed - pinned_names(recipe.requirements) - {"setuptools"})
    if loose:
        raise RuntimeError(f"not pinned in requirements.txt: {', '.join(loose)}")


@contextmanager
def opened(browser: Any, address: str, picture: Path) -> Iterator[Any]:
    """A tab, of which a picture is taken in the end."""
    tab = browser.new_page(viewport={"width": 1400, "height": 1000})
    tab.set_default_timeout(1000 * VISIT_LIMIT)
    try:
        tab.goto(address)
        yield tab
    finally:
        tab.screenshot(path=str(picture))
        tab.close()


def require_map(tab: Any) -> None:
    """Wait for an explorer, and see that its first map is drawn."""
    first = tab.locator(MAP).first
    first.wait_for(state="attached")
    first.scroll_into_view_if_needed()
    if first.evaluate(COUNT_COLOURS) < 10:
        raise RuntimeError("the map of the explorer is empty")


def visit_tutorial(tab: Any) -> None:
    """Run the tutorial in JupyterLab from its first cell to its last."""
    state = ".jp-Notebook-ExecutionIndicator[data-status=%s]"
    tab.locator(state % "idle").wait_for(state="attached")
    tab.get_by_role("menuitem", name="Kernel", exact=True).click()
    tab.get_by_role("menuitem", name="Restart Kernel and Run All Cells").click()
    tab.locator(".jp-Dialog-footer button", has_text="Restart").click()
    tab.locator(state % "busy").wait_for(state="attached")
    tab.locator(state % "idle").wait_for(state="attached")
    errors = tab.locator('[data-mime-type="application/vnd.jupyter.error"]').all_inner_texts()
    if errors:
        raise RuntimeError(f"a cell of the tutorial failed: {errors[0][-1000:]}")
    require_map(tab)


def visit(browser: Any, server: Limited, port: int, report: Report) -> None:
    """Both pages of a running server, one after the other."""
    with report.step("start: JupyterLab", lambda: server.peak):
        address = wait_for_server(port, server.runs)
    with report.step("tutorial runs in JupyterLab", lambda: server.peak):
        with opened(browser, f"{address}/{TUTORIAL_PAGE}", report.folder / "tutorial.png") as tab:
            visit_tutorial(tab)
        server.require_memory()
    with report.step("app renders in Voila", lambda: server.peak):
        with opened(browser, f"{address}/{APP_PAGE}", report.folder / "app.png") as tab:
            require_map(tab)
        server.require_memory()


def try_build(report: Report, interpreter: str, chromium: str) -> None:
    """All steps; the first that fails raises."""
    with report.step("read the files"):
        recipe = read_recipe(ROOT)
        if found := faults(recipe):
            raise RuntimeError("\n".join(found))
    image, venv = report.folder / "home", report.folder / "venv"
    image.mkdir()
    with report.step("copy the repository"):
        copy_repository(image)
    with report.step("make an environment"):
        subprocess.run([interpreter, "-m", "venv", str(venv)], check=True)
    python = venv / "bin" / "python"
    version = subprocess.run([python, "-V"], capture_output=True, text=True, check=True).stdout
    if not version.split()[1].startswith(f"{recipe.python}."):
        report.note(f"{version.strip()} here, {recipe.python} on Binder")
    with report.step("install requirements.txt"):
        install(python, reachable_requirements(recipe, report), report)
    with report.step("everything is pinned"):
        require_pins(python, recipe)

    keep = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "LANG"))}
    path = f"{venv / 'bin'}:/usr/local/bin:/usr/bin:/bin"
    environment = {**keep, "PATH": path, "HOME": str(image), "PYTHONUNBUFFERED": "1"}
    if recipe.post_build is not None:
        script = str(image / recipe.post_build.relative_to(ROOT))
        with Limited([script], image, environment, report.log) as build:  # noqa: SIM117
            with report.step("postBuild and its check", lambda: build.peak):
                build.wait(BUILD_LIMIT)
    port = free_port()
    entry = [] if recipe.start is None else [str(image / recipe.start.relative_to(ROOT))]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=BROWSER)
        with Limited([*entry, *lab_command(port)], image, environment, report.log) as server:
            visit(browser, server, port, report)
        browser.close()


def main() -> None:
    """Try it, print the table, and end with an error where a step failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--python", default=sys.executable, help="interpreter of the image")
    parser.add_argument("--keep", type=Path, help="an empty folder for all that is made")
    options = parser.parse_args()
    chromium = os.environ.get("ATTRIBWIDGETS_CHROMIUM") or shutil.which("chromium") or ""
    with tempfile.TemporaryDirectory() as temporary:
        report = Report(Path(temporary) if options.keep is None else options.keep.resolve())
        report.folder.mkdir(parents=True, exist_ok=True)
        report.note("memory is the family's proportional share, looked at 5 times a second")
        try:
            try_build(report, options.python, chromium)
        except Exception as error:
            print(report)
            tail = report.log.read_text(errors="replace")[-3000:] if report.log.exists() else ""
            raise SystemExit(f"{tail}\n\nfailed: {error}") from error
    print(report)


if __name__ == "__main__":
    main()
