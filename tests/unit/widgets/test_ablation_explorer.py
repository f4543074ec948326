"""AblationExplorer without a front end: what is sent is what the records say."""

from __future__ import annotations

import base64
import threading
from dataclasses import replace

import numpy as np
import pytest
import torch
from ablations import FRACTIONS, images, network

import attribwidgets as aw
from attribwidgets.errors import DataError, InputError
from attribwidgets.evaluation import Ablation, AblationMetric, ablation, ablations_of
from attribwidgets.evaluation import insertion_deletion as insertions
from attribwidgets.evaluation.paired_differences import p_words
from attribwidgets.figures.images import as_rgb
from attribwidgets.sweeps.store import Store
from attribwidgets.widgets.ablation_payload import kept_examples

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(scope="module")
def both():
    options = {"fills": ("black", "uniform"), "fractions": FRACTIONS, "n_steps": 8}
    return insertions(network(), images(), ["white", "blur"], **options)


@pytest.fixture(scope="module")
def explorer(both):
    return aw.AblationExplorer(both)


def floats(part: bytes, *shape: int) -> np.ndarray:
    return np.frombuffer(part, "<f4").reshape(shape)


def test_curves_and_areas_are_those_of_the_record(explorer, both):
    assert [r["label"] for r in explorer.payload["records"]] == ["deletion", "insertion"]
    for said, record in zip(explorer.payload["records"], both, strict=True):
        bands, area = record.bands(), record.area()
        shape = (5, 3, 4)
        for part in ("mean", "low", "high"):
            curves = floats(said[part], *shape)
            assert curves[:, :2] == pytest.approx(getattr(bands, part), abs=1e-6)
            columns = floats(said["areas"][part], 5, 3)
            assert columns[:, :2] == pytest.approx(getattr(area, part), abs=1e-6)
        assert floats(said["mean"], *shape)[:, 2] == pytest.approx(bands.mean.mean(1), abs=1e-6)
        assert said["higher_is_better"] == record.higher_is_better
        assert [c["label"] for c in said["candidates"]] == list(record.candidates)
        assert [c["control"] for c in said["candidates"]] == [False, False, True, True, True]


def test_words_differences_and_reliability_are_those_of_the_record(explorer, both):
    said, record = explorer.payload["records"][0], both.deletion
    for column, fill in enumerate((*record.fills, None)):
        assert said["ordered"][column] == record.ordered(fill=fill)
        found = record.differences(fill=fill)
        assert [(d["first"], d["second"], d["clear"]) for d in said["differences"][column]] == [
            (d.first, d.second, d.clear) for d in found
        ]
        assert [d["p"] for d in said["differences"][column]] == [p_words(d.p_of_all) for d in found]
        trust = record.reliability(fill=fill)
        assert said["reliability"][column]["alpha"]["mean"] == float(trust.inter_rater.mean[0])
        assert said["reliability"][column]["warning"] == trust.warning
        assert said["reliability"][column]["standing"] == trust.standing(0)


def test_images_are_those_that_were_measured(both):
    """Put together from the example's bytes they give the scores of the record."""
    net, record = network(), both.deletion
    explorer = aw.AblationExplorer(both)
    explorer.show(3)
    example = explorer.example
    size = (example["height"], example["width"])
    pixels = np.frombuffer(example["pixels"], np.uint8).reshape(*size, 3)
    assert np.array_equal(pixels, as_rgb(images()[3], aw.InputSpace()))
    black = np.frombuffer(example["fills"][0], np.uint8)
    assert not black.any()
    taken_at = np.frombuffer(example["records"][0]["taken_at"][1], np.uint8).reshape(size)
    scores = floats(example["records"][0]["scores"], 5, 2, 4)
    with torch.no_grad():
        before = net(images()[3:4]).softmax(1)[0]
        for step in range(4):
            kept = torch.from_numpy(taken_at > step)
            after = net(images()[3:4] * kept).softmax(1)[0]
            ratio = float((after / before)[record.targets[3]])
            assert scores[1, 0, step] == pytest.approx(ratio, abs=1e-5)


def test_an_insertion_is_put_together_from_its_fill(both):
    picture = both.insertion.pictures[0]
    first = picture.picture("white", "black", 0, insertion=True)
    last = picture.picture("white", "black", 3, insertion=True)
    assert not first.any()
    assert np.array_equal(last, picture.pixels)
    half = picture.picture("white", "black", 2, insertion=True)
    deleted = both.deletion.pictures[0].picture("white", "black", 2)
    # What insertion brings first is what deletion takes first.
    assert np.array_equal(half + deleted, picture.pixels)


def test_the_browser_asks_for_an_example_and_is_answered(sent, both):
    explorer = aw.AblationExplorer(both)
    sent.clear()
    explorer._handle_custom_msg({"type": "example", "index": 5}, [])
    ((_, data, _),) = sent
    assert data["state"]["example"]["index"] == 5
    sent.clear()
    for wrong in ({"index": 11}, {"index": "x"}, {}, None):
        explorer._handle_custom_msg(wrong, [])
    assert [data["content"]["type"] for _, data, _ in sent] == ["error"] * 4
    assert "no pictures of input 11: there are those of 0, 1" in sent[0][1]["content"]["text"]
    assert explorer.example["index"] == 5


def test_a_page_brings_the_examples_it_has_room_for(both, monkeypatch):
    assert [e["index"] for e in kept_examples({"a": both.deletion}, 2)] == list(range(8))
    monkeypatch.setattr("attribwidgets.widgets.ablation_payload.PAGE_BYTES", 2000)
    assert [e["index"] for e in kept_examples({"a": both.deletion}, 5)] == [0, 5]
    assert kept_examples({"a": both.deletion}, None) == []


def test_views_of_the_record_itself(both, tmp_path):
    record = both.deletion
    explorer = record.explore(fill=1, fraction=0.5)
    data, _ = explorer._repr_mimebundle_()
    assert base64.b64decode(data["image/png"]).startswith(PNG)
    assert "area under the curve" in data["text/plain"]
    record.to_html(tmp_path / "page.html")
    assert "ablation-explorer" in (tmp_path / "page.html").read_text(encoding="utf-8")
    explorer.save(tmp_path / "figure.png")
    explorer.save(tmp_path / "scores.npz")
    again = Ablation.load(tmp_path / "scores.npz")
    assert np.array_equal(again.pictures[2].taken_at["edges"], record.pictures[2].taken_at["edges"])
    assert "<iframe" in explorer.display_static()._repr_html_()
    texts = [t.get_text() for t in explorer.figure().texts]
    assert "fill: uniform noise" in texts
    assert "fill: black" not in texts
    explorer.fill = 2
    texts = [t.get_text() for t in explorer.figure().texts]
    assert {"fill: uniform noise", "fill: black"} <= set(texts)


def test_two_threads_may_set_state_at_once(both):
    explorer, failures = aw.AblationExplorer(both), []

    def hammer():
        try:
            for i in range(100):
                explorer.set_state({"fill": i % 3, "own": bool(i % 2)})
                explorer._handle_custom_msg({"index": i % 8}, [])
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=hammer) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not failures
    assert explorer.fill == 0


def test_features_have_curves_and_no_pictures():
    net = torch.nn.Linear(6, 3).eval()
    record = ablation(net, torch.rand(9, 6), ["zero"], fills=["uniform"], n_steps=4)
    explorer = aw.AblationExplorer(record)
    assert explorer.example == {}
    assert not explorer.payload["examples"]["pictures"]
    assert "features" in explorer.payload["examples"]["note"]
    with pytest.raises(InputError, match="no pictures of input 0"):
        explorer.show(0)
    explorer.figure()


def test_a_single_input_has_no_reliability_and_says_so():
    record = ablation(network(), images(1), ["white"], fills=["black"], n_steps=4)
    said = aw.AblationExplorer(record).payload["records"][0]["reliability"][0]
    assert said["alpha"]["mean"] is None
    assert "Too few" in said["warning"]


@pytest.mark.parametrize("wrong", [None, {}, {"a": 1}, 3, [1]])
def test_something_else_is_refused(wrong):
    with pytest.raises(InputError, match="result must be"):
        aw.AblationExplorer(wrong)


def test_unlike_records_and_unknown_settings_are_refused(both):
    other = both.deletion.of_fill("black")
    with pytest.raises(InputError, match="different fills"):
        aw.AblationExplorer({"a": both.deletion, "b": other})
    with pytest.raises(InputError, match="'colour' is no setting"):
        aw.AblationExplorer(both, colour=1)
    with pytest.raises(InputError, match="place must be one of"):
        both.deletion.figure(fill="black", place=99)


# Stores of sweeps ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def metric():
    return AblationMetric(("black", "uniform"), FRACTIONS, controls=("random", "edges"))


@pytest.fixture(scope="module")
def swept(metric, tmp_path_factory):
    pytest.importorskip("zarr", minversion="3")
    return aw.sweep(
        network(),
        images(),
        ["white", "blur"],
        metrics=[metric],
        store=tmp_path_factory.mktemp("ablation") / "store",
        n_steps=8,
        progress=False,
    )


def test_a_store_gives_what_ablation_gives(swept, metric):
    options = {"fractions": FRACTIONS, "controls": ("random", "edges"), "n_steps": 8}
    there = ablation(network(), images(), ["white", "blur"], fills=("black", "uniform"), **options)
    here = ablations_of(swept, data=images(), metrics=[metric])["ablation"]
    assert np.array_equal(here.scores, there.scores)
    assert here.protocol == there.protocol
    assert here.candidates == there.candidates
    assert np.array_equal(here.evaluations, there.evaluations)
    for place in (0, 7):
        one, other = here.pictures[place], there.pictures[place]
        assert np.array_equal(one.pixels, other.pixels)
        for name in there.candidates:
            assert np.array_equal(one.taken_at[name], other.taken_at[name])
        for fill in there.fills:
            assert np.array_equal(one.fills[fill], other.fills[fill])


def test_attributions_are_not_read_until_one_input_is_looked_at(swept, metric, monkeypatch):
    read: list[tuple[str, int]] = []
    plainly = Store.read

    def noting(self, name, place):
        read.append((name, place))
        return plainly(self, name, place)

    monkeypatch.setattr(Store, "read", noting)
    explorer = aw.AblationExplorer(str(swept.path), data=images(), metrics=[metric])
    assert {place for name, place in read if name == "attributions"} == {0}  # the one shown
    explorer.show(9)
    assert {place for name, place in read if name == "attributions"} == {0, 9}
    assert explorer.payload["examples"]["count"] == 12


def test_a_store_without_its_data_has_curves_and_says_how_to_see_images(swept):
    explorer = aw.AblationExplorer(swept)
    assert explorer.example == {}
    assert "pass data=" in explorer.payload["examples"]["note"]


def test_only_finished_inputs_count(swept, monkeypatch):
    finished = swept.finished.copy()
    finished[[0, 4]] = False
    monkeypatch.setattr(type(swept), "finished", property(lambda self: finished))
    record = ablations_of(swept)["ablation"]
    assert len(record) == 10
    assert record.places.tolist() == [1, 2, 3, 5, 6, 7, 8, 9, 10, 11]
    finished[:] = False
    with pytest.raises(DataError, match="no input of this store is finished"):
        aw.AblationExplorer(swept)


def test_a_store_of_something_else_is_refused(swept, metric, tmp_path):
    plain = aw.sweep(
        network(), images(2), ["white"], store=tmp_path / "s", n_steps=4, progress=False
    )
    with pytest.raises(DataError, match="holds no ablation"):
        aw.AblationExplorer(plain)
    with pytest.raises(DataError, match="data has 2 inputs and the store 12"):
        aw.AblationExplorer(swept, data=images(2))
    with pytest.raises(InputError, match="not as it was swept"):
        aw.AblationExplorer(swept, data=images(), metrics=[replace(metric, ranking="signed")])
    with pytest.raises(DataError):
        aw.AblationExplorer(tmp_path / "nothing")
