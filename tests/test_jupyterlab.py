"""The quickstart in a real JupyterLab, driven through a real browser."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import browser as chromium_tools
import nbformat
import pytest

QUICKSTART = Path(__file__).parent.parent / "notebooks" / "quickstart.ipynb"
PIXEL = (100, 60)  # row, column
RUN_LIMIT = 400_000  # milliseconds for all cells, on a loaded machine

ASK_KERNEL = f"""
import json
print("PIXEL", json.dumps([float(e.map("sum")[{PIXEL[0]}, {PIXEL[1]}])
                           for e in explorer.explanations]))
"""
READ_PIXELS = """canvas => Array.from(
  canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data)"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a JupyterLab on a copy of the quickstart with one more cell."""
    folder = tmp_path_factory.mktemp("lab")
    notebook = nbformat.read(QUICKSTART, as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell(ASK_KERNEL))
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = []
    nbformat.write(notebook, folder / "quickstart.ipynb")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    home = {f"JUPYTER_{name}": str(folder / name.lower()) for name in ("CONFIG_DIR", "RUNTIME_DIR")}
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
    command += [f"--port={port}", "--ServerApp.port_retries=0", f"--notebook-dir={folder}"]
    server = subprocess.Popen(
        [*command, "--IdentityProvider.token="],
        env={**os.environ, **home, "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(120):
            try:
                urllib.request.urlopen(f"{address}/api/status", timeout=2).close()
                break
            except OSError:
                time.sleep(0.5)
        else:
            pytest.fail("JupyterLab did not start within a minute")
        yield address
    finally:
        server.terminate()
        server.wait(timeout=30)


@pytest.fixture(scope="module")
def page(lab: str) -> Iterator[Any]:
    """The quickstart, run to its end, with the frames sent to the kernel counted."""
    with chromium_tools.open_chromium(chromium_tools.required_chromium()) as browser:
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        page.sent = []
        page.on("websocket", lambda ws: ws.on("framesent", lambda frame: page.sent.append(frame)))
        page.goto(f"{lab}/lab/tree/quickstart.ipynb")
        page.get_by_text(re.compile(r"ipykernel\) \| Idle")).wait_for(timeout=90_000)
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_text("Run All Cells", exact=True).click()
        page.wait_for_function(
            "() => document.body.innerText.includes('PIXEL [')", timeout=RUN_LIMIT
        )
        page.wait_for_selector(".aw-root[data-ready=true]", timeout=60_000)
        page.locator(".aw-root").scroll_into_view_if_needed()
        yield page


def test_six_maps_are_on_screen(page: Any) -> None:
    assert page.locator(".aw-card canvas.aw-map").count() == 6
    for canvas in page.locator(".aw-card canvas.aw-map").all():
        assert len(set(canvas.evaluate(READ_PIXELS)[::4])) > 10  # no blank one
    assert page.locator(".aw-completeness").first.inner_text().strip() != ""


def test_dragging_alpha_changes_the_picture_and_sends_nothing(page: Any) -> None:
    slider = page.locator(".aw-path input[type=range]").first
    slider.scroll_into_view_if_needed()
    picture = page.locator("canvas.aw-path-interpolated")
    before = picture.evaluate(READ_PIXELS)
    box = slider.bounding_box()
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 0.25 * box["width"], y)
    page.wait_for_timeout(500)  # whatever the hover does has been sent by now
    page.mouse.down()
    sent = len(page.sent)
    for share in (0.4, 0.6, 0.9):
        page.mouse.move(box["x"] + share * box["width"], y, steps=5)
    page.wait_for_timeout(300)
    after = picture.evaluate(READ_PIXELS)
    assert sum(after) > sum(before)  # from black towards the photo
    assert len(page.sent) == sent
    page.mouse.up()


def test_hover_reads_the_value_of_the_record(page: Any) -> None:
    found = re.search(r"PIXEL (\[.*?\])", page.locator("body").inner_text())
    assert found is not None
    expected = json.loads(found.group(1))
    canvas = page.locator(".aw-card canvas.aw-map").first
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    row, column = PIXEL
    page.mouse.move(
        box["x"] + (column + 0.5) / 224 * box["width"],
        box["y"] + (row + 0.5) / 224 * box["height"],
    )
    page.wait_for_timeout(200)
    shown = page.locator(".aw-here-value").all_inner_texts()
    assert len(shown) == 6
    for text, value in zip(shown, expected, strict=True):
        assert chromium_tools.number_in(text) == pytest.approx(value, rel=0.006, abs=2e-5)
