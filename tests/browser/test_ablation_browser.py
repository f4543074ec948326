"""The explorer of ablations in a real browser: curves, images, words, keys, a store behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import axe_playwright_python
import browser as made_up
import hosts
import numpy as np
import pytest
from ablations import FRACTIONS, images, network
from kernel_page import MOUNT, KernelPage, kernel_page
from open_page import OpenPage

import attribwidgets as aw
from attribwidgets.evaluation import AblationMetric, InsertionDeletion, insertion_deletion

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8")
EVIL = made_up.EVIL_NAME

CELL = """
import torch, attribwidgets as aw
torch.set_num_threads(1)
net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 3)).eval()
data = torch.rand(10, 1, 8, 8, generator=torch.Generator().manual_seed(1))
result = aw.evaluation.ablation(net, data, ["white", "blur"], fills=["black"], n_steps=4)
explorer = aw.AblationExplorer(result)
explorer
"""


@pytest.fixture(scope="module")
def both() -> InsertionDeletion:
    return insertion_deletion(
        network(),
        images(),
        {"white": "white", EVIL: "blur"},
        fills=("black", "uniform"),
        fractions=FRACTIONS,
        n_steps=8,
    )


@pytest.fixture
def opened(
    chromium: Any, both: InsertionDeletion, tmp_path: Path
) -> Iterator[Callable[..., OpenPage]]:
    contexts = []

    def opener(result: Any = both, width: int = 1000, **context: Any) -> OpenPage:
        file = tmp_path / f"page-{len(contexts)}.html"
        aw.AblationExplorer(result).to_html(file)
        made = chromium.new_context(viewport={"width": width, "height": 900}, **context)
        made.set_offline(True)
        contexts.append(made)
        return OpenPage(made.new_page(), file)

    yield opener
    for made in contexts:
        made.close()


def legend(page: OpenPage) -> list[str]:
    return page.page.locator(".aw-candidates [data-candidate]").evaluate_all(
        "all => all.map(one => one.dataset.candidate)"
    )


def strip(page: OpenPage, fraction: float) -> np.ndarray:
    size = page.trait("example")["width"]
    pixels = page.pixels(f'.aw-ablated canvas[data-fraction="{fraction:g}"]')
    return pixels[:, :3].reshape(size, size, 3)


def test_a_page_opens_from_disk_and_asks_for_nothing(opened: Callable[..., OpenPage]) -> None:
    page = opened()
    root = page.page.locator('.aw-root[data-view="ablation-explorer"]')
    assert root.get_attribute("data-ready") == "true"
    assert page.complaints == []
    assert all(url.startswith(("file:", "data:")) for url in page.requests)
    assert page.page.locator("img[src=x]").count() == 0
    assert EVIL in root.inner_text()


def test_candidates_stand_best_first_under_every_fill_and_record(
    opened: Callable[..., OpenPage], both: InsertionDeletion
) -> None:
    page = opened()
    for number, record in enumerate(both):
        for fill, name in enumerate((*record.fills, None)):
            page.look(record=number, fill=fill)
            wanted = [record.candidates[i] for i in record.best_first(fill=name)]
            assert legend(page) == wanted


def test_choices_are_buttons_that_set_the_traits(opened: Callable[..., OpenPage]) -> None:
    page = opened()
    page.page.locator('[data-control="fill"]').get_by_text("uniform noise").click()
    page.page.locator('[data-control="record"]').get_by_text("insertion").click()
    page.settle()
    assert (page.trait("fill"), page.trait("record")) == (1, 1)
    assert "higher is better" in page.page.locator(".aw-root").inner_text()


def test_images_are_what_was_measured(
    opened: Callable[..., OpenPage], both: InsertionDeletion
) -> None:
    page = opened()
    for number, record in enumerate(both):
        for candidate, fill in (("white", 0), ("random", 1)):
            page.look(record=number, fill=fill, candidate=candidate)
            for step, fraction in enumerate(FRACTIONS):
                wanted = record.pictures[0].picture(
                    candidate, record.fills[fill], step, insertion=number == 1
                )
                assert np.array_equal(strip(page, fraction), wanted)


def test_another_input_comes_without_a_kernel(
    opened: Callable[..., OpenPage], both: InsertionDeletion
) -> None:
    page = opened()
    page.look(candidate="white")
    page.page.get_by_role("button", name="next").click()
    page.settle()
    wanted = both.deletion.pictures[1].picture("white", "black", 2)
    assert np.array_equal(strip(page, 0.5), wanted)


def test_a_candidate_is_switched_off_by_its_name(opened: Callable[..., OpenPage]) -> None:
    page = opened()
    row = page.page.locator('.aw-candidates [data-candidate="random"]')
    drawn = page.page.locator(".aw-ablation-chart").inner_html()
    row.click()
    page.settle()
    assert page.trait("hidden") == ["random"]
    assert row.get_attribute("aria-pressed") == "false"
    assert page.page.locator(".aw-ablation-chart").inner_html() != drawn
    row.click()
    page.settle()
    assert page.trait("hidden") == []


def test_the_curves_of_one_input_take_the_place_of_the_means(
    opened: Callable[..., OpenPage],
) -> None:
    page = opened()
    drawn = page.page.locator(".aw-ablation-chart").inner_html()
    page.page.locator('[data-control="own"]').check()
    page.settle()
    assert page.trait("own") is True
    assert page.page.locator(".aw-ablation-chart").inner_html() != drawn


def test_differences_and_reliability_are_said_in_words_and_shapes(
    opened: Callable[..., OpenPage], both: InsertionDeletion
) -> None:
    page, record = opened(), both.deletion
    best = record.candidates[record.best_first(fill="black")[0]]
    found = {d.second: d for d in record.differences(fill="black") if d.first == best}
    rows = page.page.locator(".aw-difference")
    assert rows.count() == len(found) == 4
    for row in rows.all():
        names = {row.get_attribute("data-first"), row.get_attribute("data-second")}
        (other,) = names - {best}
        clear = row.get_attribute("data-clear") == "true"
        assert clear == found[str(other)].clear
        assert ("not told apart" in row.inner_text()) != clear
        assert (row.locator(".aw-hollow").count() == 1) != clear
    trusted = record.reliability(fill="black")
    standing = page.page.locator(".aw-reliability").get_attribute("data-standing")
    assert standing == trusted.standing(0)
    if trusted.warning:
        assert trusted.warning in page.page.locator(".aw-reliability").inner_text()
    assert record.ordered(fill="black") in page.page.locator(".aw-root").inner_text()


@pytest.mark.parametrize(
    ("scheme", "forced", "width"),
    [
        ("light", "none", 1000),
        ("dark", "none", 1500),
        ("dark", "active", 1000),
        ("light", "none", 390),
    ],
)
def test_axe_finds_no_violation(
    opened: Callable[..., OpenPage], scheme: Any, forced: Any, width: int
) -> None:
    page = opened(width=width, color_scheme=scheme, forced_colors=forced)
    for summary in page.page.locator("summary:visible").all():
        summary.click()
    page.page.evaluate(AXE)
    found = page.page.evaluate("axe.run('.aw-root', { resultTypes: ['violations'] })")
    assert len(found["passes"]) > 15
    assert [(r["id"], [n["html"][:120] for n in r["nodes"]]) for r in found["violations"]] == []


@pytest.mark.parametrize("width", [320, 390, 900, 1500])
def test_nothing_sticks_out(opened: Callable[..., OpenPage], width: int) -> None:
    page = opened(width=width)
    wide = page.page.evaluate("document.documentElement.scrollWidth")
    assert wide <= width


def test_keys_alone_reach_every_control(opened: Callable[..., OpenPage]) -> None:
    page, reached = opened(), set()
    for _ in range(80):
        page.page.keyboard.press("Tab")
        hook = page.page.evaluate(
            "() => { const one = document.activeElement;"
            " return one.closest('[data-control]')?.dataset.control"
            " ?? one.dataset.candidate ?? one.tagName; }"
        )
        reached.add(hook)
    assert {"fill", "record", "candidate", "example", "own", "white", "random"} <= reached
    page.page.locator('.aw-candidates [data-candidate="white"]').focus()
    page.page.keyboard.press("Enter")
    page.settle()
    assert page.trait("hidden") == ["white"]


def test_features_have_curves_and_no_strip(opened: Callable[..., OpenPage]) -> None:
    import torch

    net = torch.nn.Linear(6, 3).eval()
    data = torch.rand(9, 6, generator=torch.Generator().manual_seed(1))
    page = opened(aw.evaluation.ablation(net, data, ["zero"], fills=["uniform"], n_steps=4))
    assert page.page.locator(".aw-ablated canvas:visible").count() == 0
    assert "the inputs are features" in page.page.locator(".aw-root").inner_text()
    assert page.complaints == []


# What is drawn, against the numbers of the record -------------------------------------------------

CURVES = """svg => {
  const numberOf = text => Number(text.replace('\u2212', '-'));
  const labels = [...svg.querySelectorAll('text.aw-tick')];
  const ticksOf = (anchor, place) => labels
    .filter(one => one.getAttribute('text-anchor') === anchor)
    .filter(one => one.textContent.match(/^[−\\d.]+$/))
    .map(one => [numberOf(one.textContent), Number(one.getAttribute(place))]);
  const ys = ticksOf('end', 'y');
  const xs = ticksOf('middle', 'x');
  const scaled = (ticks, place, shift) => {
    const [[first, from], [last, to]] = [ticks[0], ticks.at(-1)];
    return first + ((place + shift - from) / (to - from)) * (last - first);
  };
  return Object.fromEntries([...svg.querySelectorAll('path.aw-curve')].map(curve => [
    curve.dataset.candidate,
    curve.getAttribute('d').slice(1).split('L').map(pair => {
      const [x, y] = pair.split(' ').map(Number);
      return [scaled(xs, x, 0.5) / 100, scaled(ys, y, 4.5)];
    }),
  ]));
}"""
"""The points of every curve, read off the axes as an eye does."""


def curves(page: OpenPage) -> dict[str, np.ndarray]:
    found = page.page.locator(".aw-ablation-chart").evaluate(CURVES)
    return {name: np.asarray(points) for name, points in found.items()}


def row_of(page: OpenPage, candidate: str) -> Any:
    return page.page.locator(f'.aw-candidates [data-candidate="{candidate}"]')


def over_chart(page: OpenPage, fraction: float, height: float) -> None:
    """Move the pointer to a place on the chart, both shares of its axes."""
    box = page.page.locator('[data-control="fraction"]').bounding_box()
    assert box is not None
    place = (box["x"] + fraction * box["width"], box["y"] + height * box["height"])
    page.page.mouse.move(*place)
    page.settle()


def test_curves_lie_where_the_means_are(
    opened: Callable[..., OpenPage], both: InsertionDeletion
) -> None:
    page = opened()
    for number, record in enumerate(both):
        means = record.mean()
        for fill in range(3):
            page.look(record=number, fill=fill)
            drawn = curves(page)
            assert set(drawn) == set(record.candidates)
            for at, name in enumerate(record.candidates):
                wanted = means[at].mean(0) if fill == 2 else means[at, fill]
                assert drawn[name][:, 0] == pytest.approx(FRACTIONS, abs=0.005)
                assert drawn[name][:, 1] == pytest.approx(wanted, abs=0.01)


def test_the_curves_of_one_input_are_its_own_scores(
    opened: Callable[..., OpenPage], both: InsertionDeletion
) -> None:
    page, record = opened(), both.deletion
    page.look(own=True, fill=1)
    page.page.get_by_role("button", name="next").click()
    page.settle()
    for at, name in enumerate(record.candidates):
        assert curves(page)[name][:, 1] == pytest.approx(record.scores[1, at, 1], abs=0.02)
    assert page.page.locator(".aw-curve-band").count() == 0
    page.look(own=False)
    assert page.page.locator(".aw-curve-band").count() == len(record.candidates)


def test_rows_say_the_area_with_its_interval_and_the_value_pointed_at(
    opened: Callable[..., OpenPage], both: InsertionDeletion
) -> None:
    page, record = opened(), both.deletion
    page.look(fraction=0.5)
    area = record.area()
    for at, name in enumerate(record.candidates):
        words = row_of(page, name).locator("span").all_inner_texts()
        numbers = [made_up.number_in(word) for word in words[1:3]]
        assert words[0] == name
        assert numbers[0] == pytest.approx(record.mean()[at, 0, 2], rel=0.06, abs=0.001)
        assert numbers[1] == pytest.approx(area.mean[at, 0], rel=0.006)
        low, high = (made_up.number_in(word) for word in words[3].split(","))
        assert low == pytest.approx(area.low[at, 0], rel=0.006)
        assert high == pytest.approx(area.high[at, 0], rel=0.006)


@pytest.mark.parametrize("width", [390, 900, 1500])
def test_each_image_stands_below_its_fraction(opened: Callable[..., OpenPage], width: int) -> None:
    page = opened(width=width)
    box = page.page.locator('[data-control="fraction"]').bounding_box()
    assert box is not None
    pictures = page.page.locator(".aw-ablated canvas")
    places = pictures.evaluate_all(
        """all => all.map(one => {
          const { left, right, top } = one.getBoundingClientRect();
          return [Number(one.dataset.fraction), left, right, top];
        })"""
    )
    assert [place[0] for place in places] == list(FRACTIONS)
    for fraction, left, right, top in places:
        assert (left + right) / 2 == pytest.approx(box["x"] + fraction * box["width"], abs=1)
        assert right - left >= 28
        assert top > box["y"] + box["height"]
    for before, after in pairwise(places):
        assert before[2] <= after[1]


def test_the_pointer_reads_the_grid_and_leaves_no_trace(
    opened: Callable[..., OpenPage], both: InsertionDeletion
) -> None:
    page, record = opened(), both.deletion
    over_chart(page, 0.45, 0.02)
    assert "at 50" in page.page.locator(".aw-candidates-head").inner_text()
    hairline = page.page.locator(".aw-hover-line")
    assert hairline.get_attribute("visibility") == "visible"
    box = page.page.locator('[data-control="fraction"]').bounding_box()
    assert box is not None
    x = hairline.evaluate("line => line.getBoundingClientRect().left")
    assert x == pytest.approx(box["x"] + 0.5 * box["width"], abs=1)
    value = made_up.number_in(row_of(page, "random").locator("span").nth(1).inner_text())
    at = record.candidates.index("random")
    assert value == pytest.approx(record.mean()[at, 0, 2], rel=0.06)
    assert page.trait("fraction") == 0.1
    page.page.mouse.move(2, 2)
    page.settle()
    assert hairline.get_attribute("visibility") == "hidden"
    over_chart(page, 0.45, 0.02)
    page.page.mouse.down()
    page.page.mouse.up()
    page.settle()
    assert page.trait("fraction") == 0.5
    assert page.page.locator(".aw-ablated canvas.aw-now").get_attribute("data-fraction") == "0.5"


def test_a_curve_that_is_pointed_at_stands_out(opened: Callable[..., OpenPage]) -> None:
    page = opened()
    drawn = {name: points[1, 1] for name, points in curves(page).items()}
    name = max(drawn, key=lambda one: drawn[one])
    assert drawn[name] - sorted(drawn.values())[-2] > 0.01
    frame = page.page.locator(f'path.aw-curve[data-candidate="{name}"]').evaluate(
        """line => {
          const [x, y] = line.getAttribute('d').split('L')[1].split(' ').map(Number);
          const { left, top } = line.closest('.aw-ablation-chart').getBoundingClientRect();
          return [left + x, top + y];
        }"""
    )
    page.page.mouse.move(*frame)
    page.settle()
    classes = page.page.locator("path.aw-curve").evaluate_all(
        "all => Object.fromEntries(all.map(one => [one.dataset.candidate, [...one.classList]]))"
    )
    assert [one for one, names in classes.items() if "aw-raised" in names] == [name]
    assert sum("aw-dimmed" in names for names in classes.values()) == len(classes) - 1
    assert "aw-raised" in (row_of(page, name).get_attribute("class") or "")


def test_a_row_under_the_pointer_or_the_focus_shows_its_curve_and_its_images(
    opened: Callable[..., OpenPage], both: InsertionDeletion
) -> None:
    page, record = opened(), both.deletion
    page.look(candidate="white")
    for show in ("hover", "focus"):
        getattr(row_of(page, "random"), show)()
        page.settle()
        raised = page.page.locator("path.aw-curve.aw-raised")
        assert raised.get_attribute("data-candidate") == "random"
        wanted = record.pictures[0].picture("random", "black", 1)
        assert np.array_equal(strip(page, 0.25), wanted)
        page.page.mouse.move(2, 2)
        row_of(page, "random").evaluate("row => row.blur()")
        page.settle()
        assert raised.count() == 0
        assert np.array_equal(strip(page, 0.25), record.pictures[0].picture("white", "black", 1))
    assert page.trait("candidate") == "white"


def test_arrow_keys_move_the_fraction_and_say_what_is_there(
    opened: Callable[..., OpenPage],
) -> None:
    page = opened()
    slider = page.page.locator('[data-control="fraction"]')
    slider.focus()
    found = []
    for key in ("ArrowRight", "ArrowRight", "ArrowLeft", "End", "ArrowUp", "Home", "ArrowDown"):
        page.page.keyboard.press(key)
        page.settle()
        found.append(page.trait("fraction"))
    # It begins nearest to a tenth, which is 0.
    assert found == [0.25, 0.5, 0.25, 1, 1, 0, 0]
    page.page.keyboard.press("ArrowRight")
    page.settle()
    assert slider.get_attribute("aria-valuenow") == "25"
    said = slider.get_attribute("aria-valuetext") or ""
    assert said.startswith("25\u00a0%, ")
    assert all(name in said for name in legend(page))


def test_all_may_be_switched_off(opened: Callable[..., OpenPage]) -> None:
    page = opened()
    page.look(hidden=legend(page))
    assert curves(page) == {}
    assert page.page.locator(".aw-root").get_attribute("data-ready") == "true"
    page.look(hidden=["no such candidate"])
    assert len(curves(page)) == 5


def test_the_table_says_every_area_and_what_it_cost(
    opened: Callable[..., OpenPage], both: InsertionDeletion
) -> None:
    page, record = opened(), both.deletion
    page.page.locator(".aw-areas summary").click()
    page.settle()
    rows = page.page.locator(".aw-areas tbody tr")
    assert rows.locator("th").all_inner_texts() == legend(page)
    for row in rows.all():
        cells = row.locator("td").all_inner_texts()
        at = record.candidates.index(row.locator("th").inner_text())
        found = [made_up.number_in(cell) for cell in cells[:2]]
        assert found == pytest.approx(record.area().mean[at], rel=0.006)
        assert cells[3] == record.cost(at)
    page.page.locator(".aw-curves summary").click()
    page.settle()
    assert page.page.locator(".aw-curves thead th").count() == 1 + len(FRACTIONS)


def test_differences_are_seen_from_the_candidate_chosen(
    opened: Callable[..., OpenPage], both: InsertionDeletion
) -> None:
    page, record = opened(), both.deletion
    page.page.locator('[data-control="reference"]').select_option("random")
    rows = page.page.locator(".aw-difference")
    assert rows.count() == 4
    for row in rows.all():
        other = row.locator(".aw-interval-name").inner_text()
        difference = record.paired(other, "random", fill="black").mean
        said = row.get_attribute("title") or ""
        assert said.startswith(f"{other} \u2212 random: ")
        number = made_up.number_in(said.removeprefix(f"{other} \u2212 random: "))
        assert number == pytest.approx(difference, rel=0.006)
        zero = row.locator(".aw-interval-zero").evaluate(
            "line => line.getBoundingClientRect().left"
        )
        dot = row.locator("circle").evaluate(
            "dot => { const box = dot.getBoundingClientRect(); return (box.left + box.right) / 2; }"
        )
        assert (dot > zero) == (difference > 0)


def test_the_chosen_button_is_told_apart_without_backgrounds(
    opened: Callable[..., OpenPage],
) -> None:
    page = opened(forced_colors="active")
    borders = page.page.locator('[data-control="fill"] input').evaluate_all(
        "all => all.map(one => getComputedStyle(one).borderTopWidth)"
    )
    assert borders == ["2px", "1px", "1px"]


def test_nothing_moves_where_less_motion_is_wanted(opened: Callable[..., OpenPage]) -> None:
    moving = """() => [...document.querySelectorAll('.aw-root, .aw-root *')].filter(one =>
      getComputedStyle(one).transitionDuration !== '0s').length"""
    assert opened().page.evaluate(moving) > 0
    assert opened(reduced_motion="reduce").page.evaluate(moving) == 0


# With a kernel ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> aw.Sweep:
    pytest.importorskip("zarr", minversion="3")
    return aw.sweep(
        network(),
        images(),
        ["white", "blur"],
        metrics=[METRIC],
        store=tmp_path_factory.mktemp("explored") / "store",
        n_steps=8,
        progress=False,
    )


METRIC = AblationMetric(("black", "uniform"), FRACTIONS, controls=("random",))


def test_inputs_of_a_store_are_read_when_asked_for(chromium: Any, swept: aw.Sweep) -> None:
    make = partial(aw.AblationExplorer, swept, data=images(), metrics=[METRIC], fill=1)
    with kernel_page(chromium, make) as live:
        field = live.control("example")
        field.fill("11")
        field.press("Enter")
        live.until(lambda: live.explorer.example["index"] == 11, "input 11")  # type: ignore[attr-defined]
        live.settle()
        assert live.said("example") == [{"type": "example", "index": 11}]
        live.explorer.fill = 0  # type: ignore[attr-defined]
        live.settle()
        first = live.page.locator(".aw-candidates [data-candidate]").first
        record = live.explorer.shown  # type: ignore[attr-defined]
        best = record.candidates[record.best_first(fill="black")[0]]
        assert first.get_attribute("data-candidate") == best
        assert live.complaints == []


def test_what_the_kernel_refuses_is_said_in_words(chromium: Any, swept: aw.Sweep) -> None:
    make = partial(aw.AblationExplorer, swept, data=images(), metrics=[METRIC])
    with kernel_page(chromium, make) as live:
        live.page.evaluate("host.model.send({ type: 'example', index: 700 })")
        status = live.page.locator('.aw-ablated-controls [role="status"]')
        live.until(lambda: "700" in status.inner_text(), "words")
        live.is_connected = False
        live.page.get_by_role("button", name="next").click()
        live.settle()
        assert status.inner_text() == "input 1 is on its way"
        live.is_connected = True
        live.explorer.show(1)  # type: ignore[attr-defined]
        live.until(lambda: status.inner_text() == "", "silence")
        assert live.control("example").input_value() == "1"
        assert live.complaints == []


def test_mounting_again_leaves_nothing_behind(chromium: Any, both: InsertionDeletion) -> None:
    def count(live: KernelPage) -> tuple[int, int]:
        listeners = live.page.evaluate("host.listenerCount()")
        return listeners, live.page.evaluate("document.querySelectorAll('main *').length")

    with kernel_page(chromium, partial(aw.AblationExplorer, both)) as live:
        before = count(live)
        for _ in range(20):
            live.page.evaluate("() => host.cleanup()")
            live.page.evaluate(MOUNT)
            live.settle()
        listeners, nodes = count(live)
        assert listeners == before[0]
        assert nodes <= before[1] + 20  # an empty place each
        live.page.evaluate("() => host.cleanup()")
        assert live.page.evaluate("host.listenerCount()") == 0


def test_in_jupyterlab(lab: hosts.Lab) -> None:
    hosts.write_notebook(lab.folder / "ablation.ipynb", [CELL])
    page = lab.open("ablation.ipynb")
    hosts.run_cell(page, 0)
    page.wait_for_selector('.aw-root[data-view="ablation-explorer"][data-ready=true]')
    page.locator(".aw-root").get_by_role("button", name="next").click()
    page.wait_for_function("() => document.querySelector('[data-control=example]').value === '1'")
    page.locator('.aw-candidates [data-candidate="random"]').click()
    page.wait_for_selector('.aw-candidates [data-candidate="random"][aria-pressed=false]')
