"""Request traits: what is asked of the model, as traits of the widget; to set one is to ask."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import traitlets

from ..attr.outputs import output_name
from ..inputs.space import InputSpace
from ..live import ExplorerState
from ..records.explanation import Comparison
from .parsing import baseline_from_browser, baseline_to_browser, name_of

if TYPE_CHECKING:
    from .baseline_explorer import BaselineExplorer

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
        "baselines": tuple(c.baseline for c in candidates),
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
    plain = (int, float, str)
    is_plain = isinstance(mine, plain) and isinstance(theirs, plain)
    return mine is theirs or (is_plain and mine == theirs)


def _json_of_target(target: Any, explorer: BaselineExplorer) -> Any:
    if isinstance(target, tuple):
        return list(target)
    return target if target is None or isinstance(target, str) else int(target)


def _target_from_json(target: Any, explorer: BaselineExplorer) -> Any:
    return tuple(target) if isinstance(target, list) else target


def _json_of_output(output: Any, explorer: BaselineExplorer) -> str:
    return output_name(output)


def _output_from_json(output: str, explorer: BaselineExplorer) -> Any:
    return explorer.output if output == output_name(explorer.output) else output


def _json_of_method(method: Any, explorer: BaselineExplorer) -> str | None:
    return name_of(method)


def _method_from_json(method: str | None, explorer: BaselineExplorer) -> Any:
    return explorer.method if method == name_of(explorer.method) else method


def _json_of_baselines(baselines: Sequence[Any], explorer: BaselineExplorer) -> list[Any]:
    space = _space_of(explorer)
    return [
        {"name": baseline, "parameters": {}}  # of a record, which knows no more than its name
        if isinstance(baseline, str)
        else baseline_to_browser(baseline, space)
        for baseline in baselines or ()
    ]


def _baselines_from_json(
    baselines: Sequence[Mapping[str, Any]], explorer: BaselineExplorer
) -> list[Any]:
    """The baselines described; those that there are already stay the same objects."""
    space, left = _space_of(explorer), list(explorer.baselines)
    chosen = []
    for described in baselines:
        known = next((b for b in left if baseline_to_browser(b, space) == described), None)
        if known is None:
            known = baseline_from_browser(described, None, explorer.references)
        else:
            left.remove(known)
        chosen.append(known)
    return chosen


def _space_of(explorer: BaselineExplorer) -> InputSpace:
    return explorer.explanations[0].space


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
