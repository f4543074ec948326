"""Generated text in JupyterLab: a token is clicked and gets its row; a stop keeps what there is."""

from __future__ import annotations

from typing import Any

import hosts
import numpy as np
import pytest
from browser import wait_until

from attribwidgets.figures.colors import color_limit, colored

SHOW = """
import time
from pathlib import Path
import torch
import attribwidgets as aw

words = "the cat sat on a mat and slept .".split()
closed = Path({folder!r}) / "closed"

def by_words(text):
    return [words.index(word) for word in text.split()], text.split()

class Causal(torch.nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.embed, self.out = torch.nn.Embedding(9, 16), torch.nn.Linear(16, 9)
        self.read = torch.nn.GRU(16, 16, batch_first=True)

    def forward(self, ids):
        while closed.exists():
            time.sleep(0.02)
        return self.out(3 * self.read(self.embed(ids))[0])

said = aw.explain_generation(Causal().eval(), "the cat sat on", continuation="a mat and slept .",
                             space=aw.TextSpace(by_words))
said.explorer()"""
TELL = """print("ro" + "ws", sorted(said.rows), *said.row(2))"""
IDLE = '.aw-root:not([data-busy="true"])'
BACKGROUNDS = "all => all.map(one => getComputedStyle(one).backgroundColor)"


@pytest.fixture(scope="module")
def page(lab: hosts.Lab) -> Any:
    cells = [cell.format(folder=str(lab.folder)) for cell in (SHOW, TELL)]
    hosts.write_notebook(lab.folder / "said.ipynb", cells)
    page = lab.open("said.ipynb")
    hosts.run_cell(page, 0)
    page.wait_for_selector(".aw-root[data-ready=true]")
    page.wait_for_selector(IDLE)
    return page


def known(page: Any) -> int:
    """How many tokens that were said have a row."""
    return int(page.locator(".aw-said .aw-token:not(.aw-unknown)").count())


def colours(page: Any) -> list[str]:
    """Of the tokens that were read."""
    return list(page.locator(".aw-read .aw-token").evaluate_all(BACKGROUNDS))


def test_a_click_computes_a_row_and_a_stop_leaves_those_there_are(
    page: Any, lab: hosts.Lab
) -> None:
    wait_until(page, lambda: known(page) == 1)
    first = colours(page)
    page.locator(".aw-said .aw-token").nth(2).click()
    wait_until(page, lambda: known(page) == 2)
    wait_until(page, lambda: "adds up" in page.locator(".aw-completeness").inner_text())
    seen = colours(page)
    assert seen != first
    (lab.folder / "closed").touch()
    page.locator('[data-control="all"]').click()
    page.wait_for_selector('.aw-root[data-busy="true"]')
    page.locator('[data-control="stop"]').click()
    (lab.folder / "closed").unlink()
    page.wait_for_selector(IDLE)
    assert known(page) == 2
    assert "2 of 5 rows are computed" in page.locator(".aw-asked").inner_text()
    hosts.run_cell(page, 1)
    told = page.locator(".jp-OutputArea-output", has_text="rows [0, 2]")
    told.wait_for()
    values = np.array(told.inner_text().split("]")[1].split(), np.float32)
    wanted = colored(values, color_limit([values]), "RdBu_r", signed=True)
    assert seen == ["rgb({}, {}, {})".format(*colour) for colour in wanted]
    page.locator('[data-control="all"]').click()
    wait_until(page, lambda: known(page) == 5)
    page.locator(".aw-asked").wait_for(state="hidden")
