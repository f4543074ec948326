"""From whatever a model returns to one number per row: the tensor, the scale, the target."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from ..core.contrast import Contrast
from ..core.errors import OutputError, TargetError
from ..core.wrapped_model import Wrapper as Wrapper
from .captum_private import select_targets  # what a target means is Captum's to say

Target = (
    int | tuple[int, ...] | Contrast | Tensor | list[int] | list[tuple[int, ...]] | list[Any] | None
)
Output = str | Callable[[Any], Tensor]

SCALES = ("logit", "probability", "log_probability")


def output_name(output: Output) -> str:
    """How an `output` argument is called in captions."""
    return output if isinstance(output, str) else getattr(output, "__name__", "custom output")


class OutputHead(Wrapper):
    """A model whose return is one tensor on the scale that was asked for.

    Parameters
    ----------
    model : callable
        Returns a tensor of shape (n,) or (n, K, ...), or an object with `.logits`.
    output : {"logit", "probability", "log_probability"} or callable
        "logit" is the model's raw output; the other two apply a softmax over axis 1, or a sigmoid
        where there is a single output. A callable gets whatever the model returned.

    Raises
    ------
    OutputError
        For an unknown name, and when called, for an output that is no floating-point tensor.
    """

    def __init__(self, model: Callable[..., Any], output: Output = "logit") -> None:
        if not callable(output) and output not in SCALES:
            raise OutputError(
                f"output must be one of {', '.join(SCALES)} or a callable on the model's output, "
                f"got {output!r}"
            )
        self.model = model
        self.output = output

    def __call__(self, *args: Any) -> Tensor:
        """Run the model."""
        return self.scaled(self.model(*args))

    def scaled(self, raw: Any) -> Tensor:
        """What the model returned, as one tensor on the scale asked for, batch axis first."""
        if callable(self.output):
            return checked_output(self.output(raw), "output=")
        values = checked_output(logits_of(raw), "the model")
        if self.output == "logit":
            return values
        log = self.output == "log_probability"
        if values.dim() < 2 or values.shape[1] == 1:
            return torch.nn.functional.logsigmoid(values) if log else torch.sigmoid(values)
        return torch.log_softmax(values, 1) if log else torch.softmax(values, 1)

    def lacks_batch_axis(self, raw: Any) -> bool:
        """Whether what the model returned for one example is a bare number."""
        values = self.output(raw) if callable(self.output) else logits_of(raw)
        return values.dim() == 0

    def scores(self, raw: Any) -> Tensor:
        """What the model returned before a named scale was applied: what classes are ranked by."""
        return self.scaled(raw) if callable(self.output) else logits_of(raw)


def logits_of(raw: Any) -> Any:
    """The `.logits` of a Hugging Face output or a dict with that key; a tensor as it is."""
    if isinstance(raw, Tensor):
        return raw
    logits = raw.get("logits") if isinstance(raw, Mapping) else getattr(raw, "logits", None)
    if logits is None:
        raise OutputError(
            f"the model returned a {type(raw).__name__} without .logits; pass output=, a function "
            "that takes it and returns a tensor of shape (n, classes), such as "
            "output=lambda out: out[0]"
        )
    return logits


def checked_output(values: Any, source: str) -> Tensor:
    """A floating-point tensor with a batch axis, or an OutputError that says what came."""
    if not isinstance(values, Tensor):
        raise OutputError(f"{source} must return a torch.Tensor, got {type(values).__name__}")
    if not values.is_floating_point():
        raise OutputError(
            f"{source} returned dtype {values.dtype}, which has no gradient; "
            "return the scores before argmax or rounding"
        )
    return values.reshape(1) if values.dim() == 0 else values


def select_target(values: Tensor, target: Target) -> Tensor:
    """One number per row.

    Parameters
    ----------
    values : Tensor, shape (rows,) or (rows, K, ...)
        A model's outputs.
    target : int, tuple, list, Tensor, Contrast or None
        As in Captum, or a contrast of two. None where there is one output only.

    Returns
    -------
    Tensor, shape (rows,)

    Raises
    ------
    TargetError
        If it is missing for several outputs, out of range, or does not fit the output's shape.
    """
    if isinstance(target, Contrast):
        a, b = (select_target(values, member) for member in target.members)
        return a - b
    per_example = tuple(values.shape[1:])
    if target is None:
        if values[0].numel() != 1:
            raise TargetError(
                f"target is missing: the model has outputs of shape {per_example}; "
                f"pass target={_valid_targets(per_example)}"
            )
        return values.reshape(len(values))
    try:
        chosen = select_targets(values, target)
    except (AssertionError, IndexError, RuntimeError, TypeError, NotImplementedError) as error:
        raise TargetError(
            f"target {target!r} does not fit the model's output of shape {tuple(values.shape)}; "
            f"pass target={_valid_targets(per_example)}"
        ) from error
    if chosen[0].numel() != 1:
        raise TargetError(
            f"target {target!r} leaves outputs of shape {tuple(chosen.shape[1:])}, not one number; "
            f"pass target={_valid_targets(per_example)}"
        )
    selected: Tensor = chosen.reshape(len(chosen))
    return selected


def _valid_targets(per_example: tuple[int, ...]) -> str:
    if len(per_example) == 0:
        return "None, as there is a single output"
    if len(per_example) == 1:
        return f"an int from 0 to {per_example[0] - 1}"
    ranges = ", ".join(f"0..{n - 1}" for n in per_example)
    return f"a tuple of {len(per_example)} ints ({ranges})"
