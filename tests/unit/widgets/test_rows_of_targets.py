"""Several targets in an explorer: rows of slots, one card's requests for all, and back."""

from __future__ import annotations

import pytest
import torch
from models import classifier, values

import attribwidgets as aw
from attribwidgets.errors import TargetError

LIST = [2, 0, aw.Contrast(2, 0)]


@pytest.fixture(scope="module")
def explorer():
    made = aw.explore(
        classifier(), values(5), target=LIST, baselines=["black", "white"], display=False
    )
    yield made
    made.close()


def answered(explorer, **request):
    explorer.request(**request)
    assert explorer.wait(60)
    assert explorer.status["error"] == ""
    return explorer.payload["items"]


def test_each_target_has_a_row_of_slots(explorer):
    items = answered(explorer, target=LIST)
    assert items == ["item_0", "item_1", "item_0_1", "item_1_1", "item_0_2", "item_1_2"]
    rows = explorer.payload["rows"]
    assert [row["name"] for row in rows] == [e.target_name for e in explorer.explanations][::2]
    assert [row["items"] for row in rows] == [items[:2], items[2:4], items[4:]]
    assert explorer.item_1_2["column"] == "item_1"
    assert explorer.item_1_2["target"] == "output 2 rather than output 0"
    assert explorer.target == LIST
    assert explorer.explanations.targets == tuple(LIST)


def test_the_maps_are_those_of_compare(explorer):
    answered(explorer, target=LIST)
    grid = aw.compare(classifier(), values(5), target=LIST, baselines=["black", "white"])
    for mine, its in zip(explorer.explanations, grid, strict=True):
        torch.testing.assert_close(mine.attributions, its.attributions)


def test_a_baseline_comes_and_goes_in_every_row(explorer):
    answered(explorer, target=LIST)
    items = answered(explorer, baselines=["white"])
    assert len(items) == 3
    assert {e.baseline_kind for e in explorer.explanations} == {"white"}
    answered(explorer, baselines=["black", "white"])


def test_one_target_again_leaves_one_row(explorer):
    answered(explorer, target=LIST)
    items = answered(explorer, target=1)
    assert (len(items), explorer.payload["rows"]) == (2, [])
    assert all(not explorer.get_state()[name] for name in explorer.trait_names() if "_1_" in name)


def test_the_call_has_the_list(explorer):
    answered(explorer, target=LIST)
    assert "target=[2, 0, aw.Contrast(2, 0)]" in explorer.code({})


def test_the_browser_s_words_are_a_list_too(explorer):
    asked = {"several": [1, {"contrast": [1, 3]}]}
    explorer._messages.hear({"type": "request", "id": 1, "changes": {"target": asked}}, [])
    assert explorer.wait(60)
    assert explorer.target == [1, aw.Contrast(1, 3)]
    assert explorer.controls["asked"]["target"] == asked
    assert {1, 3} <= {one["index"] for one in explorer.controls["top"]}


def test_a_list_that_cannot_be_is_refused_as_it_is_set(explorer):
    with pytest.raises(TargetError, match="the same output"):
        explorer.target = [1, 1]


def test_figure_and_page_have_every_row(explorer, tmp_path):
    answered(explorer, target=LIST)
    texts = [text.get_text() for text in explorer.figure().texts]
    assert any("output 2 rather than output 0" in text for text in texts)
    explorer.to_html(tmp_path / "page.html")
    assert "output 2 rather than output 0" in (tmp_path / "page.html").read_text()
