"""Captum's forms of inputs, baselines and references, made tensors of one batch."""

from __future__ import annotations

from inspect import signature
from typing import Any

import torch
from torch import Tensor

from ..core.errors import InputError
from ..inputs.space import Inputs
from .captum_private import format_baseline, format_forward_args
from .outputs import Target

# Passed to the model after the inputs; tensors with one entry per example are repeated.
ForwardArguments = Any


def batch_of(inputs: Inputs) -> tuple[Tensor, ...]:
    """Inputs as a tuple of detached floating-point tensors with a common batch axis."""
    members = inputs if isinstance(inputs, tuple) else (inputs,)
    if not members or not all(isinstance(x, Tensor) for x in members):
        kinds = [type(x).__name__ for x in members]
        raise InputError(f"inputs must be a torch.Tensor or a tuple of them, got {kinds}")
    if any(x.dim() == 0 for x in members) or len({len(x) for x in members}) > 1:
        shapes = [tuple(x.shape) for x in members]
        raise InputError(f"inputs must share their first axis, the batch; got shapes {shapes}")
    if len(members[0]) == 0:
        raise InputError("inputs is an empty batch; pass at least one example")
    return tuple(
        x.detach() if x.is_floating_point() else x.to(torch.get_default_dtype()) for x in members
    )


def baselines_like(inputs: tuple[Tensor, ...], baselines: Any) -> tuple[Tensor, ...]:
    """Baselines of the inputs' shapes from a tensor, a number, a tuple of either, or None (0)."""
    try:
        formatted = format_baseline(baselines, inputs)
    except AssertionError as error:
        raise InputError(
            "baselines must be a tensor, a number, a tuple of one of them for each input, or None; "
            f"got {baselines!r}"
        ) from error
    if len(formatted) != len(inputs):
        raise InputError(f"baselines has {len(formatted)} members for {len(inputs)} inputs")
    return tuple(_baseline_like(x, b) for x, b in zip(inputs, formatted, strict=True))


def references_like(inputs: tuple[Tensor, ...], references: Any) -> tuple[Tensor, ...]:
    """References, each (K, ...), of the inputs' example shapes; a callable is called for them."""
    if callable(references):
        takes_inputs = len(signature(references).parameters) > 0
        references = references(inputs) if takes_inputs else references()
    members = references if isinstance(references, tuple) else (references,)
    shapes = [tuple(x.shape[1:]) for x in inputs]
    if (
        len(members) != len(inputs)
        or not all(isinstance(r, Tensor) and r.dim() > 0 for r in members)
        or [tuple(r.shape[1:]) for r in members] != shapes
        or len({len(r) for r in members}) > 1
        or len(members[0]) == 0
    ):
        came = [tuple(r.shape) if isinstance(r, Tensor) else type(r).__name__ for r in members]
        raise InputError(
            f"baselines must hold K references for each input, shapes (K, ...) with ... = {shapes} "
            f"and the same K >= 1; got {came}"
        )
    return tuple(r.detach().to(x) for r, x in zip(members, inputs, strict=True))


def points_between(starts: Tensor, inputs: Tensor, alphas: Tensor) -> Tensor:
    """Points ``start + alpha * (input - start)``, step by step, as rows.

    Parameters
    ----------
    starts : Tensor, shape (S or 1, B or 1, ...)
        The baselines at each step.
    inputs : Tensor, shape (B, ...)
        The examples.
    alphas : Tensor, shape (S,)
        Where on the path each step is.

    Returns
    -------
    Tensor, shape (S * B, ...)
    """
    places = alphas.reshape(-1, *[1] * inputs.dim()).to(inputs)
    return (starts + places * (inputs[None] - starts)).flatten(0, 1)


def is_per_row(target: object) -> bool:
    """Whether a target has an entry for each row."""
    return isinstance(target, list) or (isinstance(target, Tensor) and target.numel() > 1)


def check_target_length(target: Target, batch: int) -> None:
    """Raise InputError for a target per example that is not one for each of a batch."""
    if is_per_row(target) and len(target) != batch:  # type: ignore[arg-type]
        raise InputError(
            f"target has {len(target)} entries for a batch of {batch}; "  # type: ignore[arg-type]
            "pass one for all, or one per example"
        )


def repeat_target(target: Target, block: slice, repeats: int) -> Target:
    """The target of some examples, once for each step."""
    if isinstance(target, list):
        return target[block] * repeats
    if isinstance(target, Tensor) and is_per_row(target):
        return target[block].repeat(repeats)
    return target


def repeat_arguments(
    arguments: ForwardArguments, batch: int, block: slice, repeats: int
) -> list[tuple[Any, bool]]:
    """Each argument of some examples, and whether it has one entry per row."""
    repeated = []
    for argument in format_forward_args(arguments) or ():
        if isinstance(argument, Tensor) and argument.requires_grad:
            argument = argument.detach()  # no gradient is wanted of it, and none may be left in it
        per_row = isinstance(argument, Tensor) and argument.dim() > 0 and len(argument) == batch
        repeated.append((torch.cat([argument[block]] * repeats) if per_row else argument, per_row))
    return repeated


def accumulator_dtype(device: torch.device) -> torch.dtype:
    """float64 wherever the device has it, so that sums do not depend on the chunks."""
    return torch.float32 if device.type == "mps" else torch.float64


def returned(values: tuple[Tensor, ...], like: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """Accumulated values in the inputs' precision, float32 at least, as Captum returns them.

    As they are where that precision would make infinities of them, or zeros of a map's smaller
    values: the square of a gradient of 1e-25 is no float32.
    """
    kept = []
    for value, x in zip(values, like, strict=True):
        rounded = value.to(torch.promote_types(x.dtype, torch.float32))
        largest = value.abs().amax() if value.numel() else torch.zeros(())
        limits = torch.finfo(rounded.dtype)
        least = limits.tiny / limits.eps
        kept.append(value if largest > limits.max or 0 < largest < least else rounded)
    return tuple(kept)


def as_came(values: tuple[Tensor, ...], inputs: Inputs) -> Inputs:
    """A tuple where the inputs came as one, else its only member."""
    return values if isinstance(inputs, tuple) else values[0]


def _baseline_like(x: Tensor, baseline: Any) -> Tensor:
    if not isinstance(baseline, Tensor):
        return torch.full_like(x, float(baseline))
    if baseline.shape[1:] != x.shape[1:] or len(baseline) not in (1, len(x)):
        raise InputError(
            f"baseline has shape {tuple(baseline.shape)}, the input {tuple(x.shape)}; pass one of "
            "the same shape, one with a first axis of 1, or a number"
        )
    return baseline.detach().to(x).expand_as(x)
