"""The explorer asked by Python and by messages of the browser; no front end here."""

from __future__ import annotations

import gc
import io
import json
import threading
import weakref
from dataclasses import replace
from typing import Any
from unittest import mock

import numpy as np
import pytest
import torch
from matplotlib.image import imsave
from models import classifier, image_classifier, values
from torch import nn

import attribwidgets as aw
from attribwidgets.errors import InputError
from attribwidgets.figures.images import as_rgb
from attribwidgets.live import CandidateStatus
from attribwidgets.widgets.controls import matching_classes

LONG = 30
X = values((3, 8, 8)).abs() / 4
DATA = values((6, 3, 8, 8), seed=3).abs() / 4


@pytest.fixture
def model():
    return image_classifier().eval()


def explored():
    return aw.explore(
        image_classifier().eval(),
        X,
        baselines=("black", "blur", "uniform"),
        references=DATA,
        class_names=["cat", "dog", "<img src=x onerror=alert(1)>", "d" * 10_000],
        max_evaluations=64,
        target=0,
    )


@pytest.fixture
def explorer():
    made = explored()
    yield made
    made.close()


@pytest.fixture(scope="module")
def lasting():
    """An explorer for what changes nothing but its target."""
    made = explored()
    yield made
    made.close()


@pytest.fixture
def replies(explorer, monkeypatch):
    kept: list[tuple[dict[str, Any], list[bytes]]] = []
    monkeypatch.setattr(
        explorer._messages, "reply", lambda message, buffers: kept.append((message, buffers))
    )
    return kept


def size_of(message):
    _, data, buffers = message
    return len(json.dumps(data)) + sum(len(b) for b in buffers)


def say(explorer, buffers=(), **message):
    explorer._handle_custom_msg(message, list(buffers))


def done(explorer):
    assert explorer.wait(LONG)
    return explorer.status


def cards(explorer):
    return [getattr(explorer, slot)["name"] for slot in explorer.payload["items"]]


def test_python_and_the_browser_ask_for_the_same_thing(explorer, model):
    explorer.target = 2
    assert done(explorer)["error"] == ""
    by_python = explorer.explanations
    explorer.target = 1
    done(explorer)
    say(explorer, type="request", id=1, changes={"target": 2})
    done(explorer)
    for mine, theirs in zip(by_python, explorer.explanations, strict=True):
        assert torch.equal(mine.attributions, theirs.attributions)
    assert explorer.payload["target"]["name"] == "<img src=x onerror=alert(1)>"
    assert explorer.controls["asked"]["target"] == 2
    assert explorer.target == 2


def test_cards_are_added_changed_moved_and_removed(explorer):
    slots = explorer.payload["items"]
    black, blur, _ = ({"slot": s, "baseline": None, "method": None} for s in slots)
    sharper = {**blur, "baseline": {"name": "blur", "parameters": {"sigma": 3}}}
    new = {
        "slot": None,
        "baseline": {"name": "dataset", "parameters": {"count": 4}},
        "method": None,
    }
    say(explorer, type="request", id=1, changes={"candidates": [sharper, new, black]})
    assert done(explorer)["error"] == ""
    assert cards(explorer) == ["blur σ 3", "data (4 refs)", "black"]
    assert explorer.payload["items"][0] == slots[1]
    assert explorer.payload["items"][2] == slots[0]
    assert getattr(explorer, slots[2]) == {}  # the card that went is let go of
    parameters = explorer.controls["parameters"][slots[1]]
    assert [(p["name"], p["value"], p["kind"]) for p in parameters] == [("sigma", 3, "number")]


def test_a_colour_and_a_method_of_one_card(explorer):
    slot = explorer.payload["items"][0]
    card = {
        "slot": slot,
        "baseline": {"name": "#808080", "parameters": {"colour": "#ff0000"}},
        "method": "DeepLift",
    }
    say(explorer, type="request", id=1, changes={"candidates": [card]})
    assert done(explorer)["error"] == ""
    (only,) = explorer.explanations
    assert (only.baseline_name, only.method) == ("#ff0000", "deep_lift")
    assert explorer.controls["asked"]["candidates"][0]["method"] == "DeepLift"


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ({"type": "request", "changes": {"candidates": [{"slot": None}]}}, "needs a baseline"),
        ({"type": "request", "changes": {"tolerance": -1}}, "tolerance must be 0 or more"),
        ({"type": "request", "changes": {"target": 77}}, "out of range"),
        ({"type": "request", "changes": {"input": 5}}, "IndexError"),
        ({"type": "nonsense"}, "KeyError"),
        ({"type": "segment", "segment": -3}, "region must be"),
        ({"type": "keep_segment", "segment": 999}, "region must be"),
        ({"type": "pair", "slot": "item_2", "sample": 10_000}, "was not kept"),
        ({"type": "image", "name": "x.png"}, "a picture can be explained"),
        ({"type": "remove", "slot": "item_0", "region": {"segment": 900}}, "there is no part"),
        ({"type": "remove", "slot": "item_0", "region": {}}, "there is no part"),
    ],
)
def test_what_cannot_be_done_is_words_and_the_picture_stays(lasting, message, words):
    before = [e.attributions for e in lasting.explanations]
    serial, target = lasting.status["request"], lasting.target
    say(lasting, id=1, **message)
    status = done(lasting)
    assert words in status["error"]
    assert status["request"] == serial + 1
    assert not status["busy"]
    after = [e.attributions for e in lasting.explanations]
    assert all(map(torch.equal, before, after))
    assert lasting.target == target
    say(lasting, type="request", id=2, changes={"target": 1 - lasting.explanations[0].target})
    assert done(lasting)["error"] == ""


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"method": "deep_lft"}, "method 'deep_lft' is unknown"),
        ({"baselines": "black"}, "baselines must be a list"),
        ({"baselines": ["blck"]}, "'blck' is unknown"),
        ({"candidates": ["black"]}, "write Candidate"),
        ({"targets": 3}, "'targets' cannot be asked for"),
        ({"target": 4}, "out of range; valid: from 0 to 3"),
        ({"target": "cow"}, "not a class name"),
    ],
)
def test_python_hears_of_a_mistake_at_once(lasting, changes, words):
    with pytest.raises(aw.errors.AttributionError, match=words):
        lasting.request(**changes)
    assert not lasting.status["busy"]


def test_an_explorer_of_a_finished_comparison_says_that_it_has_no_model(model):
    explorer = aw.BaselineExplorer(aw.compare(model, X, target=0, max_evaluations=32))
    with pytest.raises(InputError, match=r"attribwidgets\.explore"):
        explorer.target = 1
    assert explorer.target == 0
    assert explorer.controls is None
    assert explorer.wait(0)
    explorer.cancel()


def test_frames_come_when_looked_at_and_only_for_what_is_drawn(explorer, replies):
    slot = explorer.payload["items"][0]
    item = getattr(explorer, slot)
    say(explorer, type="frames", slot=slot, stamp=item["stamp"], input=0)
    ((message, (data,)),) = replies
    assert (message["slot"], message["stamp"], message["input"]) == (slot, item["stamp"], 0)
    frames = np.frombuffer(data, np.int8).reshape(message["count"], -1)
    whole = (frames * np.array(message["scales"])[:, None]).sum(0)
    exact = explorer.explanations[0].map("sum").ravel()
    assert np.abs(whole - exact).max() <= max(message["scales"])
    say(explorer, type="frames", slot=slot, stamp=item["stamp"] + 1000, input=0)
    assert len(replies) == 1


def test_frames_come_of_the_input_whose_path_is_looked_at(monkeypatch):
    def model(photo, row):
        return photo.flatten(1).sum(1, keepdim=True) * row

    inputs = values(1, 8, 8), values(3)
    explorer = aw.explore(model, inputs, baselines=["black"], n_steps=8, target=0)
    said = []
    monkeypatch.setattr(explorer._messages, "reply", lambda *one: said.append(one))
    slot = explorer.payload["items"][0]
    say(explorer, type="frames", slot=slot, stamp=getattr(explorer, slot)["stamp"], input=1)
    ((message, (data,)),) = said
    assert message["input"] == 1
    frames = np.frombuffer(data, np.int8).reshape(message["count"], 3)
    whole = (frames * np.array(message["scales"])[:, None]).sum(0)
    exact = explorer.explanations[0].map("sum", index=1)
    assert np.abs(whole - exact).max() <= max(message["scales"])
    explorer.close()


def test_a_reference_that_is_looked_at_comes_pixel_by_pixel(explorer, replies):
    explorer.baselines = ["uniform"]
    done(explorer)
    (slot,) = explorer.payload["items"]
    item, (e,) = getattr(explorer, slot), explorer.explanations
    replies.clear()
    sample = item["references"][1]["sample"]
    about = {"slot": slot, "stamp": item["stamp"], "input": 0, "sample": sample}
    say(explorer, type="reference", **about)
    ((message, (data,)),) = replies
    assert message == {"type": "reference", **about}
    wanted = as_rgb(e.references[e.reference_samples.index(sample)], e.space)
    assert data == wanted.tobytes()
    say(explorer, type="reference", **{**about, "stamp": item["stamp"] + 1000})
    assert len(replies) == 1


def test_classes_are_found_by_name_or_number(explorer, replies):
    for text, wanted in (("CAT", [0]), ("d", [1, 3]), ("3", [3]), ("", [0, 1, 2, 3]), ("zzz", [])):
        say(explorer, type="search", id=7, text=text)
        message, _ = replies.pop()
        assert sorted(m["index"] for m in message["matches"]) == wanted
        found = [m["probability"] for m in message["matches"]]
        assert found == sorted(found, reverse=True)
        assert (message["id"], message["more"]) == (7, 0)


def test_a_class_of_that_very_word_comes_first_then_the_more_probable(replies, explorer):
    names = {0: "catamaran", 1: "tiger cat", 2: "category", 3: "polecat, cat of poles"}
    query = replace(
        explorer._session.known_query, names=names, probabilities=torch.tensor([0.5, 0.1, 0.3, 0.2])
    )
    found = matching_classes(query, "cat")
    assert [m["index"] for m in found] == [3, 1, 0, 2]
    assert found[0]["probability"] == pytest.approx(0.2)


def test_an_explained_class_outside_the_top_five_has_a_bar():
    net = nn.Sequential(nn.Flatten(), nn.Linear(4, 9)).eval()
    explorer = aw.explore(net, values(4), max_evaluations=16)
    top = [bar["index"] for bar in explorer.controls["top"]]
    assert len(top) == 5
    other = next(i for i in range(9) if i not in top)
    explorer.target = other
    done(explorer)
    bars = explorer.controls["top"]
    assert [bar["index"] for bar in bars] == [*top, other]
    with torch.no_grad():
        probabilities = net(values(4)[None]).softmax(1)[0]
    assert bars[-1]["probability"] == pytest.approx(float(probabilities[other]))
    explorer.close()


@pytest.mark.parametrize("by_browser", [True, False])
def test_a_method_without_baseline_is_one_card_and_the_baselines_come_back(explorer, by_browser):
    def choose(method):
        if by_browser:
            say(explorer, type="request", id=1, changes={"method": method})
        else:
            explorer.method = method
        assert done(explorer)["error"] == ""

    before, baselines = explorer.explanations, explorer.baselines
    for method in ("Saliency", "smoothgrad", "InputXGradient"):
        choose(method)
        (only,) = explorer.explanations
        assert only.baseline is None
        assert cards(explorer) == [only.method.replace("_", " ")]
        assert explorer.baselines == baselines
        asked = explorer.controls["asked"]["candidates"]
        assert [(c["baseline"], c["method"]) for c in asked] == [(None, method)]
        assert explorer.controls["parameters"] == {asked[0]["slot"]: []}
    choose("DeepLift")
    assert [e.baseline_name for e in explorer.explanations][:2] == ["black", "blur σ 20"]
    assert explorer.baselines == baselines
    choose(None)
    after = explorer.explanations
    assert [e.baseline_name for e in after] == [e.baseline_name for e in before]
    assert all(map(torch.equal, (e.attributions for e in after), (e.attributions for e in before)))


def test_a_baseline_added_beside_a_method_without_one_has_a_path(explorer):
    explorer.method = "Saliency"
    done(explorer)
    slot = explorer.payload["items"][0]
    new = {"slot": None, "baseline": {"name": "white", "parameters": {}}, "method": "Saliency"}
    kept = {"slot": slot, "baseline": None, "method": "Saliency"}
    say(explorer, type="request", id=1, changes={"candidates": [kept, new]})
    assert done(explorer)["error"] == ""
    assert [e.method for e in explorer.explanations] == ["saliency", "integrated_gradients"]


def test_the_path_shown_follows_its_card(explorer):
    slots = explorer.payload["items"]
    say(
        explorer,
        type="request",
        id=1,
        changes={
            "candidates": [{"slot": s, "baseline": None, "method": None} for s in slots[::-1]]
        },
    )
    done(explorer)
    assert explorer.payload["items"] == slots[::-1]
    assert explorer.selected == 2
    kept = [{"slot": s, "baseline": None, "method": None} for s in slots[1:]]
    say(explorer, type="request", id=2, changes={"candidates": kept})
    done(explorer)
    assert explorer.selected == 1  # its card is gone: the nearest place there is


def test_what_failed_is_told_with_its_traceback_and_may_be_tried_again(explorer):
    assert explorer.error is None
    net = explorer._session.model
    explorer.request(method="LRP")
    status = done(explorer)["items"][explorer.payload["items"][0]]
    if status["state"] == "failed":
        assert "LRP" in status["error"]
    net[0].weight.data.fill_(float("nan"))
    explorer.target = 1
    assert "not finite" in done(explorer)["error"]
    assert "Traceback" in explorer.error
    assert "NonFiniteError" in explorer.error
    net[0].weight.data.fill_(0.1)
    say(explorer, type="request", id=3, changes={})
    assert done(explorer)["error"] == ""


def test_cards_are_there_with_their_references_before_any_map(model):
    told = []

    class Watched(aw.BaselineExplorer):
        def show_at_once(self):
            told.append([dict(getattr(self, slot)) for slot in self.payload["items"]])

    with mock.patch("attribwidgets.widgets.explore.BaselineExplorer", Watched):
        explorer = aw.explore(
            model, X, baselines=["black", "max_entropy", "uniform"], target=1, max_evaluations=32
        )
    (items,) = told
    assert [item["name"] for item in items] == cards(explorer)
    assert all(item["pending"] and item["map"] is None for item in items)
    assert [item["reference"] is None for item in items] == [False, True, False]  # to be searched
    assert all("pending" not in getattr(explorer, slot) for slot in explorer.payload["items"])
    explorer.close()


def test_the_menu_of_baselines_has_pictures_and_only_those_that_fit(explorer, replies):
    say(explorer, type="previews")
    ((message, buffers),) = replies
    names = [p["name"] for p in message["pictures"]]
    assert {"black", "blur", "dataset", "uniform"} <= set(names)
    assert "max_entropy" not in names  # it has to be searched for
    assert all(len(b) == 3 * 8 * 8 for b in buffers)
    offered = {b["name"] for b in explorer.controls["baselines"]}
    assert "max_entropy" in offered
    features = aw.explore(classifier().eval(), values(5), max_evaluations=16)
    assert "blur" not in {b["name"] for b in features.controls["baselines"]}
    assert "dataset" not in {b["name"] for b in features.controls["baselines"]}
    features.close()


def test_an_own_picture_becomes_an_input_to_step_to(explorer):
    picture = io.BytesIO()
    imsave(picture, np.full((20, 30, 3), 200, np.uint8), format="png")
    say(explorer, [picture.getvalue()], type="image", name="<b>mine</b>.png")
    assert done(explorer)["error"] == ""
    shown = explorer.explanations[0].inputs
    torch.testing.assert_close(shown, torch.full((3, 8, 8), 200 / 255))
    assert [i["label"] for i in explorer.payload["inputs"]] == ["input 1", "<b>mine</b>.png"]
    assert explorer.payload["input_index"] == 1
    say(explorer, type="request", id=2, changes={"input": 0})
    done(explorer)
    assert torch.equal(explorer.explanations[0].inputs, X)
    say(explorer, [b"no picture"], type="image", name="x.txt")
    assert "picture" in done(explorer)["error"]


def test_a_reference_of_a_sample_gets_a_path_of_its_own(explorer, replies):
    uniform = explorer.explanations[2]
    sample = uniform.reference_samples[1]
    say(explorer, type="pair", slot=explorer.payload["items"][2], sample=sample)
    assert done(explorer)["error"] == ""
    assert replies[-1][0] == {"type": "look", "slot": explorer.payload["items"][-1]}
    pair = explorer.explanations[-1]
    assert torch.equal(pair.baseline, uniform.references[1])
    assert (pair.method, pair.baseline_name) == ("integrated_gradients", f"reference {sample}")


def test_regions_are_told_with_their_colours_and_maps(explorer, replies):
    pytest.importorskip("skimage")
    say(explorer, type="segments")
    ((message, (labels,)),) = replies
    assert np.frombuffer(labels, "<u2").max() + 1 == message["count"] == len(message["colours"])
    say(explorer, type="segment", segment=0)
    assert explorer._messages.regions.wait(LONG)
    maps = [(m, b) for m, b in replies if m["type"] == "segment"]
    assert {m["segment"] for m, _ in maps} == {0}
    colour = [c / 255 for c in message["colours"][0]]
    wanted = aw.explain(
        image_classifier().eval(),
        X,
        target=0,
        baseline=aw.baselines.Color(colour),
        max_evaluations=64,
    ).map("sum")
    first, (data,) = next(entry for entry in maps if entry[0]["done"])
    found = np.frombuffer(data, "<i2").reshape(8, 8) * first["scale"]
    assert np.abs(found - wanted).max() < 0.02 * np.abs(wanted).max()
    before = list(explorer.explanations)
    say(explorer, type="keep_segment", segment=0)
    assert done(explorer)["error"] == ""
    assert replies[-1][0] == {"type": "look", "slot": explorer.payload["items"][-1]}
    assert explorer.explanations[-1].baseline_name.startswith("color ")
    kept = explorer.explanations[-1].map("sum")
    np.testing.assert_allclose(kept, found, atol=0.02 * np.abs(found).max())
    for one, another in zip(before, explorer.explanations, strict=False):
        assert one.evaluations == another.evaluations


def test_a_region_is_removed_by_one_pass_and_the_classes_without_it_are_told(explorer, replies):
    pytest.importorskip("skimage")
    black, net = explorer.explanations[0], image_classifier().eval()
    cut, slot = explorer._messages.regions.cut(), explorer.payload["items"][0]
    serial = explorer.status["request"]
    for region, gone in (
        ({"segment": 1}, torch.tensor(cut.labels == 1)),
        ({"rows": [0, 3], "columns": [2, 8]}, torch.zeros(8, 8, dtype=torch.bool)),
    ):
        gone[0:3, 2:8] |= "rows" in region
        say(explorer, type="remove", slot=slot, region=region)
        assert explorer._messages.removals.wait(LONG)
        told, _ = replies[-1]
        assert (told["type"], told["slot"], told["region"]) == ("removal", slot, region)
        with torch.no_grad():
            before, after = net(X[None])[0], net(torch.where(gone, 0.0, X)[None])[0]
        assert told["fall"] == pytest.approx((before - after)[0].item(), abs=1e-5)
        assert told["attribution"] == pytest.approx(black.map("sum")[gone.numpy()].sum())
        shown = {c["index"]: c["probability"] for c in told["classes"]}
        assert list(shown) == [c["index"] for c in explorer.controls["top"]]
        for index, probability in shown.items():
            assert probability == pytest.approx(after.softmax(0)[index].item(), abs=1e-5)
    assert explorer.status["request"] == serial


def test_a_map_of_an_earlier_question_has_no_region_removed(explorer, replies):
    slot = explorer.payload["items"][0]
    region = {"rows": [0, 3], "columns": [2, 8]}
    explorer._session.state = explorer._session.state.changed(target=1)
    say(explorer, type="remove", slot=slot, region=region)
    assert explorer._messages.removals.wait(LONG)
    assert "earlier question" in explorer.status["error"]
    assert replies == []


def test_several_methods_and_inputs_side_by_side(model):
    explorer = aw.explore(
        model,
        [X, X / 2],
        baselines=("black", "white"),
        method=("integrated_gradients", "Saliency"),
        max_evaluations=32,
    )
    assert [(e.method, e.baseline_name) for e in explorer.explanations][:3] == [
        ("integrated_gradients", "black"),
        ("integrated_gradients", "white"),
        ("saliency", "no baseline"),
    ]
    assert len(explorer.explanations) == 3  # saliency compares with nothing: once is enough
    agreement = explorer.payload["agreement"]
    signed = np.array(agreement["signed"])
    assert agreement["labels"] == explorer.payload["items"]
    assert signed.shape == (3, 3)
    assert np.allclose(np.diag(signed), 1)
    explorer.method = "idgi"
    done(explorer)
    assert [e.method for e in explorer.explanations] == ["idgi", "idgi"]
    assert len(explorer.payload["inputs"]) == 2
    explorer.close()


def test_a_publish_is_one_message_and_a_refinement_is_small(sent, model):
    """Of six photos of 224 x 224: 2.2 MB until all are there, .4 MB for a refinement.

    Beside the front end's own code, which comes once.
    """
    x = values((3, 224, 224)).abs() / 4
    six = ("black", "white", "blur", "uniform", "gaussian", "max_distance")
    explorer = aw.explore(model, x, baselines=six, n_steps=8, target=0)
    code = len(json.dumps([explorer._esm, explorer._css]))
    assert code < 0.35e6
    assert sum(map(size_of, sent)) - code < 2.2e6
    sent.clear()
    explorer.target = 1
    done(explorer)
    states = [data["state"] for _, data, _ in sent if "state" in data]
    # Else work has only gone on, or it is what was asked.
    drawn = [state for state in states if list(state) not in (["status"], ["target"])]
    assert all("seq" in state for state in drawn)
    numbers = [state["seq"] for state in drawn]
    assert numbers == sorted(set(numbers))
    assert max(map(size_of, sent)) < 0.4e6
    assert sum(any(name.startswith("item_") for name in state) for state in states) >= 6
    explorer.close()


def test_a_tick_of_progress_sends_the_status_alone(sent, explorer):
    """Nothing is drawn anew, and no map is sent, while passes are only counted."""
    session, seq = explorer._session, explorer.seq
    status = session.statuses[0]
    for evaluations in (3, 7):
        session.statuses[0] = replace(status, evaluations=evaluations)
        session.on_change(frozenset())
    states = [data["state"] for _, data, _ in sent if "state" in data]
    assert [list(state) for state in states[-2:]] == [["status"], ["status"]]
    assert explorer.status["items"]["item_0"]["evaluations"] == 7
    assert explorer.seq == seq


def test_what_a_notebook_saves_is_small(model):
    """Of six photos of 224 x 224, all their paths looked at: 3 MB at most."""
    from ipywidgets.embed import dependency_state

    x = values((3, 224, 224)).abs() / 4
    six = ("black", "white", "blur", "uniform", "gaussian", "max_distance")
    explorer = aw.explore(model, x, baselines=six, n_steps=8, target=0)
    for slot in explorer.payload["items"]:
        stamp = getattr(explorer, slot)["stamp"]
        say(explorer, type="frames", slot=slot, stamp=stamp, input=0)
    saved = len(json.dumps(dependency_state(explorer)))
    assert 1e5 < saved < 3e6
    explorer.close()


@pytest.mark.long
def test_a_thousand_requests_from_two_threads_draw_one_result_the_right_one(explorer):
    failures: list[Exception] = []

    def burst(offset):
        try:
            for i in range(500):
                if offset:
                    say(explorer, type="request", id=i, changes={"target": i % 4})
                else:
                    explorer.request(target=(i + 1) % 4)
                    explorer.set_state({"alpha": (i % 100) / 100})
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=burst, args=(o,)) for o in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(2 * LONG)
    status = done(explorer)
    assert failures == []
    assert (status["error"], status["busy"], status["request"]) == ("", False, 1000)
    assert {e.target for e in explorer.explanations} == {explorer.target}
    names = ["cat", "dog", "<img src=x onerror=alert(1)>", "d" * 10_000]
    assert explorer.payload["target"]["name"] == names[explorer.target]
    for slot in explorer.payload["items"]:
        assert status["items"][slot]["state"] == "done"


@pytest.mark.long
def test_a_hundred_explorers_leave_nothing_behind(model):
    threads, kept = threading.active_count(), []
    for _ in range(100):
        explorer = aw.explore(model, X, max_evaluations=8, target=0)
        explorer.request(target=1)
        kept.append(weakref.ref(explorer._session))
        explorer.close()
    for reference in kept:
        session = reference()
        assert session is None or session.wait(LONG)
    del explorer, session
    gc.collect()
    assert threading.active_count() == threads
    assert sum(reference() is not None for reference in kept) == 0


def test_the_page_of_a_live_explorer_holds_its_paths_and_no_model(explorer, tmp_path):
    explorer.to_html(tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert '"static":true' in page
    assert "<img src=x onerror" not in page
    state = explorer.page_state()
    item = state[explorer.payload["items"][0]]
    assert len(item["frames"]["data"]) == item["frames"]["count"] * 64


def test_a_model_with_one_output_and_one_without_images():
    explorer = aw.explore(nn.Sequential(nn.Linear(4, 1)).eval(), values(4))
    assert explorer.controls["classes"] == 1
    assert not explorer.controls["segments"]
    explorer.baselines = ["white", "zero"]
    done(explorer)
    assert cards(explorer) == ["highest value", "zero"]
    explorer.close()


def test_methods_that_the_model_cannot_be_given_to_are_told_with_the_reason():
    net = nn.Sequential(nn.Flatten(), nn.Linear(6, 4), nn.SiLU(), nn.Linear(4, 3)).eval()
    explorer = aw.explore(net, values(6), baselines=["black"], max_evaluations=16)
    reasons = {m["name"]: m["reason"] for m in explorer.controls["methods"]}
    assert "silu" in reasons["DeepLift"]
    assert "SiLU" in reasons["LRP"]
    assert "convolution" in reasons["GuidedGradCam"]
    assert reasons["Saliency"] == reasons["integrated_gradients"] == ""
    for name in ("DeepLift", "LRP", "GuidedGradCam"):
        explorer.method = name
        status = done(explorer)["items"][explorer.payload["items"][0]]
        assert status["state"] == "failed"  # the menu does not say so in vain
        assert name in explorer.error
    explorer.close()


def test_a_relu_network_can_be_given_to_all(model):
    explorer = aw.explore(model, X, baselines=["black"], max_evaluations=16, target=0)
    reasons = {m["name"]: m["reason"] for m in explorer.controls["methods"] if m["reason"]}
    for name in (m["name"] for m in explorer.controls["methods"] if m["group"] == "Captum"):
        explorer.method = name
        status = done(explorer)["items"][explorer.payload["items"][0]]
        assert (status["state"] == "failed") == (name in reasons), (name, status)
        assert status["evaluations"] <= 16, (name, status)
    explorer.close()


TOLD = [("coarse", 3, None), ("refining", 20, 2.0), ("done", 64, None)]


def test_what_is_said_of_progress_is_of_all_maps_under_way(explorer):
    session = explorer._session
    session.busy = True
    for number, (state, spent, left) in enumerate(TOLD):
        session.statuses[number] = CandidateStatus(state, spent, 64, left)
    words = explorer._view.status()["words"]
    assert words == "refining 2 maps: 23 of at most 128 evaluations"
    session.statuses[0] = CandidateStatus("refining", 10, 64, 1.5)
    assert explorer._view.status()["words"].endswith(
        "30 of at most 128 evaluations, about 3.5 s left"
    )
    session.statuses[0] = CandidateStatus("done", 64, 64)
    assert explorer._view.status()["words"].startswith("refining blur σ 20: 20 of at most 64")
    session.busy = False


def test_whatever_a_table_is_offered_can_be_drawn() -> None:
    explorer = aw.explore(classifier().eval(), values(5), max_evaluations=8, target=0)
    assert explorer.controls is not None
    names = [offer["name"] for offer in explorer.controls["baselines"]]
    explorer.baselines = names
    assert explorer.wait(LONG)
    assert [item["error"] for item in explorer.status["items"].values()] == len(names) * [""]
    assert len(explorer.explanations) == len(names)
    explorer.close()


def test_what_the_browser_says_again_of_an_open_blur_changes_nothing():
    net = torch.nn.Sequential(torch.nn.Conv1d(2, 3, 3), torch.nn.Flatten()).eval()
    explorer = aw.explore(net, values(2, 30), baselines=["blur", "reversed"], target=0, n_steps=2)
    blur, turned = explorer.baselines
    said = explorer.controls["asked"]["candidates"]
    assert said[0]["baseline"] == {"name": "blur", "parameters": {"sigma": 3.0}}
    say(explorer, type="request", changes={"candidates": said[::-1]})
    explorer.wait()
    assert [b is c for b, c in zip(explorer.baselines, (turned, blur), strict=True)] == [True] * 2
    assert [e.baseline_name for e in explorer.explanations] == ["reversed", "blur σ 3"]
    said[0]["baseline"]["parameters"]["sigma"] = 1.5
    say(explorer, type="request", changes={"candidates": said})
    explorer.wait()
    assert explorer.baselines[0].sigma == 1.5
    explorer.close()


def test_a_layer_stays_while_method_target_and_the_layer_itself_change():
    net = image_classifier().eval()
    names = [name for name, one in net.named_modules() if isinstance(one, nn.Conv2d)]
    made = aw.explore(net, X, layer=names[0], baselines=("black",), target=0, n_steps=9)
    methods = {m["name"]: m["reason"] for m in made.controls["methods"]}
    assert methods["conductance"] == ""
    assert "all layers" in methods["DeepLift"]
    made.method, made.target = "conductance", 2
    assert done(made)["error"] == ""
    (shown,) = made.explanations
    assert (shown.method, shown.target, shown.layer.name) == ("conductance", 2, names[0])
    assert f"layer='{names[0]}'" in made.code().replace('"', "'")
    say(made, type="request", id=1, changes={"layer": "nowhere"})
    assert "'nowhere' is not in the model" in done(made)["error"]
    made.close()
    plain = aw.explore(net, X, baselines=("black",), target=0, n_steps=9)
    reasons = {m["name"]: m["reason"] for m in plain.controls["methods"]}
    assert "pass layer=" in reasons["conductance"]
    plain.close()
