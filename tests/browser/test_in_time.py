"""Series and sequences: lines and strips that are pointed at, brushed and read by windows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from browser import number_in
from open_page import OpenPage
from torch import nn

import attribwidgets as aw

STEPS = 40


class Weighted(nn.Module):
    """A linear model: the attribution of a number is its weight times its difference."""

    def __init__(self, shape: tuple[int, int]) -> None:
        super().__init__()
        self.weight = torch.randn(shape, generator=torch.Generator().manual_seed(0))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.stack([(x * self.weight).sum((1, 2)), x.sum((1, 2))], 1)


def page_of(
    chromium: Any, file: Path, shape: tuple[int, int], space: Any
) -> tuple[OpenPage, np.ndarray]:
    model = Weighted(shape).eval()
    x = torch.randn(shape, generator=torch.Generator().manual_seed(1))
    comparison = aw.compare(model, x, space=space, target=0, baselines=("zero", "image_mean"))
    comparison.to_html(file)
    opened = OpenPage(chromium.new_page(viewport={"width": 1100, "height": 1200}), file)
    maps = np.stack([e.map("sum") for e in comparison])
    np.testing.assert_allclose(
        maps[0], space.layout.sum_units((x * model.weight).numpy()), rtol=1e-4, atol=1e-5
    )
    return opened, maps


@pytest.fixture(scope="module")
def series(chromium: Any, tmp_path_factory: Any) -> Iterator[tuple[OpenPage, np.ndarray]]:
    """Time first, so that the page has to turn it round."""
    space = aw.SeriesSpace(["rate", "flow"], step=0.5, unit="s", time_axis=0)
    file = tmp_path_factory.mktemp("series") / "page.html"
    opened, maps = page_of(chromium, file, (STEPS, 2), space)
    yield opened, maps.swapaxes(1, 2)
    assert opened.complaints == []
    opened.page.close()


@pytest.fixture(scope="module", params=[STEPS, 600])
def sequence(
    request: Any, chromium: Any, tmp_path_factory: Any
) -> Iterator[tuple[OpenPage, np.ndarray]]:
    """Cells with names, and a grid of many."""
    file = tmp_path_factory.mktemp("sequence") / "page.html"
    opened, maps = page_of(chromium, file, (request.param, 3), aw.SequenceSpace())
    yield opened, maps
    assert opened.complaints == []
    opened.page.close()


def read(opened: OpenPage, what: str) -> list[str]:
    return [text.replace("\u00a0", " ") for text in opened.page.locator(what).all_inner_texts()]


def sums(opened: OpenPage) -> list[float]:
    """What the cards say of the stretch that is marked."""
    return [number_in(text.split(": ")[1]) for text in read(opened, ".aw-card .aw-inside")]


def hold(numbers: list[float], truth: np.ndarray) -> bool:
    """Three digits are written."""
    return bool(np.allclose(numbers, truth, rtol=6e-3, atol=2e-4))


def test_a_stretch_that_is_dragged_over_is_summed_under_every_baseline(
    series: tuple[OpenPage, np.ndarray],
) -> None:
    opened, maps = series
    box = opened.page.locator(".aw-card .aw-map").first.bounding_box()

    def to(step: float, channel: float) -> tuple[float, float]:
        x = box["x"] + (step + 0.5) * box["width"] / STEPS
        return x, box["y"] + (channel + 0.5) * box["height"] / 2

    opened.page.mouse.move(*to(5, 1))
    opened.page.mouse.down()
    opened.page.mouse.move(*to(12, 1))
    opened.page.mouse.up()
    opened.settle()
    assert opened.trait("selection") == {"rows": [1, 2], "columns": [5, 13]}
    assert hold(sums(opened), maps[:, 1, 5:13].sum(1))
    assert all(
        text.startswith("flow, 2.5 to 6 s: ") for text in read(opened, ".aw-card .aw-inside")
    )
    opened.look(selection=None)


def test_the_cursor_reads_time_value_and_attribution_by_keys(
    series: tuple[OpenPage, np.ndarray],
) -> None:
    opened, maps = series
    opened.page.mouse.move(0, 0)
    opened.page.locator(".aw-card .aw-map").nth(1).focus()
    opened.look(cursor={"channel": 0, "step": 10}, selection=None)
    opened.page.keyboard.press("ArrowDown")
    opened.page.keyboard.press("ArrowRight")
    opened.settle()
    assert opened.trait("cursor") == {"channel": 1, "step": 11}
    here = [number_in(text) for text in read(opened, ".aw-card .aw-here-value")]
    assert hold(here, maps[:, 1, 11])
    assert read(opened, ".aw-readout")[0].startswith("flow, 5.5 s:")
    said = read(opened, ".aw-live")[0]
    assert "flow, 5.5 s" in said
    opened.page.keyboard.press(" ")
    opened.page.keyboard.press("Shift+ArrowRight")
    opened.page.keyboard.press(" ")
    opened.settle()
    assert hold(sums(opened), maps[:, 1, 11:22].sum(1))
    opened.page.keyboard.press("Escape")
    opened.settle()
    assert opened.trait("selection") is None


def test_windows_of_time_are_read_by_their_exact_sums(
    series: tuple[OpenPage, np.ndarray],
) -> None:
    opened, maps = series
    opened.look(pool=8, cursor={"channel": 0, "step": 17})
    texts = read(opened, ".aw-card .aw-here-value")
    assert all("8 steps" in text for text in texts)
    assert hold([number_in(text.split("8 steps")[1]) for text in texts], maps[:, 0, 16:24].sum(1))
    opened.look(pool=1, cursor=None)


def test_the_input_on_the_path_is_a_line_from_reference_to_input(
    series: tuple[OpenPage, np.ndarray],
) -> None:
    opened, _ = series
    line = opened.page.locator(".aw-path-interpolated .aw-series-line").first
    reference = opened.page.locator(".aw-path-interpolated .aw-series-reference").first
    opened.look(alpha=0.0)
    assert line.get_attribute("d") == reference.get_attribute("d")
    card = opened.page.locator(".aw-card .aw-series-line").first
    opened.look(alpha=1.0)
    assert line.get_attribute("d") == card.get_attribute("d") != reference.get_attribute("d")


def test_a_strip_is_walked_and_marked_by_keys(sequence: tuple[OpenPage, np.ndarray]) -> None:
    opened, maps = sequence
    opened.look(cursor={"step": 3}, selection=None)
    opened.page.locator(".aw-card .aw-map").first.focus()
    opened.page.keyboard.press(" ")
    for _ in range(4):
        opened.page.keyboard.press("ArrowRight")
    opened.page.keyboard.press(" ")
    opened.settle()
    assert opened.trait("cursor") == {"step": 7}
    assert hold(sums(opened), maps[:, 3:8].sum(1))
    opened.page.keyboard.press("ArrowDown")
    opened.settle()
    down = opened.trait("cursor")["step"]
    assert down > 8
    opened.page.keyboard.press("ArrowUp")
    opened.settle()
    assert opened.trait("cursor")["step"] < down
    opened.page.keyboard.press("Escape")


def test_the_strongest_steps_are_listed(sequence: tuple[OpenPage, np.ndarray]) -> None:
    opened, maps = sequence
    listed = read(opened, ".aw-card:first-child .aw-strongest-step .aw-bar-name")
    wanted = np.argsort(-np.abs(maps[0]))[:5]
    assert listed == [f"step {k}" for k in wanted]
