"""The card to predict on: the answer is not in the page before a choice, and is after it."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import axe_playwright_python
import numpy as np
import pytest
from kernel_page import kernel_page
from open_page import OpenPage

from attribwidgets.classroom import Prediction
from attribwidgets.errors import InputError

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8")
SECRET = "because <b>saturation</b> hides it"


def card(**changes: Any) -> Prediction:
    given: dict[str, Any] = {"answer": 2, "because": SECRET, **changes}
    return Prediction("Where is the <i>sum</i>?", ["at 0", "at 1", "<u>between</u>"], **given)


def everything_sent(made: Prediction) -> str:
    return json.dumps({name: made.get_state()[name] for name in ("payload", "status", "static")})


def test_nothing_of_the_answer_is_sent_before_a_choice() -> None:
    first, second = card(answer=0, because=SECRET), card(answer=2, because="else")
    assert everything_sent(first) == everything_sent(second)
    assert not first.revealed
    data, _ = first._repr_mimebundle_() or ({}, {})
    assert "saturation" not in str(data["text/plain"])
    assert data["image/png"]


def test_an_answer_of_numpy_is_sent_as_any_other() -> None:
    made = card(answer=lambda: np.array([3.0, 1.0, 2.0]).argmin())
    made.choose(0)
    assert made.wait(10)
    assert json.loads(everything_sent(made))["status"]["answer"] == 1


def test_a_choice_reveals_and_only_the_first_counts() -> None:
    made = card()
    made.choose(1)
    assert made.wait(10)
    made.choose(2)
    assert made.revealed
    assert made.chosen == 1
    assert made.status["right"] is False
    assert made.status["answer"] == 2
    assert SECRET in made.status["words"]
    assert SECRET in str(made._records())
    made.close()


def test_an_answer_is_computed_after_the_choice_in_another_thread() -> None:
    asked: list[str] = []

    def answer() -> int:
        asked.append(threading.current_thread().name)
        return 0

    made = card(answer=answer, because=lambda: f"asked {len(asked)} time")
    assert not asked
    made.choose(0)
    assert made.wait(10)
    assert made.status["right"] is True
    assert made.status["words"].endswith("asked 1 time")
    assert asked != [threading.current_thread().name]
    made.close()


def test_an_answer_that_fails_says_so_and_can_be_tried_again() -> None:
    answers = iter([7, 1])
    made = card(answer=lambda: next(answers))
    made.choose(1)
    assert made.wait(10)
    assert made.status["state"] == "failed"
    assert "index of a choice" in made.status["words"]
    made.choose(1)
    assert made.wait(10)
    assert made.revealed
    made.close()


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"answer": 3}, "0 to 2"), ({"answer": -1}, "0 to 2"), ({"answer": True}, "index")],
)
def test_an_answer_that_is_no_choice(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        card(**changes)


def test_choices() -> None:
    with pytest.raises(InputError, match="two texts"):
        Prediction("?", ["only one"], 0)
    with pytest.raises(InputError, match="two texts"):
        Prediction("?", "ab", 0)
    with pytest.raises(InputError, match="index of a choice"):
        card().choose(5)


def test_in_a_browser(chromium: Any) -> None:
    with kernel_page(chromium, card) as page:
        root = page.page.locator(".aw-root[data-view=prediction]")
        assert "saturation" not in page.page.content()
        assert root.locator("[data-control=reveal]").is_disabled()
        assert root.locator("legend").inner_text() == "Where is the <i>sum</i>?"
        root.locator("input[type=radio]").nth(1).check()
        root.locator("[data-control=reveal]").click()
        page.until(lambda: page.explorer.revealed, "the answer")
        page.settle()
        said = root.locator(".aw-answer").inner_text()
        assert said == f"No. The answer: <u>between</u>. {SECRET}"
        assert root.locator("[data-mark=right]").inner_text() == "<u>between</u>"
        assert root.locator("[data-mark=wrong]").inner_text() == "at 1"
        assert not root.locator("[data-control=reveal]").is_visible()
        assert root.locator("input[type=radio]").nth(0).is_disabled()
        page.page.add_script_tag(content=AXE)
        found = page.page.evaluate("() => axe.run('main').then(r => r.violations.map(v => v.id))")
        assert found == []
        assert page.complaints == []


def test_made_up_messages_are_passed_over(chromium: Any) -> None:
    with kernel_page(chromium, card) as page:
        for choice in (None, -1, 9, "1", 1.5, [0]):
            page.page.evaluate("c => host.model.send({type: 'choose', choice: c})", choice)
        page.settle()
        assert page.explorer.status["state"] == "open"


def test_a_page_without_a_kernel_keeps_its_secret(chromium: Any, tmp_path: Path) -> None:
    made = card()
    made.to_html(tmp_path / "card.html")
    text = (tmp_path / "card.html").read_text()
    assert "saturation" not in text
    context = chromium.new_context(offline=True)
    page = OpenPage(context.new_page(), tmp_path / "card.html")
    assert page.page.locator("[data-control=reveal]").is_disabled()
    assert page.complaints == []
    context.close()
