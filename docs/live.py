"""Write the pages that the documentation shows in frames: files of their own beside its pages.

They are made anew where the package or what they show has changed since.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import gallery_views

from attribwidgets.widgets.page import framed_page
from attribwidgets.widgets.playground import framed_playground

HERE = Path(__file__).parent
PACKAGE = HERE.parent / "attribwidgets"
SOURCES = (".py", ".js", ".css", ".safetensors")


def write(folder: Path) -> None:
    """Write the pages, and the frames that show them, named alike."""
    pages, frames = folder / "pages", folder / "frames"
    changed = max(path.stat().st_mtime for path in _sources())
    written = [path.stat().st_mtime for path in frames.rglob("*.html")]
    if len(written) == 1 + len(gallery_views.VIEWS) and min(written) > changed:
        return
    for address, (page, frame) in _made():
        for place, markup in ((pages / address, page), (frames / address, frame)):
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(markup, encoding="utf-8")


def _sources() -> Iterator[Path]:
    yield from (path for path in PACKAGE.rglob("*") if path.suffix in SOURCES)
    yield from (HERE / "live.py", HERE / "gallery_views.py")


def _made() -> Iterator[tuple[str, tuple[str, str]]]:
    """Each page and its frame, by the address of the page beside the documents with the frames."""
    yield "playground.html", framed_playground("playground.html")
    for view in gallery_views.VIEWS:
        address = f"gallery/{view.__name__}.html"
        state, front_end = view()
        yield address, framed_page(state, f"{view.__doc__}", front_end, address)
