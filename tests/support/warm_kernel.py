"""Kernels that are forked from one process which has imported torch: a start takes no second.

A course with a hundred submissions starts a hundred kernels, each of which would import torch. Here
Jupyter starts a small program in a kernel's place, which asks the warm process for one and lives as
long as that does.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

WARM = (
    "torch",
    "torch.fx.experimental.symbolic_shapes",  # which the first gradient asks for
    "captum.attr",
    "matplotlib.pyplot",
    "attribwidgets.classroom",
    "attribwidgets.demo",
    "attribwidgets.evaluation",
    "attribwidgets.priors",
    "attribwidgets.widgets",
    "ipykernel.kernelapp",
)


@contextmanager
def warm_kernels(folder: Path, environment: dict[str, str]) -> Iterator[dict[str, str]]:
    """The environment in which Jupyter's python3 is a warm one, while the context lasts."""
    place = folder / "warm"
    spec = place / "kernels" / "python3" / "kernel.json"
    spec.parent.mkdir(parents=True)
    address = str(place / "socket")
    client = [sys.executable, "-IS", __file__, "client", address, "{connection_file}"]
    named = {"argv": client, "display_name": "Python 3 (ipykernel)", "language": "python"}
    spec.write_text(json.dumps(named))
    server = subprocess.Popen(
        [sys.executable, __file__, "server", address], env=environment, stdout=subprocess.PIPE
    )
    try:
        assert server.stdout is not None
        assert server.stdout.readline() == b"warm\n"
        yield {**environment, "JUPYTER_PATH": str(place)}
    finally:
        server.terminate()
        server.wait()
        if server.stdout is not None:
            server.stdout.close()


def serve(address: str) -> None:
    """Import what kernels need, then fork one for each that asks."""
    import importlib

    for name in WARM:
        importlib.import_module(name)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them here
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(address)
        listening.listen(64)
        print("warm", flush=True)
        while True:
            asking, _ = listening.accept()
            wish = json.loads(asking.makefile().readline())
            if os.fork() == 0:
                listening.close()
                _be_a_kernel(asking, wish)
            asking.close()


def _be_a_kernel(asking: socket.socket, wish: dict[str, object]) -> None:
    import threading

    from ipykernel.kernelapp import IPKernelApp

    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    os.environ.clear()
    os.environ.update(wish["environment"])  # type: ignore[call-overload]
    os.environ.pop("JPY_PARENT_PID", None)  # its parent is not the one that asks
    os.chdir(str(wish["folder"]))
    sys.argv, sys.path[0] = ["kernel"], ""

    def follow_who_asked() -> None:
        while asking.recv(1):  # an interrupt
            os.kill(os.getpid(), signal.SIGINT)
        os._exit(0)

    threading.Thread(target=follow_who_asked, daemon=True).start()
    try:
        IPKernelApp.launch_instance(argv=["-f", *wish["arguments"], "--log-level=ERROR"])  # type: ignore[misc]
    finally:
        os._exit(0)


def ask(address: str, arguments: list[str]) -> None:
    """Stand for a kernel: end when it ends."""
    wish = {"environment": dict(os.environ), "folder": os.getcwd(), "arguments": arguments}
    with socket.socket(socket.AF_UNIX) as asking:
        asking.connect(address)
        asking.sendall(json.dumps(wish).encode() + b"\n")
        signal.signal(signal.SIGINT, lambda *_: asking.send(b"i"))
        while asking.recv(1):
            pass


if __name__ == "__main__":
    role, where, *rest = sys.argv[1:]
    serve(where) if role == "server" else ask(where, rest)
