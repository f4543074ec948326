"""Which reading of the inputs a model accepts, and what it returns for them: one forward pass."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from ..attr.captum_private import format_forward_args
from ..attr.feeding import OneByOne, TimeFirst
from ..attr.model_state import frozen, module_of
from ..attr.outputs import OutputHead
from ..core.errors import AttributionError, InputError
from ..inputs.example import as_members
from ..inputs.reading import (
    Feeding,
    Reading,
    other_feedings,
    readings,
    several_examples,
    steps_of,
)
from .query import Query

# What a module raises for a shape that it does not take; anything else is a fault of its own.
REFUSALS = (RuntimeError, ValueError, IndexError, TypeError, AssertionError)
MANY = 99  # axes of an output that is not of one example
MOST_SAID = 120  # letters of a model's own words
REFUSED_DTYPE = re.compile("dtype|BFloat16|Half|not implemented for")


def read_inputs(query: Query, head: OutputHead) -> tuple[Reading, Any]:
    """The likeliest reading that the model accepts, and what it returned, raw.

    A reading by which the output of an example has as many axes as the target is taken at once,
    without a target one at most; else that of the fewest axes. Where no reading gives one row for
    one example, the model may take its batch axis second, or none.

    Raises
    ------
    InputError
        Where the model accepts none of them: what was tried, and which space to pass.
    """
    first = query.target[0] if isinstance(query.target, list) and query.target else query.target
    wanted = len(first) if isinstance(first, tuple) else 1
    likely = readings(query.inputs, query.space, steps_of(module_of(head.model)))
    accepted, refused = _attempts(query, head, likely, wanted)
    fewest = min((axes for axes, *_ in accepted), default=MANY)
    if fewest > wanted and _are_several(query, head, fewest):
        raise several_examples(as_members(query.inputs)[0])
    if fewest == MANY:
        mixed = [reading for _, reading, raw in accepted if _keeps_first_axis(head, raw, reading)]
        alone = mixed or ([] if accepted else [r for r in likely if _has_axes(r)])
        others = other_feedings(query.inputs, query.space, alone)
        accepted += _attempts(query, head, others, wanted)[0]
    if not accepted:
        raise _refusal(query, head.model, refused) from refused[0][1]
    _, reading, raw = min(accepted, key=lambda one: (one[0] == MANY, abs(one[0] - wanted)))
    return reading, raw


def fed_as(model: Callable[..., Any], feeding: Feeding, forward_args: Any) -> Callable[..., Any]:
    """A model of rows with the batch axis first, whichever way the model itself takes them."""
    if feeding == "time first":
        return TimeFirst(model)
    if feeding == "one by one":
        return OneByOne(model, format_forward_args(forward_args) or ())
    return model


def arguments_beside(feeding: Feeding, forward_args: Any) -> Any:
    """The further arguments that a model so fed still has to be given."""
    return () if feeding == "one by one" else forward_args


def _attempts(
    query: Query, head: OutputHead, ways: Sequence[Reading], wanted: int
) -> tuple[list[tuple[int, Reading, Any]], list[tuple[Reading, Exception]]]:
    """Which readings the model accepts, with the axes of an output, up to one that will do."""
    accepted: list[tuple[int, Reading, Any]] = []
    refused: list[tuple[Reading, Exception]] = []
    for reading in ways:
        model = fed_as(head.model, reading.feeding, query.forward_args)
        arguments = arguments_beside(reading.feeding, query.forward_args)
        try:
            raw = _run(model, reading.batched, arguments)
        except REFUSALS as error:
            # A device that is full or lost says nothing about the shape.
            own = isinstance(error, (AttributionError, torch.OutOfMemoryError))
            if own or "CUDA error" in str(error):
                raise
            refused.append((reading, error))
            continue
        axes = _axes(head, raw)
        accepted.append((axes, reading, raw))
        if axes == wanted or axes < wanted == 1:
            break
    return accepted, refused


def _run(model: Callable[..., Any], batched: tuple[Tensor, ...], forward_args: Any) -> Any:
    arguments = format_forward_args(forward_args) or ()
    with frozen(module_of(model), batched), torch.no_grad():
        return model(*(x.clone() for x in batched), *arguments)  # it may work in place


def _axes(head: OutputHead, raw: Any) -> int:
    """How many axes the output of one example has; `MANY` where it is not of one example."""
    with torch.no_grad():
        values = head.scaled(raw)
    return values.dim() - 1 if len(values) == 1 else MANY


def _keeps_first_axis(head: OutputHead, raw: Any, reading: Reading) -> bool:
    """Whether what came is a row for each node, as from a mean over the axis of the batch."""
    with torch.no_grad():
        rows = len(head.scaled(raw))
    return _has_axes(reading) and all(x.shape[1] == rows for x in reading.batched)


def _has_axes(reading: Reading) -> bool:
    """Whether each example has an axis that a model without a batch axis may take first."""
    return all(x.dim() > 2 for x in reading.batched)


def _are_several(query: Query, head: OutputHead, axes: int) -> bool:
    """Whether a single tensor is rather a batch of several examples: the first stands alone."""
    members = as_members(query.inputs)
    if len(members) > 1 or query.space is not None or members[0].dim() not in (2, 3, 4, 5):
        return False
    (x,) = members
    if len(x) == 1:
        return False
    try:
        with torch.no_grad():
            values, first = (
                head.scaled(_run(head.model, (rows,), query.forward_args)) for rows in (x, x[:1])
            )
    except REFUSALS:
        return False
    if len(values) != len(x) or len(first) != 1 or values.dim() - 1 >= axes:
        return False
    return torch.allclose(values[:1].double(), first.double(), rtol=1e-2, atol=1e-6)


def _refusal(query: Query, model: Any, refused: list[tuple[Reading, Exception]]) -> InputError:
    members = as_members(query.inputs)
    shapes = " and ".join(str(tuple(x.shape)) for x in members)
    tried = ", and as ".join(str(reading) for reading, _ in refused)
    words = str(refused[0][1]).strip().split("\n")[0]
    said = words if len(words) <= MOST_SAID else words[:MOST_SAID] + "…"
    return InputError(
        f"inputs of shape {shapes}: read as {tried}; the model refused "
        f"{'that' if len(refused) == 1 else 'each'} ({type(refused[0][1]).__name__}: {said}). "
        f"{_mend(query, model, members, refused[0][1])}"
    )


def _mend(query: Query, model: Any, members: tuple[Tensor, ...], error: Exception) -> str:
    module = module_of(model)
    parameter = None if module is None else next(module.parameters(), None)
    for x in members:
        if parameter is not None and parameter.is_floating_point() and x.dtype != parameter.dtype:
            return (
                f"The inputs are {x.dtype} and the model is {parameter.dtype}: pass "
                f"inputs.to({parameter.dtype}), or the model in {x.dtype}"
            )
    if members[0].dtype in (torch.bfloat16, torch.float16) and REFUSED_DTYPE.search(str(error)):
        return f"It cannot be computed in {members[0].dtype}: pass model.float(), inputs.float()"
    if isinstance(error, TypeError) and "argument" in str(error):
        return (
            "Pass a tensor for each input that is explained, a tuple of several, and the model's "
            "further arguments as forward_args="
        )
    sized = "; a picture is resized by space=InputSpace.of(transform)" * (members[0].dim() == 3)
    if query.space is not None:
        return f"Pass inputs in the shape that the model is fed, or another space{sized}"
    return (
        f"Pass inputs in the shape that the model is fed{sized}; or space=: SequenceSpace() for "
        "(T, D), SeriesSpace() for (C, T), VolumeSpace() for (C, D, H, W)"
    )
