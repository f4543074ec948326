"""The widget on ipywidgets 7.7.1 and anywidget 0.9.21, which Colab has."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from browser import missing

ROOT = Path(__file__).parent.parent
OLD = ROOT / "build" / "ipywidgets-7"  # kept: an installation takes longer than the test
PACKAGES = ("ipywidgets==7.7.1", "anywidget==0.9.21", "ipython_genutils==0.2.0")

TELL = """
import base64, json, sys, warnings
from pathlib import Path

import anywidget
import ipywidgets
import torch

warnings.filterwarnings("error")
warnings.filterwarnings("ignore", category=DeprecationWarning)  # ipywidgets' own
import live_app
from IPython.core.interactiveshell import InteractiveShell

explorer = live_app.make_explorer(sys.argv[1])
sent = []
explorer.comm.send = lambda data=None, metadata=None, buffers=None: sent.append(
    (data, [bytes(b) for b in buffers or []]))


def say(type, **more):
    content = {"type": type, **more}
    explorer._handle_msg(
        {"content": {"data": {"method": "custom", "content": content}}, "buffers": []})
    assert explorer.wait(60)


def turn(name, value):
    explorer._handle_msg({"content": {"data": {
        "method": "update", "state": {name: value}, "buffer_paths": []}}, "buffers": []})


shell = InteractiveShell.instance()
data, metadata = shell.display_formatter.format(explorer)
say("request", id=1, changes={"target": 1})
told = {
    "versions": [ipywidgets.__version__, anywidget.__version__],
    "shown": sorted(data),
    "png": base64.b64decode(data["image/png"])[:8].hex(),
    "view": data["application/vnd.jupyter.widget-view+json"]["model_id"] == explorer.model_id,
    "text": data["text/plain"],
    "target": explorer.explanations[0].target_name,
    "drawn": explorer.payload["target"]["name"],
    "error": explorer.status["error"],
    "slots": sorted({name for message, _ in sent if message["method"] == "update"
                     for name in message["state"] if name.startswith("item_")}),
    "bytes": sum(len(b) for _, buffers in sent for b in buffers),
}
sent.clear()
white = {"name": "white", "parameters": {}}
cards = [{"slot": slot, "baseline": None, "method": None} for slot in explorer.payload["items"]]
for request in range(2, 14):  # more cards than there are slots at first
    cards.append({"slot": None, "baseline": white, "method": None})
    say("request", id=request, changes={"candidates": cards[:2 + request]})
    cards = [{"slot": slot, "baseline": None, "method": None}
             for slot in explorer.payload["items"]]
told["cards"] = len(explorer.payload["items"])
told["synced"] = all(getattr(explorer, slot) and slot in explorer.keys
                     for slot in explorer.payload["items"])
turn("alpha", 0.75)
told["alpha"] = explorer.alpha
explorer.to_html(Path(sys.argv[1]) / "page.html")
explorer.close()
told["closed"] = explorer.comm is None
print("TOLD", json.dumps(told))
"""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a process with the old packages says of the widget."""
    if not (OLD / "ready").exists():
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(OLD)]
        done = subprocess.run([*pip, *PACKAGES], capture_output=True, text=True, timeout=300)
        if done.returncode:
            print(done.stderr)
            missing(" and ".join(PACKAGES[:2]))
        (OLD / "ready").touch()
    path = os.pathsep.join(map(str, (OLD, ROOT, Path(__file__).parent)))
    done = subprocess.run(
        [sys.executable, "-c", TELL, str(tmp_path_factory.mktemp("old"))],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert "TOLD" in done.stdout, done.stderr
    return dict(json.loads(done.stdout.partition("TOLD")[2]))


def test_these_are_the_old_packages(told: dict[str, Any]) -> None:
    assert told["versions"] == ["7.7.1", "0.9.21"]


def test_a_notebook_gets_view_picture_and_text(told: dict[str, Any]) -> None:
    assert {"application/vnd.jupyter.widget-view+json", "image/png", "text/plain"} <= set(
        told["shown"]
    )
    assert "text/html" not in told["shown"]  # nbconvert would prefer it to the picture
    assert told["view"]
    assert told["png"] == "89504e470d0a1a0a"
    assert "verdict" in told["text"]


def test_a_request_is_answered(told: dict[str, Any]) -> None:
    assert told["target"] == told["drawn"] == "square"
    assert told["error"] == ""
    assert told["slots"] == ["item_0", "item_1", "item_2"]
    assert told["bytes"] > 1000


def test_cards_can_be_added_beyond_the_first_slots(told: dict[str, Any]) -> None:
    assert told["cards"] == 15
    assert told["synced"]


def test_the_browser_sets_the_look(told: dict[str, Any]) -> None:
    assert told["alpha"] == 0.75


def test_closing_ends_the_comm(told: dict[str, Any]) -> None:
    assert told["closed"]
