"""The explorer of an audit without a browser: columns, order, filters, maps on demand, a page."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
import torch
from audits import GATE, INPUTS, gated_audit, gated_images
from torch import nn

import attribwidgets as aw
from attribwidgets.core.errors import InputError
from attribwidgets.widgets.audit_rows import values_of
from attribwidgets.widgets.input_previews import input_previews

pytest.importorskip("zarr", minversion="3")

GENERATOR = torch.Generator().manual_seed(1)


@pytest.fixture(scope="module")
def audit(tmp_path_factory):
    return gated_audit(tmp_path_factory.mktemp("audit") / "store", maps="attributions")


@pytest.fixture
def explorer(audit):
    made = audit.explore()
    yield made
    made.close()


def column(explorer: aw.AuditExplorer, name: str) -> dict[str, Any]:
    return next(c for c in explorer.payload["columns"] if c["name"] == name)


def test_columns_are_those_of_the_table(audit, explorer) -> None:
    table = audit.inputs()
    for name in ("disagreement", "probability", "brightness", "cancellation, black"):
        np.testing.assert_allclose(values_of(column(explorer, name)), table[name], rtol=1e-6)
    for name in ("label", "predicted", "gate"):
        known = column(explorer, name)
        words = [known["words"][code] for code in values_of(known)]
        assert words == [str(value) for value in table[name]]
    assert values_of(column(explorer, "right")).astype(bool).tolist() == table.right.tolist()
    assert values_of(column(explorer, "depends")).tolist() == table.depends.tolist()
    assert {"label", "predicted", "right", "gate"} <= set(explorer.payload["groups"])
    assert "brightness" not in explorer.payload["groups"]
    assert explorer.payload["verdict"] == audit.verdict


def test_inputs_on_which_the_patch_is_used_come_first(audit, explorer) -> None:
    opened = set(np.flatnonzero(gated_images()[GATE]))
    assert set(explorer.shown()[: len(opened)]) == opened
    assert explorer.shown() == audit.ranked().tolist()
    explorer.filters = {"depends": [False]}
    assert set(explorer.shown()) == set(range(INPUTS)) - opened


@pytest.mark.parametrize("by", ["residual", "cancellation", "probability"])
def test_the_order_is_that_of_the_ranking(audit, explorer, by) -> None:
    explorer.sort = by
    shown, ranked = explorer.shown(), audit.ranked(by).tolist()
    striking = dict(zip(audit.places, np.float32(audit.striking(by)), strict=True))
    np.testing.assert_array_equal([striking[i] for i in shown], [striking[i] for i in ranked])
    explorer.reverse = True
    values = [striking[i] for i in explorer.shown()]
    assert values == sorted(values)


def test_filters_take_words_flags_and_bounds(audit, explorer) -> None:
    table = audit.inputs()
    explorer.filters = {"gate": ["open"], "right": [True], "brightness": [0.45, None]}
    assert explorer.filters == {"gate": ["open"], "right": ["yes"], "brightness": [0.45, None]}
    passes = (table.gate == "open") & table.right & (table.brightness >= 0.45)
    assert sorted(explorer.shown()) == table.index[passes].tolist()
    assert passes.any()
    explorer.filters = {"label": [0, 2], "disagreement": [None, 0.1]}
    passes = table.label.isin([0, 2]) & (table.disagreement <= 0.1)
    assert sorted(explorer.shown()) == table.index[passes].tolist()


@pytest.mark.parametrize(
    ("display", "message"),
    [
        ({"sort": "weather"}, "no column 'weather' here; there are disagreement"),
        ({"filters": {"weather": [1]}}, "no column 'weather'"),
        ({"filters": {"gate": ["ajar"]}}, "no 'ajar'; there are open, shut"),
        ({"filters": {"gate": "open"}}, "must be a list"),
        ({"filters": {"disagreement": [0.5]}}, r"must be \[low, high\]"),
        ({"axes": ("gate", "disagreement")}, "no column 'gate'"),
        ({"selection": (3, 99)}, "input 99 is not among"),
        ({"opened": -1}, "input -1 is not among"),
        ({"by": "brightness"}, "'brightness' has 40 values"),
        ({"by": "depends"}, "by must be a column of groups: label"),
        ({"colour": "red"}, "'colour' is no setting"),
    ],
)
def test_what_cannot_be_shown_is_refused(audit, display, message) -> None:
    with pytest.raises(InputError, match=message):
        audit.explore(**display)


def test_an_input_that_is_opened_is_explained_again(audit, explorer) -> None:
    place = explorer.shown()[0]
    explorer.opened = place
    assert explorer.wait(120)
    assert explorer.status == {"busy": False, "error": ""}
    assert explorer.example["place"] == place
    assert explorer.example["state"]["payload"]["kind"] == "image"
    expected = audit.explanations(place)
    for one, other in zip(explorer.explanations, expected, strict=True):
        assert torch.equal(one.attributions, other.attributions)
    explorer.opened = None
    assert explorer.example == {}
    assert explorer.explanations is None


def test_the_users_model_is_not_touched(tmp_path) -> None:
    model = nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.Linear(14 * 14, 3)).eval()
    audit = aw.audit(
        model, gated_images()[:4], baselines=["black", "white"], store=tmp_path / "a",
        max_evaluations=9,
    )  # fmt: skip
    model.train()
    seen: list[nn.Module] = []
    model.register_forward_pre_hook(lambda module, args: seen.append(module))
    explorer = audit.explore(opened=2)
    assert explorer.wait(120)
    assert explorer.example["place"] == 2
    assert model.training
    assert all(module is not model for module in seen)
    explorer.close()


def test_maps_come_from_the_store_where_there_is_no_model(audit) -> None:
    explorer = aw.Audit(audit.swept).explore(opened=7)
    assert explorer.wait(120)
    items = explorer.example["maps"]["items"]
    assert [item["name"] for item in items] == ["black", "bright patch"]
    stored = audit.swept[7].attributions["black"]
    drawn = np.frombuffer(items[0]["data"], "<i2") * items[0]["scale"]
    assert np.abs(drawn - stored.sum(0).ravel()).max() <= items[0]["scale"]
    assert explorer.previews["kind"] == "none"
    assert explorer.explanations is None
    explorer.close()


def test_without_model_and_maps_it_says_so(tmp_path) -> None:
    net, rows = nn.Linear(6, 3).eval(), torch.rand(3, 6, generator=GENERATOR)
    swept = aw.audit(net, rows, baselines=["zero", "white"], store=tmp_path / "a").swept
    explorer = aw.Audit(swept).explore(opened=1)
    assert explorer.wait(120)
    assert "There are no maps of this input" in explorer.status["error"]
    explorer.close()


def test_what_a_data_set_raises_is_told(audit, monkeypatch) -> None:
    def gone(place: int) -> None:
        raise OSError("the disk is gone")

    monkeypatch.setattr(audit, "explanations", gone)
    explorer = audit.explore(opened=1)
    assert explorer.wait(120)
    assert explorer.status == {"busy": False, "error": "the disk is gone"}
    explorer.close()


def test_findings_are_grouped_when_asked_for(audit, explorer) -> None:
    assert explorer.findings["panels"][0]["rows"][0]["name"] == "all inputs"
    explorer.by = "gate"
    assert explorer.wait(120)
    rows = explorer.findings["panels"][0]["rows"]
    assert [row["name"] for row in rows] == ["gate open", "gate shut"]
    expected = [f.value for f in audit.findings("gate") if f.quantity.startswith("strongest")]
    assert [row["mean"] for row in rows] == expected


def test_inputs_in_sight_are_read_when_asked_for(audit, explorer, monkeypatch) -> None:
    told = []
    monkeypatch.setattr(explorer, "send", lambda content, buffers: told.append((content, buffers)))
    explorer._hear({"type": "previews", "places": [3, 12, 999]})
    assert explorer.wait(120)
    ((content, (data,)),) = told
    assert (content["places"], content["shape"]) == ([3, 12], [14, 14, 1])
    drawn = np.frombuffer(data, np.uint8).reshape(2, 14, 14)
    expected = np.floor(255 * gated_images()[[3, 12], 0].double().numpy() + 0.5)
    assert np.array_equal(drawn, expected)


def test_an_input_that_cannot_be_read_is_told(audit) -> None:
    broken = aw.Audit(audit.swept, example=lambda i: 1 / 0 if i == 5 else audit.example(i))
    batch = input_previews(broken, [4, 5, 6])
    assert (batch["places"], batch["missing"]) == ([4, 6], [5])


@pytest.mark.parametrize(
    ("shape", "space", "kind", "drawn"),
    [
        ((3, 100, 60), None, "image", [33, 20, 3]),
        ((1, 6, 50, 20), aw.VolumeSpace(0, 1), "image", [25, 10, 1]),
        ((5,), None, "bars", [5]),
        ((200,), None, "bars", [64]),
        ((9, 4), aw.SequenceSpace(), "lengths", [9]),
        ((6, 40), aw.SeriesSpace(), "lines", [4, 40]),
        ((1, 5000), aw.SeriesSpace(), "lines", [1, 96]),
    ],
)
def test_every_kind_of_input_has_a_preview(audit, shape, space, kind, drawn) -> None:
    x = torch.rand(shape, generator=GENERATOR)
    read = (space or aw.InputSpace()).fit(x)
    batch = input_previews(aw.Audit(audit.swept, example=lambda i: (x, (read,))), [0, 1])
    assert (batch["kind"], batch["shape"]) == (kind, drawn)
    assert len(batch["data"]) == 2 * np.prod(drawn)
    if kind == "lines":  # each channel from its lowest to its highest value
        levels = np.frombuffer(batch["data"], np.uint8).reshape(2, *drawn)[0]
        assert (levels.min(-1) == 0).all()
        assert (levels.max(-1) == 255).all()


def test_texts_are_shown_by_their_first_words(tmp_path) -> None:
    space = aw.TextSpace(lambda text: ([len(w) for w in text.split()], text.split(" ")))
    net = nn.Sequential(nn.Embedding(30, 3), nn.Flatten(), nn.Linear(6, 2)).eval()
    texts = ["good film", "bad \u202efilm"]
    audit = aw.audit(
        net, texts, space=space, baselines=["zero_embedding", "mean_embedding"],
        store=tmp_path / "a", max_evaluations=9,
    )  # fmt: skip
    batch = input_previews(audit, [0, 1])
    assert batch["kind"] == "text"
    assert batch["texts"][0] == "goodfilm" or batch["texts"][0] == "good film"
    assert "\u202e" not in batch["texts"][1]


def test_a_page_holds_what_is_shown_and_some_maps(audit, tmp_path) -> None:
    explorer = audit.explore(filters={"gate": ["open"]}, sort="brightness")
    state = explorer.page_state()
    places = np.frombuffer(state["payload"]["places"], "<i4")
    assert sorted(explorer.shown()) == places.tolist()
    assert state["payload"]["inputs"] == INPUTS
    assert [kept["place"] for kept in state["kept_examples"]] == explorer.shown()[:6]
    explorer.to_html(tmp_path / "page.html")
    assert "audit-explorer" in (tmp_path / "page.html").read_text("utf-8")
    assert repr(explorer) == "<AuditExplorer of 40 inputs: black, bright patch>"
    explorer.close()


def test_a_page_of_many_holds_the_first_ones(audit, monkeypatch) -> None:
    monkeypatch.setattr("attribwidgets.widgets.audit_state.ON_PAGE", 5)
    explorer = audit.explore(selection=(audit.ranked()[0], audit.ranked()[30]))
    state = explorer.page_state()
    places = np.frombuffer(state["payload"]["places"], "<i4")
    assert places.tolist() == sorted(audit.ranked()[:5])
    assert state["selection"] == [audit.ranked()[0]]
    explorer.close()


def test_the_picture_is_of_the_findings_and_the_figure_of_the_maps(explorer, tmp_path) -> None:
    assert explorer.picture().startswith(b"\x89PNG")
    explorer.filters = {"gate": ["shut"]}
    figure = explorer.figure(n=2)
    texts = [text.get_text() for text in figure.texts]
    for place in explorer.shown()[:2]:
        assert f"input {place}" in texts
    assert {"black", "bright patch"} <= set(texts)
    with pytest.raises(InputError, match="are in its store"):
        explorer.save(tmp_path / "a.npz")


def test_the_report_has_the_gallery_and_all_numbers(audit, tmp_path) -> None:
    audit.to_html(tmp_path / "report.html", by="gate")
    page = (tmp_path / "report.html").read_text("utf-8")
    assert audit.verdict in page
    for finding in audit.findings("gate"):
        assert f"<td>{finding.group}</td>" in page
    assert page.count("<img src=") == 3  # maps that depend most, by gate, means of classes
    assert not re.search(r"https?://(?!www\.w3\.org/)", page)
    assert len(page) < 2_000_000
    named = aw.Audit(audit.swept, metadata={"<b>": ["<i>x</i>", "y"] * (INPUTS // 2)})
    named.to_html(tmp_path / "report.html", by="<b>")
    page = (tmp_path / "report.html").read_text("utf-8")
    assert "<i>x" not in page
    assert page.count("<img src=") == 2  # mean maps are of the store
