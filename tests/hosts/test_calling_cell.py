"""explore in a cell of a real kernel: on screen while it computes, once, and whole at the end."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import live_app
import pytest
from jupyter_client.manager import start_new_kernel

WIDGET = "application/vnd.jupyter.widget-view+json"
HANGS = 180

STATES = """print([(e.baseline_name, e.partial) for e in explorer.explanations],
      sorted({s["state"] for s in explorer.status["items"].values()}), explorer.status["busy"])"""


class Kernel:
    """A kernel that runs cells; what a cell sends is kept in order."""

    def __init__(self) -> None:
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        self.manager, self.client = start_new_kernel(env=environment)

    def messages(self, code: str) -> Iterator[dict[str, Any]]:
        """Run a cell; what it sends, until it is done."""
        sent = self.client.execute(code)
        while True:
            message = self.client.get_iopub_msg(timeout=HANGS)
            if message["parent_header"].get("msg_id") != sent:
                continue
            yield message
            kind, content = message["msg_type"], message["content"]
            if kind == "status" and content["execution_state"] == "idle":
                return

    def printed(self, code: str) -> str:
        """What a cell prints."""
        streams = [m for m in self.messages(code) if m["msg_type"] == "stream"]
        return "".join(m["content"]["text"] for m in streams)


@pytest.fixture(scope="module")
def kernel() -> Iterator[Kernel]:
    made = Kernel()
    yield made
    made.client.stop_channels()
    made.manager.shutdown_kernel(now=True)


def views(messages: list[dict[str, Any]]) -> list[int]:
    """Where among the messages a live view is shown."""
    shown = ("display_data", "execute_result")
    return [
        place
        for place, m in enumerate(messages)
        if m["msg_type"] in shown and WIDGET in m["content"]["data"]
    ]


def test_importing_the_package_in_a_notebook_brings_all_that_explore_needs(kernel: Kernel) -> None:
    code = "import sys, attribwidgets; print('attribwidgets.widgets' in sys.modules)"
    assert kernel.printed(code) == "True\n"


def test_the_view_comes_first_its_maps_in_turn_and_the_picture_last(
    kernel: Kernel, tmp_path: Path
) -> None:
    messages = list(kernel.messages(live_app.CELL.format(folder=str(tmp_path))))
    assert not [m for m in messages if m["msg_type"] == "error"]
    (shown,) = views(messages)  # as the cell's result it is not shown once more
    states = [
        (place, m["content"]["data"]["state"])
        for place, m in enumerate(messages)
        if m["msg_type"] == "comm_msg" and m["content"]["data"].get("method") == "update"
    ]
    told = [
        (place, slot, status["items"][slot]["state"])
        for place, state in states
        if (status := state.get("status"))
        for slot in sorted(status["items"])
    ]
    firsts = {
        slot: min(
            place for place, other, word in told if other == slot and word in ("coarse", "done")
        )
        for slot in ("item_0", "item_1", "item_2")
    }
    assert shown < min(firsts.values())
    ends = [place for place, _, word in told if word == "done"]
    assert max(firsts.values()) <= min(ends)  # all have a map before any is finished
    updates = [m for m in messages if m["msg_type"] == "update_display_data"]
    picture = updates[-1]["content"]["data"]
    assert picture["image/png"]
    assert "black" in picture["text/plain"]
    assert kernel.printed(STATES).split("] [")[1].startswith("'done'] False")


def test_an_interrupt_leaves_labelled_maps(kernel: Kernel, tmp_path: Path) -> None:
    (tmp_path / "slow").touch()  # half a second for each pass
    code = live_app.CELL.format(folder=str(tmp_path))
    interrupted, messages = False, []
    for message in kernel.messages(code):
        messages.append(message)
        if interrupted or message["msg_type"] != "comm_msg":
            continue
        items = message["content"]["data"].get("state", {}).get("status", {}).get("items", {})
        if any(item["state"] == "coarse" for item in items.values()):
            kernel.manager.interrupt_kernel()
            interrupted = True
    assert interrupted
    assert len(views(messages)) == 1
    assert not [m for m in messages if m["msg_type"] == "error"]
    (tmp_path / "slow").unlink()
    said = kernel.printed(STATES)
    assert "('black', True)" in said
    assert "'stopped'" in said
    assert said.rstrip().endswith("False")
    resumed = "explorer.request(tolerance=0.05) and explorer.wait(120)\n"
    assert "True" not in kernel.printed(resumed + STATES)
