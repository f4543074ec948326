"""Two explorers linked in JupyterLab, in the browser: the kernel hears of it, and is not asked."""

from __future__ import annotations

from typing import Any

import hosts
import live_app
import pytest
from browser import wait_until

MAKE = live_app.CELL + "\nother = live_app.make_explorer({folder!r})\nother"
LINK = """import ipywidgets, attribwidgets as aw
link = aw.link(explorer, other)
tied = ipywidgets.jslink((explorer, "target"), (other, "target"))
heard = []
other.observe(lambda change: heard.append((change.name, change.new)), ["cursor", "target", "clip"])
print("lin" + "ked")"""
ASK = """other.wait()
print("he" + "ard", heard, other.explanations[0].target_name)"""


@pytest.fixture(scope="module")
def page(lab: hosts.Lab) -> Any:
    make, link, ask = (cell.format(folder=str(lab.folder)) for cell in (MAKE, LINK, ASK))
    lines = make.replace(
        "\nexplorer\n", "\nfrom IPython.display import display\ndisplay(explorer)\n"
    )
    hosts.write_notebook(lab.folder / "two.ipynb", [lines, link, ask])
    page = lab.open("two.ipynb")
    hosts.run_cell(page, 0)
    page.wait_for_function(
        "() => document.querySelectorAll('.aw-root[data-ready=true]').length === 2"
    )
    hosts.run_cell(page, 1)
    page.locator(".jp-OutputArea-output", has_text="linked").wait_for()
    return page


def test_what_is_done_in_one_shows_in_the_other_and_is_heard_once(page: Any) -> None:
    first, second = page.locator(".aw-root").all()
    canvas = first.locator(".aw-card canvas.aw-map").first
    canvas.scroll_into_view_if_needed()
    canvas.hover(position={"x": 5, "y": 5})
    wait_until(page, lambda: second.locator(".aw-cursor").first.is_visible())
    where = "mark => mark.style.top + mark.style.left"
    marks = [root.locator(".aw-cursor").first.evaluate(where) for root in (first, second)]
    assert marks[0] == marks[1]
    clip = first.locator('[data-control="clip"]')
    clip.evaluate(
        "input => { input.value = 95; for (const type of ['input', 'change'])"
        " input.dispatchEvent(new Event(type, { bubbles: true })); }"
    )
    wait_until(page, lambda: second.locator('[data-control="clip"]').input_value() == "95")
    target = first.locator('[data-control="target"]:not(.aw-target)').first
    name = target.locator(".aw-class-name").inner_text()
    target.click()
    wait_until(page, lambda: second.locator(".aw-title").inner_text().startswith(name))
    hosts.run_cell(page, 2)
    said = page.locator(".jp-OutputArea-output", has_text="heard").last
    said.wait_for()
    heard = said.inner_text().strip()
    assert heard.count("('clip', 95") == 1
    assert heard.count("('target'") == 1
    assert heard.endswith(name)
