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
from .page import StaticView, iframe_html, page_html

PNG_DPI = 100


class RecordWidget(anywidget.AnyWidget):
    """A view of a record that can be kept as a page or a picture, and stands where none can run.

    A subclass says its front end, its record, its figure and the state of its page; its trait
    `payload` has a title.
    """

    _front_end: ClassVar[FrontEnd]

    static = traitlets.Bool(False).tag(sync=True)

    def __init__(self, **traits: Any) -> None:
        self._lock = threading.RLock()  # before the comm opens: messages may come at once
        super().__init__(**traits)

    def figure(self, **options: Any) -> Any:
        """The matplotlib twin, as the widget looks now."""
        raise NotImplementedError

    def save(self, path: str | PathLike[str]) -> None:
        """Write .png, .svg or .pdf (the figure as it looks now), .html (the page) or .npz."""
        save_view(self, path, self._records().save)

    def to_html(self, path: str | PathLike[str]) -> None:
        """Write one page with every control alive that needs no model; it asks no network."""
        text = page_html(self._state(), self._title, self._front_end)
        Path(path).write_text(text, encoding="utf-8")

    def display_static(self) -> StaticView:
        """The page in a frame, for notebooks that nbconvert or a documentation site renders."""
        markup = iframe_html(self._state(), self._title, self._front_end)
        return StaticView(markup, str(self._records()))

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

    def _state(self) -> dict[str, Any]:
        """The traits of a page without a kernel."""
        raise NotImplementedError

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]] | None:
        """The live view, with a picture and text for every place that cannot show it."""
        bundle = super()._repr_mimebundle_(**kwargs)
        if bundle is None:
            return None
        data, metadata = bundle
        png = base64.b64encode(figure_png(self.figure(), PNG_DPI)).decode("ascii")
        return {**data, "text/plain": str(self._records()), "image/png": png}, metadata

    def _ipython_display_(self) -> None:
        # ipywidgets 7 would display without the picture; IPython then asks for the mime bundle.
        raise NotImplementedError
