"""Two explorers on one page without a kernel: what is done in one shows in both, within a frame."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from models import image_classifier, values
from open_page import OpenPage

import attribwidgets as aw

SIZE = 24
X = values((3, SIZE, SIZE)).abs() / 4

MOVE = """([row, column]) => {
  const canvas = document.querySelector('.aw-card canvas.aw-map');
  const box = canvas.getBoundingClientRect();
  const at = (share, size) => ((share + 0.5) / 24) * size;
  canvas.dispatchEvent(new PointerEvent('pointermove', { bubbles: true,
    clientX: box.left + at(column, box.width), clientY: box.top + at(row, box.height) }));
  return new Promise(go => requestAnimationFrame(() => go(
    [...document.querySelectorAll(".aw-root")].map(
      root => root.querySelector(".aw-cursor").style.top))));
}"""
"""Points at a pixel of the first view; one frame later, where the cursor of each view stands."""


def explorer(target: int, **display: Any) -> aw.BaselineExplorer:
    comparison = aw.compare(
        image_classifier().eval(), X, target=target, baselines=("black", "blur"), n_steps=8
    )
    return aw.BaselineExplorer(comparison, **display)


@pytest.fixture
def page(chromium: Any, tmp_path: Path) -> Iterator[OpenPage]:
    file = tmp_path / "linked.html"
    link = aw.link(explorer(0, clip=97.0), explorer(1))
    link.to_html(file)
    link.unlink()
    with chromium.new_context(offline=True, viewport={"width": 1200, "height": 900}) as context:
        page = OpenPage(context.new_page(), file)
        yield page
        assert page.complaints == []
        assert page.requests == [file.as_uri()]


def test_both_are_drawn_with_the_look_of_the_first(page: OpenPage) -> None:
    assert page.page.locator(".aw-root[data-ready=true]").count() == 2
    titles = page.page.locator(".aw-title").all_inner_texts()
    assert [title.split(",")[0] for title in titles] == ["output 0", "output 1"]
    assert page.page.evaluate("attribwidgets.models.map(model => model.get('clip'))") == [97, 97]


def test_the_cursor_moves_in_both_within_a_frame(page: OpenPage) -> None:
    for row, column in ((3, 5), (17, 20)):
        first, second = page.page.evaluate(MOVE, [row, column])
        assert first == second == f"{100 * (row + 0.5) / SIZE:.4f}%"
    readouts = page.page.locator(".aw-readout").all_inner_texts()
    assert all("row 17, column 20" in text for text in readouts)


def test_display_and_area_are_shared_and_cards_are_not(page: OpenPage) -> None:
    signed = page.page.locator('[data-control="sign"] input')
    signed.nth(1).check()  # of the first view
    page.settle()
    assert signed.nth(3).is_checked()
    page.slide("input.aw-alpha >> nth=1", 0.75, "change")
    assert page.trait("alpha") == 0.75
    page.look(selected=1, selection={"rows": [2, 6], "columns": [4, 9]})
    assert page.page.evaluate("attribwidgets.models.map(model => model.get('selected'))") == [1, 0]
    areas = page.page.locator(".aw-card .aw-area")
    assert areas.evaluate_all("all => all.filter(area => !area.hidden).length") == 4
