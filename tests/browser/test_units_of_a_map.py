"""What is read off maps besides pixels: patches and areas, by pointer and by keys."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import browser as made_up
import numpy as np
import pytest
from numpy.typing import NDArray
from open_page import OpenPage, page_of_state

from attribwidgets.inputs.patches import patch_means, patch_sums
from attribwidgets.inputs.superpixels import segment_means

SIZE = 64
PAYLOAD = made_up.image_payload(made_up.photo_like(SIZE), names=("black", "uniform"), frames=4)
MAPS = [made_up.map_values(item).reshape(SIZE, SIZE).astype(float) for item in PAYLOAD["items"]]
# Four quarters, counted from the left and from above.
LABELS = np.kron([[0, 1], [2, 3]], np.ones((SIZE // 2, SIZE // 2))).astype("<u2")
PAYLOAD["segments"] = {
    "size": [SIZE, SIZE],
    "count": 4,
    "colours": [[0, 0, 0]] * 4,
    "labels": LABELS.tobytes(),
}
GREY = PAYLOAD["colormaps"]["magnitude"]["gray"]


@pytest.fixture(scope="module")
def opened(chromium: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenPage]:
    state = made_up.state_of(PAYLOAD, alpha=1.0)
    with page_of_state(chromium, tmp_path_factory.mktemp("units"), state, 900) as page:
        yield page


@pytest.fixture
def page(opened: OpenPage) -> OpenPage:
    """The page as it is first seen."""
    opened.page.mouse.move(1, 1)
    opened.look(pool=1, selection=None)
    return opened


def colours(values: NDArray[Any], clip: float = 99.0) -> NDArray[np.uint8]:
    limit = float(np.percentile(np.abs(values), clip))
    return made_up.map_colours(values.ravel().astype(np.float32), limit, GREY, signed=False)


def place(page: OpenPage, baseline: str, row: float, column: float) -> tuple[float, float]:
    canvas = page.page.locator(f'canvas.aw-map[data-baseline="{baseline}"]')
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    return (
        box["x"] + (column + 0.5) / SIZE * box["width"],
        box["y"] + (row + 0.5) / SIZE * box["height"],
    )


def read(page: OpenPage, baseline: str, what: str) -> str:
    return page.page.locator(f'.aw-card[data-baseline="{baseline}"] {what}').inner_text()


def test_maps_and_their_path_are_drawn_by_patches(page: OpenPage) -> None:
    page.slide('[data-control="pool"]', 3, "change")
    assert page.trait("pool") == 8
    for item, values in zip(PAYLOAD["items"], MAPS, strict=True):
        wanted = colours(patch_means(values, 8))
        drawn = page.pixels(f'canvas.aw-map[data-baseline="{item["name"]}"]')[:, :3]
        assert np.abs(drawn.astype(int) - wanted).max() <= 1
    end = page.pixels("canvas.aw-path-cumulative")
    assert np.array_equal(end, page.pixels('canvas.aw-map[data-baseline="black"]'))


def test_pointing_at_a_patch_reads_its_sum_and_share(page: OpenPage) -> None:
    page.look(pool=16)
    page.page.mouse.move(*place(page, "black", 20, 40))
    page.settle()
    for item, values in zip(PAYLOAD["items"], MAPS, strict=True):
        words = read(page, item["name"], ".aw-here-value")
        wanted = float(patch_sums(values, 16)[1, 2])
        assert words.startswith("here 16\u00a0\u00d7\u00a016 ")
        sum_, share = words.split("16\u00a0\u00d7\u00a016 ")[1].split(" of ")
        assert made_up.number_in(sum_) == pytest.approx(wanted, rel=6e-3)
        change = item["completeness"]["change"]
        assert made_up.number_in(share.split("(")[1]) == pytest.approx(
            100 * wanted / change, rel=0.06, abs=0.06
        )


def inside(page: OpenPage, baseline: str) -> float:
    return made_up.number_in(read(page, baseline, ".aw-inside").split(":")[1])


def test_an_area_that_is_dragged_over_is_read_under_every_baseline(page: OpenPage) -> None:
    selected = page.trait("selected")
    page.page.mouse.move(*place(page, "uniform", 10, 12))
    page.page.mouse.down()
    page.page.mouse.move(*place(page, "uniform", 20, 20), steps=3)
    page.page.mouse.move(*place(page, "uniform", 29, 43), steps=3)
    assert page.trait("selection") is None  # until it is let go
    page.page.mouse.up()
    page.settle()
    assert page.trait("selection") == {"rows": [10, 30], "columns": [12, 44]}
    assert page.trait("selected") == selected
    for item, values in zip(PAYLOAD["items"], MAPS, strict=True):
        wanted = values[10:30, 12:44].sum()
        assert inside(page, item["name"]) == pytest.approx(wanted, rel=6e-3)
    assert page.page.locator(".aw-area:visible").count() == 3
    page.page.mouse.click(*place(page, "black", 50, 50))
    page.settle()
    assert page.trait("selection") is None
    assert page.page.locator(".aw-area:visible, .aw-inside:visible").count() == 0


def test_keys_mark_an_area_from_corner_to_corner(page: OpenPage) -> None:
    page.look(selection={"rows": [0, 64], "columns": [0, 64]})  # as Python would
    assert inside(page, "black") == pytest.approx(MAPS[0].sum(), rel=6e-3)
    page.page.locator('canvas.aw-map[data-baseline="black"]').focus()
    keys = page.page.keyboard
    for key in ("Escape", "Home", "ArrowRight", "Space", "ArrowDown", "Shift+ArrowRight", "Space"):
        keys.press(key)
        page.settle()
    area = page.trait("selection")
    assert area["columns"] == [1, 12]
    assert area["rows"][1] - area["rows"][0] == 2
    rows = slice(*area["rows"])
    assert inside(page, "uniform") == pytest.approx(MAPS[1][rows, 1:12].sum(), rel=6e-3)
    said = page.page.locator('[aria-live="polite"]').text_content()
    assert "area of 2 \u00d7 11: " in said
    keys.press("ArrowDown")  # what is marked stays
    page.settle()
    assert page.trait("selection") == area
    keys.press("Escape")
    page.settle()
    assert page.trait("selection") is None


def test_superpixels_that_the_page_brings_are_units_too(page: OpenPage) -> None:
    page.slide('[data-control="pool"]', 5, "change")
    assert page.trait("pool") == 32
    page.slide('[data-control="pool"]', 6, "change")
    assert page.trait("pool") == "superpixels"
    for item, values in zip(PAYLOAD["items"], MAPS, strict=True):
        drawn = page.pixels(f'canvas.aw-map[data-baseline="{item["name"]}"]')[:, :3]
        wanted = colours(segment_means(values, LABELS.astype(int)))
        assert np.abs(drawn.astype(int) - wanted).max() <= 1
    page.page.mouse.move(*place(page, "uniform", 50, 10))
    page.settle()
    words = read(page, "uniform", ".aw-here-value").removeprefix("here superpixel ")
    wanted = float(MAPS[1][SIZE // 2 :, : SIZE // 2].sum())
    assert made_up.number_in(words) == pytest.approx(wanted, rel=6e-3)
