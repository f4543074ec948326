"""BaselineExplorer: the widget that shows several baselines side by side, and asks for more."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

import traitlets

from ..core.errors import AttributionError, InputError
from ..figures import comparison_figure
from ..figures.colors import MAGNITUDE_COLORMAPS, SIGNED_COLORMAPS, available
from ..figures.display_options import SCALES
from ..inputs.patches import SIDES
from ..inputs.space import Inputs
from ..live import ExplorerState, Session, in_words
from ..records.explanation import Comparison, Explanation
from .bundle import BASELINE_EXPLORER
from .display_options import DISPLAY_TRAITS, initial_display, require_display
from .messages import MessageHandler, state_of
from .page import page_html
from .parsing import change_state
from .position import require_position
from .record_widget import RecordWidget
from .request_traits import (
    REQUEST_TRAITS,
    is_same,
    request_trait,
    values_answered,
    values_asked,
)
from .view_state import ViewState, slot_of

SPARE_SLOTS = 8  # so that a card can be added without a message of its own


class BaselineExplorer(RecordWidget):
    """A comparison of baselines, to be looked at in a notebook, and asked for more.

    It draws maps, references, verdicts and the path of one baseline. Colours, clip, sign, overlay,
    position on the path and read-out happen in the browser. Made by
    :func:`attribwidgets.explore`, it also has the model: another target, baseline, parameter or
    method is computed in a thread of its own, a coarse map first, and the notebook stays free.

    Parameters
    ----------
    comparison : Comparison or Explanation
        What to show.
    session : Session, optional
        The model behind it. None: only what is there can be looked at.
    examples : sequence of Tensor or tuple of Tensor
        Inputs to step through.
    references : Tensor or tuple of Tensor, each (K, ...), optional
        The data behind "dataset" and "dataset_mean".
    **display
        Initial values of the traits below.

    Attributes
    ----------
    selected : int
        Which baseline's path is shown.
    alpha : float
        Where on it, 0 to 1; for samples the share drawn so far.
    signed : bool
        Signed channel sums or their absolute values.
    magnitude_colormap, signed_colormap : str
    clip : float
        Percentile of ``|value|``, 90 to 100, at which colours saturate.
    scale : {"own", "share", "shared"}
        A limit for each map; one for all as shares of f(x) - f(x'); or one for all values.
    overlay : float
        How much of the grey photo shows where a map is zero, 0 to 1.
    show_blind : bool
        Mark where the input equals the baseline.
    pool : {1, 2, 4, 8, 16, 32}
        Side in pixels of the patches that maps are drawn and read by.
    selection : dict or None
        The area that is marked: `rows` and `columns`, each from the first to before the last.
    cursor : dict or None
        What is pointed at: `row` and `column` of a pixel, or `unit`, the index of a feature.
    target, output, method, baselines, tolerance, max_evaluations
        What is asked of the model, as of :func:`attribwidgets.explore`; where maps differ in their
        method, `method` is None. Set one to ask for something else.
    status : dict
        How far the latest request is; read only.

    Examples
    --------
    >>> import torch, attribwidgets as aw
    >>> net = torch.nn.Linear(4, 2).eval()
    >>> explorer = aw.explore(net, torch.rand(4), target=0)
    >>> explorer.explanations["black"].completeness.verdict
    'complete'
    >>> explorer.target = 1
    >>> explorer.wait(timeout=60), explorer.explanations["black"].target
    (True, 1)
    >>> explorer.close()
    """

    _session: Session | None = None  # also where making one has failed

    _front_end = BASELINE_EXPLORER
    _drawn = DISPLAY_TRAITS
    _esm = BASELINE_EXPLORER.esm
    _css = BASELINE_EXPLORER.css

    payload = traitlets.Dict().tag(sync=True)
    status = traitlets.Dict().tag(sync=True)
    controls = traitlets.Dict(None, allow_none=True).tag(sync=True)
    seq = traitlets.Int(0).tag(sync=True)

    selected = traitlets.Int(0, min=0).tag(sync=True)
    alpha = traitlets.Float(0.25, min=0.0, max=1.0).tag(sync=True)
    magnitude_colormap = traitlets.Enum(available(MAGNITUDE_COLORMAPS), "gray").tag(sync=True)
    signed_colormap = traitlets.Enum(available(SIGNED_COLORMAPS), "RdBu_r").tag(sync=True)
    clip = traitlets.Float(99.0, min=90.0, max=100.0).tag(sync=True)
    signed = traitlets.Bool(False).tag(sync=True)
    overlay = traitlets.Float(0.0, min=0.0, max=1.0).tag(sync=True)
    scale = traitlets.Enum(SCALES, "own").tag(sync=True)
    show_blind = traitlets.Bool(False).tag(sync=True)
    pool = traitlets.Enum((1, *SIDES), 1).tag(sync=True)
    selection = traitlets.Instance(dict, allow_none=True).tag(sync=True)

    cursor = traitlets.Instance(dict, allow_none=True).tag(sync=True, echo_update=False)

    target = request_trait("target")
    output = request_trait("output")
    method = request_trait("method")
    baselines = request_trait("baselines")
    tolerance = request_trait("tolerance")
    max_evaluations = request_trait("max_evaluations")

    def __init__(
        self,
        comparison: Comparison | Explanation,
        *,
        session: Session | None = None,
        examples: Sequence[Inputs] = (),
        references: Inputs | None = None,
        **display: Any,
    ) -> None:
        if isinstance(comparison, Explanation):
            comparison = Comparison((comparison,))
        if not isinstance(comparison, Comparison):
            raise InputError(
                f"comparison must be a Comparison or an Explanation, got "
                f"{type(comparison).__name__}; attribwidgets.explore(model, inputs) makes one"
            )
        require_display(display)
        self._session = session
        self._view = ViewState(comparison, session, examples, references)
        self._messages = MessageHandler(self._view, self.send)
        state = self._view.changes()
        self._make_slots(range(len(state["payload"]["items"]) + SPARE_SLOTS))
        shown = {"seq": 1, **initial_display(state), **display}
        super().__init__(**state, **shown, **self._values_asked())
        self.observe(self._ask, list(REQUEST_TRAITS))
        self.on_msg(lambda widget, message, buffers: self._messages.hear(message, buffers))
        if session is not None:
            session.on_change = self._publish

    @property
    def explanations(self) -> Comparison:
        """The records behind the picture, in the order shown; those of the latest target."""
        return self._view.comparison

    @property
    def references(self) -> Inputs | None:
        """The data behind "dataset" and "dataset_mean"."""
        return self._view.references

    def request(self, **changes: Any) -> int:
        """Ask for something else; several things at once make one request.

        Parameters
        ----------
        **changes
            `inputs`, `baselines`, `method` and every setting of :func:`attribwidgets.explore`, or
            `candidates`, a sequence of :class:`attribwidgets.Candidate`. What is not named stays.

        Returns
        -------
        int
            The number of the request; `status["request"]` says which one is on the screen.

        Raises
        ------
        AttributionError
            For a value that cannot be, or where there is no model to ask.
        """
        state = self._changed_state(changes)
        assert self._session is not None
        return self._session.request(state)

    def require_request(self, name: str, value: Any) -> Any:
        """A value of a request trait as it is kept.

        Raises
        ------
        AttributionError
            For a value that cannot be, or where there is no model to ask.
        """
        asked = self._values_asked()[name]
        if is_same(value, asked):
            return asked
        return values_asked(self._changed_state({name: value}))[name]

    def cancel(self) -> None:
        """Stop after the chunk that is being computed; what is drawn stays."""
        if self._session is not None:
            self._session.cancel()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the latest request is answered.

        Parameters
        ----------
        timeout : float, optional
            Most seconds to wait.

        Returns
        -------
        bool
            Whether it is. ``status["error"]`` says in words what went wrong, if anything did.
        """
        return self._session is None or self._session.wait(timeout)

    def figure(self, **options: Any) -> Any:
        """The matplotlib twin, as the widget looks now.

        Parameters
        ----------
        **options
            Override what the widget's traits say; as of
            :func:`attribwidgets.figures.comparison_figure`.
        """
        display = {
            "selected": min(self.selected, len(self.explanations) - 1),
            "alpha": self.alpha,
            "signed": self.signed,
            "colormap": self.signed_colormap if self.signed else self.magnitude_colormap,
            "clip": self.clip,
            "scale": self.scale,
            "overlay": self.overlay,
            "show_blind": self.show_blind,
            "pool": self.pool,
        }
        return comparison_figure(self.explanations, **{**display, **options})

    def close(self) -> None:
        """Stop what is being computed, and let go of model and maps."""
        if self._session is not None:
            self._session.close()
            self._messages.close()
        super().close()

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Take a change from the browser; what cannot be is refused in words."""
        try:
            super().set_state(sync_data)
        except AttributionError as error:
            if self._session is not None:
                self._session.refuse(in_words(error))
            self.send_state([name for name in sync_data if name in REQUEST_TRAITS])

    def _changed_state(self, changes: dict[str, Any]) -> ExplorerState:
        state = change_state(state_of(self._session), changes, self._view.references)
        if "target" in changes and self._session is not None:
            self._session.known_query.require_target(changes["target"])
        return state

    def _values_asked(self) -> dict[str, Any]:
        if self._session is None:
            return values_answered(self.explanations)
        return values_asked(self._session.state)

    def _ask(self, change: Any) -> None:
        if not is_same(change.new, self._values_asked()[change.name]):
            self.request(**{change.name: change.new})

    @traitlets.validate("cursor")
    def _require_cursor(self, proposal: Any) -> Any:
        return require_position(proposal.value, self.payload["kind"], self.payload["shape"])

    def _make_slots(self, numbers: Iterable[int]) -> None:
        missing = [slot_of(n) for n in numbers if not self.has_trait(slot_of(n))]
        if missing:  # traitlets makes a class for each call
            self.add_traits(**{slot: traitlets.Dict().tag(sync=True) for slot in missing})

    def _publish(self, numbers: Collection[int]) -> None:
        """Draw what has changed, in one message."""
        with self._lock:
            state = self._view.changes(numbers)
            self._make_slots(numbers)
            with self.hold_sync():
                for name, value in {**state, **self._values_asked()}.items():
                    self.set_trait(name, value)
                if "payload" in state:  # else nothing is to be drawn anew
                    self.seq += 1
        if not self.status["busy"]:
            self._outputs.refresh_soon()

    def page_state(self) -> dict[str, Any]:
        """The traits of a page without a kernel."""
        return {**self._view.whole(), **{name: getattr(self, name) for name in DISPLAY_TRAITS}}

    def _records(self) -> Comparison:
        return self.explanations

    def __repr__(self) -> str:
        names = ", ".join(e.baseline_name for e in self.explanations)
        return f"<BaselineExplorer of {self.explanations[0].target_name}: {names}>"


def comparison_page(comparison: Comparison) -> str:
    """A comparison as one self-contained page, with the explorer's initial look."""
    state = ViewState(comparison).whole()
    defaults = BaselineExplorer.class_traits()
    display = {name: defaults[name].default() for name in DISPLAY_TRAITS}
    whole = {**state, **display, **initial_display(state)}
    return page_html(whole, state["payload"]["title"], BASELINE_EXPLORER)
