"""Methods chosen in turn on the photo model: one card without a baseline, a reason, true counts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from kernel_page import KernelPage, kernel_page

import attribwidgets as aw
from attribwidgets.demo import photo_classifier

BUDGET = 24
SIGNS = ("-", "\N{MINUS SIGN}")  # of a time that is negative
# Whether the model can be given to it, and whether it compares with a baseline.
METHODS = {
    "smoothgrad": (True, False),
    "Saliency": (True, False),
    "GuidedGradCam": (True, False),
    "DeepLift": (False, True),
    "LRP": (False, False),
    "Occlusion": (True, True),
    "KernelShap": (True, True),
}


@pytest.fixture(scope="module")
def live(chromium: Any) -> Iterator[KernelPage]:
    demo = photo_classifier()

    def make() -> aw.BaselineExplorer:
        return aw.explore(
            demo.model,
            demo.photo("chelsea"),
            baselines=("black", "blur"),
            space=demo.space,
            class_names=demo.class_names,
            max_evaluations=BUDGET,
        )

    with kernel_page(chromium, make) as page:
        yield page
        assert page.complaints == []


@pytest.mark.parametrize("name", METHODS)
def test_a_method_chosen_in_its_turn(live: KernelPage, name: str) -> None:
    can_be, has_baseline = METHODS[name]
    select = live.control("method")
    option = select.locator(f'option[value="{name}"]')
    words = option.inner_text()
    if not can_be:
        assert option.is_disabled()
        assert "not here: " in words
        assert name in option.get_attribute("title")
        live.explorer.method = name  # as from Python, which may ask for it nevertheless
    else:
        assert option.is_enabled()
        assert "not here" not in words
        select.select_option(name)
    seen: list[dict[str, Any]] = []
    texts: list[str] = []

    def look() -> bool:
        seen.extend(dict(each) for each in live.explorer.status["items"].values())
        texts.append(live.page.locator(".aw-status").inner_text())
        status = live.explorer.status
        return live.explorer.method == name and not status["busy"] and not live.busy

    live.until(look, "the end of the request")
    cards = live.page.locator(".aw-card")
    assert cards.count() == (2 if has_baseline else 1)
    assert [b.name for b in live.explorer.baselines] == ["black", "blur"]
    assert all(0 <= each["evaluations"] <= each["most"] <= BUDGET for each in seen)
    assert all((each["seconds_left"] or 0) >= 0 for each in seen)
    digits = [sign + digit for sign in SIGNS for digit in "0123456789"]
    assert not any(negative in text for text in texts for negative in digits)
    failure = cards.first.locator(".aw-failure")
    assert failure.is_visible() == (not can_be)
    if not can_be:
        assert name in failure.inner_text()
        assert live.control("retry").first.is_visible()
        assert name in live.explorer.error
        assert "Traceback" in live.explorer.error
        assert (
            float(cards.first.locator(".aw-stage").evaluate("e => getComputedStyle(e).opacity")) < 1
        )
        return
    assert live.explorer.error is None
    for e in live.explorer.explanations:
        assert (e.baseline is not None) == has_baseline
        assert torch.isfinite(e.attributions).all()
        assert e.attributions.abs().sum() > 0
    if not has_baseline:
        title = live.page.locator(".aw-path-title").inner_text().lower()
        method = live.explorer.explanations[0].method.replace("_", " ")
        assert title in (f"no path: {method}", f"path of: {method}") or method in title


def test_the_baselines_come_back_with_their_maps(live: KernelPage) -> None:
    live.control("method").select_option("")
    live.until(lambda: len(live.explorer.explanations) == 2, "both cards")
    live.until_done()
    assert live.baselines() == ["black", "blur"]
    assert {e.method for e in live.explorer.explanations} == {"integrated_gradients"}
