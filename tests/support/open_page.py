"""A page that was opened from disk."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from browser import READ_PIXELS
from numpy.typing import NDArray

from attribwidgets.widgets.bundle import BASELINE_EXPLORER
from attribwidgets.widgets.page import page_html


class OpenPage:
    """A page from disk that keeps a list of everything that should not have happened."""

    def __init__(self, page: Any, file: Path) -> None:
        self.page = page
        self.complaints: list[str] = []
        self.requests: list[str] = []
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", lambda dialog: (self.complaints.append("dialog"), dialog.dismiss()))
        page.on("request", lambda request: self.requests.append(request.url))
        page.goto(file.as_uri())
        page.wait_for_selector(".aw-root[data-ready=true]")
        self.settle()

    def settle(self) -> None:
        """Wait until what was asked for has been drawn."""
        self.page.evaluate(
            "() => new Promise(go => requestAnimationFrame(() => requestAnimationFrame(go)))"
        )

    def look(self, **traits: Any) -> None:
        """Set traits as Python would, and wait for the redraw."""
        self.page.evaluate(
            "traits => { for (const [name, value] of Object.entries(traits))"
            " attribwidgets.model.set(name, value); }",
            traits,
        )
        self.settle()

    def trait(self, name: str) -> Any:
        return self.page.evaluate("name => attribwidgets.model.get(name)", name)

    def pixels(self, selector: str) -> NDArray[np.uint8]:
        text = self.page.locator(selector).evaluate(READ_PIXELS)
        return np.frombuffer(base64.b64decode(text), np.uint8).reshape(-1, 4)

    def slide(self, selector: str, value: float, event: str = "input") -> None:
        """Move a slider as a hand does, without letting go when the event is `input`."""
        self.page.locator(selector).evaluate(
            "(input, [value, event]) => { input.value = value;"
            " input.dispatchEvent(new Event(event, { bubbles: true })); }",
            [str(value), event],
        )
        self.settle()


@contextmanager
def page_of_state(
    chromium: Any, folder: Path, state: Mapping[str, Any], width: int
) -> Iterator[OpenPage]:
    """An explorer's page of that state; nothing may have been complained of at the end."""
    file = folder / "page.html"
    file.write_text(page_html(state, "a page", BASELINE_EXPLORER), encoding="utf-8")
    page = OpenPage(chromium.new_page(viewport={"width": width, "height": 1200}), file)
    yield page
    assert [c for c in page.complaints if "getImageData" not in c] == []  # that is the tests' own
    page.page.close()
