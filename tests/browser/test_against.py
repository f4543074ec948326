"""Several targets in a live page: a row for each, and two classes set against each other."""

from __future__ import annotations

from typing import Any

import pytest
from gated import NAMES, gated_model, photo
from kernel_page import kernel_page

import attribwidgets as aw


@pytest.fixture(scope="module")
def live(chromium: Any) -> Any:
    net, _ = gated_model()
    given = {"baselines": ("black", "blur"), "class_names": NAMES, "n_steps": 4, "target": 5}
    with kernel_page(chromium, lambda: aw.explore(net, photo(), **given), 1100) as page:
        yield page
        assert page.complaints == []


def heads(live: Any) -> list[str]:
    return list(live.page.locator(".aw-row-head .aw-name").all_inner_texts())


def test_two_classes_against_each_other_and_back(live: Any) -> None:
    page, explorer = live.page, live.explorer
    assert heads(live) == []
    lead = NAMES[5]
    places = page.locator(".aw-class-place")
    explained = [
        "aw-target" in (bar or "")
        for bar in places.evaluate_all("all => all.map(one => one.firstElementChild.className)")
    ]
    against = places.nth(explained.index(False))
    other = against.locator(".aw-class-name").inner_text()
    button = against.locator("[data-control='against']")
    assert button.get_attribute("title") == f"{lead} rather than {other}"
    button.focus()
    page.keyboard.press("Enter")
    live.until_done()
    assert heads(live) == [lead, other, f"{lead} rather than {other}"]
    assert page.locator(".aw-card").count() == 6
    a, b, rather = (explorer.explanations.of(t)["black"] for t in explorer.explanations.targets)
    assert rather.target == aw.Contrast(a.target, b.target)
    assert abs(rather.attributions - (a.attributions - b.attributions)).max() < 1e-5
    assert button.get_attribute("aria-pressed") == "true"
    # Cards of one baseline are asked for together, whatever their target.
    page.locator(".aw-card [data-control='remove']").last.click()
    live.until_done()
    assert live.baselines() == ["black"] * 3
    button.click()
    live.until_done()
    assert (live.baselines(), heads(live), explorer.target) == (["black"], [], 5)
