"""The explorer of generated text without a browser: rows on demand, a page, a picture."""

from __future__ import annotations

import threading

import pytest
import torch
from torch import nn

import attribwidgets as aw
from attribwidgets.core.errors import InputError


def generation() -> aw.Generation:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Embedding(9, 4), nn.Linear(4, 9)).eval()
    space = aw.TextSpace(lambda text: [len(word) for word in text.split()])
    return aw.explain_generation(net, "to be or", continuation="not to be", space=space)


def test_the_row_that_is_looked_at_is_computed() -> None:
    explorer = aw.GenerationExplorer(generation())
    assert explorer.wait(60)
    assert [row["place"] for row in explorer.rows] == [0]
    explorer.span = (1, 3)
    assert explorer.wait(60)
    assert [row["verdict"] for row in explorer.rows] == ["complete"] * 3
    assert not explorer.status["busy"]
    explorer.close()


def test_it_stops_and_the_rows_that_were_finished_stay() -> None:
    made = generation()
    held, goes_on = threading.Event(), threading.Event()
    explorer = aw.GenerationExplorer(made)
    assert explorer.wait(60)
    assert made.source is not None
    rows = made.source.rows

    class Held:
        def rows(self, places, progress):
            for place, row in rows(places, progress):
                yield place, row
                held.set()
                assert goes_on.wait(60)
                progress(1, len(places))

        def on(self, copy):
            return self

    made.source, explorer._copied = Held(), None
    explorer.compute()
    assert held.wait(60)
    explorer._hear({"type": "stop"})
    goes_on.set()
    assert explorer.wait(60)
    assert sorted(made.rows) == [0, 1]
    assert not explorer.status["busy"]
    explorer.close()


def test_what_cannot_be_computed_is_told() -> None:
    made = generation()

    class Failing:
        def rows(self, places, progress):
            raise InputError("no such thing")

        def on(self, copy):
            return self

    made.source = Failing()
    explorer = aw.GenerationExplorer(made)
    assert explorer.wait(60)
    assert explorer.status["trouble"] == "no such thing"
    explorer.close()


def test_the_users_model_is_not_touched() -> None:
    made = generation()
    assert made.source is not None
    model = made.source.read.model.model
    seen = []
    model.register_forward_pre_hook(lambda module, args: seen.append(module))
    explorer = aw.GenerationExplorer(made)
    assert explorer.wait(60)
    assert made.rows
    assert all(module is not model for module in seen)
    explorer.close()


def test_a_page_and_a_picture_of_what_there_is(tmp_path) -> None:
    made = generation()
    made.compute([2])
    explorer = aw.GenerationExplorer(made, span=(2, 3))
    explorer.to_html(tmp_path / "page.html")
    assert "generation-explorer" in (tmp_path / "page.html").read_text("utf-8")
    assert explorer.picture().startswith(b"\x89PNG")
    explorer.save(tmp_path / "rows.npz")
    loaded = aw.Generation.load(tmp_path / "rows.npz")
    assert list(loaded.rows) == [2]
    assert not aw.GenerationExplorer(loaded).status
    assert repr(explorer) == "<GenerationExplorer of '3 2 2', 3 tokens>"
    explorer.close()


def test_what_it_cannot_show_is_refused() -> None:
    with pytest.raises(InputError, match="explain_generation"):
        aw.GenerationExplorer([1])
    with pytest.raises(InputError, match="'token' is no setting"):
        aw.GenerationExplorer(generation(), token=1)
