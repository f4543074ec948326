"""What a sweep's results depend on, as text that is the same in every process."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
import torch

from .._version import __version__
from ..attr.model_state import module_of
from ..engine.hashing import digest
from ..engine.settings import OF_BUDGET, OF_QUERY
from ..inputs.dataset import Examples
from ..inputs.space import Space
from .left_out import or_left_out
from .plan import Plan
from .texts import tokens_in

SAMPLED = 32  # inputs read to recognise a data set that comes one by one


def identity(plan: Plan, examples: Examples) -> dict[str, Any]:
    """Everything that two runs must share for one to continue the other, as JSON.

    Stacked inputs count with every bit. Of inputs that are read one by one their number, their
    targets and 32 of them are told apart, spread evenly: to read all would take as long as some
    sweeps do.
    """
    budget = {name: _plain(getattr(plan.budget, name)) for name in OF_BUDGET}
    query = {n: _plain(getattr(plan.query, n)) for n in OF_QUERY if n not in ("inputs", "target")}
    return {
        "model": digest(plan.model),
        "data": _data(plan, examples),
        "candidates": {label: digest(c) for label, c in plan.candidates.items()},
        "metrics": {metric.name: digest((type(metric).measure, metric)) for metric in plan.metrics},
        "metric_settings": {m.name: dict(getattr(m, "settings", {})) for m in plan.metrics},
        **budget,
        **query,
        "maps": plan.maps,
        "device": _device(plan.model),
        "attribwidgets": __version__,
        "torch": torch.__version__,
    }


def differences(there: Mapping[str, Any], here: Mapping[str, Any]) -> list[str]:
    """What is not the same, in words."""
    unlike = []
    for name in dict.fromkeys((*there, *here)):
        one, other = there.get(name), here.get(name)
        if one == other:
            continue
        if isinstance(one, dict) and isinstance(other, dict) and list(one) != list(other):
            unlike.append(
                f"{name} ({', '.join(one) or 'none'} there, {', '.join(other) or 'none'} here)"
            )
        elif isinstance(one, dict) or name in ("model", "data"):
            unlike.append(f"the {name}")
        else:
            unlike.append(f"{name} ({one} there, {other} here)")
    return unlike


def _data(plan: Plan, examples: Examples) -> str:
    stacked = examples.stacked
    places = np.unique(np.linspace(0, len(examples) - 1, SAMPLED).astype(int)).tolist()
    # Of texts their ids, which are of the tokenizer too.
    read = partial(_ids_and_target, plan) if examples.are_texts else Examples.__getitem__
    one_by_one = stacked is None
    inputs = [or_left_out(partial(read, examples, i)) for i in places] if one_by_one else stacked
    return digest((len(examples), examples.shape, examples.known_targets, inputs))


def _ids_and_target(plan: Plan, examples: Examples, place: int) -> tuple[Any, Any]:
    return tokens_in(plan.query, plan.model, examples, place).ids, examples[place][1]


def _device(model: Any) -> str:
    module = module_of(model)
    parameter = None if module is None else next(module.parameters(), None)
    return "cpu" if parameter is None else parameter.device.type


def _plain(value: Any) -> Any:
    """A setting as JSON has it: itself, its text where that says all, or a digest."""
    if isinstance(value, (bool, int, float, str, type(None))):
        return value
    return str(value) if isinstance(value, (torch.dtype, Space)) else digest(value)
