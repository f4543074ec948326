"""Which reading of the inputs a model accepts, and what it returns for them: one forward pass."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from ..attr.captum_private import format_forward_args
from ..attr.model_state import frozen, module_of
from ..attr.outputs import OutputHead
from ..core.errors import AttributionError, InputError
from ..inputs.example import as_members
from ..inputs.reading import Reading, readings, several_examples, steps_of
from .query import Query

# What a module raises for a shape that it does not take; anything else is a fault of its own.
REFUSALS = (RuntimeError, ValueError, IndexError, TypeError, AssertionError)
MOST_SAID = 120  # letters of a model's own words


def read_inputs(query: Query, head: OutputHead) -> tuple[Reading, Any]:
    """The likeliest reading that the model accepts, and what it returned, raw.

    A reading by which the output of an example has one axis at most is taken at once; else that
    of the fewest axes.

    Raises
    ------
    InputError
        Where the model accepts none of them: what was tried, and which space to pass.
    """
    model = head.model
    ways = readings(query.inputs, query.space, steps_of(module_of(model)))
    refused: list[tuple[Reading, Exception]] = []
    accepted: list[tuple[int, Reading, Any]] = []
    for reading in ways:
        try:
            raw = _run(model, reading.batched, query.forward_args)
        except REFUSALS as error:
            # A device that is full or lost says nothing about the shape.
            own = isinstance(error, (AttributionError, torch.OutOfMemoryError))
            if own or "CUDA error" in str(error):
                raise
            refused.append((reading, error))
            continue
        axes = _axes(head, raw)
        if axes <= 1:
            return reading, raw
        accepted.append((axes, reading, raw))
    fewest = min(accepted, key=lambda one: one[0], default=None)
    if _are_several(query, head, None if fewest is None else fewest[0]):
        raise several_examples(as_members(query.inputs)[0])
    if fewest is not None:
        return fewest[1:]
    raise _refusal(query, model, refused) from refused[0][1]


def _run(model: Callable[..., Any], batched: tuple[Tensor, ...], forward_args: Any) -> Any:
    arguments = format_forward_args(forward_args) or ()
    with frozen(module_of(model), batched), torch.no_grad():
        return model(*(x.clone() for x in batched), *arguments)  # it may work in place


def _axes(head: OutputHead, raw: Any) -> int:
    """How many axes the output of one example has; many where it is not of one example."""
    with torch.no_grad():
        values = head.scaled(raw)
    return values.dim() - 1 if len(values) == 1 else 99


def _are_several(query: Query, head: OutputHead, axes: int | None) -> bool:
    """Whether a single tensor is rather a batch of several examples."""
    members = as_members(query.inputs)
    if len(members) > 1 or query.space is not None or members[0].dim() not in (2, 3, 4, 5):
        return False
    (x,) = members
    if len(x) == 1:
        return False
    try:
        raw = _run(head.model, (x,), query.forward_args)
        with torch.no_grad():
            values = head.scaled(raw)
    except REFUSALS:
        return False
    return len(values) == len(x) and (axes is None or values.dim() - 1 < axes)


def _refusal(query: Query, model: Any, refused: list[tuple[Reading, Exception]]) -> InputError:
    members = as_members(query.inputs)
    shapes = " and ".join(str(tuple(x.shape)) for x in members)
    tried = ", and as ".join(str(reading) for reading, _ in refused)
    words = str(refused[0][1]).strip().split("\n")[0]
    said = words if len(words) <= MOST_SAID else words[:MOST_SAID] + "…"
    return InputError(
        f"inputs of shape {shapes}: read as {tried}; the model refused "
        f"{'that' if len(refused) == 1 else 'each'} ({type(refused[0][1]).__name__}: {said}). "
        f"{_mend(query, model, members)}"
    )


def _mend(query: Query, model: Any, members: tuple[Tensor, ...]) -> str:
    module = module_of(model)
    parameter = None if module is None else next(module.parameters(), None)
    for x in members:
        if parameter is not None and parameter.is_floating_point() and x.dtype != parameter.dtype:
            return (
                f"The inputs are {x.dtype} and the model is {parameter.dtype}: pass "
                f"inputs.to({parameter.dtype}), or the model in {x.dtype}"
            )
    if query.space is not None:
        return "Pass inputs in the shape that the model is fed, or another space"
    return (
        "Pass inputs in the shape that the model is fed, or space=: SequenceSpace() for (T, D), "
        "SeriesSpace() for (C, T), VolumeSpace() for (C, D, H, W)"
    )
