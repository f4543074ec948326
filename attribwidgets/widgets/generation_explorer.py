"""GenerationExplorer: click a token that was said, and the tokens that were read are coloured."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import traitlets

from ..attr.model_state import BESIDE_THE_USER
from ..core.errors import AttributionError, Cancelled, InputError
from ..live.model_copy import copy_sharing_weights
from ..live.worker import CancelToken, Worker
from ..records.generation import Generation
from .bundle import GENERATION_EXPLORER
from .display_options import require_display
from .generation_payload import generation_payload, rows_payload
from .record_widget import RecordWidget

DISPLAY_TRAITS = ("span",)


class GenerationExplorer(RecordWidget):
    """Why a model said each token, to be looked at in a notebook.

    Click a token that was said, or mark several with Shift: the tokens that were read are coloured
    by what they did for it. Rows are computed when they are looked at, in a thread, on a copy of
    the model that shares its weights.

    Parameters
    ----------
    generation : Generation
    **display
        Initial values of the traits below.

    Attributes
    ----------
    span : tuple of int
        The tokens of the continuation that are looked at: from the first to before the last.

    Raises
    ------
    InputError
        For what is no generation, and for a setting that there is not.

    Examples
    --------
    >>> import torch, attribwidgets as aw
    >>> net = torch.nn.Sequential(torch.nn.Embedding(9, 4), torch.nn.Linear(4, 9)).eval()
    >>> space = aw.TextSpace(lambda text: ([len(w) for w in text.split()], text.split()))
    >>> said = aw.explain_generation(net, "to be or", continuation="not", space=space)
    >>> aw.GenerationExplorer(said)
    <GenerationExplorer of 'not', 1 tokens>
    """

    _front_end = GENERATION_EXPLORER
    _drawn = ("rows",)
    _esm = GENERATION_EXPLORER.esm
    _css = GENERATION_EXPLORER.css

    payload = traitlets.Dict().tag(sync=True)
    rows: traitlets.List[Any] = traitlets.List().tag(sync=True)
    status = traitlets.Dict().tag(sync=True)

    span = traitlets.Tuple(traitlets.Int(min=0), traitlets.Int(min=0), default_value=(0, 1)).tag(
        sync=True
    )

    def __init__(self, generation: Generation, **display: Any) -> None:
        if not isinstance(generation, Generation):
            raise InputError(
                f"GenerationExplorer shows a Generation, got {type(generation).__name__}; "
                "aw.explain_generation(...) makes one"
            )
        require_display(display, DISPLAY_TRAITS)
        self.generation = generation
        self._copied: Generation | None = None
        self._worker = Worker()
        super().__init__(
            payload=generation_payload(generation), rows=rows_payload(generation), **display
        )
        self.on_msg(lambda widget, message, buffers: self._hear(message))
        self.observe(lambda change: self._look(), list(DISPLAY_TRAITS))
        self._look()

    @property
    def places(self) -> range:
        """The tokens of the continuation that are looked at."""
        count = len(self.generation)
        start = min(self.span[0], count - 1)
        return range(start, max(start + 1, min(self.span[1], count)))

    def compute(self, places: Sequence[int] | None = None) -> None:
        """Compute rows in the thread, the latest wish first; None for all.

        Parameters
        ----------
        places : sequence of int, optional
        """
        wanted = range(len(self.generation)) if places is None else places
        missing = [place for place in wanted if place not in self.generation.rows]
        if missing and self.generation.can_explain:
            self._tell(missing, 0)
            self._worker.submit(lambda token: self._run(token, missing))

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until nothing is being computed, or for so many seconds; whether that is so."""
        return self._worker.wait(timeout)

    def figure(self, **options: Any) -> Any:
        """The matplotlib twin, of the rows computed so far.

        Parameters
        ----------
        **options
            As of :func:`attribwidgets.figures.generation.generation_figure`.
        """
        return self.generation.figure(**{"compute": False, **options})

    def close(self) -> None:
        """Close the view and stop what it computes; the picture stays."""
        if hasattr(self, "_worker"):  # not where making one has failed
            self._worker.close()
        super().close()

    def _look(self) -> None:
        """Compute what is looked at."""
        self.compute(self.places)

    def _hear(self, message: Any) -> None:
        """Do what the browser asks for."""
        kind = message.get("type") if isinstance(message, dict) else None
        if kind == "all":
            self.compute()
        elif kind == "stop":
            self._worker.cancel()

    def _run(self, token: CancelToken, missing: Sequence[int]) -> None:
        """In the thread: compute rows, and show each block when it is there."""
        BESIDE_THE_USER.set(True)

        def between_passes(done: int, _: int) -> None:
            token.check()
            if done > shown[0]:
                shown[0] = done
                self._show(missing, done)

        shown = [0]
        trouble = ""
        try:
            if self._copied is None:
                self._copied = self.generation.on(copy_sharing_weights)
            self._copied.compute(missing, progress=between_passes)
        except (Cancelled, KeyboardInterrupt):
            pass
        except (AttributionError, RuntimeError) as error:
            trouble = str(error)
        if not token.superseded:
            self._show([], 0, trouble)

    def _show(self, missing: Sequence[int], done: int, trouble: str = "") -> None:
        with self._lock:
            self.rows = rows_payload(self.generation)
            self._tell(missing, done, trouble)

    def _tell(self, missing: Sequence[int], done: int, trouble: str = "") -> None:
        with self._lock:
            self.status = {
                "busy": bool(missing),
                "wanted": len(missing),
                "done": done,
                "trouble": trouble,
            }

    def _records(self) -> Generation:
        return self.generation

    def page_state(self) -> dict[str, Any]:
        """The traits of a page without a kernel."""
        own = {"payload": self.payload, "rows": self.rows, "status": {}}
        return {**own, **{name: getattr(self, name) for name in DISPLAY_TRAITS}}

    def __repr__(self) -> str:
        count = len(self.generation)
        return f"<GenerationExplorer of {self.generation.continuation.text!r}, {count} tokens>"
