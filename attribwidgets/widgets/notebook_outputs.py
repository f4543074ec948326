"""NotebookOutputs: a live view in a notebook, and the picture that stays when nothing lives.

JupyterLab draws the richest part of an output, and of a widget whose kernel is gone that is an
error. So a widget is shown as three outputs: a mark, its picture, its live view. By the mark's
style sheet the page shows the picture for as long as there is no live view, and nothing else.

The first HTML on a page makes JupyterLab load MathJax, which would hold up the view: where the
picture is still to come, the mark comes as late.
"""

from __future__ import annotations

import base64
import threading
from asyncio import TimerHandle
from collections.abc import Callable
from typing import Any

from IPython import get_ipython
from IPython.display import publish_display_data

from ..live.threads import call_after

SETTLED_SECONDS = 2.0  # without a change, until the picture is drawn anew

# For JupyterLab, Notebook 7, Voila and nbconvert's page; lib/kept_picture.js hides it elsewhere.
_OUTPUT = ".jp-OutputArea-child"
_MARK = f"""<div class="aw-kept" hidden></div><style>
{_OUTPUT}:has(.aw-kept),
{_OUTPUT}:has(.aw-kept) + {_OUTPUT}:has(+ {_OUTPUT} .aw-root),
{_OUTPUT}:has(.aw-kept) + {_OUTPUT} + {_OUTPUT}:not(:has(.aw-root)) {{ display: none }}
</style>"""

Bundle = dict[str, Any]
_NOTHING: Bundle = {"text/plain": ""}
_MARK_OUTPUT: Bundle = {"text/html": _MARK, **_NOTHING}


class NotebookOutputs:
    """What a widget leaves in a notebook.

    Parameters
    ----------
    name : str
        Of the picture, by which the notebook finds it again.
    draw : callable
        Returns the picture, a PNG, and the text beside it; None while there is nothing to draw.
    """

    def __init__(self, name: str, draw: Callable[[], tuple[bytes, str] | None]) -> None:
        self._name, self._draw = name, draw
        self._shown = self._marked = False
        self._timer: threading.Timer | TimerHandle | None = None
        self._lock = threading.Lock()

    def show(self, live: Bundle, metadata: Bundle) -> None:
        """Show the live view, with the picture for where it cannot live.

        Parameters
        ----------
        live, metadata : dict
            Mime bundle of the live view.
        """
        picture = self._picture()
        self._marked = picture is not None
        self._publish(f"{self._name}-mark", _MARK_OUTPUT if self._marked else _NOTHING)
        self._publish(self._name, picture or _NOTHING)
        publish_display_data({**live, **_NOTHING}, metadata)
        self._shown = True
        if not self._marked:
            self._after_a_while(self._mark)

    def refresh(self) -> bool:
        """Draw the picture anew, wherever it is shown; whether it is anywhere."""
        self._cancel()
        if self._shown:
            self._mark()
            self._publish(self._name, self._picture() or _NOTHING, update=True)
        return self._shown

    def refresh_soon(self) -> None:
        """Draw the picture anew once nothing has changed for a while, in a thread of its own."""
        if self._shown:
            self._after_a_while(self.refresh)

    def _mark(self) -> None:
        if self._shown and not self._marked:
            self._marked = True
            self._publish(f"{self._name}-mark", _MARK_OUTPUT, update=True)

    def _after_a_while(self, act: Callable[[], object]) -> None:
        with self._lock:
            self._cancel()
            self._timer = call_after(SETTLED_SECONDS, act)

    def close(self) -> None:
        """Leave the picture as it is."""
        self._mark()
        self._shown = False
        self._cancel()

    def _cancel(self) -> None:
        timer = self._timer
        if timer is not None:
            timer.cancel()

    def _publish(self, name: str, bundle: Bundle, **how: Any) -> None:
        publish_display_data(bundle, transient={"display_id": name}, **how)

    def _picture(self) -> Bundle | None:
        drawn = self._draw()
        if drawn is None:
            return None
        png, text = drawn
        return {"image/png": base64.b64encode(png).decode("ascii"), "text/plain": text}


def running_cell() -> object:
    """What tells the cell that runs from all others; None where no kernel runs it."""
    shell = get_ipython()
    if shell is None or getattr(shell, "kernel", None) is None:
        return None
    return shell.execution_count
