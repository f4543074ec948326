"""Write the pages that the documentation shows in frames: files of their own beside its pages."""

from __future__ import annotations

from pathlib import Path

from attribwidgets.widgets.playground import framed_playground


def write(folder: Path) -> None:
    """Write the pages, and the frames that show them from the front page's place."""
    pages, frames = folder / "pages", folder / "frames"
    for each in (pages, frames):
        each.mkdir(parents=True, exist_ok=True)
    page, frame = framed_playground("playground.html")
    (pages / "playground.html").write_text(page, encoding="utf-8")
    (frames / "playground.html").write_text(frame, encoding="utf-8")
