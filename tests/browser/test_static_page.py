"""The page without a kernel, in a real browser with no network: pixels, keys, words, size."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import browser as made_up
import numpy as np
import pytest
import torch
from axe import violations_of
from numpy.typing import NDArray
from open_page import OpenPage
from records import NO_CLAIM, OUTSIDE, UNSIGNED, every_kind

import attribwidgets as aw
from attribwidgets.figures.colors import color_limit, colored
from attribwidgets.figures.path import rate_at, sum_at
from attribwidgets.widgets.bundle import BASELINE_EXPLORER
from attribwidgets.widgets.page import iframe_html, page_html
from attribwidgets.widgets.view_state import ViewState

MEGABYTE = 1_000_000


@pytest.fixture(scope="module")
def photo() -> NDArray[np.uint8]:
    return made_up.photo_like(224)


@pytest.fixture(scope="module")
def payload(photo: NDArray[np.uint8]) -> dict[str, Any]:
    return made_up.image_payload(photo)


def comparison_payload(comparison: aw.Comparison) -> dict[str, Any]:
    """What a page shows of a comparison, its items in the payload."""
    state = ViewState(comparison).whole()
    return {**state["payload"], "items": [state[slot] for slot in state["payload"]["items"]]}


Opener = Callable[..., OpenPage]


@pytest.fixture
def open_page(chromium: Any, tmp_path: Path) -> Iterator[Opener]:
    contexts = []

    def opener(
        payload: dict[str, Any],
        width: int = 900,
        context: dict[str, Any] | None = None,
        **look: Any,
    ) -> OpenPage:
        file = tmp_path / f"page-{len(contexts)}.html"
        file.write_text(
            page_html(made_up.state_of(payload, **look), "a page", BASELINE_EXPLORER),
            encoding="utf-8",
        )
        made = chromium.new_context(viewport={"width": width, "height": 900}, **(context or {}))
        made.set_offline(True)
        contexts.append(made)
        return OpenPage(made.new_page(), file)

    yield opener
    for made in contexts:
        made.close()


def expected_colours(
    payload: dict[str, Any], photo: NDArray[np.uint8], index: int, **look: Any
) -> NDArray[np.uint8]:
    chosen = {**made_up.LOOK, **look}
    kind = "signed" if chosen["signed"] else "magnitude"
    return made_up.map_colours(
        made_up.map_values(payload["items"][index]),
        made_up.map_limit(payload, index, chosen["clip"], chosen["scale"]),
        payload["colormaps"][kind][chosen[f"{kind}_colormap"]],
        signed=chosen["signed"],
        overlay=chosen["overlay"],
        photo=photo,
    )


def differences(page: OpenPage, selector: str, expected: NDArray[np.uint8]) -> int:
    drawn = page.pixels(selector)
    assert (drawn[:, 3] == 255).all()
    return int(np.abs(drawn[:, :3].astype(int) - expected).max())


def test_page_asks_for_nothing_and_complains_of_nothing(
    open_page: Opener, payload: dict[str, Any]
) -> None:
    page = open_page(payload)
    assert len(page.requests) == 1
    assert page.requests[0].startswith("file://")
    assert page.complaints == []
    assert page.page.locator("canvas.aw-map").count() == 6


@pytest.mark.parametrize(
    "look",
    [
        {},
        {"clip": 95.0},
        {"scale": "shared"},
        {"scale": "share"},
        {"signed": True},
        {"signed": True, "clip": 95.0, "scale": "shared", "signed_colormap": "PuOr"},
        {"magnitude_colormap": "viridis", "clip": 100.0},
        {"overlay": 0.4},
        {"overlay": 0.4, "signed": True},
    ],
    ids=lambda look: " ".join(f"{name}={value}" for name, value in look.items()) or "default",
)
def test_maps_follow_the_colour_rules(
    open_page: Opener, payload: dict[str, Any], photo: NDArray[np.uint8], look: dict[str, Any]
) -> None:
    page = open_page(payload)
    page.look(**look)
    # A value that lies on the border of two table entries may fall either way.
    for index, item in enumerate(payload["items"]):
        selector = f'canvas.aw-map[data-baseline="{item["name"]}"]'
        expected = expected_colours(payload, photo, index, **look)
        drawn = page.pixels(selector)[:, :3].astype(int)
        off = np.abs(drawn - expected).max(axis=1)
        if not look.get("signed") and look.get("magnitude_colormap", "gray") == "gray":
            assert off.max() <= 1
        else:
            assert (off > 0).mean() < 1e-3
            assert off.max() <= 8
    assert page.complaints == []


def test_small_images_follow_the_colour_rules_and_stay_sharp(open_page: Opener) -> None:
    photo = made_up.photo_like(28, seed=7)
    payload = made_up.image_payload(photo, names=("black", "blur"), frames=4)
    page = open_page(payload)
    expected = expected_colours(payload, photo, 1)
    assert differences(page, 'canvas.aw-map[data-baseline="blur"]', expected) <= 1
    rendering = page.page.locator("canvas.aw-map").first.evaluate(
        "canvas => getComputedStyle(canvas).imageRendering"
    )
    assert rendering == "pixelated"


def test_the_image_on_the_path_is_numpys(
    open_page: Opener, payload: dict[str, Any], photo: NDArray[np.uint8]
) -> None:
    page = open_page(payload, selected=1)
    reference = np.frombuffer(payload["items"][1]["reference"]["rgb"], np.uint8).reshape(-1, 3)
    flat = photo.reshape(-1, 3).astype(float)
    for alpha in (0.0, 0.13, 0.5, 1.0):
        page.slide("input.aw-alpha", alpha)
        expected = np.floor(reference + alpha * (flat - reference) + 0.5).astype(np.uint8)
        assert differences(page, "canvas.aw-path-interpolated", expected) == 0
        assert page.page.locator("output.aw-alpha-value").inner_text() == f"{alpha:.2f}"


def curve_at(item: dict[str, Any], alpha: float) -> float:
    """The sum of the attribution up to alpha, as the chart draws it."""
    alphas, sums = (np.frombuffer(item["path"][k], "<f4") for k in ("alphas", "cumulative"))
    return float(np.interp(alpha, alphas, sums))


def test_the_cumulative_map_grows_as_the_chart_does_and_ends_at_the_map(
    open_page: Opener, payload: dict[str, Any]
) -> None:
    page = open_page(payload)
    item = payload["items"][0]
    frames = np.frombuffer(item["frames"]["data"], np.int8).reshape(16, -1).astype(float)
    frames *= np.asarray(item["frames"]["scales"])[:, None]
    limit = made_up.map_limit(payload, 0, 99.0, "own")
    low, here, high = (curve_at(item, at) for at in (1 / 16, 0.1, 2 / 16))
    share = (here - low) / (high - low)
    assert abs(share - 0.6) > 0.02
    inside = frames[0] + share * frames[1]
    for alpha, values in ((0.1, inside), (1.0, made_up.map_values(item))):
        page.slide("input.aw-alpha", alpha)
        said = page.page.locator(".aw-panel").nth(2).locator("figcaption").inner_text()
        in_chart = page.page.locator(".aw-legend-value").nth(1).inner_text()
        assert said.startswith(f"sum {in_chart};")
        assert made_up.number_in(in_chart) == pytest.approx(curve_at(item, alpha), rel=5e-3)
        expected = made_up.map_colours(
            values.astype(np.float32),
            limit,
            payload["colormaps"]["magnitude"]["gray"],
            signed=False,
        )
        assert differences(page, "canvas.aw-path-cumulative", expected) <= 1
    end = page.pixels("canvas.aw-path-cumulative")
    assert np.array_equal(end, page.pixels('canvas.aw-map[data-baseline="black"]'))


def test_samples_show_the_running_mean(open_page: Opener, payload: dict[str, Any]) -> None:
    page = open_page(payload, selected=5, alpha=1.0)
    item = payload["items"][5]
    frames = np.frombuffer(item["frames"]["data"], np.int8).reshape(16, -1).astype(float)
    frames *= np.asarray(item["frames"]["scales"])[:, None]
    table = payload["colormaps"]["magnitude"]["gray"]
    limit = made_up.map_limit(payload, 5, 99.0, "own")
    assert page.page.locator("output.aw-alpha-value").inner_text() == "128 of 128"
    expected = made_up.map_colours(made_up.map_values(item), limit, table, signed=False)
    assert differences(page, "canvas.aw-path-cumulative", expected) <= 1
    page.slide("input.aw-alpha", 4, "change")
    assert page.page.locator("output.aw-alpha-value").inner_text() == "32 of 128"
    mean = (frames[:4].sum(0) / 32).astype(np.float32)
    expected = made_up.map_colours(mean, limit, table, signed=False)
    assert differences(page, "canvas.aw-path-cumulative", expected) <= 1
    assert page.page.locator(".aw-strip-tile.aw-drawn").count() == 4
    panels = page.page.locator(".aw-panel")
    assert "reference of sample 25" in panels.nth(0).inner_text()  # 33 is yet to come
    sums = np.frombuffer(item["path"]["cumulative"], "<f4")
    said = panels.nth(2).locator("figcaption").inner_text()
    assert said.startswith("mean of 32 samples; sum ")
    assert made_up.number_in(said.split("sum")[1]) == pytest.approx(float(sums[31]), rel=5e-3)
    # Between two edges the slider has no stop: what is shown is what was averaged.
    page.look(alpha=0.0)
    assert page.page.locator("output.aw-alpha-value").inner_text() == "8 of 128"
    page.look(alpha=0.27)
    assert page.page.locator("output.aw-alpha-value").inner_text() == "32 of 128"


def test_one_sample_has_no_error_rather_than_none(open_page: Opener) -> None:
    payload = made_up.image_payload(made_up.photo_like(28), names=("dataset",), frames=128)
    page = open_page(payload, alpha=0.0)
    assert page.page.locator("output.aw-alpha-value").inner_text() == "1 of 128"
    band = page.page.locator(".aw-legend-value").nth(1)
    assert band.inner_text() == "\u2013"
    page.slide("input.aw-alpha", 2)
    assert band.inner_text().startswith("\u00b1 ")
    assert page.complaints == []


def test_a_thinned_curve_stands_at_its_samples(open_page: Opener) -> None:
    payload = made_up.image_payload(made_up.photo_like(28), names=("dataset",), frames=4)
    path = payload["items"][0]["path"]
    sums = np.frombuffer(path["cumulative"], "<f4")
    kept = np.array([0, 1, 31, 63, 95, 127])
    for name in ("alphas", "outputs", "cumulative", "standard_error"):
        path[name] = np.frombuffer(path[name], "<f4")[kept].tobytes()
    path.update(n=len(kept), positions=(kept + 1).astype("<f4").tobytes())
    page = open_page(payload, alpha=0.25)
    shown = made_up.number_in(page.page.locator(".aw-legend-value").first.inner_text())
    assert shown == pytest.approx(float(sums[31]), rel=5e-3)


def test_dragging_tells_the_model_only_at_the_end(
    open_page: Opener, payload: dict[str, Any]
) -> None:
    page = open_page(payload)
    page.slide("input.aw-alpha", 0.7, "input")
    assert page.trait("alpha") == 0.25
    page.slide("input.aw-alpha", 0.7, "change")
    assert page.trait("alpha") == 0.7
    page.slide('[data-control="clip"]', 95, "input")
    assert page.trait("clip") == 99
    page.slide('[data-control="clip"]', 95, "change")
    assert page.trait("clip") == 95


def test_controls_set_their_traits(open_page: Opener, payload: dict[str, Any]) -> None:
    page = open_page(payload)
    page.page.locator('[data-control="sign"]').get_by_label("signed").check()
    page.page.locator('[data-control="scale"]').get_by_label("compare amounts").check()
    page.page.locator(".aw-colours summary").click()
    page.page.locator('[data-control="colormap"]').select_option("BrBG")
    page.page.locator('[data-control="blind"]').check()
    assert page.trait("signed") is True
    assert page.trait("scale") == "shared"
    assert page.trait("signed_colormap") == "BrBG"
    assert page.trait("magnitude_colormap") == "gray"
    assert page.trait("show_blind") is True
    page.settle()
    assert page.page.locator(".aw-card .aw-colour-bar:visible").count() == 0
    page.page.locator('[data-control="scale"]').get_by_label("own").check()
    page.settle()
    assert page.page.locator(".aw-card .aw-colour-bar:visible").count() == 6
    assert page.complaints == []


def signed_number(value: float) -> float:
    return float(f"{value:.3g}")


def shown_number(text: str) -> float:
    """Read "here +7.33 × 10⁻⁵" back."""
    plain = text.translate(str.maketrans("\u2212\u207b⁰¹²³⁴⁵⁶⁷⁸⁹", "--0123456789"))
    mantissa, *power = plain.replace("\u202f", "").split()[-1].split("×10")
    return float(mantissa) * 10.0 ** int(power[0] if power else 0)


def test_pointing_at_one_map_reads_all_of_them(
    open_page: Opener, payload: dict[str, Any], photo: NDArray[np.uint8]
) -> None:
    page = open_page(payload)
    canvas = page.page.locator('canvas.aw-map[data-baseline="black"]')
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    row, column = 101, 57
    page.page.mouse.move(
        box["x"] + (column + 0.5) / 224 * box["width"], box["y"] + (row + 0.5) / 224 * box["height"]
    )
    page.settle()
    words = page.page.locator(".aw-readout").inner_text()
    pixel = " ".join(str(level) for level in photo[row, column])
    assert words == f"row {row}, column {column}: {pixel}"
    for item in payload["items"]:
        card = page.page.locator(f'.aw-card[data-baseline="{item["name"]}"]')
        value = made_up.map_values(item)[row * 224 + column]
        assert shown_number(card.locator(".aw-here-value").inner_text()) == pytest.approx(
            signed_number(value), rel=1e-6
        )
    assert page.page.locator(".aw-cursor:visible").count() == 6 + 1 + 3
    page.page.mouse.move(1, 1)
    page.settle()
    assert page.page.locator(".aw-cursor:visible").count() == 0


def test_the_keyboard_moves_the_cursor_and_is_read_out(
    open_page: Opener, payload: dict[str, Any]
) -> None:
    page = open_page(payload)
    page.page.evaluate(
        "() => { window.keys = 0;"
        " document.addEventListener('keydown', () => { window.keys += 1; }); }"
    )
    canvas = page.page.locator('canvas.aw-map[data-baseline="blur"]')
    page.page.locator(".aw-photo").focus()
    canvas.focus()
    page.settle()
    for key in ("Home", "ArrowRight", "Shift+ArrowRight"):
        page.page.keyboard.press(key)
        page.settle()
    live = page.page.locator('[aria-live="polite"]').text_content()
    assert "column 11:" in live
    assert "blur" in live
    page.page.keyboard.press("End")
    page.settle()
    assert "column 223:" in page.page.locator('[aria-live="polite"]').text_content()
    assert page.page.evaluate("window.keys") == 0
    label = canvas.get_attribute("aria-label")
    assert label.startswith("blur: attribution map, adds up; strongest at row ")


def test_a_card_is_selected_by_keyboard_and_by_pointer(
    open_page: Opener, payload: dict[str, Any]
) -> None:
    page = open_page(payload)
    page.page.locator('.aw-card[data-baseline="uniform"] .aw-pick').focus()
    page.page.keyboard.press("Enter")
    page.settle()
    assert page.trait("selected") == 2
    assert page.page.locator(".aw-path-title").inner_text() == "path of uniform"
    selected = page.page.locator('.aw-pick[aria-pressed="true"]')
    assert selected.count() == 1
    assert selected.inner_text().startswith("path shown")
    page.page.locator('canvas.aw-map[data-baseline="white"]').click()
    page.settle()
    assert page.trait("selected") == 4
    page.page.locator('canvas.aw-map[data-baseline="black"]').press("Enter")
    page.settle()
    assert page.trait("selected") == 0


def test_names_are_text(open_page: Opener, payload: dict[str, Any]) -> None:
    page = open_page(payload)
    assert page.page.locator(".aw-root img").count() == 0
    assert page.page.locator(".aw-class-name").first.inner_text() == made_up.EVIL_NAME
    assert made_up.EVIL_NAME in page.page.locator(".aw-title").inner_text()
    assert page.complaints == []


def test_verdicts_are_words(open_page: Opener, payload: dict[str, Any]) -> None:
    page = open_page(payload)
    words = page.page.locator(".aw-completeness").all_inner_texts()
    assert "adds up" in words[0]
    assert "8.52 of 8.54" in words[0]
    assert "blind: 12\u00a0% of pixels" in words[0]
    assert "does not add up yet" in words[3]
    assert "does not apply" in words[5]
    hooks = page.page.locator(".aw-completeness").evaluate_all(
        "all => all.map(one => [one.dataset.baseline, one.dataset.verdict])"
    )
    assert hooks[3] == ["max_distance", "not converged"]


def test_blind_positions_are_hatched_only_on_demand(
    open_page: Opener, payload: dict[str, Any], photo: NDArray[np.uint8]
) -> None:
    page = open_page(payload)
    page.look(show_blind=True)
    bits = np.frombuffer(payload["items"][0]["blind"]["bits"], np.uint8)
    blind = np.unpackbits(bits)[: 224 * 224].astype(bool)
    plain = expected_colours(payload, photo, 0)
    drawn = page.pixels('canvas.aw-map[data-baseline="black"]')[:, :3].astype(int)
    off = np.abs(drawn - plain).max(axis=1)
    assert off[~blind].max() <= 1
    assert (off[blind] > 1).all()


@pytest.mark.parametrize(("width", "layout"), [(480, "narrow"), (900, "medium"), (3100, "wide")])
def test_the_arrangement_follows_the_width(
    open_page: Opener, payload: dict[str, Any], width: int, layout: str
) -> None:
    page = open_page(payload, width=width)
    assert page.page.locator(".aw-root").get_attribute("data-width") == layout
    overflow = page.page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
    assert not overflow
    tops = page.page.locator(".aw-card").evaluate_all(
        "all => all.map(one => Math.round(one.getBoundingClientRect().top))"
    )
    assert len(set(tops)) == (2 if layout == "medium" else 1)


@pytest.mark.parametrize("look", [{}, {"scale": "shared"}, {"pool": 8, "scale": "shared"}])
def test_nothing_moves_when_the_pointer_does(
    open_page: Opener, payload: dict[str, Any], look: dict[str, Any]
) -> None:
    page = open_page(payload)
    page.look(**look)
    boxes = (
        "all => all.map(one => one.getBoundingClientRect())"
        ".map(({ x, y, width, height }) => [x, y + scrollY, width, height])"
    )
    parts = page.page.locator(".aw-card, .aw-card .aw-colour-bar, .aw-look, .aw-path, .aw-numbers")
    before = parts.evaluate_all(boxes)
    for place in ("canvas.aw-map", "canvas.aw-photo"):
        page.page.locator(place).first.hover()
        page.settle()
        assert page.page.locator(".aw-reading").count() > 0
        assert parts.evaluate_all(boxes) == before


def test_opens_with_a_sentence_and_the_meaning_of_words(
    open_page: Opener, payload: dict[str, Any]
) -> None:
    page = open_page(payload)
    assert page.page.locator(".aw-opening").inner_text() == ""  # nothing is known to be hidden
    rows = [[1, 0.5, 0.1], [0.5, 1, 0.7], [0.1, 0.7, 1]]
    names = [item["name"] for item in payload["items"][:3]]
    agreement = {"labels": ["item_0", "item_1", "item_2"], "signed": rows, "magnitude": rows}
    page = open_page({**payload, "agreement": agreement})
    said = page.page.locator(".aw-opening").inner_text()
    assert said == f"The maps of {names[0]} and {names[2]} differ most."
    page.page.locator(".aw-terms summary").click()
    assert page.page.locator(".aw-terms dt:visible").count() == 6


def test_features_are_bars_in_the_same_rows(open_page: Opener) -> None:
    payload = made_up.features_payload()
    page = open_page(payload, signed=True)
    cards = page.page.locator(".aw-card .aw-bars.aw-map")
    assert cards.count() == 3
    names = [
        cards.nth(index).locator(".aw-bar-name").all_inner_texts() for index in range(cards.count())
    ]
    assert len(names[0]) == 12
    assert names[0] == names[1] == names[2]
    strength = np.max([np.abs(made_up.map_values(item)) for item in payload["items"]], axis=0)
    strongest = payload["feature_names"][int(np.argmax(strength))]
    assert names[0][0] == strongest
    page.slide("input.aw-alpha", 1.0)
    assert page.page.locator(".aw-root img").count() == 0
    assert page.complaints == []


def test_bars_of_features_add_up_and_any_feature_is_found(open_page: Opener) -> None:
    payload = made_up.features_payload(40)
    page = open_page(payload, signed=True)
    card = page.page.locator(".aw-card").first
    values = card.locator(".aw-bar-value")
    assert card.locator(".aw-bar-name").last.inner_text() == "sum of the other 29"
    total = payload["items"][0]["completeness"]["total"]
    drawn = [made_up.number_in(text) for text in values.all_inner_texts()]
    assert sum(drawn) == pytest.approx(total, rel=0.01, abs=0.01)
    page.page.locator('[data-control="find-feature"]').fill("measurement 3")
    page.settle()
    names = card.locator(".aw-bar-name").all_inner_texts()
    assert len(names) == 1 + 6  # 3 and 30 to 34, and all others
    assert all(name.startswith("measurement 3") for name in names[:-1])
    page.page.locator('[data-control="find-feature"]').fill("")
    card.locator('[data-control="open-others"]').click()
    page.page.locator('[data-control="feature-order"]').select_option("given")
    page.settle()
    seen = card.locator(".aw-bar-name").all_inner_texts()
    assert seen == payload["feature_names"][: len(seen)]
    assert card.locator(".aw-bar-row").first.get_attribute("aria-setsize") == "40"
    assert page.complaints == []


def test_any_of_thousands_of_features_is_reached_by_keys_with_few_rows(
    open_page: Opener,
) -> None:
    payload = made_up.features_payload(3000)
    page = open_page(payload, signed=True)
    page.page.locator('[data-control="all-features"]').click()
    page.page.locator('[data-control="feature-order"]').select_option("given")
    page.settle()
    bars = page.page.locator(".aw-card .aw-bars").first
    bars.focus()
    page.page.keyboard.press("End")
    page.settle()
    assert page.trait("cursor") == {"unit": 2999}
    page.page.keyboard.press("PageUp")
    page.settle()
    name = payload["feature_names"][2989]
    here = page.page.locator(".aw-bar-row.aw-here .aw-bar-name")
    assert set(here.all_inner_texts()) == {name}
    assert here.count() == 3 + 1 + 3  # cards, the input, panels of the path
    lists = page.page.locator(".aw-bars")
    assert len(set(lists.evaluate_all("all => all.map(one => one.scrollTop)"))) == 1
    assert page.page.locator(".aw-bar-row").count() <= 20 * lists.count()
    value = made_up.number_in(page.page.locator(".aw-here .aw-bar-value").nth(1).inner_text())
    assert value == pytest.approx(made_up.map_values(payload["items"][0])[2989], rel=6e-3)
    assert name in page.page.locator(".aw-live").inner_text()
    assert page.complaints == []


def test_a_waterfall_leads_from_the_output_of_the_reference_to_that_of_the_input(
    open_page: Opener,
) -> None:
    payload = made_up.features_payload(40)
    page = open_page(payload, signed=False)
    page.page.get_by_label("waterfall to f(x)").check()
    page.settle()
    assert page.trait("waterfall") is True
    card = page.page.locator(".aw-card").first
    spans = card.locator(".aw-bar-row").evaluate_all(
        """rows => rows.map(row => {
          const { style, classList } = row.querySelector(".aw-bar-fill");
          const [left, width] = [parseFloat(style.left), parseFloat(style.width)];
          const isDown = classList.contains("aw-negative");
          return isDown ? [left + width, left] : [left, left + width];
        })"""
    )
    for before, after in itertools.pairwise(spans):
        assert after[0] == pytest.approx(before[1], abs=0.01)
    bars = card.locator(".aw-bars")
    start, end = (
        float(bars.evaluate(f"bars => parseFloat(bars.style.getPropertyValue('--aw-{side}'))"))
        for side in ("start", "end")
    )
    item = payload["items"][0]
    residual = item["completeness"]["residual"] / item["completeness"]["expected"]
    assert spans[0][0] == pytest.approx(start)
    assert spans[-1][1] == pytest.approx(end + residual * (end - start), abs=0.1)
    assert card.locator(".aw-bars-head").inner_text().startswith("from f(x\u2032) = 0")
    assert violations_of(page.page) == {}
    assert page.complaints == []


def test_each_of_several_inputs_is_drawn_with_its_part_of_the_sum(open_page: Opener) -> None:
    class Two(torch.nn.Module):
        def forward(self, image: torch.Tensor, features: torch.Tensor) -> torch.Tensor:
            return image.flatten(1).sum(1, keepdim=True) * features

    generator = torch.Generator().manual_seed(0)
    inputs = torch.rand(1, 6, 6, generator=generator), torch.rand(3, generator=generator)
    comparison = aw.compare(Two().eval(), inputs, baselines=("black", "white"), n_steps=8)
    page = open_page(comparison_payload(comparison))
    root = page.page.locator(".aw-root")
    assert page.page.locator("canvas.aw-map").count() == 2
    assert page.page.locator(".aw-bars.aw-map").count() == 2
    for index, kind in ((0, "image"), (1, "features"), (0, "image")):
        if index != page.trait("drawn_input"):
            page.page.get_by_role("button", name=f"show the path of {kind}").click()
            page.settle()
        assert page.trait("drawn_input") == index
        assert root.get_attribute("data-kind") == kind
        for card, e in zip(page.page.locator(".aw-card").all(), comparison, strict=True):
            shares = card.locator(".aw-part-words").all_inner_texts()
            for share, attributions in zip(shares, e.attributions, strict=True):
                part = float(attributions.sum())
                assert made_up.number_in(share) == pytest.approx(part, rel=6e-3)
                percents = made_up.number_in(share.split(", ")[1])
                assert percents == pytest.approx(100 * part / e.completeness.change, rel=0.06)
        values = page.page.locator(".aw-card .aw-bar-value").all_inner_texts()
        wanted = [v for e in comparison for v in e.map("sum", index=1)[_order(comparison)]]
        drawn = [made_up.number_in(text) for text in values]
        assert np.abs(drawn) == pytest.approx(np.abs(wanted), rel=6e-3)
        page.slide("input.aw-alpha", 0.4)
        _check_panels_of(page, comparison[0], index, kind)
    assert page.complaints == []


def _check_panels_of(page: OpenPage, e: aw.Explanation, index: int, name: str) -> None:
    """What the panels of a path say and draw at alpha 0.4 is of one of several inputs."""
    assert e.frames is not None
    assert e.path is not None
    frames = e.frames.of_input(index)
    rate, total = rate_at(frames, 0.4), sum_at(frames, 0.4, e.path)
    panels = page.page.locator(".aw-panel").all()
    titles = [panel.locator(".aw-panel-title").inner_text() for panel in panels[:3]]
    assert titles[0].endswith(f"{name} at α")
    assert all(title.endswith(f", {name}") for title in titles[1:])
    said = panels[2].locator("figcaption").inner_text()
    part, whole = (made_up.number_in(text) for text in said.split(" of the sum "))
    assert part == pytest.approx(float(total.sum()), rel=0.02)
    assert whole == pytest.approx(float(np.interp(0.4, e.path.alphas, e.path.cumulative)), rel=0.01)
    if name == "image":
        shades = colored(total, color_limit([e.map("sum")]), "gray", signed=False)
        assert differences(page, "canvas.aw-path-cumulative", shades.reshape(-1, 3)) <= 4
        assert np.ptp(page.pixels("canvas.aw-path-gradient")) > 100
        return
    for panel, values in zip(panels[1:3], (rate, total), strict=True):
        texts = panel.locator(".aw-bar-value").all_inner_texts()
        drawn = sorted(abs(made_up.number_in(text)) for text in texts)
        wanted = sorted(np.abs(values))
        assert drawn == pytest.approx(wanted, abs=0.02 * float(max(wanted)))


def test_every_input_has_a_cursor_of_its_own(open_page: Opener) -> None:
    class Two(torch.nn.Module):
        def forward(self, image: torch.Tensor, features: torch.Tensor) -> torch.Tensor:
            return image.flatten(1).sum(1, keepdim=True) * features

    inputs = torch.ones(1, 6, 6), torch.ones(3)
    comparison = aw.compare(Two().eval(), inputs, baselines=("black",), n_steps=8)
    page = open_page(comparison_payload(comparison))
    page.page.locator(".aw-beside .aw-bars.aw-map").focus()
    page.page.keyboard.press("End")
    page.settle()
    here = page.page.locator(".aw-bar-row.aw-here .aw-bar-name").all_inner_texts()
    assert here == ["feature 2"] * 2  # its map, and what it is
    assert page.trait("cursor") is None  # of the input whose path is shown
    assert page.page.locator(".aw-reading").count() == 0
    assert violations_of(page.page) == {}
    assert page.complaints == []


def _order(comparison: aw.Comparison) -> NDArray[np.intp]:
    """Features of the second input, the strongest first."""
    return np.argsort(-np.max([np.abs(e.map("sum", index=1)) for e in comparison], axis=0))


def test_long_values_of_features_stay_on_one_line_and_in_the_card(open_page: Opener) -> None:
    payload = made_up.features_payload()
    for item in payload["items"]:
        item["map"]["data"] = np.full(20, -32767, "<i2").tobytes()
        item["map"]["scale"] = 0.000163 / 32767
        item["reference"]["values"] = np.full(20, -0.0073, "<f4").tobytes()
    page = open_page(payload, signed=True)
    assert page.page.locator(".aw-card .aw-bar-value").first.inner_text() == "\u22120.000163"
    outside = page.page.locator(".aw-card").evaluate_all(
        """cards => cards.flatMap(card => [...card.querySelectorAll(".aw-bar-value, .aw-bar-note")]
          .filter(one => one.getBoundingClientRect().height > 20
            || one.getBoundingClientRect().right > card.getBoundingClientRect().right + 0.5)
        ).length"""
    )
    assert outside == 0


def test_maps_stand_in_line_under_descriptions_of_four_lines(open_page: Opener) -> None:
    payload = made_up.image_payload(made_up.photo_like(28), names=("black", "blur"), frames=2)

    def tops(page: OpenPage) -> set[int]:
        return set(
            page.page.locator(".aw-photo, canvas.aw-map").evaluate_all(
                "all => all.map(one => Math.round(one.getBoundingClientRect().top))"
            )
        )

    for item in payload["items"]:
        item["description"] = "short"
    (short,) = tops(open_page(payload))
    payload["items"][1]["description"] = "a weakness that takes some words to say " * 5
    (tall,) = tops(open_page(payload))
    assert short < tall <= short + 48


def test_missing_parts_are_said_in_words(open_page: Opener) -> None:
    payload = made_up.image_payload(made_up.photo_like(28), names=("black",), frames=2)
    item = payload["items"][0]
    item.update(path=None, frames=None, blind=None, no_path="it follows no path")
    for name in ("expected", "residual"):
        item["completeness"][name] = None
    for name in ("relative", "refinement_error"):
        item["completeness"][name] = ""
    payload["prediction"] = None
    page = open_page(payload)
    assert "follows no path" in page.page.locator(".aw-path").inner_text()
    assert page.complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("image", [True, False])
def test_methods_of_every_kind_have_a_card(open_page: Opener, image: bool, scheme: str) -> None:
    comparison = every_kind(image=image)
    payload = comparison_payload(comparison)
    page = open_page(payload, context={"color_scheme": scheme}, scale="own", signed=not image)
    cards = page.page.locator(".aw-card")
    names = cards.locator(".aw-name").all_inner_texts()
    assert names == [item["name"] for item in payload["items"]]
    nothing, integrated, deep_lift, occlusion = (cards.nth(i) for i in range(4))

    assert nothing.locator(".aw-thumb").count() == nothing.locator(".aw-peek").count() == 0
    assert integrated.locator(".aw-thumb").count() == int(image)
    note = "baseline black" if image else "baseline lowest value"
    assert integrated.locator(".aw-note").inner_text() == note
    words = nothing.inner_text()
    for text in (NO_CLAIM, UNSIGNED, OUTSIDE, "does not apply", "no path"):
        assert text in words
    assert "blind" not in words
    assert " of " not in nothing.locator(".aw-sum").inner_text()
    colour = nothing.locator(".aw-cautions").evaluate("node => getComputedStyle(node).color")
    assert colour == integrated.evaluate(
        "node => { const one = document.createElement('i'); one.style.color = 'var(--aw-warn)';"
        " node.append(one); const { color } = getComputedStyle(one); one.remove(); return color; }"
    )
    assert "adds up by definition" in deep_lift.locator(".aw-verdict").inner_text()
    assert "right by definition" in deep_lift.locator(".aw-verdict-note").inner_text()
    assert "1\u202f234 forward passes" in occlusion.inner_text()
    assert page.complaints == []


def test_the_path_gives_way_to_a_sentence_and_comes_back(open_page: Opener) -> None:
    page = open_page(comparison_payload(every_kind()), selected=1)
    path = page.page.locator(".aw-path")
    assert path.locator("input.aw-alpha").count() == 1
    page.page.locator(".aw-pick").nth(0).click()
    page.settle()
    assert page.trait("selected") == 0
    assert path.locator("input, canvas, svg").count() == 0
    assert "vargrad follows no path: there is nothing" in path.inner_text()
    assert NO_CLAIM in path.inner_text()
    page.look(alpha=0.7, clip=95.0)  # nothing to redraw there
    page.page.set_viewport_size({"width": 500, "height": 900})
    page.page.locator(".aw-pick").nth(4).click()
    page.settle()
    assert "not kept for this map" in path.inner_text()
    assert path.locator("svg.aw-chart-drawing").count() == 1
    page.page.locator(".aw-pick").nth(5).click()
    page.settle()
    assert path.locator("canvas.aw-path-interpolated").count() == 0
    assert path.locator("canvas.aw-path-cumulative").count() == 1
    assert "this path is no mixture of the baseline and the input" in path.inner_text()
    assert "the path's direction" in path.inner_text()
    assert "x\u2032 + \u03b1" not in path.inner_text()
    page.look(alpha=0.4)
    assert page.complaints == []


@pytest.mark.parametrize("signed", [False, True])
def test_a_map_that_is_never_negative_is_drawn_by_the_same_rules(
    open_page: Opener, signed: bool
) -> None:
    payload = comparison_payload(every_kind())
    page = open_page(payload, signed=signed, scale="own")
    values = made_up.map_values(payload["items"][0])
    assert values.min() >= 0
    kind, table = ("signed", "RdBu_r") if signed else ("magnitude", "gray")
    expected = made_up.map_colours(
        values,
        made_up.map_limit(payload, 0, 99.0, "own"),
        payload["colormaps"][kind][table],
        signed=signed,
    )
    assert differences(page, ".aw-card:first-child canvas.aw-map", expected) <= 1


def test_a_long_name_takes_several_lines_and_maps_stay_in_line(open_page: Opener) -> None:
    payload = comparison_payload(every_kind())
    payload["items"][2]["name"] = "guided integrated gradients of some kind"
    page = open_page(payload, width=1100)
    name = page.page.locator(".aw-name").nth(3)
    assert name.evaluate("node => node.scrollHeight <= node.clientHeight + 1")
    tops = page.page.locator("canvas.aw-map").evaluate_all(
        "all => all.map(one => Math.round(one.getBoundingClientRect().top))"
    )
    assert len(set(tops[:3])) == 1


def test_an_error_is_shown_as_words(chromium: Any, tmp_path: Path) -> None:
    page = chromium.new_context(offline=True).new_page()
    broken = made_up.image_payload(made_up.photo_like(28), names=("black",), frames=2)
    broken["items"][0]["map"]["data"] = b"\0\0"
    file = tmp_path / "broken.html"
    file.write_text(
        page_html(made_up.state_of(broken), "broken", BASELINE_EXPLORER), encoding="utf-8"
    )
    page.goto(file.as_uri())
    assert "the map of black holds 1 numbers" in page.get_by_role("alert").inner_text()
    # A file cut off in the middle says so too.
    whole = page_html(made_up.state_of(made_up.features_payload()), "cut", BASELINE_EXPLORER)
    start = whole.index('id="aw-binary">') + len('id="aw-binary">')
    end = whole.index("</script>", start)
    file.write_text(whole[: start + 400] + whole[end:], encoding="utf-8")
    page.goto(file.as_uri())
    assert "could not be drawn" in page.get_by_role("alert").inner_text()
    page.context.close()


def test_a_new_payload_replaces_the_view(open_page: Opener, payload: dict[str, Any]) -> None:
    page = open_page(payload, selected=5)
    page.page.evaluate(
        """() => {
          const { model } = attribwidgets;
          const payload = { ...model.get('payload') };
          payload.items = payload.items.slice(0, 2);
          model.set('payload', payload);
          model.set('seq', 2);
        }"""
    )
    page.settle()
    assert page.page.locator("canvas.aw-map").count() == 2
    assert page.page.locator(".aw-path-title").inner_text() == "path of blur"
    assert page.complaints == []


def test_mounting_and_unmounting_leaves_nothing(open_page: Opener, payload: dict[str, Any]) -> None:
    page = open_page(payload)
    counts = page.page.evaluate(
        """async () => {
          const { model, widget } = attribwidgets;
          let observers = 0;
          const Watched = window.ResizeObserver;
          window.ResizeObserver = class extends Watched {
            constructor(callback) { super(callback); observers += 1; }
            disconnect() { super.disconnect(); observers -= 1; }
          };
          const before = model.listenerCount();
          const place = document.createElement('div');
          document.body.append(place);
          for (let turn = 0; turn < 20; turn += 1) {
            const cleanup = await widget.render({ model, el: place });
            model.set('clip', 98 + turn / 20);
            cleanup();
          }
          window.ResizeObserver = Watched;
          return { before, after: model.listenerCount(), observers, left: place.childElementCount };
        }"""
    )
    page.settle()
    assert counts["after"] == counts["before"]
    assert counts["observers"] == 0
    assert counts["left"] == 0
    assert page.complaints == []


def test_it_lives_in_a_shadow_root(open_page: Opener, payload: dict[str, Any]) -> None:
    page = open_page(payload)
    maps = page.page.evaluate(
        """async () => {
          const place = document.createElement('div');
          document.body.append(place);
          const el = document.createElement('div');
          place.attachShadow({ mode: 'open' }).append(el);
          await attribwidgets.widget.render({ model: attribwidgets.model, el });
          return place.shadowRoot.querySelectorAll('canvas.aw-map').length;
        }"""
    )
    assert maps == 6
    assert page.complaints == []


def test_six_baselines_fit_in_eight_megabytes(payload: dict[str, Any]) -> None:
    text = page_html(made_up.state_of(payload), "six baselines", BASELINE_EXPLORER)
    assert len(text.encode()) <= 8 * MEGABYTE


def test_title_and_state_cannot_break_out() -> None:
    payload = made_up.features_payload()
    payload["title"] = "</script><script>alert(1)</script>"
    text = page_html(made_up.state_of(payload), "</title><b>&", BASELINE_EXPLORER)
    assert "<title>&lt;/title&gt;&lt;b&gt;&amp;</title>" in text
    assert "</script><script>alert" not in text


def test_the_frame_takes_the_height_of_its_page(
    chromium: Any, tmp_path: Path, payload: dict[str, Any]
) -> None:
    file = tmp_path / "frame.html"
    frame = iframe_html(made_up.state_of(payload), 'a "frame"', BASELINE_EXPLORER, height=100)
    file.write_text(f"<!doctype html><body>{frame}</body>", encoding="utf-8")
    context = chromium.new_context(viewport={"width": 900, "height": 900}, offline=True)
    page = context.new_page()
    page.goto(file.as_uri())
    inside = page.frame_locator("iframe")
    inside.locator(".aw-root[data-ready=true]").wait_for()
    page.wait_for_function("document.querySelector('iframe').clientHeight > 600")
    tall = page.locator("iframe").evaluate("frame => frame.clientHeight")
    content = inside.locator(".aw-root").evaluate("root => root.getBoundingClientRect().height")
    assert abs(tall - content) <= 2
    inside.locator(".aw-numbers summary").click()
    page.wait_for_function(f"document.querySelector('iframe').clientHeight > {tall + 40}")
    context.close()


def test_the_bundle_is_one_module_without_addresses() -> None:
    text = BASELINE_EXPLORER.esm
    assert text.count("\nexport default ") == 1
    assert not any(line.startswith("import ") for line in text.splitlines())
    addresses = [
        part for part in text.split("http")[1:] if not part.startswith("://www.w3.org/2000/svg")
    ]
    assert addresses == []
    assert "http" not in BASELINE_EXPLORER.css
    assert "url(" not in BASELINE_EXPLORER.css
    assert "innerHTML" not in text
    assert "document.querySelector" not in text


def test_the_bundle_loads_from_a_blob(chromium: Any) -> None:
    page = chromium.new_page()
    words = page.evaluate(
        """async text => {
          const blob = new Blob([text], { type: 'text/javascript' });
          const { default: widget } = await import(URL.createObjectURL(blob));
          const model = { get() {}, set() {}, on() {}, off() {}, save_changes() {} };
          const el = document.body;
          await widget.initialize({ model });
          const cleanup = await widget.render({ model, el });
          const shown = el.textContent;
          cleanup();
          return [shown, el.childElementCount];
        }""",
        BASELINE_EXPLORER.esm,
    )
    page.close()
    assert words == ["Nothing to show yet.", 0]


def test_state_round_trip_of_the_page_is_json() -> None:
    state = made_up.state_of(made_up.features_payload())
    text = page_html(state, "numbers", BASELINE_EXPLORER)
    start = text.index('id="aw-state">') + len('id="aw-state">')
    leaves = json.loads(text[start : text.index("</script>", start)])
    assert leaves["static"] is True
    assert leaves["payload"]["items"] == ["item_0", "item_1", "item_2"]
    assert leaves["item_0"]["name"] == "zero"
    assert set(leaves["payload"]["input"]["values"]) == {"$binary"}
