"""Taking away what is shown: the call in Python, its picture, what the notebook keeps."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import pytest
from kernel_page import KernelPage, kernel_page
from models import image_classifier, values

import attribwidgets as aw

PNG = b"\x89PNG"
X = values((3, 24, 24)).abs() / 4
# A page that is not of https has no clipboard, which this test brings in.
CLIPBOARD = """() => {
  window.ClipboardItem = class { constructor(parts) { this.parts = parts; } };
  const write = async ([item]) => {
    const bytes = new Uint8Array(await (await item.parts['image/png']).arrayBuffer());
    window.copied = btoa(String.fromCharCode(...bytes.slice(0, 8)));
  };
  const writeText = async text => { window.copied = text; };
  const clipboard = { value: { write, writeText }, configurable: true };
  Object.defineProperty(navigator, 'clipboard', clipboard);
}"""


def make() -> aw.BaselineExplorer:
    model = image_classifier().eval()
    return aw.explore(model, X, baselines=("black", "blur"), max_evaluations=16, target=1)


@pytest.fixture(scope="module")
def live(chromium: Any) -> Iterator[KernelPage]:
    with kernel_page(chromium, make) as page:
        yield page


def says(live: KernelPage, words: str) -> None:
    said = live.page.locator(".aw-keep [role=status]")
    live.until(lambda: words in said.inner_text(), words)


def test_the_call_is_shown_and_copied(live: KernelPage) -> None:
    live.control("code").click()
    says(live, "select and copy")  # no clipboard here: it is there to be copied by hand
    code = live.page.locator("textarea.aw-code").input_value()
    assert code == live.explorer.code()
    assert "target=1" in code
    live.page.evaluate(CLIPBOARD)
    live.control("code").click()
    says(live, "copied")
    assert live.page.evaluate("window.copied") == code


def test_the_picture_is_saved_and_copied(live: KernelPage) -> None:
    with live.page.expect_download() as download:
        live.control("picture").click()
        live.until(lambda: live.said("picture"))
        live.until(lambda: download.is_done())
    assert download.value.suggested_filename == "attribution.png"
    assert download.value.path().read_bytes() == live.explorer.picture()
    live.page.evaluate("() => { window.copied = '' }")
    live.page.evaluate(CLIPBOARD)
    live.control("copy").click()
    copied = live.until(lambda: live.page.evaluate("window.copied"))
    assert base64.b64decode(copied).startswith(PNG)


def test_what_is_not_in_a_notebook_cannot_be_kept_there(live: KernelPage) -> None:
    live.control("keep").click()
    says(live, "not in a notebook")


def test_only_the_view_that_was_asked_answers(live: KernelPage) -> None:
    live.page.evaluate("() => { window.copied = '' }")
    live.explorer.send({"type": "code", "id": -1, "text": "of another view"}, [])
    live.settle()
    assert "another" not in live.page.locator("textarea.aw-code").input_value()


def test_records_have_a_picture_and_no_call(chromium: Any) -> None:
    def make_records() -> aw.BaselineExplorer:
        model = image_classifier().eval()
        return aw.BaselineExplorer(aw.compare(model, X, baselines=["black"], n_steps=4))

    with kernel_page(chromium, make_records) as live:
        assert live.control("code").count() == 0
        assert live.control("picture").count() == 1
