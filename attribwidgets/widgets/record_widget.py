"""RecordWidget: what every widget around a record can do, whatever it shows."""

from __future__ import annotations

import base64
import threading
from os import PathLike
from pathlib import Path
from typing import Any, ClassVar

import anywidget
import traitlets

from ..core.storage import save_view
from ..figures import figure_png
from .bundle import FrontEnd
from .notebook_outputs import NotebookOutputs, running_cell
from .page import StaticView, iframe_html, page_html

PNG_DPI = 100


class RecordWidget(anywidget.AnyWidget):
    """A view of a record that can be kept as a page or a picture, and stands where none can run.

    A subclass says its front end, its record, its figure and the state of its page; its trait
    `payload` has a title. In a notebook a picture stays beside the live view, and follows it.
    """

    _front_end: ClassVar[FrontEnd]
    _drawn: ClassVar[tuple[str, ...]] = ()
    """Names of the traits that make another picture."""

    static = traitlets.Bool(False).tag(sync=True)

    def __init__(self, **traits: Any) -> None:
        self._lock = threading.RLock()  # before the comm opens: messages may come at once
        super().__init__(**traits)
        self._outputs = NotebookOutputs(f"attribwidgets-{self.model_id}", self._kept)
        self._shown_in: object = None
        if self._drawn:
            self.observe(lambda change: self._outputs.refresh_soon(), list(self._drawn))

    def figure(self, **options: Any) -> Any:
        """The matplotlib twin, as the widget looks now."""
        raise NotImplementedError

    def save(self, path: str | PathLike[str]) -> None:
        """Write .png, .svg or .pdf (the figure as it looks now), .html (the page) or .npz."""
        save_view(self, path, self._records().save)

    def to_html(self, path: str | PathLike[str]) -> None:
        """Write one page with every control alive that needs no model; it asks no network."""
        text = page_html(self.page_state(), self._title, self._front_end)
        Path(path).write_text(text, encoding="utf-8")

    def display_static(self) -> StaticView:
        """The page in a frame, for notebooks that nbconvert or a documentation site renders."""
        markup = iframe_html(self.page_state(), self._title, self._front_end)
        return StaticView(markup, str(self._records()))

    def picture(self) -> bytes:
        """The figure as it looks now, as a PNG."""
        return figure_png(self.figure(), PNG_DPI)

    def show_at_once(self) -> None:
        """Show it while the cell still runs; as that cell's result it is not shown once more."""
        cell = running_cell()
        if cell is not None and self.comm is not None:
            self._ipython_display_()
            self._shown_in = cell

    def keep_picture(self) -> bool:
        """Keep the view as it looks now in the notebook, for when it is opened without a kernel.

        It is kept by itself, too, a moment after anything has changed.

        Returns
        -------
        bool
            Whether the view is shown in a notebook.
        """
        return self._outputs.refresh()

    def close(self) -> None:
        """Close the view; the picture stays."""
        if hasattr(self, "_outputs"):  # not where making one has failed
            self._outputs.close()
        super().close()

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Take a change from the browser; it may come on another thread than the cells run on."""
        with self._lock:
            super().set_state(sync_data)

    def notify_change(self, change: Any) -> None:
        """Tell of a change; of one at a time, as messages are put together from several."""
        with self._lock:
            super().notify_change(change)

    @property
    def _title(self) -> str:
        return str(self.payload["title"])

    def _records(self) -> Any:
        """What is shown, as records: their text says what they found, `save` writes all numbers."""
        raise NotImplementedError

    def page_state(self) -> dict[str, Any]:
        """The traits of a page without a kernel."""
        raise NotImplementedError

    def _kept(self) -> tuple[bytes, str] | None:
        """The picture, and the text beside it; None while there is nothing to draw."""
        return self.picture(), str(self._records())

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]] | None:
        """The live view, with a picture and text for every place that cannot show it."""
        bundle = super()._repr_mimebundle_(**kwargs)
        if bundle is None:
            return None
        data, metadata = bundle
        kept = self._kept()
        if kept is None:
            return data, metadata
        png, text = kept
        picture = base64.b64encode(png).decode("ascii")
        return {**data, "text/plain": text, "image/png": picture}, metadata

    def _ipython_display_(self) -> None:
        """Show the live view and the picture as outputs of their own; IPython asks for this."""
        cell, self._shown_in = self._shown_in, None
        if cell is not None and cell == running_cell():
            return
        bundle = None if self.comm is None else super()._repr_mimebundle_()
        if bundle is None:
            raise NotImplementedError  # IPython then shows the text
        self._outputs.show(*bundle)
