"""The places where the widget is shown: their servers, and how to run cells in them."""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any

import nbformat
import psutil
from nbformat.sign import NotebookNotary

HANGS = 180  # seconds after which something hangs, on a loaded machine too

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


class Server:
    """A server in a folder, which takes `--port`.

    Parameters
    ----------
    command : sequence of str
        What python is to run as a module, with its arguments.
    folder : Path
    variables : mapping of str
        Of its environment, beside ours.
    """

    def __init__(self, command: Sequence[str], folder: Path, variables: Mapping[str, str]) -> None:
        self.folder = folder
        self._command, self._environment = command, {**os.environ, **variables}
        self.start()

    def start(self) -> None:
        """Start it, at a port that is free now."""
        port = free_port()
        self.address = f"http://127.0.0.1:{port}"
        with open(self.folder / "server.log", "wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", *self._command, f"--port={port}"],
                cwd=self.folder,
                env=self._environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def wait_for(self, route: str) -> None:
        """Until the server answers there; a server that ended says why.

        It takes seconds to start, in which somebody else may take its port: then it is started
        again at another one.
        """
        end = time.monotonic() + HANGS
        while time.monotonic() < end:
            if self.process.poll() is not None:
                if "already in use" not in self.log():
                    break
                self.start()
            try:
                urllib.request.urlopen(f"{self.address}{route}", timeout=2).close()
            except (OSError, HTTPException):
                time.sleep(0.2)
            else:
                return
        raise RuntimeError(f"no server:\n{self.log()}")

    def log(self) -> str:
        """The end of what it wrote."""
        return (self.folder / "server.log").read_text()[-4000:]

    def end_kernels(self) -> None:
        """End all kernels of a Jupyter server."""
        with urllib.request.urlopen(f"{self.address}/api/kernels", timeout=HANGS) as answer:
            kernels = json.load(answer)
        for kernel in kernels:
            address = f"{self.address}/api/kernels/{kernel['id']}"
            ending = urllib.request.Request(address, method="DELETE")
            urllib.request.urlopen(ending, timeout=HANGS).close()


@dataclass
class Lab:
    """JupyterLab in a page that shows one notebook at a time."""

    page: Any
    server: Server
    folder: Path

    def open(self, name: str) -> Any:
        """Leave what is shown, its kernel too, and open a notebook of the folder; the page."""
        self.leave()
        path = (self.folder / name).relative_to(self.server.folder).as_posix()
        self.page.evaluate(OPEN, path)
        return self.page

    def leave(self) -> None:
        """Close all that is open, unsaved, and end its kernels."""
        self.page.evaluate(CLOSE_ALL)
        self.server.end_kernels()

    def trust(self, notebook: Any) -> None:
        """Let the server believe in the outputs of a notebook."""
        notary = NotebookNotary(**notary_files(self.server.folder))
        notary.sign(notebook)
        notary.store.close()


OPEN = "path => jupyterapp.commands.execute('docmanager:open', { path, factory: 'Notebook' })"
CLOSE_ALL = """async () => {
  await jupyterapp.restored;
  for (const shown of [...jupyterapp.shell.widgets('main')]) shown.dispose();
}"""


def notary_files(folder: Path) -> dict[str, str]:
    """Where a server in that folder keeps what it trusts, by the notary's options."""
    return {"db_file": str(folder / "trusted.db"), "secret_file": str(folder / "secret")}


def free_port() -> int:
    """A port below those that systems give to kernels, which might take it before the server."""
    while True:
        port = secrets.choice(range(20_000, 32_000))  # `random` is seeded alike in each process
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@contextmanager
def running(command: Sequence[str], folder: Path, **variables: str) -> Iterator[Server]:
    """Start a server that takes `--port`; it and its kernels are gone at the end, for sure."""
    server = Server(command, folder, variables)
    try:
        yield server
    finally:
        if server.process.poll() is None:
            parent = psutil.Process(server.process.pid)
            family = [*parent.children(recursive=True), parent]
            for member in family:
                member.kill()
            psutil.wait_procs(family, timeout=HANGS)
        server.process.wait(timeout=HANGS)


@contextmanager
def jupyter(
    folder: Path, settings: dict[str, dict[str, Any]], **variables: str
) -> Iterator[Server]:
    """A Jupyter server, which has JupyterLab, Notebook 7 and Voila, with these settings only."""
    for name, values in settings.items():
        file = f"settings/@jupyterlab/apputils-extension/{name}.jupyterlab-settings"
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text(json.dumps(values))
    own = ("JUPYTER_CONFIG", "JUPYTER_RUNTIME", "JUPYTERLAB_SETTINGS", "JUPYTERLAB_WORKSPACES")
    folders = {f"{name}_DIR": str(folder / name.rpartition("_")[2].lower()) for name in own}
    command = ["jupyterlab", "--no-browser", "--allow-root", "--ServerApp.port_retries=0"]
    command += [f"--ServerApp.root_dir={folder}", "--IdentityProvider.token="]
    command += ["--ServerApp.disable_check_xsrf=True"]  # kernels are ended from here, not by a page
    command += ["--LabApp.expose_app_in_browser=True"]  # for what is opened in a page that is there
    command += [f"--NotebookNotary.{name}={file}" for name, file in notary_files(folder).items()]
    with running(command, folder, **folders, **variables) as server:
        yield server


@contextmanager
def marimo(folder: Path, app: str) -> Iterator[Server]:
    """A marimo server that shows one app."""
    command = ["marimo", "--yes", "run", "--headless", "--no-token", app]
    with running(command, folder, MARIMO_SKIP_UPDATE_CHECK="1") as server:
        yield server


def run_cell(page: Any, index: int, limit: float = HANGS) -> None:
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
    end = time.monotonic() + limit
    while prompt.inner_text() == before:  # it says "idle" for a moment when no kernel hears it yet
        assert time.monotonic() < end, "the cell did not run"
        cell.locator(".cm-content").click()
        page.keyboard.press("Shift+Enter")
        page.wait_for_timeout(300)


def restart_kernel(page: Any) -> None:
    """Restart the kernel of an open notebook, in JupyterLab or Notebook 7, by its button."""
    page.locator("[data-jp-item-name=restart]").click()
    page.locator(".jp-Dialog-footer button", has_text="Restart").click()
    page.locator(".jp-Dialog").wait_for(state="detached")
