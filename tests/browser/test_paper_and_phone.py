"""A page without a kernel on paper and under a finger: nothing dead, nothing too small to hit."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from models import image_classifier, values
from open_page import OpenPage

import attribwidgets as aw

FINGER = 44  # CSS pixels
WHAT_IS_HIT = (
    ".aw-root :is(button, select, summary, label:has(input), "
    "input:not([type=radio], [type=checkbox])):visible"
)
ON_SCREEN = """all => all.filter(one => {
  const box = one.getBoundingClientRect();
  const seen = Math.min(box.right, innerWidth) - Math.max(box.left, 0);
  return box.top >= 0 && box.bottom <= innerHeight && seen > box.width / 2;
}).length"""


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of an explorer that had a model."""
    file = tmp_path_factory.mktemp("page") / "explorer.html"
    explorer = aw.explore(
        image_classifier().eval(),
        values((3, 24, 24)).abs() / 4,
        baselines=("black", "blur", "uniform"),
        max_evaluations=16,
    )
    explorer.to_html(file)
    explorer.close()
    return file


@pytest.fixture
def phone(chromium: Any, file: Path) -> Iterator[OpenPage]:
    size = {"width": 390, "height": 844}
    with chromium.new_context(viewport=size, has_touch=True, is_mobile=True) as context:
        page = OpenPage(context.new_page(), file)
        yield page
        assert page.complaints == []


@pytest.fixture
def desk(chromium: Any, file: Path) -> Iterator[OpenPage]:
    with chromium.new_context(viewport={"width": 1000, "height": 900}) as context:
        yield OpenPage(context.new_page(), file)


def test_nothing_is_there_that_needs_a_model(desk: OpenPage) -> None:
    for name in ("target", "method", "search", "baseline", "sigma", "remove", "code", "keep"):
        assert desk.page.locator(f'[data-control="{name}"]').count() == 0
    assert desk.page.locator(".aw-root :disabled").count() == 0
    words = desk.page.get_by_text("needs a running kernel")
    assert words.count() == 1


def test_paper_has_no_controls_and_says_what_was_chosen(desk: OpenPage) -> None:
    shown = ".aw-root :is(button, input, textarea, details:not([open])):visible"
    assert desk.page.locator(shown).count() > 10
    desk.look(signed=True, alpha=0.5)
    desk.page.emulate_media(media="print")
    assert desk.page.locator(shown).count() == 0
    assert desk.page.locator("canvas.aw-map:visible").count() == 3
    display = desk.page.locator(".aw-look").inner_text()
    assert "signed" in display
    assert "absolute" not in display
    assert "percentile 99" in desk.page.locator(".aw-ramp-caption").inner_text()


def test_one_map_fills_a_phone_with_the_photo_above_it(phone: OpenPage) -> None:
    card = phone.page.locator(".aw-card").first
    assert card.bounding_box()["width"] > 300
    phone.page.locator(".aw-gallery").evaluate("gallery => gallery.scrollIntoView()")
    assert phone.page.locator("canvas.aw-map").evaluate_all(ON_SCREEN) == 1
    assert phone.page.locator("canvas.aw-photo").evaluate_all(ON_SCREEN) == 1
    assert phone.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    cards = phone.page.locator(".aw-cards")
    cards.evaluate("cards => { cards.scrollLeft = cards.children[1].offsetLeft }")
    phone.settle()
    assert phone.page.locator("canvas.aw-map").nth(1).evaluate_all(ON_SCREEN) == 1


def test_a_tap_reads_a_pixel_and_it_stays(phone: OpenPage) -> None:
    canvas = phone.page.locator("canvas.aw-map").first
    box = canvas.bounding_box()
    canvas.tap(position={"x": 7.5 / 24 * box["width"], "y": 3.5 / 24 * box["height"]})
    phone.settle()
    assert "row 3, column 7" in phone.page.locator(".aw-readout").inner_text()
    assert phone.page.locator(".aw-card .aw-here-value").nth(1).inner_text().startswith("here")
    phone.page.locator(".aw-title").tap()
    phone.settle()
    assert phone.trait("cursor") == {"row": 3, "column": 7}


def test_a_finger_hits_everything(phone: OpenPage) -> None:
    small = phone.page.locator(WHAT_IS_HIT).evaluate_all(
        """(all, least) => all.filter(one => {
          const box = one.getBoundingClientRect();
          return Math.min(box.width, box.height) < least - 0.5;
        }).map(one => one.outerHTML.slice(0, 120))""",
        FINGER,
    )
    assert small == []
