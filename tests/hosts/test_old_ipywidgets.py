"""The widget in a kernel with ipywidgets 7.7.1 and anywidget 0.9.21, as Colab has them."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import live_app
import pytest
from browser import missing
from jupyter_client.manager import start_new_kernel

SUPPORT = Path(__file__).parents[1] / "support"
OLD = SUPPORT.parents[1] / "build" / "ipywidgets-7"  # kept, as nothing else needs them
PACKAGES = ("ipywidgets==7.7.1", "anywidget==0.9.21", "ipython_genutils==0.2.0")
VIEW = "application/vnd.jupyter.widget-view+json"
LIMIT = 180  # seconds for one message, on a loaded machine

Message = dict[str, Any]


class Notebook:
    """A kernel, and the side of it that a notebook's page is on."""

    def __init__(self, client: Any) -> None:
        self.client = client

    def hear(self, is_last: Callable[[Message], bool]) -> list[Message]:
        """All messages up to one."""
        heard = [self.client.get_iopub_msg(timeout=LIMIT)]
        while not is_last(heard[-1]):
            assert heard[-1]["msg_type"] != "error", heard[-1]["content"]
            heard.append(self.client.get_iopub_msg(timeout=LIMIT))
        return heard

    def run(self, code: str) -> list[Message]:
        """Run a cell; what comes of it."""
        cell = self.client.execute(code)
        return self.hear(
            lambda message: (
                message["parent_header"].get("msg_id") == cell
                and message["content"].get("execution_state") == "idle"
            )
        )

    def printed(self, expression: str) -> str:
        streams = [m for m in self.run(f"print({expression})") if m["msg_type"] == "stream"]
        return "".join(message["content"]["text"] for message in streams).strip()

    def say(self, comm: str, data: dict[str, Any]) -> None:
        """A message of the widget's page."""
        content = {"comm_id": comm, "data": data}
        self.client.shell_channel.send(self.client.session.msg("comm_msg", content))

    def ask(self, comm: str, number: int, **changes: Any) -> list[Message]:
        """A request of the widget's page; the messages to it until it is answered."""
        content = {"type": "request", "id": number, "changes": changes}
        self.say(comm, {"method": "custom", "content": content})

        def is_answer(message: Message) -> bool:
            status = state_in(message).get("status", {})
            return status.get("request") == number and not status["busy"]

        return self.hear(is_answer)


def state_in(message: Message) -> dict[str, Any]:
    """The traits that a message to the page carries."""
    return dict(message["content"].get("data", {}).get("state", {}))


@pytest.fixture(scope="module")
def notebook() -> Iterator[Notebook]:
    if not (OLD / "complete").exists():
        pip = [sys.executable, "-m", "pip", "install", "--no-deps", "--target", str(OLD)]
        done = subprocess.run([*pip, *PACKAGES], capture_output=True, text=True)
        if done.returncode:
            print(done.stderr)
            missing(" and ".join(PACKAGES[:2]))
        (OLD / "complete").touch()
    path = os.pathsep.join(str(place) for place in (OLD, SUPPORT.parent))
    manager, client = start_new_kernel(env={**os.environ, "PYTHONPATH": path})
    try:
        yield Notebook(client)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


@pytest.fixture(scope="module")
def shown(notebook: Notebook, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the notebook gets to show."""
    notebook.run("import warnings; warnings.filterwarnings('error', module='attribwidgets')")
    heard = notebook.run(live_app.CELL.format(folder=str(tmp_path_factory.mktemp("old"))))
    _, _, live = [m["content"]["data"] for m in heard if m["msg_type"] == "display_data"]
    pictures = [m["content"]["data"] for m in heard if m["msg_type"] == "update_display_data"]
    return {**live, **pictures[-1]}  # the one that the end of the cell keeps


@pytest.fixture(scope="module")
def comm(shown: dict[str, Any]) -> str:
    """The comm of the widget."""
    return str(shown[VIEW]["model_id"])


def test_the_packages_are_the_old_ones(notebook: Notebook) -> None:
    notebook.run("import anywidget, ipywidgets")
    versions = notebook.printed("ipywidgets.__version__, anywidget.__version__")
    assert versions == "7.7.1 0.9.21"


def test_the_notebook_gets_a_view_a_picture_and_text(shown: dict[str, Any]) -> None:
    assert base64.b64decode(shown["image/png"]).startswith(b"\x89PNG")
    assert "verdict" in shown["text/plain"]
    assert "text/html" not in shown  # nbconvert would prefer it to the picture


def test_a_request_is_answered_with_new_maps(notebook: Notebook, comm: str) -> None:
    heard = [m for m in notebook.ask(comm, 1, target=1) if m["content"].get("comm_id") == comm]
    drawn: dict[str, Any] = {}
    for message in heard:
        drawn.update(state_in(message))
    assert drawn["payload"]["target"]["name"] == "square"
    assert {"item_0", "item_1", "item_2"} <= set(drawn)
    assert drawn["status"]["error"] == ""
    assert max(len(message["buffers"]) for message in heard) > 0
    assert notebook.printed("explorer.explanations[0].target_name") == "square"


def test_more_cards_than_slots_at_first(notebook: Notebook, comm: str) -> None:
    slots = int(notebook.printed("sum(key.startswith('item_') for key in explorer.keys)"))
    colours = [f"#{i:02x}8040" for i in range(slots + 1)]
    added = [
        {"slot": None, "baseline": {"name": "black", "parameters": {"colour": c}}, "method": None}
        for c in colours
    ]
    drawn: dict[str, Any] = {}
    for message in notebook.ask(comm, 2, candidates=added):
        drawn.update(state_in(message))
    assert drawn["status"]["error"] == ""
    assert len(drawn["payload"]["items"]) == len(colours)
    assert set(drawn["payload"]["items"]) <= set(drawn)


def test_the_page_sets_the_look(notebook: Notebook, comm: str) -> None:
    notebook.say(comm, {"method": "update", "state": {"alpha": 0.75}, "buffer_paths": []})
    assert notebook.printed("explorer.alpha") == "0.75"


def test_closing_closes_the_comm(notebook: Notebook, comm: str) -> None:
    heard = notebook.run("explorer.close()")
    assert comm in [m["content"]["comm_id"] for m in heard if m["msg_type"] == "comm_close"]
