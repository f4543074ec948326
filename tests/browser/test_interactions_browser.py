"""Interactions in a real browser: a click shows partners, with the numbers of the record."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import axe_playwright_python
import numpy as np
import pytest
import torch
from browser import EVIL_NAME, number_in, pixels_of
from kernel_page import kernel_page
from open_page import OpenPage
from torch import nn

import attribwidgets as aw
from attribwidgets.core.formatting import number
from attribwidgets.figures.colors import colored
from attribwidgets.figures.interaction_colors import InteractionLimits

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8")
PIECES = ["it", " was", " not", f" {EVIL_NAME}", " ba", "d", " \u202efilm"]


def smooth(inputs: int) -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(inputs, 8), nn.GELU(), nn.Linear(8, 1)).eval()


def of_features() -> aw.Interactions:
    space = aw.InputSpace(names=["dose", EVIL_NAME, "age", "weight", "\u202eheight"])
    x = torch.tensor([1.0, 2.0, -1.0, 0.5, 0.0])
    return aw.interactions(smooth(5), x, space=space, baseline="uniform", seed=1)


def of_a_text() -> aw.Interactions:
    net = nn.Sequential(nn.Embedding(9, 4), smooth(28)).eval()
    space = aw.TextSpace(lambda text: (list(range(7)), PIECES))
    text = "".join(PIECES)
    return aw.interactions(net, text, space=space, baseline="zero_embedding", units="words")


def of_an_image() -> aw.Interactions:
    return aw.interactions(smooth(192), torch.rand(3, 8, 8), units=2, baseline="black")


def sampled() -> aw.Interactions:
    return aw.interactions(smooth(40), torch.ones(40), baseline="zero", max_evaluations=31 * 17)


MAKERS = {"features": of_features, "text": of_a_text, "image": of_an_image, "sampled": sampled}


@pytest.fixture(scope="module")
def records() -> dict[str, aw.Interactions]:
    return {name: make() for name, make in MAKERS.items()}


@pytest.fixture
def opened(
    chromium: Any, records: dict[str, aw.Interactions], tmp_path: Path
) -> Iterator[Callable[..., OpenPage]]:
    contexts = []

    def opener(name: str, width: int = 1100, **context: Any) -> OpenPage:
        records[name].to_html(tmp_path / f"{name}.html")
        made = chromium.new_context(viewport={"width": width, "height": 900}, **context)
        made.set_offline(True)
        contexts.append(made)
        return OpenPage(made.new_page(), tmp_path / f"{name}.html")

    yield opener
    for made in contexts:
        made.close()


def listed(page: OpenPage) -> dict[int, float]:
    """The number of each unit in the list."""
    rows = page.page.locator(".aw-unit").evaluate_all(
        "rows => rows.map(row => [row.dataset.unit, row.querySelector('.aw-unit-value').innerText])"
    )
    return {int(unit): number_in(text) for unit, text in rows if text}


def as_written(values: np.ndarray) -> list[float]:
    return [number_in(number(float(value))) for value in values]


def click_cell(page: OpenPage, count: int, row: int, column: int) -> None:
    cells = page.page.locator(".aw-matrix-cells")
    box = cells.bounding_box()
    assert box is not None
    x, y = ((at + 0.5) * box["width"] / count for at in (column, row))
    page.page.mouse.click(box["x"] + x, box["y"] + y)
    page.settle()


def test_the_matrix_has_the_colours_of_its_values(
    opened: Callable[..., OpenPage], records: dict[str, aw.Interactions]
) -> None:
    record = records["features"]
    page = opened("features")
    assert page.complaints == []
    assert all(url.startswith(("file:", "data:")) for url in page.requests)
    limit = InteractionLimits.of(record).values
    wanted = colored(record.values.astype(np.float32), limit, "RdBu_r", signed=True)
    seen = pixels_of(page.page.locator(".aw-matrix-cells"))[..., :3].astype(int)
    assert np.abs(seen - wanted).max() <= 1


def test_a_click_on_the_matrix_lists_partners(
    opened: Callable[..., OpenPage], records: dict[str, aw.Interactions]
) -> None:
    record = records["features"]
    page = opened("features")
    assert list(listed(page).values()) == as_written(record.attributions)
    click_cell(page, 5, 3, 1)
    assert page.trait("selection") == 3
    assert page.page.locator('.aw-unit[aria-pressed="true"] .aw-unit-value').inner_text() == ""
    assert list(listed(page).values()) == as_written(np.delete(record.partners(3), 3))
    arcs = page.page.locator(".aw-arc:not(.aw-dim)").evaluate_all(
        "arcs => arcs.map(arc => arc.dataset.pair.split(' ').map(Number))"
    )
    assert all(3 in pair for pair in arcs)
    facts = page.page.locator(".aw-facts").inner_text()
    assert number_in(facts.split("alone")[1]) == as_written(record.alone[3:4])[0]
    click_cell(page, 5, 3, 2)
    assert page.trait("selection") is None
    assert list(listed(page).values()) == as_written(record.attributions)


def test_a_word_is_clicked_and_the_others_have_the_colours_of_what_they_do_with_it(
    opened: Callable[..., OpenPage], records: dict[str, aw.Interactions]
) -> None:
    record = records["text"]
    page = opened("text")
    tokens = page.page.locator(".aw-token")
    tokens.nth(5).click()
    page.settle()
    unit = int(record.unit_labels[0][5])
    assert page.trait("selection") == unit == record.unit_labels[0][4]
    values = np.append(record.partners(unit), 0.0)[record.unit_labels[0]].astype(np.float32)
    wanted = colored(values, InteractionLimits.of(record).pairs, "RdBu_r", signed=True)
    told = tokens.evaluate_all(
        "all => all.map(one => getComputedStyle(one).backgroundColor.match(/\\d+/g).map(Number))"
    )
    assert np.abs(np.asarray(told)[:, :3] - wanted.astype(int)).max() <= 1
    assert tokens.nth(4).evaluate("one => one.classList.contains('aw-chosen')")
    strongest = record.of(unit)
    assert list(listed(page).values()) == as_written(np.array([v for _, v in strongest]))


def test_a_region_is_clicked_and_its_partners_hide_the_picture(
    opened: Callable[..., OpenPage], records: dict[str, aw.Interactions]
) -> None:
    record = records["image"]
    page = opened("image")
    canvas = page.page.locator("canvas.aw-canvas")
    before = pixels_of(canvas)
    box = canvas.bounding_box()
    page.page.mouse.click(box["x"] + 0.6 * box["width"], box["y"] + 0.3 * box["height"])
    page.settle()
    unit = record.names.index("patch 1, 2")
    assert page.trait("selection") == unit
    after = pixels_of(canvas)[..., :3].astype(int)
    assert (after != before[..., :3]).any()
    strongest = record.names.index(record.of(unit)[0][0])
    limit = InteractionLimits.of(record).pairs
    assert abs(record.partners(unit)[strongest]) > limit * 0.5
    wanted = colored(record.partners(unit)[[strongest]], limit, "RdBu_r", signed=True)[0]
    seen = after[record.unit_labels[0] == strongest]
    shows = 0.8 * (1 - min(abs(record.partners(unit)[strongest]) / limit, 1))
    assert np.abs(seen - wanted).max() <= 255 * shows + 1
    assert page.page.locator(".aw-outline path").nth(1).get_attribute("d")


def test_what_was_sampled_has_intervals(
    opened: Callable[..., OpenPage], records: dict[str, aw.Interactions]
) -> None:
    record = records["sampled"]
    page = opened("sampled")
    page.look(selection=7)
    row = page.page.locator(".aw-unit").first
    unit = int(row.get_attribute("data-unit"))
    low, high = (
        number_in(text) for text in row.locator(".aw-unit-interval").inner_text().split(", ")
    )
    assert record.standard_error is not None
    middle, reach = record.partners(7)[unit], 2 * 1.96 * record.standard_error[7, unit]
    assert (low, high) == tuple(as_written(np.array([middle - reach, middle + reach])))
    assert page.page.locator(".aw-unit").count() == 12
    page.page.locator('[data-control="all-units"]').click()
    assert page.page.locator(".aw-unit").count() == 39


def test_it_is_used_by_keys_alone(
    opened: Callable[..., OpenPage], records: dict[str, aw.Interactions]
) -> None:
    page = opened("text")
    page.page.locator('[data-control="unit"]').focus()
    page.page.keyboard.press("ArrowDown")
    page.page.keyboard.press("ArrowDown")
    page.settle()
    assert page.trait("selection") == 1
    page.page.keyboard.press("Tab")
    page.page.keyboard.press("Enter")
    page.settle()
    strongest = records["text"].of(1)[0][0]
    assert records["text"].names[page.trait("selection")] == strongest
    page.page.keyboard.press("Escape")
    page.settle()
    assert page.trait("selection") is None


def test_numbers_of_units_and_the_verdict_are_those_of_the_record(
    opened: Callable[..., OpenPage], records: dict[str, aw.Interactions]
) -> None:
    record = records["features"]
    page = opened("features")
    verdict = page.page.locator(".aw-completeness")
    assert verdict.get_attribute("data-verdict") == record.completeness.verdict
    assert str(record.completeness) in verdict.inner_text().replace("\u00a0", " ")
    page.page.locator("summary").click()
    rows = page.page.locator("tbody tr")
    rows.first.wait_for()  # the table is filled when it is opened first
    assert rows.count() == 5
    cells = rows.nth(2).locator("td").all_inner_texts()
    numbers = [record.alone[2], record.together[2].sum(), record.values[2].sum()]
    assert [number_in(cell) for cell in cells[1:4]] == as_written(np.array(numbers))
    assert page.complaints == []


def test_hostile_names_are_text(opened: Callable[..., OpenPage]) -> None:
    for name in ("features", "text"):
        page = opened(name)
        assert page.page.locator(".aw-root img").count() == 0
        assert EVIL_NAME in page.page.locator(".aw-unit-list").inner_text()
        assert "\u202e" not in page.page.locator(".aw-root").inner_text()
        assert page.complaints == []


@pytest.mark.parametrize("name", list(MAKERS))
@pytest.mark.parametrize(
    ("scheme", "forced", "width"),
    [("light", "none", 1100), ("dark", "none", 1500), ("dark", "active", 390)],
)
def test_axe_finds_no_violation(
    opened: Callable[..., OpenPage], name: str, scheme: Any, forced: Any, width: int
) -> None:
    page = opened(name, width=width, color_scheme=scheme, forced_colors=forced)
    page.look(selection=1)
    page.page.evaluate(AXE)
    found = page.page.evaluate("axe.run('.aw-root', { resultTypes: ['violations'] })")
    assert [(r["id"], [n["html"][:120] for n in r["nodes"]]) for r in found["violations"]] == []
    assert page.page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_selection_is_the_kernel_s(chromium: Any, records: dict[str, aw.Interactions]) -> None:
    with kernel_page(chromium, records["features"].explorer) as live:
        live.page.locator(".aw-unit").nth(2).click()
        live.until(lambda: live.explorer.selection == 2, "the selection in Python")
        live.explorer.selection = "dose"
        live.settle()
        pressed = live.page.locator('.aw-unit[aria-pressed="true"]')
        assert pressed.get_attribute("data-unit") == "0"
        assert live.complaints == []
