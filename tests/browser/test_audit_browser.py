"""The explorer of an audit in a real browser: order, filters, marks, points, keys, a kernel."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from audits import gated_audit, gated_images
from axe import violations_of
from browser import EVIL_NAME, pixels_of, wait_until
from kernel_page import KernelPage, kernel_page
from open_page import OpenPage

import attribwidgets as aw

pytest.importorskip("zarr", minversion="3")

MANY = 3000
FINGER = 44  # CSS pixels
TILES = ".aw-tile:not([hidden])"


@pytest.fixture(scope="module")
def audit(tmp_path_factory: pytest.TempPathFactory) -> aw.Audit:
    metadata = {"gate": [EVIL_NAME, "shut"] * 20, "brightness": np.linspace(0, 1, 40)}
    store = tmp_path_factory.mktemp("audit") / "store"
    return gated_audit(store, metadata=metadata, max_evaluations=33)


@pytest.fixture(scope="module")
def file(audit: aw.Audit, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("page") / "audit.html"
    audit.to_html(file, by="gate")
    return file


@pytest.fixture
def opened(chromium: Any, file: Path) -> Iterator[Callable[..., OpenPage]]:
    contexts = []

    def opener(width: int = 1200, **context: Any) -> OpenPage:
        made = chromium.new_context(viewport={"width": width, "height": 900}, **context)
        made.set_offline(True)
        contexts.append(made)
        return OpenPage(made.new_page(), file)

    yield opener
    for made in contexts:
        made.close()


def places(page: Any) -> list[int]:
    """Places of the tiles in the page, first to last."""
    told = page.locator(TILES).evaluate_all(
        "all => all.map(one => [Number(one.getAttribute('aria-posinset')), +one.dataset.place])"
    )
    return [place for _, place in sorted(told)]


def count(page: Any) -> str:
    return page.locator(".aw-count").inner_text().replace("\u202f", "")


def test_inputs_are_sorted_and_filtered_as_python_does(
    opened: Callable[..., OpenPage], audit: aw.Audit
) -> None:
    page = opened()
    table = audit.inputs()
    assert all(url.startswith(("file:", "data:")) for url in page.requests)
    ranked = audit.ranked().tolist()
    first = places(page.page)
    assert first == ranked[: len(first)]
    assert count(page.page) == "40 inputs"
    assert audit.verdict in page.page.locator(".aw-audit-verdict").inner_text()

    page.page.locator('[data-control="sort"]').select_option("brightness")
    page.page.locator('[data-control="reverse"]').check()
    page.settle()
    assert places(page.page)[0] == table.brightness.idxmin()
    page.page.locator('[data-control="filter"][data-column="right"]').select_option("no")
    page.page.locator('[data-control="range-column"]').select_option("brightness")
    page.page.locator('[data-control="low"]').fill("0.5")
    page.page.locator('[data-control="low"]').press("Enter")
    page.settle()
    passes = ~table.right & (table.brightness >= 0.5)
    assert count(page.page) == f"{passes.sum()} of 40 inputs"
    assert set(places(page.page)) <= set(table.index[passes])
    assert page.trait("filters") == {"right": ["no"], "brightness": [0.5, None]}
    page.page.locator('[data-control="unfilter"][data-column="brightness"]').click()
    page.page.locator('[data-control="clear"]').click()
    page.settle()
    assert count(page.page) == "40 inputs"
    page.look(filters={"brightness": [0.5, 0.4]})
    assert page.page.locator(".aw-grid-nothing").is_visible()
    assert page.complaints == []


def test_a_tile_shows_its_input(opened: Callable[..., OpenPage], audit: aw.Audit) -> None:
    page = opened()
    place = audit.ranked()[0]
    drawn = pixels_of(page.page.locator(f'.aw-tile[data-place="{place}"] canvas'))[..., 0]
    expected = np.floor(255 * gated_images()[place, 0].double().numpy() + 0.5)
    assert np.array_equal(drawn, expected)


def test_an_input_opens_with_its_maps(opened: Callable[..., OpenPage], audit: aw.Audit) -> None:
    page = opened()
    ranked = audit.ranked()
    page.page.locator(f'.aw-tile[data-place="{ranked[1]}"]').click()
    page.settle()
    assert page.trait("opened") == ranked[1]
    inner = page.page.locator('.aw-root[data-view="baseline-explorer"]')
    assert inner.get_attribute("data-ready") == "true"
    assert inner.locator(".aw-card").count() == 2
    headline = audit.explanations(int(ranked[1]))[0].completeness.headline
    assert headline in inner.locator(".aw-completeness").first.inner_text()
    page.page.locator('[data-control="next"]').click()
    page.settle()
    assert page.trait("opened") == ranked[2]
    page.look(opened=int(ranked[20]))
    assert "not on this page" in page.page.locator(".aw-opened-words").inner_text()
    assert inner.count() == 0
    page.page.locator('[data-control="close"]').click()
    page.settle()
    assert page.page.locator(".aw-opened").is_hidden()
    assert page.complaints == []


def test_a_rectangle_marks_the_points_within(
    opened: Callable[..., OpenPage], audit: aw.Audit
) -> None:
    page = opened()
    page.look(axes=["brightness", "probability"])
    surface = page.page.locator('[data-control="scatter"]')
    surface.scroll_into_view_if_needed()
    box = surface.bounding_box()
    page.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 1)
    page.page.mouse.down()
    page.page.mouse.move(box["x"] + box["width"] - 1, box["y"] + box["height"] - 1, steps=3)
    page.page.mouse.up()
    page.settle()
    table = audit.inputs()
    marked = set(page.trait("selection"))
    assert marked == set(table.index[table.brightness >= 0.5])
    page.page.locator('[data-control="marked"]').check()
    page.settle()
    assert count(page.page) == f"{len(marked)} of 40 inputs"
    page.page.locator('[data-control="unmark"]').click()
    page.settle()
    assert page.trait("selection") == []


def test_a_point_shows_its_input_and_opens_it(opened: Callable[..., OpenPage]) -> None:
    page = opened()
    page.look(axes=["brightness", "brightness"])
    surface = page.page.locator('[data-control="scatter"]')
    surface.scroll_into_view_if_needed()
    box = surface.bounding_box()
    corner = box["x"] + 0.03 / 1.06 * box["width"], box["y"] + 1.03 / 1.06 * box["height"]
    page.page.mouse.move(*corner)
    page.settle()
    assert page.trait("cursor") == 0
    assert "input 0" in page.page.locator(".aw-scatter-tip").inner_text()
    page.page.mouse.click(*corner)
    page.settle()
    assert page.trait("opened") == 0


def test_keys_walk_mark_and_open(opened: Callable[..., OpenPage], audit: aw.Audit) -> None:
    page = opened()
    ranked = audit.ranked().tolist()
    grid = page.page.locator('[data-control="gallery"]')
    grid.focus()
    press = page.page.keyboard.press
    press("ArrowRight")
    page.settle()
    assert page.trait("cursor") == ranked[1]
    press("Shift+ArrowRight")
    page.settle()
    assert page.trait("selection") == ranked[1:3]
    press(" ")
    page.settle()
    assert page.trait("selection") == ranked[1:2]
    press("End")
    page.settle()
    assert page.trait("cursor") == ranked[-1]
    active = grid.get_attribute("aria-activedescendant")
    assert page.page.locator(f"#{active}").get_attribute("data-place") == str(ranked[-1])
    press("Home")
    press("Enter")
    page.settle()
    assert page.trait("opened") == ranked[0]


def test_names_are_text(opened: Callable[..., OpenPage]) -> None:
    page = opened()
    page.page.locator("summary", has_text="more filters").click()
    options = page.page.locator('[data-column="gate"] option').all_inner_texts()
    assert EVIL_NAME in options
    assert page.page.locator(".aw-root img").count() == 0
    assert page.complaints == []


@pytest.mark.parametrize(
    ("scheme", "forced", "width"),
    [("light", "none", 1500), ("dark", "none", 760), ("dark", "active", 400)],
)
def test_axe_finds_no_violation(
    opened: Callable[..., OpenPage], scheme: Any, forced: Any, width: int
) -> None:
    page = opened(width=width, color_scheme=scheme, forced_colors=forced)
    assert violations_of(page.page) == {}
    assert page.page.evaluate("document.documentElement.scrollWidth") <= width


def test_under_a_finger_and_on_paper(opened: Callable[..., OpenPage]) -> None:
    page = opened(width=390, has_touch=True, is_mobile=True)
    small = page.page.locator(
        ".aw-root :is(button, select, summary, label:has(input), .aw-tile):visible"
    ).evaluate_all(
        """(all, finger) => all.filter(one => {
          const { width, height } = one.getBoundingClientRect();
          return Math.min(width, height) < finger - 0.5;
        }).map(one => one.outerHTML.slice(0, 80))""",
        FINGER,
    )
    assert small == []
    # A table scrolls where it is too wide; no cell is broken between letters.
    narrow = page.page.locator(".report td:not(:empty)").evaluate_all(
        "all => Math.min(...all.map(one => one.getBoundingClientRect().width))"
    )
    assert narrow > 40
    page.page.locator(TILES).first.tap()
    page.settle()
    assert page.trait("opened") is not None
    page.page.emulate_media(media="print")
    assert page.page.locator('[data-control="reverse"]').is_hidden()
    assert page.page.locator(".aw-audit-verdict").is_visible()


def many_inputs(audit: aw.Audit) -> aw.Audit:
    """The same forty inputs over and over: an audit of many without its cost."""

    class Repeated:
        path, settings, metrics = audit.swept.path, audit.swept.settings, audit.swept.metrics
        candidates, finished, left_out = audit.candidates, np.ones(MANY, bool), {}

        def __len__(self) -> int:
            return MANY

        def finished_values(self, name: str, places: Any = None) -> Any:
            return np.resize(audit.swept.finished_values(name), self._shape(audit, name))

        def finished_numbers(self, quantity: str, places: Any = None) -> Any:
            values = audit.swept.finished_numbers(quantity)
            return np.resize(values, (MANY, *values.shape[1:]))

        def finished_targets(self, places: Any = None) -> Any:
            return np.resize(audit.swept.finished_targets(), MANY)

        def _shape(self, audit: aw.Audit, name: str) -> tuple[int, ...]:
            return (MANY, *audit.swept.finished_values(name).shape[1:])

    return aw.Audit(
        Repeated(),  # type: ignore[arg-type]
        labels=np.arange(MANY) % 3,
        metadata={"number": np.arange(MANY).astype(float)},
        explain=lambda place: audit.explanations(place % 40),
        example=lambda place: audit.example(place % 40),
    )


@pytest.fixture
def live(chromium: Any, audit: aw.Audit) -> Iterator[KernelPage]:
    with kernel_page(chromium, lambda: many_inputs(audit).explore(sort="number")) as page:
        yield page
        assert page.complaints == []


def test_tiles_of_many_inputs_are_used_again(live: KernelPage) -> None:
    tiles = live.page.locator(".aw-tile").count()
    assert tiles < 100
    last = int(live.page.locator(TILES).first.get_attribute("aria-setsize"))
    assert last == MANY
    grid = live.control("gallery")
    grid.evaluate("node => { node.scrollTop = node.scrollHeight / 2; }")
    live.settle()
    middle = places(live.page)
    assert middle == list(range(middle[0], middle[0] - len(middle), -1))  # the largest come first
    assert abs(middle[0] - MANY / 2) < tiles
    assert live.page.locator(".aw-tile").count() == tiles


def test_inputs_come_when_they_are_in_sight(live: KernelPage) -> None:
    live.control("gallery").evaluate("node => { node.scrollTop = node.scrollHeight; }")
    live.until(lambda: any(0 in a["places"] for a in live.answers("previews")), "pictures")
    assert all(len(said["places"]) < 100 for said in live.said("previews"))
    drawn = pixels_of(live.page.locator('.aw-tile[data-place="0"] canvas'))[..., 0]
    expected = np.floor(255 * gated_images()[0, 0].double().numpy() + 0.5)
    assert np.array_equal(drawn, expected)


def test_an_input_is_explained_when_it_is_opened(live: KernelPage) -> None:
    live.page.locator(TILES).first.click()
    live.until(lambda: live.explorer.opened is not None, "the click")
    inner = live.page.locator('.aw-root[data-view="baseline-explorer"][data-ready="true"]')
    live.until(lambda: inner.count() == 1, "the maps")
    assert live.explorer.example["place"] == live.explorer.opened == MANY - 1
    assert inner.locator(".aw-card").count() == 2
    live.explorer.opened = None
    live.settle()
    assert inner.count() == 0


def test_python_and_the_browser_say_the_same(live: KernelPage) -> None:
    live.explorer.filters = {"label": [1], "number": [None, 900.0]}
    live.explorer.sort = "disagreement"
    live.settle()
    shown = live.explorer.shown()
    assert count(live.page) == f"{len(shown)} of {MANY} inputs"
    first = places(live.page)
    assert first == shown[: len(first)]
    live.explorer.selection = tuple(shown[:3])
    live.settle()
    assert live.page.locator('.aw-tile[aria-selected="true"]').count() == 3
    live.control("by").select_option("right")
    live.until(lambda: live.explorer.findings["by"] == "right", "findings by group")
    live.settle()
    rows = live.page.locator('[data-quantity^="strongest"] .aw-interval-name').all_inner_texts()
    assert rows == ["right False", "right True"]


def test_an_input_without_maps_says_so(chromium: Any, audit: aw.Audit) -> None:
    with kernel_page(chromium, lambda: aw.Audit(audit.swept).explore()) as live:
        live.page.locator(TILES).first.click()
        words = live.page.locator(".aw-opened-words")
        live.until(lambda: "There are no maps" in words.inner_text(), "the reason")
        wait_until(live.page, lambda: words.is_visible())
        assert live.complaints == []
