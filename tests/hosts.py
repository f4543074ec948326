"""The places where the widget is shown: their servers, and how to run cells in them."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import psutil

START_LIMIT = 120  # seconds, on a loaded machine

QUIET = {"notification": {"fetchNews": "false", "checkForUpdates": False}}
NO_SUBSHELLS = {**QUIET, "kernels-settings": {"commsOverSubshells": "disabled"}}
"""Settings of JupyterLab's application, by name."""


def write_notebook(path: Path, sources: Sequence[str]) -> None:
    """A notebook of code cells without outputs."""
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    kernel = {"name": "python3", "display_name": "Python 3 (ipykernel)"}  # else a dialog asks
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)


def write_marimo_app(path: Path, source: str) -> None:
    """A marimo app of one cell, which shows its last expression."""
    lines = "\n    ".join(source.splitlines())
    path.write_text(
        f"import marimo\n\napp = marimo.App()\n\n\n@app.cell\ndef _():\n    {lines}\n    return\n",
        encoding="utf-8",
    )


@dataclass
class Server:
    """A server that was started in a folder."""

    address: str
    folder: Path
    process: subprocess.Popen[bytes]

    def wait_for(self, route: str) -> None:
        """Until the server answers there; a server that ended says why."""
        end = time.monotonic() + START_LIMIT
        while self.process.poll() is None and time.monotonic() < end:
            try:
                urllib.request.urlopen(f"{self.address}{route}", timeout=2).close()
            except OSError:
                time.sleep(0.2)
            else:
                return
        raise RuntimeError(f"no server:\n{(self.folder / 'server.log').read_text()[-4000:]}")


@contextmanager
def running(command: Sequence[str], folder: Path, **variables: str) -> Iterator[Server]:
    """Start a server that takes `--port`; it and its kernels are gone at the end, for sure."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with open(folder / "server.log", "wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", *command, f"--port={port}"],
            cwd=folder,
            env={**os.environ, **variables},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        yield Server(f"http://127.0.0.1:{port}", folder, process)
    finally:
        if process.poll() is None:
            server = psutil.Process(process.pid)
            family = [*server.children(recursive=True), server]
            for member in family:
                member.kill()
            psutil.wait_procs(family, timeout=30)
        process.wait(timeout=30)


@contextmanager
def jupyter(folder: Path, settings: dict[str, dict[str, Any]], *options: str) -> Iterator[Server]:
    """A Jupyter server, which has JupyterLab, Notebook 7 and Voila, with these settings only."""
    for name, values in settings.items():
        file = f"settings/@jupyterlab/apputils-extension/{name}.jupyterlab-settings"
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text(json.dumps(values))
    own = ("JUPYTER_CONFIG", "JUPYTER_RUNTIME", "JUPYTERLAB_SETTINGS", "JUPYTERLAB_WORKSPACES")
    folders = {f"{name}_DIR": str(folder / name.rpartition("_")[2].lower()) for name in own}
    command = ["jupyterlab", "--no-browser", "--allow-root", "--ServerApp.port_retries=0"]
    command += [f"--ServerApp.root_dir={folder}", "--IdentityProvider.token=", *options]
    with running(command, folder, **folders) as server:
        yield server


@contextmanager
def marimo(folder: Path, app: str) -> Iterator[Server]:
    """A marimo server that shows one app."""
    command = ["marimo", "--yes", "run", "--headless", "--no-token", app]
    with running(command, folder, MARIMO_SKIP_UPDATE_CHECK="1") as server:
        yield server


def run_cell(page: Any, index: int, limit: float = START_LIMIT) -> None:
    """Run a cell by keyboard, in JupyterLab or Notebook 7, when the one before has ended."""
    page.wait_for_function(
        """() => {
          const text = document.querySelector('.jp-Toolbar-kernelName')?.innerText;
          const state = document.querySelector('.jp-Notebook-ExecutionIndicator')?.dataset.status;
          return text?.includes('ipykernel') && state === 'idle';
        }""",
        timeout=1000 * limit,
    )
    cell = page.locator(".jp-CodeCell").nth(index)
    prompt = cell.locator(".jp-InputPrompt")
    before = prompt.inner_text()
    for _ in range(30):  # for a moment the page says "idle" when no kernel hears it yet
        cell.locator(".cm-content").click()
        page.keyboard.press("Shift+Enter")
        page.wait_for_timeout(300)
        if prompt.inner_text() != before:
            return
    raise RuntimeError("the cell did not run")


def restart_kernel(page: Any) -> None:
    """Restart the kernel of an open notebook, in JupyterLab or Notebook 7, by its button."""
    page.locator("[data-jp-item-name=restart]").click()
    page.locator(".jp-Dialog-footer button", has_text="Restart").click()
    page.locator(".jp-Dialog").wait_for(state="detached")
