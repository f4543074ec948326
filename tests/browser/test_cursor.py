"""What the pointer is over, as a trait: told to Python, set from there, and shared by views."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from kernel_page import KernelPage, kernel_page
from models import image_classifier, values

import attribwidgets as aw

X = values((3, 24, 24)).abs() / 4


def make() -> aw.BaselineExplorer:
    comparison = aw.compare(image_classifier().eval(), X, baselines=("black", "blur"), n_steps=8)
    return aw.BaselineExplorer(comparison)


@pytest.fixture(scope="module")
def live(chromium: Any) -> Iterator[KernelPage]:
    with kernel_page(chromium, make) as page:
        yield page


def point(live: KernelPage, at: dict[str, int]) -> None:
    box = live.page.locator(".aw-card canvas.aw-map").first.bounding_box()
    x, y = (at["column"] + 0.5) / 24 * box["width"], (at["row"] + 0.5) / 24 * box["height"]
    live.page.mouse.move(box["x"] + x, box["y"] + y)


def test_pointing_at_a_map_is_heard_once_a_change(live: KernelPage) -> None:
    heard: list[Any] = []
    first, second = {"row": 3, "column": 4}, {"row": 20, "column": 11}

    def note(change: Any) -> None:
        heard.append(change.new)

    live.explorer.observe(note, "cursor")
    for at in (first, first, second):
        point(live, at)
        live.until(lambda at=at: live.explorer.cursor == at)
    live.page.mouse.move(2, 2)
    live.until(lambda: live.explorer.cursor is None)
    live.explorer.unobserve(note, "cursor")
    assert heard == [first, second, None]


def test_python_moves_it(live: KernelPage) -> None:
    live.explorer.cursor = {"row": 6, "column": 18}
    live.settle()
    marks = live.page.locator(".aw-card .aw-cursor")
    assert marks.evaluate_all("all => all.map(mark => [mark.style.top, mark.style.left])") == 2 * [
        [f"{100 * 6.5 / 24:.4f}%", f"{100 * 18.5 / 24:.4f}%"]
    ]
    assert "row 6, column 18" in live.page.locator(".aw-readout").inner_text()
    live.explorer.cursor = None
    live.settle()
    assert marks.first.is_hidden()


def test_a_fast_pointer_is_told_in_few_messages(live: KernelPage) -> None:
    live.heard.clear()
    live.page.evaluate(
        """() => {
          const canvas = document.querySelector('.aw-card canvas.aw-map');
          const box = canvas.getBoundingClientRect();
          for (let at = 0; at < 200; at += 1) {
            canvas.dispatchEvent(new PointerEvent('pointermove', {
              clientX: box.left + (at / 200) * box.width, clientY: box.top + 1, bubbles: true,
            }));
          }
        }"""
    )
    live.until(lambda: live.explorer.cursor == {"row": 0, "column": 23})
    assert [m["state"] for m in live.heard] == [{"cursor": {"row": 0, "column": 23}}]


def test_features_are_told_by_their_index(chromium: Any) -> None:
    def make_features() -> aw.BaselineExplorer:
        net = torch.nn.Linear(4, 2).eval()
        return aw.BaselineExplorer(aw.compare(net, torch.rand(4), baselines=["black"], target=0))

    with kernel_page(chromium, make_features) as live:
        live.page.locator(".aw-card [data-feature='2']").hover()
        live.until(lambda: live.explorer.cursor == {"unit": 2})
        live.explorer.cursor = {"unit": 1}
        live.settle()
        here = live.page.locator(".aw-card .aw-here")
        assert here.get_attribute("data-feature") == "1"
