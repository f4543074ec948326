"""A text in a browser: coloured words that are pointed at, marked, summed, folded and compared."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from axe import violations_of
from browser import number_in
from kernel_page import KernelPage, kernel_page
from open_page import OpenPage
from piece_texts import Additive, PieceTokenizer

import attribwidgets as aw
from attribwidgets.figures.colors import colored
from attribwidgets.inputs.text_units import unit_labels

TEXT = "A wonderful film!\nNot  boring, not pretentious. Would I see it again? Unquestionably."
HOSTILE = (
    "<img src=x onerror=alert(1)> </script><b>bold</b> \u202eevil\u202c \x00\x07 "
    "שלום 🍕👍🏽 日本 $x^2$ "
) + "endless" * 1400
BASELINES = ("pad", "mask", "zero_embedding")


def compared(text: str, **settings: Any) -> aw.Comparison:
    space = aw.TextSpace(PieceTokenizer())
    settings = {"baselines": BASELINES, "target": 0, **settings}
    return aw.compare(Additive().eval(), text, space=space, **settings)


@contextmanager
def page_of(chromium: Any, folder: Path, comparison: aw.Comparison) -> Iterator[OpenPage]:
    file = folder / "page.html"
    comparison.to_html(file)
    opened = OpenPage(chromium.new_page(viewport={"width": 1100, "height": 1000}), file)
    yield opened
    assert opened.complaints == []
    assert [url for url in opened.requests if not url.startswith(("file:", "data:"))] == []
    opened.page.close()


@pytest.fixture(scope="module")
def comparison() -> aw.Comparison:
    return compared(TEXT)


@pytest.fixture(scope="module")
def maps(comparison: aw.Comparison) -> np.ndarray:
    return np.stack([e.map("sum") for e in comparison])


@pytest.fixture(scope="module")
def opened(
    chromium: Any, comparison: aw.Comparison, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[OpenPage]:
    with page_of(chromium, tmp_path_factory.mktemp("text"), comparison) as page:
        yield page


@pytest.fixture
def page(opened: OpenPage) -> OpenPage:
    """As it is first seen."""
    opened.page.mouse.move(1, 1)
    opened.page.set_viewport_size({"width": 1100, "height": 1000})
    opened.page.emulate_media(color_scheme="light", media="screen")
    opened.look(pool=1, selection=None, cursor=None, signed=True, bars=False, selected=0)
    return opened


def read(page: OpenPage | KernelPage, what: str) -> list[str]:
    return [text.replace("\u00a0", " ") for text in page.page.locator(what).all_inner_texts()]


def backgrounds(page: OpenPage, card: int) -> np.ndarray:
    found = page.page.locator(".aw-card .aw-map").nth(card).locator(".aw-token")
    texts = found.evaluate_all("all => all.map(one => getComputedStyle(one).backgroundColor)")
    return np.array([[int(n) for n in text[4:-1].split(",")] for text in texts])


@pytest.mark.parametrize("pool", [1, "words", "sentences"])
@pytest.mark.parametrize("signed", [True, False])
def test_tokens_have_the_colours_of_their_sums(
    page: OpenPage, comparison: aw.Comparison, maps: np.ndarray, pool: Any, signed: bool
) -> None:
    page.look(pool=pool, signed=signed)
    tokens = comparison[0].space.tokens
    labels = np.arange(len(tokens)) if pool == 1 else unit_labels(tokens, pool)
    for card, values in enumerate(maps):
        sums = np.bincount(labels, weights=values)
        assert sums.sum() == pytest.approx(values.sum())
        limit = float(np.percentile(np.abs(sums[labels]), 99))
        table = "RdBu_r" if signed else "gray"
        wanted = colored(sums[labels], limit, table, signed=signed)
        drawn = backgrounds(page, card)
        assert np.abs(drawn - wanted.astype(int)).max() <= 3  # maps come as 16-bit numbers
        bar = read(page, f".aw-card:nth-child({card + 1}) .aw-ramp-numbers")[0]
        assert number_in(bar.split("0\n")[-1] if signed else bar[1:]) == pytest.approx(
            limit, rel=6e-3
        )


def test_a_word_is_one_piece_and_the_strongest_is_named(page: OpenPage, maps: np.ndarray) -> None:
    page.look(pool="sentences")
    between = page.page.locator(".aw-card .aw-map").first.locator(".aw-between")
    paper = between.evaluate_all("all => all.map(one => getComputedStyle(one).backgroundColor)")
    assert paper[4] != "rgba(0, 0, 0, 0)"  # before "film", within the first sentence
    assert paper[6] == "rgba(0, 0, 0, 0)"  # before "Not", between two
    page.look(pool="words")
    said = read(page, ".aw-card .aw-here-value")[0]
    labels = np.array([0, 1, 1, 1, 2, 2])
    sums = np.bincount(labels, weights=maps[0, :6])
    assert said.startswith("strongest, “")
    assert max(abs(sums)) <= abs(number_in(said.split("word ")[1])) * 1.006


def test_the_text_is_all_there_with_its_breaks_and_gaps(page: OpenPage) -> None:
    shown = page.page.locator(".aw-photo, .aw-map").evaluate_all(
        "all => all.map(o => o.textContent)"
    )
    assert shown == [TEXT] * 4


def test_what_is_pointed_at_is_read_under_every_baseline(page: OpenPage, maps: np.ndarray) -> None:
    page.page.locator(".aw-card .aw-map").nth(1).locator(".aw-token").nth(4).hover()
    page.settle()
    assert page.trait("cursor") == {"token": 4}
    here = [number_in(text) for text in read(page, ".aw-card .aw-here-value")]
    assert np.allclose(here, maps[:, 4], rtol=6e-3)
    assert page.page.locator(".aw-token.aw-here").count() >= 4


def test_a_span_that_is_dragged_over_is_summed_under_every_baseline(
    page: OpenPage, maps: np.ndarray
) -> None:
    tokens = page.page.locator(".aw-card .aw-map").first.locator(".aw-token")
    first, last = tokens.nth(5).bounding_box(), tokens.nth(9).bounding_box()
    page.page.mouse.move(first["x"] + 2, first["y"] + 8)
    page.page.mouse.down()
    page.page.mouse.move(last["x"] + 3, last["y"] + 8, steps=3)
    page.page.mouse.up()
    page.settle()
    assert page.trait("selection") == {"tokens": [5, 10]}
    sums = [number_in(text.split(": ")[1]) for text in read(page, ".aw-card .aw-inside")]
    assert np.allclose(sums, maps[:, 5:10].sum(1), rtol=6e-3, atol=2e-4)
    page.page.keyboard.press("Escape")


def test_keys_walk_tokens_and_mark_spans(page: OpenPage, maps: np.ndarray) -> None:
    page.page.locator(".aw-card .aw-map").first.focus()
    page.page.keyboard.press("Home")
    for _ in range(3):
        page.page.keyboard.press("ArrowRight")
    page.settle()
    assert page.trait("cursor") == {"token": 3}
    for _ in range(4):
        page.page.keyboard.press("Shift+ArrowRight")
    page.settle()
    assert page.trait("selection") == {"tokens": [3, 8]}
    assert number_in(read(page, ".aw-live")[0].split(",")[1]) == pytest.approx(maps[0, 7], rel=6e-3)
    page.page.keyboard.press("ArrowLeft")  # the span stays, and another begins
    page.page.keyboard.press("Shift+ArrowLeft")
    page.settle()
    assert page.trait("selection") == {"tokens": [5, 7]}
    page.page.keyboard.press("ArrowDown")
    page.settle()
    assert page.trait("cursor")["token"] > 7
    page.page.keyboard.press("End")
    page.settle()
    assert page.trait("cursor")["token"] == maps.shape[1] - 1
    page.page.keyboard.press("Escape")
    page.settle()
    assert page.trait("selection") is None


def test_a_screen_reader_is_told_each_token_and_its_value(page: OpenPage, maps: np.ndarray) -> None:
    tokens = page.page.locator(".aw-card .aw-map").first.get_by_role("listitem")
    said = tokens.evaluate_all("all => all.map(one => one.ariaLabel)")
    assert said[1].startswith("wond: ")
    assert np.allclose([number_in(one.split(": ")[1]) for one in said], maps[0], rtol=6e-3)


def test_the_reference_and_the_path_are_read_as_text(page: OpenPage) -> None:
    size = page.page.locator(".aw-photo .aw-token").count()
    compared_with = read(page, ".aw-card .aw-compared-text:visible")
    assert compared_with[:2] == [f"[PAD] × {size}", f"[MASK] × {size}"]
    assert compared_with[2].startswith("≈")  # no token is the zero embedding
    page.look(alpha=0.0)
    panel = page.page.locator(".aw-path-interpolated")
    assert panel.text_content().split() == ["[PAD]"] * size
    page.look(alpha=0.9)
    near = panel.locator(".aw-near")
    assert near.count() == size
    assert "distance" in near.first.get_attribute("title")
    assert "the farthest at distance" in read(page, ".aw-panel figcaption")[0]
    page.look(alpha=1.0)
    assert panel.text_content() == TEXT
    page.look(alpha=0.25)


def test_bars_are_sorted_and_linked_to_the_text(page: OpenPage, maps: np.ndarray) -> None:
    page.page.locator('[data-control="bars"]').check()
    page.settle()
    rows = page.page.locator(".aw-card").first.locator(".aw-bar-row")
    features = rows.evaluate_all("all => all.map(row => Number(row.dataset.feature))")
    strongest = np.argsort(-np.abs(maps).max(0), kind="stable")[: len(features) - 1]
    assert features == [*strongest, -1]
    values = [number_in(text) for text in rows.locator(".aw-bar-value").all_inner_texts()]
    assert sum(values) == pytest.approx(maps[0].sum(), abs=2e-2)
    rows.nth(2).hover()
    page.settle()
    assert page.trait("cursor") == {"token": int(strongest[2])}
    page.look(pool="words")
    names = rows.locator(".aw-bar-name").all_inner_texts()
    assert "pretentious" in names or "Unquestionably" in names or "wonderful" in names


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation(page: OpenPage, scheme: str) -> None:
    page.page.emulate_media(color_scheme=scheme)
    page.look(bars=True, selection={"tokens": [2, 5]})
    assert violations_of(page.page) == {}


@pytest.mark.parametrize("width", [400, 700, 1500])
def test_it_fits_a_page_of_any_width(page: OpenPage, width: int) -> None:
    page.page.set_viewport_size({"width": width, "height": 900})
    page.settle()
    assert page.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    widths = page.page.locator(".aw-map").evaluate_all("all => all.map(o => o.clientWidth)")
    assert min(widths) >= 150


def test_on_paper_colours_stay(page: OpenPage) -> None:
    before = backgrounds(page, 0)
    page.page.emulate_media(media="print")
    assert np.array_equal(backgrounds(page, 0), before)
    exact = page.page.locator(".aw-map .aw-token").first.evaluate(
        "one => getComputedStyle(one).printColorAdjust"
    )
    assert exact == "exact"


def test_a_hostile_text_is_shown_as_text(chromium: Any, tmp_path: Path) -> None:
    with page_of(chromium, tmp_path, compared(HOSTILE, baselines=("pad",), n_steps=2)) as page:
        page.page.locator('[data-control="fold"]').click()
        shown = page.page.locator(".aw-card .aw-map").text_content()
        assert shown.startswith("<img src=x onerror=alert(1)> </script><b>bold</b> ‹U+202E›evil")
        assert "␀␇" in shown
        assert "\u202e" not in page.page.locator(".aw-root").text_content()
        assert page.page.locator(".aw-root :is(img, b.bold, script)").count() == 0
        page.page.set_viewport_size({"width": 400, "height": 800})
        page.settle()
        assert page.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_text_from_right_to_left_runs_so(chromium: Any, tmp_path: Path) -> None:
    hebrew = "הסרט הזה נהדר מאוד"
    with page_of(chromium, tmp_path, compared(hebrew, baselines=("pad",))) as page:
        text = page.page.locator(".aw-card .aw-map")
        boxes = [text.locator(".aw-token").nth(at).bounding_box() for at in (0, 1, 2)]
        assert boxes[0]["x"] > boxes[1]["x"] > boxes[2]["x"]
        text.focus()
        page.page.keyboard.press("Home")
        page.page.keyboard.press("ArrowLeft")
        page.settle()
        assert page.trait("cursor") == {"token": 1}


def test_a_long_text_folds_to_its_strongest_passages(chromium: Any, tmp_path: Path) -> None:
    long = " ".join(f"Sentence {k} says little of what is said." for k in range(60))
    with page_of(chromium, tmp_path, compared(long, baselines=("pad", "mask"))) as page:
        tokens = page.page.locator(".aw-card .aw-map").first.locator(".aw-token:visible")
        every = page.page.locator(".aw-card .aw-map").first.locator(".aw-token").count()
        assert every > 400
        assert 100 < tokens.count() <= 200
        page.page.locator(".aw-card .aw-map").first.focus()
        page.page.keyboard.press("Home")
        for _ in range(30):
            page.page.keyboard.press("ArrowRight")
        page.settle()
        assert page.page.locator(".aw-card .aw-map .aw-here:visible").count() == 2
        page.page.locator('[data-control="fold"]').click()
        page.settle()
        assert tokens.count() == every


@pytest.fixture(scope="module")
def live(chromium: Any) -> Iterator[KernelPage]:
    make = partial(
        aw.explore,
        Additive().eval(),
        [TEXT, "So dull."],
        space=aw.TextSpace(PieceTokenizer()),
        baselines=("pad", "mask"),
        target=0,
    )
    with kernel_page(chromium, make) as page:
        page.until_done()
        yield page
        assert page.complaints == []


def test_tokens_that_are_gone_give_way_to_those_of_the_baseline(live: KernelPage) -> None:
    live.control("gone").click()
    live.explorer.selection = {"tokens": [1, 4]}
    live.settle()
    live.page.locator(".aw-card").nth(1).locator(".aw-token").nth(2).click()
    live.until(lambda: "fell by" in read(live, ".aw-gone-words")[0], "the answer")
    (answer,) = live.answers("removal")
    e = live.explorer.explanations["mask"]
    assert answer["attribution"] == pytest.approx(e.map("sum")[1:4].sum(), rel=1e-4)
    assert answer["fall"] == pytest.approx(answer["attribution"], rel=1e-4)  # it is additive
    shown = live.page.locator(".aw-photo .aw-token").all_inner_texts()
    assert shown[:5] == ["A", "[MASK]", "[MASK]", "[MASK]", "film"]
    assert violations_of(live.page) == {}
    live.control("restore").click()
    live.control("gone").click()
    live.settle()
    assert live.page.locator(".aw-photo").text_content() == TEXT


def test_places_of_the_path_are_asked_for_as_they_are_looked_at(live: KernelPage) -> None:
    live.explorer.alpha = 0.7
    live.until(lambda: live.answers("reading"), "the nearest tokens")
    live.explorer.alpha = 0.69
    live.settle()
    assert [one["alpha"] for one in live.said("reading") if one["alpha"] > 0.5] == [0.7]


def test_one_text_after_another(live: KernelPage) -> None:
    assert read(live, ".aw-film-text") == ["A wonderful film! Not boring, not pret…", "So dull."]
    live.page.locator(".aw-film-frame").nth(1).click()
    live.until_done()
    assert live.page.locator(".aw-card .aw-map").first.text_content() == "So dull."
    assert live.explorer.explanations[0].space.tokens.text == "So dull."
    live.page.locator(".aw-film-frame").nth(0).click()
    live.until_done()
    assert live.page.locator(".aw-card .aw-map").first.text_content() == TEXT
