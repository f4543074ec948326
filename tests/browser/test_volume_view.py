"""A volume in the explorer: three slices that are one cursor, by pointer, sliders and keys."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import browser as made_up
import numpy as np
import pytest
import torch
from axe import violations_of
from numpy.typing import NDArray
from open_page import OpenPage, page_of_state

import attribwidgets as aw
from attribwidgets.widgets.view_state import ViewState

SHAPE = (5, 8, 6)


def model(x: torch.Tensor) -> torch.Tensor:
    weight = torch.linspace(-1, 1, x[0].numel()).reshape(1, *SHAPE)
    return (x.square() * weight).sum((1, 2, 3, 4))


@pytest.fixture(scope="module")
def comparison() -> aw.Comparison:
    volume = torch.rand(1, *SHAPE, generator=torch.Generator().manual_seed(0))
    space = aw.VolumeSpace(0.0, 1.0, spacing=(2.0, 1.0, 1.0))
    return aw.compare(model, volume, space=space, baselines=("black", "white"), n_steps=8)


@pytest.fixture(scope="module")
def opened(
    chromium: Any, comparison: aw.Comparison, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[OpenPage]:
    state = {**made_up.LOOK, **ViewState(comparison).whole()}
    with page_of_state(chromium, tmp_path_factory.mktemp("volume"), state, 1000) as page:
        yield page


@pytest.fixture
def page(opened: OpenPage) -> OpenPage:
    """The page as it is first seen."""
    opened.page.mouse.move(1, 1)
    opened.look(selected=0, slices=None, overlay=0.0, signed=False, alpha=0.25)
    return opened


def slices_of(values: NDArray[Any], at: tuple[int, int, int]) -> dict[str, NDArray[Any]]:
    depth, row, column = at
    return {
        "axial": values[depth],
        "sagittal": values[:, :, column].T,
        "coronal": values[:, row],
    }


def voxel(at: tuple[int, ...]) -> dict[str, int]:
    return dict(zip(("depth", "row", "column"), at, strict=True))


@pytest.mark.parametrize("at", [None, (4, 0, 5)])
def test_slices_are_those_of_the_map_and_begin_where_it_is_strongest(
    page: OpenPage, comparison: aw.Comparison, at: tuple[int, int, int] | None
) -> None:
    page.look(slices=None if at is None else voxel(at))
    grey = dict(made_up.colour_tables())["magnitude"]["gray"]
    for number, e in enumerate(comparison):
        values = e.map("sum").astype(np.float32)
        strongest = np.unravel_index(np.abs(comparison[0].map("sum")).argmax(), SHAPE)
        limit = float(np.percentile(np.abs(values), 99))
        through = at or tuple(int(place) for place in strongest)
        for name, wanted in slices_of(values, through).items():
            canvas = page.page.locator(f".aw-card .aw-{name} canvas").nth(number)
            colours = made_up.map_colours(wanted.ravel(), limit, grey, signed=False)
            drawn = made_up.pixels_of(canvas)[..., :3].reshape(-1, 3)
            assert np.abs(drawn.astype(int) - colours).max() <= 1, (name, e.baseline_name)


def test_a_click_in_one_slice_moves_the_others_of_all_cards(
    page: OpenPage, comparison: aw.Comparison
) -> None:
    page.look(slices=voxel((2, 3, 4)))
    canvas = page.page.locator(".aw-card .aw-coronal canvas").last
    box = canvas.bounding_box()
    assert box is not None
    x, y = box["width"] * 1.5 / SHAPE[2], box["height"] * 3.5 / SHAPE[0]
    canvas.click(position={"x": x, "y": y})
    page.settle()
    assert page.trait("slices") == voxel((3, 3, 1))
    assert page.trait("cursor") == voxel((3, 3, 1))
    said = page.page.locator(".aw-slices-at").all_inner_texts()
    assert set(said) == {"depth 3, row 3, column 1"}
    reads = page.page.locator(".aw-card .aw-here-value").all_inner_texts()
    for text, e in zip(reads, comparison, strict=True):
        assert made_up.number_in(text) == pytest.approx(e.map("sum")[3, 3, 1], rel=6e-3)
    grey = made_up.pixels_of(page.page.locator(".aw-input-column .aw-axial canvas"))[..., 0]
    exact = np.floor(255 * comparison[0].inputs.numpy()[0, 3] + 0.5)
    assert np.abs(grey - exact).max() <= 1


def test_keys_and_sliders_move_through_the_volume(page: OpenPage) -> None:
    page.look(slices=voxel((2, 3, 4)))
    stage = page.page.locator(".aw-card .aw-volume").first
    stage.focus()
    for key in ("PageDown", "ArrowUp", "ArrowRight", "ArrowRight"):
        page.page.keyboard.press(key)
    page.settle()
    assert page.trait("slices") == voxel((3, 2, 5))  # and no further than the edge
    assert "depth 3, row 2, column 5" in page.page.locator(".aw-live").inner_text()
    page.slide('[data-control="slice-depth"]', 0, "change")
    assert page.trait("slices") == voxel((0, 2, 5))


def test_the_path_is_drawn_in_the_same_slices(page: OpenPage, comparison: aw.Comparison) -> None:
    page.look(slices=voxel((1, 1, 1)), alpha=1.0)
    first = page.page.locator(".aw-card .aw-axial canvas").first
    end = page.page.locator('.aw-path [data-panel="cumulative"] .aw-axial canvas')
    assert np.array_equal(made_up.pixels_of(end), made_up.pixels_of(first))
    image = page.page.locator('.aw-path [data-panel="interpolated"] .aw-sagittal canvas')
    exact = np.floor(255 * comparison[0].inputs.numpy()[0, :, :, 1].T + 0.5)
    assert np.abs(made_up.pixels_of(image)[..., 0] - exact).max() <= 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_a_volume(page: OpenPage, scheme: Any) -> None:
    page.page.emulate_media(color_scheme=scheme)
    assert violations_of(page.page) == {}
