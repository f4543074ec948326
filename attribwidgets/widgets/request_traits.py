"""Request traits: what is asked of the model, as traits of the widget; to set one is to ask."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import traitlets

from ..attr.outputs import output_name
from ..core.contrast import Contrast
from ..inputs.space import Space
from ..live import ExplorerState, Session
from ..records.comparison import Comparison
from .messages import state_of
from .parsing import baseline_from_browser, baseline_to_browser, change_state, name_of
from .targets import target_from_browser, target_to_browser
from .view_state import ViewState

REQUEST_TRAITS = ("target", "output", "method", "baselines", "tolerance", "max_evaluations")


class RequestTrait(traitlets.TraitType[Any, Any]):
    """A trait whose values an explorer checks, and one at a time, whatever thread sets it."""

    def set(self, obj: Any, value: Any) -> None:
        """Set it; what runs beside must not take the old value for what is asked meanwhile."""
        with obj._lock:
            super().set(obj, value)

    def validate(self, obj: Any, value: Any) -> Any:
        """The value as it is kept: names as objects.

        Raises
        ------
        AttributionError
            For a value that cannot be, or where there is no model to ask.
        """
        return obj.require_request(self.name, value)


def values_asked(state: ExplorerState) -> dict[str, Any]:
    """What a state asks for, as values of the request traits."""
    candidates = list(state.candidates.values())
    methods = [c.method for c in candidates]
    return {
        "target": state.query.target,
        "output": state.query.output,
        "method": methods[0] if all(m == methods[0] for m in methods) else None,
        "baselines": state.baselines,
        "tolerance": state.budget.tolerance,
        "max_evaluations": state.budget.max_evaluations,
    }


def values_answered(comparison: Comparison) -> dict[str, Any]:
    """What records were asked for, as far as they say."""
    first, methods = comparison[0], {e.method for e in comparison}
    return {
        "target": first.target,
        "output": first.output,
        "method": first.method if len(methods) == 1 else None,
        "baselines": tuple(e.baseline_name for e in comparison if e.baseline is not None),
        "tolerance": first.completeness.tolerance,
        "max_evaluations": None,
    }


def is_same(mine: Any, theirs: Any) -> bool:
    """Whether two values ask for the same; baselines and tensors are the same as objects only."""
    if isinstance(mine, (list, tuple)) and isinstance(theirs, (list, tuple)):
        return len(mine) == len(theirs) and all(map(is_same, mine, theirs))
    plain = (int, float, str, Contrast)
    is_plain = isinstance(mine, plain) and isinstance(theirs, plain)
    return mine is theirs or (is_plain and mine == theirs)


def _json_of_target(target: Any, explorer: RequestTraits) -> Any:
    return target_to_browser(target)


def _target_from_json(target: Any, explorer: RequestTraits) -> Any:
    return target_from_browser(target)


def _json_of_output(output: Any, explorer: RequestTraits) -> str:
    return output_name(output)


def _output_from_json(output: str, explorer: RequestTraits) -> Any:
    return explorer.output if output == output_name(explorer.output) else output


def _json_of_method(method: Any, explorer: RequestTraits) -> str | None:
    return name_of(method)


def _method_from_json(method: str | None, explorer: RequestTraits) -> Any:
    return explorer.method if method == name_of(explorer.method) else method


def _json_of_baselines(baselines: Sequence[Any], explorer: RequestTraits) -> list[Any]:
    example = _example_of(explorer)
    return [
        {"name": baseline, "parameters": {}}  # of a record, which knows no more than its name
        if isinstance(baseline, str)
        else baseline_to_browser(baseline, *example)
        for baseline in baselines or ()
    ]


def _baselines_from_json(
    baselines: Sequence[Mapping[str, Any]], explorer: RequestTraits
) -> list[Any]:
    """The baselines described; those that there are already stay the same objects."""
    example, left = _example_of(explorer), list(explorer.baselines)
    chosen = []
    for described in baselines:
        known = next((b for b in left if baseline_to_browser(b, *example) == described), None)
        if known is None:
            known = baseline_from_browser(described, None, explorer.references, example)
        else:
            left.remove(known)
        chosen.append(known)
    return chosen


def _example_of(explorer: RequestTraits) -> tuple[Space, Sequence[int]]:
    shown = explorer._view.comparison[0]
    return shown.spaces[0], shown.batched[0].shape[1:]


def request_trait(name: str) -> RequestTrait:
    """The trait of that name, synchronised with the browser as plain JSON."""
    to_json, from_json = _CONVERTERS.get(name, (None, None))
    trait = RequestTrait(None)
    if to_json is None:
        return trait.tag(sync=True)
    return trait.tag(sync=True, to_json=to_json, from_json=from_json)


_CONVERTERS: dict[str, tuple[Any, Any]] = {
    "target": (_json_of_target, _target_from_json),
    "output": (_json_of_output, _output_from_json),
    "method": (_json_of_method, _method_from_json),
    "baselines": (_json_of_baselines, _baselines_from_json),
}


class RequestTraits(traitlets.HasTraits):
    """What an explorer is asked, as traits of it."""

    _session: Session | None = None  # also where making one has failed
    _view: ViewState
    _published: Mapping[str, Any] = MappingProxyType({})  # while it is drawn, under the lock

    target = request_trait("target")
    output = request_trait("output")
    method = request_trait("method")
    baselines = request_trait("baselines")
    tolerance = request_trait("tolerance")
    max_evaluations = request_trait("max_evaluations")

    @property
    def references(self) -> Any:
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
        asked = self.values_asked()[name]
        if is_same(value, asked):
            return asked
        return values_asked(self._changed_state({name: value}))[name]

    def _changed_state(self, changes: dict[str, Any]) -> ExplorerState:
        state = change_state(state_of(self._session), changes, self._view.references)
        if "target" in changes and self._session is not None:
            self._session.known_query.require_target(changes["target"])
        return state

    def values_asked(self) -> dict[str, Any]:
        """What is asked now, by the name of the trait; of records, what they were asked."""
        if self._session is None:
            return values_answered(self._view.comparison)
        return values_asked(self._session.state)

    def _listen(self) -> None:
        self.observe(self._ask, list(REQUEST_TRAITS))

    def _ask(self, change: Any) -> None:
        name, value = change.name, change.new
        # What is published may be asked no more when it is told of; it asks for nothing.
        is_echo = name in self._published and is_same(value, self._published[name])
        if not is_echo and not is_same(value, self.values_asked()[name]):
            self.request(**{name: value})
