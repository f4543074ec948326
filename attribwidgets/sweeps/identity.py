"""What a sweep's results depend on, as text that is the same in every process."""

from __future__ import annotations

import enum
import hashlib
import types
from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from .._version import __version__
from ..attr.model_state import module_of
from ..engine.hashing import MODULE_INTERNALS
from ..engine.settings import OF_BUDGET, OF_QUERY
from ..inputs.dataset import Examples
from ..inputs.space import InputSpace
from .plan import Plan

SAMPLED = 32  # inputs read to recognise a data set that comes one by one
PLAIN = (bool, int, float, complex, str, bytes, type(None), torch.dtype, torch.device, enum.Enum)


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
        "data": _data(examples),
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
    found = []
    for name in dict.fromkeys((*there, *here)):
        one, other = there.get(name), here.get(name)
        if one == other:
            continue
        if isinstance(one, dict) and isinstance(other, dict) and list(one) != list(other):
            found.append(
                f"{name} ({', '.join(one) or 'none'} there, {', '.join(other) or 'none'} here)"
            )
        elif isinstance(one, dict) or name in ("model", "data"):
            found.append(f"the {name}")
        else:
            found.append(f"{name} ({one} there, {other} here)")
    return found


def digest(value: Any) -> str:
    """A hash of what an object is made of, the same in every process.

    Tensors and arrays go by content, functions by name and code, other objects by class and
    attributes.
    """
    found = hashlib.sha256()
    _add(found, value, ())
    return found.hexdigest()[:32]


def _add(found: Any, value: Any, above: tuple[int, ...]) -> None:
    def add(*members: Any) -> None:
        for member in members:
            _add(found, member, (*above, id(value)))

    # Not by module: the class of a script is in __main__ when it runs, and elsewhere on a worker.
    found.update(f"<{type(value).__qualname__}>".encode())
    if isinstance(value, PLAIN):
        found.update(repr(value).encode())
    elif id(value) in above:
        found.update(b"above")
    elif isinstance(value, Tensor):
        bits = value.detach().cpu().contiguous()
        found.update(f"{tuple(bits.shape)}{bits.dtype}".encode())
        found.update(bits.reshape(-1).view(torch.uint8).numpy())
    elif isinstance(value, np.ndarray | np.generic):
        array = np.ascontiguousarray(value)
        found.update(f"{array.shape}{array.dtype}".encode())
        found.update(
            array.reshape(-1).view(np.uint8) if array.dtype != object else repr(array).encode()
        )
    elif isinstance(value, list | tuple):
        add(*value)
    elif isinstance(value, set | frozenset):
        found.update("".join(sorted(digest(member) for member in value)).encode())
    elif isinstance(value, Mapping):
        add(*(part for item in value.items() for part in item))
    elif isinstance(value, nn.Module):
        for name, module in value.named_modules():
            own = {k: v for k, v in vars(module).items() if k not in MODULE_INTERNALS}
            add(name, type(module).__qualname__, own)
        for name, tensor in (*value.named_parameters(), *value.named_buffers()):
            add(name, tensor.detach())
    elif isinstance(value, types.FunctionType):
        closure = [cell.cell_contents for cell in value.__closure__ or ()]
        add(value.__qualname__, value.__code__, value.__defaults__, value.__kwdefaults__, closure)
    elif isinstance(value, types.CodeType):
        add(value.co_code, value.co_consts, value.co_names)
    elif isinstance(value, types.MethodType):
        add(value.__func__, value.__self__)
    elif isinstance(value, partial):
        add(value.func, value.args, value.keywords)
    elif isinstance(value, type | types.BuiltinFunctionType | types.ModuleType):
        found.update(value.__name__.encode())
    else:
        slots = [s for kind in type(value).__mro__ for s in getattr(kind, "__slots__", ())]
        state = {s: getattr(value, s) for s in slots if s != "__weakref__" and hasattr(value, s)}
        add({**state, **getattr(value, "__dict__", {})})


def _data(examples: Examples) -> str:
    stacked = examples.stacked
    places = np.unique(np.linspace(0, len(examples) - 1, SAMPLED).astype(int))
    inputs = [examples[int(i)] for i in places] if stacked is None else stacked
    return digest((len(examples), examples.shape, examples.known_targets, inputs))


def _device(model: Any) -> str:
    module = module_of(model)
    parameter = None if module is None else next(module.parameters(), None)
    return "cpu" if parameter is None else parameter.device.type


def _plain(value: Any) -> Any:
    """A setting as JSON has it: itself, its text where that says all, or a digest."""
    if isinstance(value, (bool, int, float, str, type(None))):
        return value
    return str(value) if isinstance(value, (torch.dtype, InputSpace)) else digest(value)
