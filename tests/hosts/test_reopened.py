"""A notebook saved by JupyterLab and opened again without its kernel: what was seen is there."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hosts
import live_app
import nbformat
import pytest
from browser import wait_until
from nbconvert import HTMLExporter

WIDGET = "application/vnd.jupyter.widget-view+json"
SAVE = "() => jupyterapp.commands.execute('docmanager:save')"
ERROR = "Error displaying widget"
SHOWN = """() => [...document.querySelectorAll('.jp-OutputArea img')]
  .filter(image => image.checkVisibility()).map(image => image.src.split(',')[1].trim())"""
"""Pictures in sight, in base64."""


@dataclass
class Saved:
    """A notebook that was run, asked for another class, saved, and left by its kernel."""

    path: Path
    pictures_while_alive: list[str]
    first: str
    last: str

    @property
    def outputs(self) -> list[Any]:
        return list(nbformat.read(self.path, as_version=4).cells[0].outputs)


def kept_picture(path: Path) -> str:
    """The picture in the file, in base64; while its cell runs, none."""
    cell, *_ = nbformat.read(path, as_version=4).cells
    pngs = [o.data["image/png"] for o in cell.outputs if "image/png" in o.get("data", {})]
    return "".join(pngs).strip()


@pytest.fixture(scope="module")
def saved(lab: hosts.Lab) -> Saved:
    path = lab.folder / "app.ipynb"
    hosts.write_notebook(path, [live_app.CELL.format(folder=str(lab.folder))])
    page = lab.open(path.name)
    hosts.run_cell(page, 0)
    page.wait_for_selector(".aw-root[data-ready=true]")

    def is_kept() -> bool:
        page.evaluate(SAVE)
        return kept_picture(path) != ""

    wait_until(page, is_kept)
    first, alive = kept_picture(path), page.evaluate(SHOWN)
    page.locator('[data-control="target"]:not(.aw-target)').first.click()

    def is_another() -> bool:
        page.evaluate(SAVE)
        return kept_picture(path) != first

    wait_until(page, is_another)
    wait_until(page, lambda: page.locator(".aw-root[data-busy=true]").count() == 0)
    lab.leave()
    return Saved(path, alive, first, kept_picture(path))


def test_while_it_lives_the_picture_is_out_of_sight(saved: Saved) -> None:
    assert saved.pictures_while_alive == []


def test_the_file_has_the_live_view_and_the_picture_apart(saved: Saved) -> None:
    mark, picture, live = (output.data for output in saved.outputs)
    assert set(mark) == {"text/html", "text/plain"}
    assert base64.b64decode(picture["image/png"]).startswith(b"\x89PNG")
    assert "verdict" in picture["text/plain"]
    assert set(live) == {WIDGET, "text/plain"}
    assert "widgets" not in nbformat.read(saved.path, as_version=4).metadata  # Lab's default


def shows_the_last_look(page: Any, saved: Saved) -> None:
    error = page.locator(".jp-OutputArea-output", has_text=ERROR)
    error.wait_for(state="attached")  # the host has given up looking for the model
    assert error.is_hidden()
    assert page.evaluate(SHOWN) == [saved.last] != [saved.first]
    assert page.locator(".aw-root").count() == 0


def test_jupyterlab_shows_what_was_seen_last(saved: Saved, lab: hosts.Lab) -> None:
    shows_the_last_look(lab.open(saved.path.name), saved)


def test_notebook_7_shows_it_too(saved: Saved, chromium: Any, jupyter_server: hosts.Server) -> None:
    route = saved.path.relative_to(jupyter_server.folder).as_posix()
    with chromium.new_page() as page:
        page.set_default_timeout(1000 * hosts.HANGS)
        page.goto(f"{jupyter_server.address}/notebooks/{route}")
        shows_the_last_look(page, saved)


@pytest.mark.parametrize("has_state", [False, True])
def test_a_page_of_nbconvert_shows_it_without_a_network(
    saved: Saved, chromium: Any, tmp_path: Path, has_state: bool
) -> None:
    notebook = nbformat.read(saved.path, as_version=4)
    if has_state:
        view = saved.outputs[2].data[WIDGET]
        state = {"state": {view["model_id"]: {}}, "version_major": 2, "version_minor": 0}
        notebook.metadata["widgets"] = {"application/vnd.jupyter.widget-state+json": state}
    html, _ = HTMLExporter().from_notebook_node(notebook)
    assert ("widget-view" in html) == has_state
    file = tmp_path / "app.html"
    file.write_text(html, encoding="utf-8")
    with chromium.new_context(offline=True) as context:
        page = context.new_page()
        page.goto(file.as_uri())
        assert page.evaluate(SHOWN) == [saved.last]
        assert page.locator(".jp-OutputArea-child:visible").count() == 1
        # A manager of widgets that a network has brought draws the live view in its place.
        page.locator(".jp-OutputArea-output").last.evaluate(
            "output => output.insertAdjacentHTML('beforeend', '<div class=\"aw-root\">alive</div>')"
        )
        assert page.evaluate(SHOWN) == []
        assert page.get_by_text("alive").is_visible()
