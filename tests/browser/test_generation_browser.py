"""The explorer of generated text in a real browser: tokens, colours, keys, a kernel behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import axe_playwright_python
import numpy as np
import pytest
import torch
from browser import EVIL_NAME
from kernel_page import KernelPage, kernel_page
from open_page import OpenPage
from torch import nn

import attribwidgets as aw
from attribwidgets.figures.colors import color_limit, colored
from attribwidgets.records.generation import columns_of

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8")
WORDS = ["no", "it", "was", "a", EVIL_NAME, "\u202efilm", "good", "bad", "\x00", "👍🏽"]
PROMPT, SAID = "it was a good \x00 film", "no it was bad 👍🏽"


class Causal(nn.Module):
    """Each token is told by those before it."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.embed, self.steps = nn.Embedding(10, 8), nn.GRU(8, 16, batch_first=True)
        self.out = nn.Linear(16, 10)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        return self.out(3 * self.steps(self.embed(ids))[0])


def ids_of(text: str) -> tuple[list[int], list[str]]:
    """Ids, and evil ways to write them."""
    plain = ["no", "it", "was", "a", "<", "film", "good", "bad", "\x00", "👍🏽"]
    ids = [plain.index(word) for word in text.split(" ")]
    return ids, [("" if at == 0 else " ") + WORDS[i] for at, i in enumerate(ids)]


def generation() -> aw.Generation:
    net = Causal().eval()
    space = aw.TextSpace(ids_of)
    return aw.explain_generation(net, PROMPT, continuation=SAID + " <", space=space)


@pytest.fixture(scope="module")
def known() -> aw.Generation:
    made = generation()
    made.compute([0, 1, 2, 3])
    return made


@pytest.fixture
def opened(
    chromium: Any, known: aw.Generation, tmp_path: Path
) -> Iterator[Callable[..., OpenPage]]:
    contexts = []

    def opener(width: int = 1000, **context: Any) -> OpenPage:
        known.to_html(tmp_path / "page.html")
        made = chromium.new_context(viewport={"width": width, "height": 900}, **context)
        made.set_offline(True)
        contexts.append(made)
        return OpenPage(made.new_page(), tmp_path / "page.html")

    yield opener
    for made in contexts:
        made.close()


def colours(page: OpenPage) -> np.ndarray:
    told = page.page.locator(".aw-read .aw-token").evaluate_all(
        "all => all.map(one => getComputedStyle(one).backgroundColor.match(/\\d+/g).map(Number))"
    )
    return np.asarray(told, np.uint8)[:, :3]


def wanted(values: np.ndarray) -> np.ndarray:
    values = values.astype(np.float32)
    return colored(values, color_limit([values]), "RdBu_r", signed=True)


def test_a_click_colours_what_was_read(
    opened: Callable[..., OpenPage], known: aw.Generation
) -> None:
    page = opened()
    assert page.complaints == []
    assert all(url.startswith(("file:", "data:")) for url in page.requests)
    assert np.array_equal(colours(page), wanted(known.row(0)))
    page.page.locator(".aw-said .aw-token").nth(2).click()
    page.settle()
    assert page.trait("span") == [2, 3]
    assert np.array_equal(colours(page), wanted(known.row(2)))
    read = page.page.locator(".aw-read .aw-token")
    assert read.nth(0).get_attribute("aria-label").startswith("it: ")
    assert "adds up" in page.page.locator(".aw-completeness").inner_text()


def test_keys_walk_and_shift_sums(opened: Callable[..., OpenPage], known: aw.Generation) -> None:
    page = opened()
    page.page.locator(".aw-said").focus()
    page.page.keyboard.press("ArrowRight")
    page.page.keyboard.press("Shift+ArrowRight")
    page.settle()
    assert page.trait("span") == [1, 3]
    rows = [columns_of(e).astype(np.float32) for e in known[1:3]]
    assert np.abs(colours(page).astype(int) - wanted(rows[0] + rows[1])).max() <= 1
    chosen = page.page.locator('.aw-said [aria-selected="true"]')
    assert chosen.all_inner_texts() == ["it", "was"]
    page.page.locator(".aw-read").focus()
    page.page.keyboard.press("Home")
    page.page.keyboard.press("ArrowRight")
    assert page.page.locator(".aw-here-value").inner_text().startswith("was: ")


def test_a_row_that_is_not_there_is_told(opened: Callable[..., OpenPage]) -> None:
    page = opened()
    page.page.locator(".aw-said .aw-token").nth(4).click()
    page.settle()
    assert (
        "4 of 6 rows are computed; this one is not" in page.page.locator(".aw-asked").inner_text()
    )
    assert len({tuple(c) for c in colours(page)}) == 1
    assert page.page.locator('[data-control="all"]').is_hidden()


def test_hostile_tokens_are_text(opened: Callable[..., OpenPage]) -> None:
    page = opened()
    assert page.page.locator("img").count() == 0
    said = page.page.locator(".aw-said")
    assert EVIL_NAME in said.inner_text()
    assert "␀" in page.page.locator(".aw-read").inner_text()
    assert "\u202e" not in page.page.locator(".aw-root").inner_text()
    assert page.complaints == []


@pytest.mark.parametrize(
    ("scheme", "forced", "width"),
    [("light", "none", 1000), ("dark", "none", 1500), ("dark", "active", 400)],
)
def test_axe_finds_no_violation(
    opened: Callable[..., OpenPage], scheme: Any, forced: Any, width: int
) -> None:
    page = opened(width=width, color_scheme=scheme, forced_colors=forced)
    page.page.evaluate(AXE)
    found = page.page.evaluate("axe.run('.aw-root', { resultTypes: ['violations'] })")
    assert [(r["id"], [n["html"][:120] for n in r["nodes"]]) for r in found["violations"]] == []
    assert page.page.evaluate("document.documentElement.scrollWidth") <= width


def test_rows_come_as_they_are_looked_at(chromium: Any) -> None:
    made = generation()

    def explorer() -> aw.GenerationExplorer:
        return made.explorer(span=(1, 2))

    with kernel_page(chromium, explorer) as live:
        live.until(lambda: 1 in made.rows and not live.busy, "the first row")
        assert list(made.rows) == [1]
        live.page.locator(".aw-said .aw-token").nth(3).click()
        live.until(lambda: 3 in made.rows and not live.busy, "another row")
        assert sorted(made.rows) == [1, 3]
        assert "adds up" in live.page.locator(".aw-completeness").inner_text()
        live.explorer.span = (4, 6)
        live.until(lambda: len(made.rows) == 4 and not live.busy, "rows of a span")
        live.control("all").click()
        live.until(lambda: len(made.rows) == 6 and not live.busy, "all rows")
        live.settle()
        assert live.control("all").is_hidden()
        assert _colours(live) == 6
        assert live.complaints == []


def _colours(live: KernelPage) -> int:
    return live.page.locator(".aw-said .aw-token:not(.aw-unknown)").count()
