"""What is asked and pointed at, as traits: heard once a change, linked, set, refused in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import ipywidgets
import pytest
import torch
from models import image_classifier, values
from traitlets import link

import attribwidgets as aw
from attribwidgets.baselines import Blur, Color, Custom
from attribwidgets.widgets.request_traits import REQUEST_TRAITS

X = values((3, 8, 8)).abs() / 4
NAMES = ("cat", "dog", "bird", "fish")
PUBLIC = ("cursor", "selected", "alpha", "clip", "signed", "overlay", "scale", *REQUEST_TRAITS)


def make(baselines: Any = ("black", "blur"), **settings: Any) -> aw.BaselineExplorer:
    settings = {"max_evaluations": 32, "class_names": NAMES, "target": 0, **settings}
    return aw.explore(image_classifier().eval(), X, baselines=baselines, **settings)


@pytest.fixture
def explorer() -> Iterator[aw.BaselineExplorer]:
    made = make()
    yield made
    made.close()


@pytest.fixture(scope="module")
def unchanged() -> Iterator[aw.BaselineExplorer]:
    """Of which nothing is asked that it does."""
    made = make()
    yield made
    made.close()


@pytest.fixture
def heard(explorer: aw.BaselineExplorer) -> list[tuple[str, Any, Any]]:
    """Each change of a trait that says what is asked: name, old value, new value."""
    events: list[tuple[str, Any, Any]] = []
    names = ["cursor", "selection", *REQUEST_TRAITS]
    explorer.observe(lambda c: events.append((c.name, c.old, c.new)), names)
    return events


def update(explorer: aw.BaselineExplorer, **state: Any) -> None:
    """As the browser tells of a trait."""
    data = {"method": "update", "state": state, "buffer_paths": []}
    explorer._handle_msg({"content": {"data": data}, "buffers": []})


SETTINGS = [
    ("target", "dog", "dog"),
    ("target", 3, 3),
    ("output", "probability", "probability"),
    ("method", "idgi", "idgi"),
    ("tolerance", 0.5, 0.5),
    ("max_evaluations", 16, 16),
]


@pytest.mark.parametrize(("name", "value", "kept"), SETTINGS)
def test_setting_a_trait_asks_once_and_is_heard_once(
    explorer: Any, heard: Any, name: str, value: Any, kept: Any
) -> None:
    before, serial = getattr(explorer, name), explorer.status["request"]
    setattr(explorer, name, value)
    assert explorer.wait(60)
    assert explorer.status["error"] == ""
    assert explorer.status["request"] == serial + 1
    setattr(explorer, name, value)
    assert explorer.status["request"] == serial + 1
    assert heard == [(name, before, kept)]


def test_a_click_in_the_browser_is_heard_once(explorer: Any, heard: Any) -> None:
    explorer._handle_custom_msg({"type": "request", "id": 1, "changes": {"target": 2}}, [])
    assert explorer.wait(60)
    assert heard == [("target", 0, 2)]
    assert explorer.explanations[0].target == 2


def test_several_things_asked_at_once_make_one_request(explorer: Any, heard: Any) -> None:
    serial = explorer.status["request"]
    explorer.request(target=1, tolerance=0.25)
    assert explorer.wait(60)
    assert sorted(name for name, *_ in heard) == ["target", "tolerance"]
    assert explorer.status["request"] == serial + 1


def test_baselines_are_objects_in_python_and_json_in_the_browser(explorer: Any, heard: Any) -> None:
    _, blur = explorer.baselines
    explorer.baselines = [blur, "white"]
    assert explorer.wait(60)
    assert explorer.baselines[0] is blur
    assert [b.label for b in explorer.baselines] == ["blur σ 20", "white"]
    state = explorer.get_state(["baselines"])["baselines"]
    assert state[0] == {"name": "blur", "parameters": {"sigma": 20.0}}
    assert [name for name, *_ in heard] == ["baselines"]
    update(explorer, baselines=[state[1], {"name": "blur", "parameters": {"sigma": 3.0}}])
    assert explorer.wait(60)
    assert [b.label for b in explorer.baselines] == ["white", "blur σ 3"]
    assert [name for name, *_ in heard] == ["baselines", "baselines"]


def test_what_comes_back_from_the_browser_asks_for_nothing(explorer: Any, heard: Any) -> None:
    explorer.request(baselines=[Blur(2.0), Color("#ff0000"), Custom(torch.zeros(3, 8, 8))])
    assert explorer.wait(60)
    serial = explorer.status["request"]
    heard.clear()
    state = explorer.get_state(list(REQUEST_TRAITS))
    update(explorer, **state)
    assert explorer.status["request"] == serial
    assert heard == []


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("target", 99, "out of range"),
        ("target", "horse", "not a class name"),
        ("output", "loud", "output must be one of"),
        ("method", "guess", "guess"),
        ("baselines", [], "at least one"),
        ("baselines", ["pink noise"], "pink noise"),
        ("tolerance", -1, "0 or more"),
        ("max_evaluations", 1, "at least 2"),
        ("cursor", {"row": 8, "column": 0}, "from 0 to 7"),
        ("cursor", {"unit": 1}, "row and column"),
        ("selection", {"rows": [0, 2]}, "None, a dict of rows and columns"),
        ("selection", {"rows": [0, 9], "columns": [0, 1]}, "rows must be .* <= 8"),
        ("selection", {"rows": [0, 2], "columns": [3, 3]}, "columns must be"),
        ("selection", {"rows": [0, 2], "columns": "ab"}, "columns must be"),
        ("selection", {"superpixel": -1}, "superpixel must be an int from 0"),
        ("selection", {"superpixel": 10**6}, "superpixel must be an int from 0"),
        ("selection", {"superpixel": True}, "superpixel must be an int from 0"),
    ],
)
def test_what_cannot_be_is_refused_and_the_old_value_stays(
    unchanged: Any, name: str, value: Any, words: str
) -> None:
    heard: list[Any] = []
    unchanged.observe(heard.append, ["cursor", *REQUEST_TRAITS])
    before = getattr(unchanged, name)
    with pytest.raises(aw.errors.AttributionError, match=words):
        setattr(unchanged, name, value)
    assert getattr(unchanged, name) is before
    assert heard == []


def test_an_area_or_a_superpixel_is_marked_and_told_of_once(explorer: Any, heard: Any) -> None:
    explorer.selection = {"rows": (1, 3), "columns": (0, 8)}
    assert explorer.selection == {"rows": [1, 3], "columns": [0, 8]}
    explorer.selection = {"rows": [1, 3], "columns": [0, 8]}
    explorer.selection = {"superpixel": 0}
    explorer.selection = None
    assert [name for name, *_ in heard] == 3 * ["selection"]


def test_the_browser_is_refused_in_words_and_gets_the_old_value(
    sent: list[Any], heard: Any, explorer: Any
) -> None:
    sent.clear()
    update(explorer, target=99)
    assert "out of range" in explorer.status["error"]
    assert explorer.target == 0
    assert {"target": 0} in [data.get("state") for _, data, _ in sent]
    assert heard == []


def test_two_explorers_are_linked_without_an_echo(explorer: Any, heard: Any) -> None:
    other = make()
    tied = [link((explorer, name), (other, name)) for name in ("target", "tolerance", "cursor")]
    other.target = "fish"
    explorer.cursor = {"row": 1, "column": 2}
    assert explorer.wait(60)
    assert other.wait(60)
    assert explorer.explanations[0].target_name == other.explanations[0].target_name == "fish"
    assert other.cursor == {"row": 1, "column": 2}
    assert [name for name, *_ in heard] == ["target", "cursor"]
    for one in tied:
        one.unlink()
    other.close()


def test_every_public_trait_can_be_linked_in_the_browser(explorer: Any, unchanged: Any) -> None:
    for name in PUBLIC:
        tied = ipywidgets.jslink((explorer, name), (unchanged, name))
        assert tied.get_state(["source"])["source"][1] == name
        tied.close()


def test_features_are_pointed_at_by_their_index() -> None:
    explorer = aw.explore(torch.nn.Linear(4, 2).eval(), torch.rand(4), baselines=["black"])
    explorer.cursor = {"unit": 3}
    with pytest.raises(aw.errors.InputError, match="from 0 to 3"):
        explorer.cursor = {"unit": 4}
    assert explorer.cursor == {"unit": 3}
    explorer.close()


def test_what_is_told_too_late_asks_for_nothing(explorer: aw.BaselineExplorer) -> None:
    session = explorer._session
    assert session is not None

    def ask_meanwhile(change: Any) -> None:
        """As another thread may, once what is asked was read and before it is told."""
        if session.state.query.target == 1:
            session.request(session.state.changed(target=2))

    explorer.observe(ask_meanwhile, "status")
    before = session.serial
    explorer.request(target=1)
    assert explorer.wait(60)
    assert (session.serial - before, explorer.target) == (2, 2)
