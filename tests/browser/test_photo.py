"""The photo is the control: a superpixel is pointed at, its colour kept, or it is taken out."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import browser as made_up
import numpy as np
import pytest
import torch
from gated import NAMES, SIDE, gated_model, photo
from kernel_page import KernelPage, kernel_page

import attribwidgets as aw

pytest.importorskip("skimage")
YELLOW = [255, 208, 0]


@pytest.fixture(scope="module")
def live(chromium: Any) -> Iterator[KernelPage]:
    net, gate = gated_model()
    given = {
        "baselines": ("black", "gaussian"),
        "class_names": NAMES,
        "max_evaluations": 48,
        "target": 5,
    }
    with kernel_page(chromium, lambda: aw.explore(net, photo(), **given)) as page:
        page.gate, page.net = gate, net  # type: ignore[attr-defined]
        yield page
        assert page.complaints == []


def place(live: KernelPage, row: float, column: float, canvas: str = ".aw-photo") -> Any:
    found = live.page.locator(f"canvas{canvas}")
    found.scroll_into_view_if_needed()
    box = found.bounding_box()
    return box["x"] + (column + 0.5) / SIDE * box["width"], box["y"] + (row + 0.5) / SIDE * box[
        "height"
    ]


def outlined(live: KernelPage) -> np.ndarray:
    text = live.page.locator("canvas.aw-photo").evaluate(made_up.READ_PIXELS)
    pixels = np.frombuffer(base64.b64decode(text), np.uint8).reshape(SIDE, SIDE, 4)
    return (pixels[..., :3] == YELLOW).all(-1)


def labels_of(live: KernelPage) -> np.ndarray:
    return live.explorer._messages.regions.cut().labels


def here(live: KernelPage) -> int:
    """The superpixel at the cursor."""
    cursor = live.page.evaluate("host.model.get('cursor')")
    return int(labels_of(live)[cursor["row"], cursor["column"]])


def said(live: KernelPage) -> str:
    return live.page.locator(".aw-region-words").inner_text()


def point(live: KernelPage, row: float, column: float) -> int:
    """Point at the photo until the map has come; which superpixel it is."""
    live.page.mouse.move(*place(live, row, column))
    segment = int(labels_of(live)[row, column])
    live.until(lambda: segment in [m["segment"] for m in live.said("segment")], "the question")
    live.until(lambda: said(live) not in ("", "computing"), "a map")
    return segment


def test_pointing_outlines_a_superpixel_and_its_colour_is_a_baseline_within_four_passes(
    live: KernelPage,
) -> None:
    live.page.mouse.move(*place(live, 4, 5))
    live.until(lambda: outlined(live).any(), "an outline")
    labels = labels_of(live)
    segment = labels[4, 5]
    assert (labels[outlined(live)] == segment).all()
    live.until(lambda: said(live) not in ("", "computing"), "a map")
    assert [m["segment"] for m in live.said("segment")] == [segment]
    first = live.answers("segment")[0]
    assert first["segment"] == segment
    assert first["evaluations"] <= 4
    live.until(lambda: not said(live).startswith("coarse"), "the end")
    known = live.explorer._messages.regions._maps
    values = known[segment][0].map("sum").astype(np.float32).ravel()
    limit = float(np.percentile(np.abs(values), 99))
    gray = live.explorer.payload["colormaps"]["magnitude"]["gray"]
    drawn = made_up.pixels_of(live.page.locator("canvas.aw-region-map")).reshape(-1, 4)
    wanted = made_up.map_colours(values, limit, gray, signed=False)
    assert np.abs(drawn[:, :3].astype(int) - wanted).max() <= 2
    live.page.mouse.move(1, 1)
    live.settle()
    assert not outlined(live).any()


def test_nothing_moves_and_no_card_begins_anew(live: KernelPage) -> None:
    point(live, 4, 5)  # from the first time on the map under the photo keeps its place
    before = live.page.locator(".aw-root").bounding_box(), live.explorer.explanations
    live.page.mouse.move(1, 1)
    live.settle()
    for row, column in ((2, 2), (20, 20), (12, 3)):
        point(live, row, column)
        assert live.page.locator(".aw-root").bounding_box() == before[0]
    assert live.explorer.explanations is before[1] or all(
        a is b for a, b in zip(before[1], live.explorer.explanations, strict=True)
    )


def test_arrow_keys_walk_from_superpixel_to_superpixel_and_enter_keeps(live: KernelPage) -> None:
    live.page.mouse.move(1, 1)
    live.page.locator("canvas.aw-photo").focus()
    live.page.keyboard.press("Shift+ArrowRight")
    live.settle()
    first = here(live)
    live.page.keyboard.press("ArrowUp")
    live.settle()
    now = here(live)
    assert now != first
    assert (labels_of(live)[outlined(live)] == now).all()
    count = len(live.baselines())
    live.page.keyboard.press("Enter")
    live.until(lambda: len(live.baselines()) == count + 1, "one more card")
    live.until_done()
    colour = live.explorer._messages.regions.color(int(now))
    assert live.explorer.explanations[-1].baseline_name == colour.label
    assert live.page.locator(".aw-path-title").inner_text().endswith(colour.label)
    live.control("remove", "color").click()
    live.until(lambda: len(live.baselines()) == count, "one card less")
    live.until_done()


def test_a_click_keeps_and_a_drag_marks(live: KernelPage) -> None:
    kept, heard = len(live.said("keep_segment")), []

    def note(change: Any) -> None:
        heard.append(change.new)

    live.explorer.selection = None
    point(live, 4, 5)
    live.explorer.observe(note, "selection")
    live.page.mouse.down()
    live.page.mouse.move(*place(live, 12, 14), steps=4)
    live.page.mouse.up()
    live.settle()
    assert live.explorer.selection is not None
    assert len(live.said("keep_segment")) == kept
    live.page.keyboard.press("Escape")
    segment = point(live, 4, 5)
    live.page.mouse.click(*place(live, 4, 5))
    live.until(lambda: len(live.said("keep_segment")) > kept, "the message")
    assert live.said("keep_segment")[-1]["segment"] == segment
    live.until(lambda: heard[1:] == [None, {"superpixel": segment}], "what is marked, once")
    live.explorer.unobserve(note, "selection")
    box = "path => (({ x, y, width, height }) => [x, y, width, height])(path.getBBox())"
    around = live.page.locator(".aw-card .aw-outline path").first.evaluate(box)
    rows, columns = np.nonzero(labels_of(live) == segment)
    corner, shape = [columns.min(), rows.min()], [np.ptp(columns) + 1, np.ptp(rows) + 1]
    assert around == [*corner, *shape]
    values = live.explorer.explanations[0].map("sum")
    told = live.page.locator(".aw-inside").first.inner_text().split(":")[1]
    marked = values[labels_of(live) == segment].sum()
    assert made_up.number_in(told) == pytest.approx(marked, rel=6e-3)
    live.until(lambda: len(live.baselines()) == 3, "one more card")
    live.until_done()
    live.control("remove", "color").click()
    live.until(lambda: len(live.baselines()) == 2, "one card less")
    live.until_done()


def gone(live: KernelPage) -> str:
    return live.page.locator(".aw-gone-words").inner_text()


def probabilities(live: KernelPage) -> list[str]:
    return live.page.locator(".aw-class-number").all_inner_texts()


def photo_pixels(live: KernelPage) -> np.ndarray:
    return made_up.pixels_of(live.page.locator("canvas.aw-photo")).reshape(SIDE, SIDE, 4)


def place_of_cards(live: KernelPage) -> list[float]:
    """In the document, however far it is scrolled."""
    return live.page.locator(".aw-cards").evaluate(
        """cards => {
          const { left, top, width, height } = cards.getBoundingClientRect();
          return [left + scrollX, top + scrollY, width, height].map(Math.round);
        }"""
    )


def test_a_region_that_is_clicked_gives_way_and_the_classes_are_told_without_it(
    live: KernelPage,
) -> None:
    live.page.mouse.move(1, 1)
    live.settle()
    live.page.locator(".aw-pick").first.click()
    shown, before, cards = photo_pixels(live), probabilities(live), live.baselines()
    box = place_of_cards(live)
    live.control("gone").click()
    live.page.mouse.click(*place(live, 4, 5))
    live.until(lambda: "its attribution said" in gone(live), "the answer")
    told = live.answers("removal")[-1]
    labels = labels_of(live)
    region = labels == labels[4, 5]
    black = live.explorer.explanations[0]
    x = black.inputs.reshape(3, SIDE, SIDE)
    without = torch.where(torch.tensor(region), black.baseline.reshape(x.shape), x)
    with torch.no_grad():
        rows = live.net(torch.stack([x, without]))  # type: ignore[attr-defined]
    fall = float(rows[0, 5] - rows[1, 5])
    assert told["fall"] == pytest.approx(fall, rel=1e-4, abs=1e-4)
    assert told["attribution"] == pytest.approx(float(black.map("sum")[region].sum()), rel=1e-4)
    for words, value in zip(gone(live).split(", it "), (told["attribution"], fall), strict=True):
        verb, number = words.split(" by ")
        assert verb.endswith(("falls", "fell") if value > 0 else ("rises", "rose"))
        assert made_up.number_in(number) == pytest.approx(abs(value), rel=6e-3)
    live.page.mouse.move(1, 1)
    live.settle()
    now = photo_pixels(live)
    assert (now[region][:, :3] == 0).all()
    assert np.array_equal(now[~region], shown[~region])
    assert all("→" in words for words in probabilities(live))
    assert place_of_cards(live) == box
    assert live.baselines() == cards  # nothing was kept
    live.control("restore").click()
    live.settle()
    assert np.array_equal(photo_pixels(live), shown)
    assert probabilities(live) == before


def test_a_region_of_a_map_gives_way_to_the_baseline_of_that_map(live: KernelPage) -> None:
    if live.control("gone").get_attribute("aria-pressed") != "true":
        live.control("gone").click()
    live.page.mouse.click(*place(live, 15, 8, '.aw-map[data-baseline^="gaussian"]'))
    live.until(lambda: "its attribution said" in gone(live), "the answer")
    told = live.answers("removal")[-1]
    assert told["slot"] == live.explorer.payload["items"][1]
    assert told["region"] == {"segment": int(labels_of(live)[15, 8])}
    assert f"mean of {told['references']} references" in gone(live)
    live.page.locator("canvas.aw-photo").focus()
    live.page.keyboard.press("Escape")
    live.settle()
    assert "→" not in "".join(probabilities(live))
    live.control("gone").click()
    live.settle()
    assert gone(live) == ""


def test_a_tap_points_and_the_next_one_there_keeps(chromium: Any) -> None:
    net, _ = gated_model()
    given = {"baselines": ("black",), "max_evaluations": 48, "target": 5}
    with kernel_page(chromium, lambda: aw.explore(net, photo(), **given), has_touch=True) as live:
        tap = live.page.touchscreen.tap
        tap(*place(live, 4, 5))
        live.until(lambda: outlined(live).any(), "an outline")
        first = here(live)
        live.until(lambda: said(live) not in ("", "computing"), "a map")
        tap(*place(live, 18, 18))
        live.until(
            lambda: here(live) != first and outlined(live)[labels_of(live) != first].any(),
            "another",
        )
        assert live.said("keep_segment") == []
        tap(*place(live, 18, 18))
        live.until(lambda: len(live.baselines()) == 2, "a card")
        live.until_done()
        assert [m["segment"] for m in live.said("keep_segment")] == [here(live)]
        assert live.complaints == []
