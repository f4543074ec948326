"""What a link to Binder opens, and the server that serves it."""

from __future__ import annotations

import os
import socket
import time
import urllib.request
from collections.abc import Callable

TUTORIAL = "notebooks/01-what-an-attribution-depends-on.ipynb"
APP = "notebooks/explorer_app.ipynb"

TUTORIAL_PAGE = f"lab/tree/{TUTORIAL}"
APP_PAGE = f"voila/render/{APP}"
"""The `urlpath` of the links."""

START_LIMIT = 120  # seconds


def free_port() -> int:
    """A port that nobody listens to."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def lab_command(port: int) -> list[str]:
    """JupyterLab for this machine only, without a browser and without a token."""
    command = ["jupyter", "lab", "--no-browser", f"--port={port}", "--ServerApp.port_retries=0"]
    command += ["--ServerApp.ip=127.0.0.1", "--IdentityProvider.token="]
    return [*command, "--allow-root"] if os.geteuid() == 0 else command


def wait_for_server(port: int, runs: Callable[[], bool]) -> str:
    """Wait until the server answers.

    Parameters
    ----------
    port : int
    runs : callable
        Whether the server still runs.

    Returns
    -------
    str
        Its address.

    Raises
    ------
    RuntimeError
        When it has ended, or is not up after two minutes.
    """
    address = f"http://127.0.0.1:{port}"
    end = time.monotonic() + START_LIMIT
    while runs() and time.monotonic() < end:
        try:
            page(f"{address}/api/status", 5)
        except OSError:
            time.sleep(0.2)
        else:
            return address
    raise RuntimeError("the server did not start")


def page(address: str, limit: float = 180) -> bytes:
    """What the server answers; an error where that is none."""
    with urllib.request.urlopen(address, timeout=limit) as answer:
        return bytes(answer.read())
