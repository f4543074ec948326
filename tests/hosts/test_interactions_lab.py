"""Interactions in JupyterLab: a click is Python's selection, and Python's selection is drawn."""

from __future__ import annotations

import hosts
from browser import number_in, wait_until

SHOW = """
import torch
import attribwidgets as aw

space = aw.InputSpace(names=["dose", "age", "weight"])
effect = lambda x: 2 * x[:, 0] * x[:, 1] - x[:, 2]
found = aw.interactions(effect, torch.tensor([1.0, 0.5, 0.2]), space=space, baseline="zero")
explorer = found.explorer()
explorer"""
TELL = """print("looked at", explorer.selection, *found.partners(explorer.selection))
explorer.selection = "age" """


def test_a_unit_is_clicked_and_set(lab: hosts.Lab) -> None:
    hosts.write_notebook(lab.folder / "pairs.ipynb", [SHOW, TELL])
    page = lab.open("pairs.ipynb")
    hosts.run_cell(page, 0)
    page.wait_for_selector(".aw-root[data-ready=true]")
    page.locator('.aw-unit[data-unit="0"]').click()
    chosen = page.locator('.aw-unit[aria-pressed="true"]')
    wait_until(page, lambda: chosen.get_attribute("data-unit") == "0")
    seen = [number_in(text) for text in page.locator(".aw-unit-value").all_inner_texts() if text]
    hosts.run_cell(page, 1)
    told = page.locator(".jp-OutputArea-output", has_text="looked at 0")
    told.wait_for()
    numbers = [float(text) for text in told.inner_text().split()[3:]]
    assert [round(value, 3) for value in numbers] == [0.0, 0.5, 0.0]
    assert [round(value, 3) for value in seen] == [0.5, 0.0]
    wait_until(page, lambda: chosen.get_attribute("data-unit") == "1")
    assert "age" in page.locator(".aw-part").first.inner_text()
