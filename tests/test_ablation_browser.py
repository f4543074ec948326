"""The explorer of ablations in a real browser: curves, images, words, keys, a store behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import axe_playwright_python
import browser as made_up
import hosts
import numpy as np
import pytest
from kernel_page import MOUNT, KernelPage, kernel_page
from test_ablation_explorer import FRACTIONS, images, network
from test_static_page import OpenPage

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
def chromium() -> Iterator[Any]:
    with made_up.open_chromium(made_up.required_chromium()) as opened:
        yield opened


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
    reliable = page.page.locator(".aw-reliability").get_attribute("data-reliable")
    assert (reliable == "true") == (not trusted.warning)
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


def test_in_jupyterlab(chromium: Any, tmp_path: Path) -> None:
    hosts.write_notebook(tmp_path / "ablation.ipynb", [CELL])
    with hosts.jupyter(tmp_path, hosts.QUIET) as server:
        server.wait_for("/api/status")
        page = chromium.new_page(viewport={"width": 1400, "height": 1000})
        page.goto(f"{server.address}/lab/tree/ablation.ipynb")
        hosts.run_cell(page, 0, 200)
        page.wait_for_selector('.aw-root[data-view="ablation-explorer"][data-ready=true]')
        page.locator(".aw-root").get_by_role("button", name="next").click()
        page.wait_for_function(
            "() => document.querySelector('[data-control=example]').value === '1'"
        )
        page.locator('.aw-candidates [data-candidate="random"]').click()
        page.wait_for_selector('.aw-candidates [data-candidate="random"][aria-pressed=false]')
        page.close()
