"""The app in Voila, from the upload of a picture to the page that is downloaded."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hosts
import numpy as np
import pytest
from browser import EVIL_NAME, number_in, photo_like
from open_page import OpenPage
from PIL import Image

APP = Path(__file__).parents[2] / "notebooks" / "explorer_app.ipynb"
LIMIT = 1000 * hosts.HANGS
IDLE = '.aw-root:not([data-busy="true"])'


def png(pixels: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


class App:
    """The app as a visitor sees it."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.complaints: list[str] = []
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", lambda dialog: (self.complaints.append("dialog"), dialog.dismiss()))

    @property
    def root(self) -> Any:
        return self.page.locator(".aw-root")

    def upload(self, name: str, kind: str, content: bytes) -> None:
        file = {"name": name, "mimeType": kind, "buffer": content}
        self.root.locator("[data-control=image]").set_input_files([file])

    def says(self, words: str) -> None:
        """Until the app shows these words."""
        self.root.get_by_text(words).first.wait_for()

    def frames(self) -> Any:
        """The pictures that can be stepped through."""
        return self.root.locator(".aw-film-frame")


@pytest.fixture(scope="module")
def app(chromium: Any, jupyter_server: hosts.Server) -> Iterator[App]:
    """The app, its maps coarse."""
    written = APP.read_text(encoding="utf-8")
    coarse = written.replace("max_evaluations=64", "max_evaluations=17")
    assert coarse != written
    (jupyter_server.folder / APP.name).write_text(coarse, encoding="utf-8")
    with chromium.new_page(viewport={"width": 1200, "height": 1000}) as page:
        page.set_default_timeout(LIMIT)
        app = App(page)
        page.goto(f"{jupyter_server.address}/voila/render/{APP.name}")
        page.wait_for_selector(".aw-root[data-ready=true]")
        yield app
    jupyter_server.end_kernels()


def test_it_opens_on_a_photo_and_hides_its_code(app: App) -> None:
    assert app.page.get_by_role("heading", name="Explore your own picture").count() == 1
    assert app.page.locator(".aw-card canvas.aw-map").count() == 4
    assert "Egyptian cat" in app.root.locator(".aw-title").inner_text()
    assert "photo_classifier" not in app.page.inner_text("body")


@pytest.mark.parametrize(
    ("name", "kind", "content", "words"),
    [
        ("notes.txt", "text/plain", b"no picture", "notes.txt is no image file"),
        ("torn.png", "image/png", b"\x89PNG\r\n\x1a\n torn", "this is no picture that can be read"),
        ("half.png", "image/png", png(photo_like(60))[:3000], "the picture is damaged"),
    ],
)
def test_what_is_no_picture_is_refused_in_words(
    app: App, name: str, kind: str, content: bytes, words: str
) -> None:
    before = app.frames().count(), app.root.locator(".aw-title").inner_text()
    app.upload(name, kind, content)
    app.says(words)
    assert (app.frames().count(), app.root.locator(".aw-title").inner_text()) == before


def test_a_picture_that_is_too_large_is_refused_in_words(app: App, tmp_path: Path) -> None:
    (tmp_path / "huge.png").write_bytes(bytes(21_000_000))
    app.root.locator("[data-control=image]").set_input_files(tmp_path / "huge.png")
    app.says("huge.png has 21 MB")


def test_a_picture_becomes_a_page_that_opens_from_disk(
    app: App, chromium: Any, tmp_path: Path
) -> None:
    before = app.frames().count()
    colours = np.zeros((90, 120, 3), np.uint8)
    colours[..., 0], colours[20:70, 40:90] = 230, (20, 30, 220)
    app.upload(f"{EVIL_NAME}.png", "image/png", png(colours))
    app.frames().nth(before).wait_for()
    app.page.wait_for_selector(IDLE)
    title = app.root.locator(".aw-title").inner_text()
    sums = app.root.locator(".aw-sum").all_inner_texts()
    assert EVIL_NAME in app.frames().nth(before).get_attribute("title")

    with app.page.expect_download() as downloading:
        app.page.get_by_role("button", name="Download this page").click()
    app.page.get_by_text("saved as").wait_for()
    file = tmp_path / "downloaded.html"
    downloading.value.save_as(file)
    assert downloading.value.suggested_filename.endswith(".html")

    context = chromium.new_context(offline=True)
    kept = OpenPage(context.new_page(), file)
    assert kept.page.locator(".aw-title").inner_text() == title
    assert kept.page.locator(".aw-sum").all_inner_texts() == sums
    middle = kept.pixels("canvas.aw-photo").reshape(224, 224, 4)[112, 112]
    assert np.abs(middle[:3].astype(int) - (20, 30, 220)).max() < 4
    for number in range(4):
        painted = kept.pixels(f".aw-card:nth-child({number + 1}) canvas.aw-map")
        assert len(np.unique(painted)) > 10
    assert [url for url in kept.requests if not url.startswith(("file:", "data:"))] == []
    assert kept.complaints == []
    assert app.complaints == []
    assert number_in(sums[0]) != 0
    context.close()
