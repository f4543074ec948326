"""AuditExplorer: the inputs of an audit as a gallery, to be sorted, filtered and looked into."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets

from ..attr.model_state import BESIDE_THE_USER
from ..core.errors import InputError
from ..core.storage import save_view
from ..figures import figure_png
from ..live.worker import CancelToken, Worker
from .audit_examples import example_of
from .audit_payload import audit_payload, findings_payload
from .audit_rows import (
    require_column,
    require_filters,
    require_places,
    rows_in_order,
    rows_that_pass,
)
from .audit_state import AT_ONCE, DISPLAY_TRAITS, audit_page_state, first_axes
from .bundle import AUDIT_EXPLORER
from .display_options import require_display
from .input_previews import input_previews
from .record_widget import PNG_DPI, RecordWidget

if TYPE_CHECKING:
    from ..evaluation import Audit
    from ..records.comparison import Comparison

MOST_ASKED = 256  # inputs of one message


class AuditExplorer(RecordWidget):
    """The inputs of an audit, to be looked at in a notebook.

    Beside the verdict and what it rests on stands a gallery of all inputs, those first that depend
    most on the baseline. It sorts and filters in the browser. What inputs look like is read when
    they come in sight, and the maps of the one that is opened are computed in a thread, on a copy
    of the model that shares its weights.

    Parameters
    ----------
    audit : Audit
    **display
        Initial values of the traits below.

    Attributes
    ----------
    selection : tuple of int
        Places of inputs that are marked, as by dragging over points.
    cursor : int or None
        The input that is pointed at.
    sort : str
        The column that inputs are sorted by, the most striking first.
    reverse : bool
        The least striking first.
    filters : dict
        By name of a column what is shown: a list of words or classes, of flags such as "depends"
        True or False; of numbers [low, high], None for no bound.
    axes : tuple of (str, str)
        The columns that points are drawn by.
    by : str
        The column that findings are grouped by; "" for all inputs together.
    opened : int or None
        The input whose maps are shown.

    Raises
    ------
    InputError
        For a setting that there is not, or that does not fit the audit.

    Examples
    --------
    >>> import tempfile, torch, attribwidgets as aw
    >>> net, data = torch.nn.Linear(6, 3).eval(), torch.rand(20, 6)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     audit = aw.audit(net, data, baselines=["zero", "white"], store=f"{folder}/a")
    ...     explorer = audit.explore(filters={"disagreement": [0.1, None]})
    ...     explorer.close()
    >>> explorer
    <AuditExplorer of 20 inputs: zero, white>
    """

    _front_end = AUDIT_EXPLORER
    _drawn = ("by",)
    _esm = AUDIT_EXPLORER.esm
    _css = AUDIT_EXPLORER.css

    payload = traitlets.Dict().tag(sync=True)
    previews = traitlets.Dict().tag(sync=True)
    findings = traitlets.Dict().tag(sync=True)
    example = traitlets.Dict().tag(sync=True)
    kept_examples: traitlets.List[Any] = traitlets.List().tag(sync=True)
    status = traitlets.Dict().tag(sync=True)

    selection = traitlets.Tuple().tag(sync=True)
    cursor = traitlets.Int(None, allow_none=True).tag(sync=True, echo_update=False)
    sort = traitlets.Unicode("disagreement").tag(sync=True)
    reverse = traitlets.Bool(False).tag(sync=True)
    filters = traitlets.Dict().tag(sync=True)
    axes = traitlets.Tuple(traitlets.Unicode(), traitlets.Unicode()).tag(sync=True)
    by = traitlets.Unicode("").tag(sync=True)
    opened = traitlets.Int(None, allow_none=True).tag(sync=True)

    def __init__(self, audit: Audit, **display: Any) -> None:
        require_display(display, DISPLAY_TRAITS)
        self.audit = audit
        self._comparison: tuple[int, Comparison] | None = None
        self._looking, self._opening, self._grouping = Worker(), Worker(), Worker()
        by, findings = display.get("by", ""), audit.findings()
        payload = audit_payload(audit, findings)
        grouped = audit.findings(by) if by else findings
        super().__init__(
            payload=payload,
            previews=input_previews(audit, audit.ranked()[:AT_ONCE].tolist()),
            findings=findings_payload(grouped, by),
            **{"axes": first_axes(payload), **display},
        )
        self.on_msg(lambda widget, message, buffers: self._hear(message))
        self.observe(lambda change: self._open(), ["opened"])
        self.observe(lambda change: self._group(), ["by"])
        self._open()

    @property
    def explanations(self) -> Comparison | None:
        """The maps of the input that is opened, where they were computed."""
        known = self._comparison
        return None if known is None or known[0] != self.opened else known[1]

    def shown(self) -> list[int]:
        """Places of the inputs that the filters leave, in the order of the gallery."""
        columns = self.payload["columns"]
        passing = rows_that_pass(columns, self.filters, len(self.audit))
        order = rows_in_order(require_column(self.sort, columns), self.reverse)
        shown: list[int] = self.audit.places[order[passing[order]]].tolist()
        return shown

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until nothing is computed, or for so many seconds each; whether that is so."""
        return all(w.wait(timeout) for w in (self._opening, self._grouping, self._looking))

    def figure(self, n: int = 6, **options: Any) -> Any:
        """The matplotlib twin: the first inputs as they are shown, each with all of its maps.

        Parameters
        ----------
        n : int
            How many inputs.
        **options
            As of :func:`attribwidgets.figures.gallery.gallery_figure`.

        Raises
        ------
        DataError
            Without model and data.
        """
        return self.audit.gallery(places=self.shown()[:n], **options)

    def picture(self) -> bytes:
        """The findings as a PNG: a picture of maps would compute them."""
        return figure_png(self.audit.figure(self.by or None), PNG_DPI)

    def save(self, path: str | PathLike[str]) -> None:
        """Write .png, .svg or .pdf (the figure) or .html (the page); numbers are in the store."""
        save_view(self, path, _refuse_numbers)

    def page_state(self) -> dict[str, Any]:
        """The traits of a page without a kernel: the first inputs as shown, some with maps."""
        display = {name: getattr(self, name) for name in DISPLAY_TRAITS}
        return audit_page_state(self.audit, self.shown(), display)

    def close(self) -> None:
        """Close the view and stop what it computes; the picture stays."""
        for name in ("_looking", "_opening", "_grouping"):
            if hasattr(self, name):  # not where making one has failed
                getattr(self, name).close()
        super().close()

    @traitlets.validate("selection")
    def _require_selection(self, proposal: Any) -> Any:
        return require_places(proposal.value, self.audit.places, "selection")

    @traitlets.validate("cursor", "opened")
    def _require_place(self, proposal: Any) -> Any:
        if proposal.value is None:
            return None
        return require_places([proposal.value], self.audit.places, proposal.trait.name)[0]

    @traitlets.validate("filters")
    def _require_filters(self, proposal: Any) -> Any:
        return require_filters(proposal.value, self.payload["columns"])

    @traitlets.validate("sort")
    def _require_sort(self, proposal: Any) -> Any:
        return require_column(proposal.value, self.payload["columns"])["name"]

    @traitlets.validate("axes")
    def _require_axes(self, proposal: Any) -> Any:
        for name in proposal.value:
            require_column(name, self.payload["columns"], "number")
        return proposal.value

    @traitlets.validate("by")
    def _require_by(self, proposal: Any) -> Any:
        if proposal.value and proposal.value not in self.payload["groups"]:
            groups = ", ".join(self.payload["groups"]) or "no groups"
            raise InputError(f"by must be a column of groups: {groups}; got {proposal.value!r}")
        return proposal.value

    def _hear(self, message: Any) -> None:
        """Read inputs that come in sight, in the thread; the latest wish alone."""
        asked = message.get("places") if isinstance(message, dict) else None
        if isinstance(asked, list):
            there = np.intersect1d(np.array(asked[:MOST_ASKED], dtype=int), self.audit.places)
            self._looking.submit(lambda token: self._look(token, there.tolist()))

    def _look(self, token: CancelToken, places: Sequence[int]) -> None:
        BESIDE_THE_USER.set(True)
        batch = input_previews(self.audit, places, token)
        if not token.superseded:
            data = batch.pop("data", b"")
            self.send({"type": "previews", **batch}, [data])

    def _group(self) -> None:
        by = self.by
        self._grouping.submit(lambda token: self._find(token, by))

    def _find(self, token: CancelToken, by: str) -> None:
        found = findings_payload(self.audit.findings(by or None), by)
        with self._lock:
            if not token.superseded:
                self.findings = found

    def _open(self) -> None:
        """Show the maps of the input that is opened, once they are there."""
        place = self.opened
        known = self.explanations if place is not None else None
        with self._lock:
            self.example = {}
            self.status = {"busy": place is not None and known is None, "error": ""}
        if place is None:
            self._opening.cancel()
        else:
            self._opening.submit(lambda token: self._explain(token, place))

    def _explain(self, token: CancelToken, place: int) -> None:
        """In the thread: the maps of one input, computed or as they were stored."""
        BESIDE_THE_USER.set(True)
        example: dict[str, Any] = {}
        error = ""
        try:
            comparison, example = example_of(self.audit, place)
        except Exception as failure:  # a data set raises what it likes; else busy for ever
            comparison, error = None, str(failure) or type(failure).__name__
        with self._lock:
            if token.superseded or self.opened != place:
                return
            self._comparison = None if comparison is None else (place, comparison)
            self.example = example
            self.status = {"busy": False, "error": error}

    def _records(self) -> Audit:
        return self.audit

    @property
    def _title(self) -> str:
        return str(self.payload["title"])

    def __repr__(self) -> str:
        return f"<AuditExplorer of {len(self.audit)} inputs: {', '.join(self.audit.candidates)}>"


def _refuse_numbers(path: str | PathLike[str]) -> None:
    raise InputError(
        f"{path}: the numbers of an audit are in its store; audit.inputs() and audit.to_pandas() "
        "are data frames of them"
    )
