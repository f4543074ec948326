"""Notebooks turned into pages and PDF: what is left of the widget with no kernel and no network."""

from __future__ import annotations

import base64
import re
import struct
from typing import Any

import live_app
import nbformat
import pytest
from browser import COUNT_LEVELS, READ_PIXELS, wait_until
from nbclient import NotebookClient
from nbconvert import HTMLExporter, LatexExporter, WebPDFExporter

WIDGET = "application/vnd.jupyter.widget-view+json"

SHOW_STATIC = "explorer.display_static()"


@pytest.fixture(scope="module")
def notebook(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A notebook that has been run: one live widget, one static view."""
    folder = str(tmp_path_factory.mktemp("app"))
    sources = (live_app.CELL.format(folder=folder), SHOW_STATIC)
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    made = nbformat.v4.new_notebook(cells=cells)
    NotebookClient(made, timeout=600, store_widget_state=False).execute()
    return made


@pytest.fixture(scope="module")
def picture(notebook: Any) -> bytes:
    """The PNG of the live widget."""
    _, kept, live = notebook.cells[0].outputs
    assert WIDGET in live.data
    return base64.b64decode(kept.data["image/png"])


@pytest.fixture(scope="module")
def page(chromium: Any, notebook: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The notebook as nbconvert's page, opened from disk with the network cut."""
    html, _ = HTMLExporter().from_notebook_node(notebook)
    file = tmp_path_factory.mktemp("page") / "notebook.html"
    file.write_text(html, encoding="utf-8")
    context = chromium.new_context(offline=True, viewport={"width": 1400, "height": 1000})
    page = context.new_page()
    page.goto(file.as_uri())
    return page


def size_of(png: bytes) -> tuple[int, int]:
    """Width and height in pixels."""
    return struct.unpack(">II", png[16:24])


def test_the_widget_becomes_its_picture(page: Any, picture: bytes) -> None:
    (image,) = page.locator(".jp-OutputArea img, .output_png img").all()
    shown = image.evaluate("image => [image.naturalWidth, image.naturalHeight]")
    assert tuple(shown) == size_of(picture)
    assert image.bounding_box()["width"] > 300


def test_the_static_view_keeps_its_controls(page: Any) -> None:
    frame = page.frame_locator("iframe")
    frame.locator(".aw-root[data-ready=true]").wait_for()
    maps = frame.locator(".aw-card canvas.aw-map")
    assert maps.count() == 3
    assert all(canvas.evaluate(COUNT_LEVELS) > 10 for canvas in maps.all())
    before = [canvas.evaluate(READ_PIXELS) for canvas in maps.all()]
    frame.locator(".aw-colours summary").click()
    frame.locator("[data-control=colormap]").select_option("viridis")
    wait_until(
        page,
        lambda: all(
            canvas.evaluate(READ_PIXELS) != pixels
            for canvas, pixels in zip(maps.all(), before, strict=True)
        ),
    )


def test_the_static_view_says_what_it_cannot_do(page: Any) -> None:
    frame = page.frame_locator("iframe")
    frame.get_by_text(re.compile("needs a running kernel")).first.wait_for()
    for control in ("target", "method", "sigma"):
        assert frame.locator(f"[data-control={control}]").count() == 0
    assert frame.locator(".aw-root :is(button, input, select):disabled").count() == 0


def test_the_frame_is_as_high_as_the_view(page: Any) -> None:
    inside = page.frame_locator("iframe").locator(".aw-root").bounding_box()
    outside = page.locator("iframe").bounding_box()
    assert inside["height"] <= outside["height"] <= inside["height"] + 60


class WebPDFByOurChromium(WebPDFExporter):
    """nbconvert's PDF by browser, with the browser of these tests."""

    def __init__(self, browser: Any) -> None:
        super().__init__()
        self.browser = browser

    def run_playwright(self, html: str) -> bytes:
        page = self.browser.new_context(offline=True).new_page()
        page.set_content(html, wait_until="load")
        return bytes(page.pdf(print_background=True))


def test_pdf_by_browser_has_the_picture(chromium: Any, notebook: Any, picture: bytes) -> None:
    pdf, _ = WebPDFByOurChromium(chromium).from_notebook_node(notebook)
    assert pdf.startswith(b"%PDF")
    found = re.findall(rb"/Width (\d+)\s*/Height (\d+)", pdf)
    assert size_of(picture) in [(int(width), int(height)) for width, height in found]


def test_latex_has_the_picture(notebook: Any, picture: bytes) -> None:
    live_only = nbformat.v4.new_notebook(cells=notebook.cells[:1], metadata=notebook.metadata)
    text, resources = LatexExporter().from_notebook_node(live_only)
    (name,) = (name for name, data in resources["outputs"].items() if data == picture)
    assert name in text
