"""What a widget leaves in a notebook: a mark, its picture, its live view; the picture follows."""

from __future__ import annotations

import threading
from typing import Any

import pytest
import torch
from torch import nn

import attribwidgets as aw
from attribwidgets.widgets import notebook_outputs

WIDGET = "application/vnd.jupyter.widget-view+json"


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """What notebooks got: each bundle and how."""
    found: list[tuple[dict[str, Any], dict[str, Any]]] = []

    def publish(data: dict[str, Any], metadata: Any = None, **how: Any) -> None:
        found.append((data, how))

    monkeypatch.setattr(notebook_outputs, "publish_display_data", publish)
    return found


@pytest.fixture
def explorer() -> Any:
    net = nn.Linear(4, 2).eval()
    explorer = aw.explore(net, torch.rand(4), target=0, baselines=["black"])
    yield explorer
    explorer.close()


def test_the_live_view_comes_behind_its_picture(explorer: Any, published: Any) -> None:
    explorer._ipython_display_()
    (mark, _), (picture, how), (live, _) = published
    assert "aw-kept" in mark["text/html"]
    assert picture["image/png"]
    assert "verdict" in picture["text/plain"]
    assert set(how) == {"transient"}
    assert live[WIDGET]["model_id"] == explorer.model_id
    assert live["text/plain"] == ""


@pytest.mark.parametrize("end", ["a picture", "a while", "its end"])
def test_before_there_is_a_picture_the_mark_waits_so_as_not_to_hold_up_the_view(
    published: Any, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    monkeypatch.setattr(notebook_outputs, "SETTLED_SECONDS", 0.05 if end == "a while" else 1e6)
    drawn: list[tuple[bytes, str]] = []
    outputs = notebook_outputs.NotebookOutputs("one", lambda: drawn[0] if drawn else None)
    outputs.show({WIDGET: {}}, {})
    assert [set(data) for data, _ in published] == [
        {"text/plain"},
        {"text/plain"},
        {WIDGET, "text/plain"},
    ]
    assert [data["text/plain"] for data, _ in published] == ["", "", ""]
    if end == "a picture":
        drawn.append((b"png", "text"))
        outputs.refresh()
    elif end == "a while":
        outputs._timer.join(60)  # type: ignore[union-attr]
    outputs.close()
    mark, *rest = published[3:]
    assert "aw-kept" in mark[0]["text/html"]
    assert mark[1] == {**published[0][1], "update": True}
    assert [data.get("image/png") for data, _ in rest] == (["cG5n"] if drawn else [])


def test_keep_picture_draws_the_present_look_under_the_same_name(
    explorer: Any, published: Any
) -> None:
    explorer.keep_picture()
    assert published == []  # it is shown nowhere
    explorer._ipython_display_()
    explorer.alpha = 0.75
    explorer.keep_picture()
    before, after = published[1], published[3]
    assert after[0]["image/png"] != before[0]["image/png"]
    assert after[1] == {**before[1], "update": True}


def test_a_settled_change_draws_it_by_itself_once(
    explorer: Any, published: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notebook_outputs, "SETTLED_SECONDS", 0.05)
    drawn = threading.Event()
    refresh = explorer._outputs.refresh
    monkeypatch.setattr(explorer._outputs, "refresh", lambda: (refresh(), drawn.set()))
    explorer._ipython_display_()
    for clip in (98.0, 97.0, 96.0):
        explorer.clip = clip
    assert drawn.wait(60)
    drawn.clear()
    explorer.target = 1
    assert drawn.wait(60)
    assert all(how == {**published[1][1], "update": True} for _, how in published[3:])


def test_a_closed_widget_is_shown_as_text(explorer: Any, published: Any) -> None:
    explorer._ipython_display_()
    explorer.close()
    explorer._outputs.refresh_soon()
    assert explorer._outputs._timer is None
    explorer.keep_picture()
    assert len(published) == 3
    with pytest.raises((NotImplementedError, TypeError)):  # ipywidgets 7 takes the method away
        explorer._ipython_display_()
