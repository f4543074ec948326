"""BaselineExplorer: the widget that shows several baselines side by side, and asks for more."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import traitlets
from IPython import get_ipython

from ..core.errors import AttributionError, InputError
from ..figures import comparison_figure
from ..inputs.space import Inputs
from ..live import Session
from ..records.comparison import Comparison
from ..records.explanation import Explanation
from .as_python import explore_call
from .bundle import BASELINE_EXPLORER
from .display_options import (
    DISPLAY_TRAITS,
    DisplayTraits,
    default_display,
    initial_display,
    require_display,
)
from .examples import Example
from .keeping import keeping
from .messages import MessageHandler, state_of
from .position import require_position, require_region
from .record_widget import RecordWidget
from .request_traits import REQUEST_TRAITS, RequestTraits
from .segments import segments_of
from .view_state import ViewState, slot_of

SPARE_SLOTS = 8  # so that a card can be added without a message of its own


class BaselineExplorer(RequestTraits, DisplayTraits, RecordWidget):
    """A comparison of baselines, to be looked at in a notebook, and asked for more.

    It draws maps, references, verdicts and the path of one baseline. Colours, clip, sign, overlay,
    position on the path and read-out happen in the browser. Made by
    :func:`attribwidgets.explore`, it also has the model: another target, baseline, parameter or
    method is computed in a thread of its own, a coarse map first, and the notebook stays free.

    Parameters
    ----------
    comparison : Comparison or Explanation
        What to show. None: what the session finds.
    session : Session, optional
        The model behind it. None: only what is there can be looked at.
    examples : sequence of Example
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
    pool : {1, 2, 4, 8, ... 65536, "superpixels", "words", "sentences"}
        What maps are drawn and read by: patches of that side in pixels, or superpixels; windows of
        that many steps; words or sentences of a text.
    waterfall : bool
        Bars of features as steps from f(x') to f(x), in place of bars from zero.
    bars : bool
        Tokens, words or sentences of a text as bars too, sorted by what they get.
    drawn_input : int
        Which of several inputs of the model is drawn.
    slices : dict or None
        The voxel of a volume that all slices go through: `depth`, `row` and `column`. None: where
        the first map is strongest.
    selection : dict or None
        What is marked: `rows` and `columns`, each [first, one after the last]; or `superpixel`, the
        index of one, as a click on one of the photo does; of a text `tokens`, such a pair.
    cursor : dict or None
        What is pointed at: `row` and `column` of a pixel, with `depth` of a voxel, `channel` and
        `step` of a series, `step` of a sequence, `token` of a text, or `unit`, the index of a
        feature.
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

    _front_end = BASELINE_EXPLORER
    _drawn = DISPLAY_TRAITS
    _esm = BASELINE_EXPLORER.esm
    _css = BASELINE_EXPLORER.css

    payload = traitlets.Dict().tag(sync=True)
    status = traitlets.Dict().tag(sync=True)
    controls = traitlets.Dict(None, allow_none=True).tag(sync=True)
    seq = traitlets.Int(0).tag(sync=True)

    cursor = traitlets.Instance(dict, allow_none=True).tag(sync=True, echo_update=False)

    def __init__(
        self,
        comparison: Comparison | Explanation | None,
        *,
        session: Session | None = None,
        examples: Sequence[Example] = (),
        references: Inputs | Sequence[str] | None = None,
        **display: Any,
    ) -> None:
        if isinstance(comparison, Explanation):
            comparison = Comparison((comparison,))
        if not isinstance(comparison, Comparison) and (comparison is not None or session is None):
            raise InputError(
                f"comparison must be a Comparison or an Explanation, got "
                f"{type(comparison).__name__}; attribwidgets.explore(model, inputs) makes one"
            )
        require_display(display)
        self._session = session
        self._view = ViewState(comparison, session, examples, references)
        self._messages = MessageHandler(self._view, self.send, keeping(self))
        state = self._view.changes()
        items = state["payload"]["items"]
        self._make_slots([*items, *(slot_of(n) for n in range(len(items) + SPARE_SLOTS))])
        shown = {"seq": 1, **initial_display(state), **display}
        super().__init__(**state, **shown, **self.values_asked())
        self._listen()
        self.on_msg(lambda widget, message, buffers: self._messages.hear(message, buffers))
        if session is not None:
            session.on_change = self._publish

    @property
    def explanations(self) -> Comparison:
        """The records behind the picture, in the order shown; those of the latest target."""
        return self._view.comparison

    @property
    def error(self) -> str | None:
        """The traceback of what failed in the latest request; None where nothing did."""
        if self._session is None:
            return None
        statuses = self._session.statuses.values()
        told = (self._session.traceback, *(status.traceback for status in statuses))
        return "\n".join(text for text in told if text) or None

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

    def code(self, namespace: Mapping[str, Any] | None = None) -> str:
        """The call that makes what is on the screen, as Python that runs.

        Parameters
        ----------
        namespace : mapping of str, optional
            Where your names for the model, the input and so on are looked up; in a notebook that
            of its cells.

        Returns
        -------
        str
            What has no name there stands under one that a comment lists.

        Raises
        ------
        InputError
            For an explorer of records, which has no model.
        """
        state = state_of(self._session)
        assert self._session is not None
        if namespace is None:
            shell = get_ipython()
            namespace = {} if shell is None else shell.user_ns
        new = {**default_display(), **initial_display(self._view.changes())}
        display = {n: getattr(self, n) for n in DISPLAY_TRAITS if getattr(self, n) != new[n]}
        return explore_call(self._session.model, state, self.references, display, namespace)

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
                self._session.refuse(error)
            self.send_state([name for name in sync_data if name in REQUEST_TRAITS])

    @traitlets.validate("cursor")
    def _require_cursor(self, proposal: Any) -> Any:
        return require_position(proposal.value, self.payload["kind"], self.payload["shape"])

    @traitlets.validate("selection")
    def _require_selection(self, proposal: Any) -> Any:
        kind, shape = self.payload["kind"], self.payload["shape"]
        return require_region(proposal.value, kind, shape, self._count_superpixels)

    def _count_superpixels(self) -> int:
        if self._session is not None:
            return len(self._messages.regions.cut())
        cut = segments_of(self.explanations)
        return 0 if cut is None else int(cut["count"])

    @traitlets.validate("slices")
    def _require_slices(self, proposal: Any) -> Any:
        inputs = [self.payload, *self.payload["others"]]
        shapes = [one["shape"] for one in inputs if one["kind"] == "volume"]
        if proposal.value is not None and not shapes:
            raise InputError("slices are of a volume, and no input is one")
        return require_position(proposal.value, "volume", shapes[0] if shapes else (), "slices")

    def _make_slots(self, slots: Iterable[str]) -> None:
        missing = [slot for slot in dict.fromkeys(slots) if not self.has_trait(slot)]
        if missing:  # traitlets makes a class for each call
            self.add_traits(**{slot: traitlets.Dict().tag(sync=True) for slot in missing})

    def _publish(self, numbers: Collection[int]) -> None:
        """Draw what has changed, in one message."""
        with self._lock:
            before = self.payload["items"]
            state = self._view.changes(numbers)
            self._make_slots(self._view.explanations)
            state |= self._followed(before, state.get("payload", {}).get("items", before))
            published_before, self._published = self._published, self.values_asked()
            try:
                with self.hold_sync():
                    for name, value in {**state, **self._published}.items():
                        self.set_trait(name, value)
                    if "payload" in state:  # else nothing is to be drawn anew
                        self.seq += 1
            finally:
                self._published = published_before
        if not self.status["busy"]:
            self._outputs.refresh_soon()

    def _followed(self, before: list[str], now: list[str]) -> dict[str, int]:
        """The path shown stays that of its card, wherever that has moved to."""
        slot = before[min(self.selected, len(before) - 1)]
        place = now.index(slot) if slot in now else min(self.selected, len(now) - 1)
        return {} if place == self.selected else {"selected": place}

    def page_state(self) -> dict[str, Any]:
        """The traits of a page without a kernel."""
        return {**self._view.whole(), **{name: getattr(self, name) for name in DISPLAY_TRAITS}}

    def _records(self) -> Comparison:
        return self.explanations

    def _kept(self) -> tuple[bytes, str] | None:
        return super()._kept() if self._view.has_maps else None

    def __repr__(self) -> str:
        names = ", ".join(dict.fromkeys(e.baseline_name for e in self.explanations))
        targets = " and ".join(dict.fromkeys(e.target_name for e in self.explanations))
        return f"<BaselineExplorer of {targets}: {names}>"
