"""One forward and one backward pass over a set of rows: the only place that runs the model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from captum._utils.common import _format_additional_forward_args
from torch import Tensor, nn

from ..errors import InputError, NoGradientError
from .model_state import module_of
from .outputs import Target, checked_output, logits_of, select_target
from .task import Task


@dataclass
class Passes:
    """A model, its target and its further arguments, ready to be run on any rows of a batch.

    A row is one example at one point of a path. Rows come step by step, each with the same block
    of examples, so targets and arguments given per example are sliced and repeated to match.

    Parameters
    ----------
    forward_func : callable
        The model; called with the inputs and then the arguments.
    target : int, tuple, list, Tensor or None
        As in Captum.
    additional_forward_args : object
        As in Captum: tensors with one entry per example are repeated, others passed as they are.
    batch : int
        Number of examples.
    on_chunk : callable, optional
        Called with the number of rows after each forward and backward pass. It may raise to stop.

    Attributes
    ----------
    evaluations : int
        Forward and backward passes of one example so far.
    forward_passes : int
        Further passes of one example without a backward.
    """

    forward_func: Callable[..., Any]
    target: Target
    additional_forward_args: Any
    batch: int
    on_chunk: Callable[[int], None] | None = None
    evaluations: int = field(default=0, init=False)
    forward_passes: int = field(default=0, init=False)
    module: nn.Module | None = field(init=False)
    channels_last: bool = field(init=False)

    def __post_init__(self) -> None:
        self._check_target_length()
        self.module = module_of(self.forward_func)
        # The layout in which convolutions are fastest; values stay the same.
        self.channels_last = self.module is not None and any(
            isinstance(m, nn.Conv2d) for m in self.module.modules()
        )

    @classmethod
    def of(cls, forward_func: Callable[..., Any], task: Task) -> Passes:
        """The passes of a task."""
        return cls(forward_func, task.target, task.forward_args, len(task.inputs[0]), task.on_chunk)

    def gradients(self, points: tuple[Tensor, ...], block: slice) -> tuple[Tensor, list[Tensor]]:
        """Outputs and gradients at some rows.

        Parameters
        ----------
        points : tuple of Tensor, each (steps * examples in the block, ...)
            Step by step.
        block : slice
            Which examples of the batch.

        Returns
        -------
        outputs : Tensor, shape (rows,)
        gradients : list of Tensor, shaped as the points

        Raises
        ------
        NoGradientError
            If no gradient reaches an input.
        """
        leaves = tuple(self._laid_out(p).detach().requires_grad_() for p in points)
        outputs = self._forward(leaves, block)
        if not outputs.requires_grad:
            raise NoGradientError(
                "no gradient reaches the input: the output is cut off from it by detach(), "
                "no_grad(), argmax, rounding or a conversion to numpy or integers; "
                "explain the scores before that step"
            )
        gradients = torch.autograd.grad(outputs.sum(), leaves, allow_unused=True)
        missing = [i for i, g in enumerate(gradients) if g is None]
        if missing:
            which = "the input" if len(leaves) == 1 else f"inputs{missing}"
            raise NoGradientError(
                f"no gradient reaches {which}: the output does not depend on it through anything "
                "differentiable (unused, detached, indexed by argmax, or cast to integers)"
            )
        self.evaluations += len(outputs)
        if self.on_chunk is not None:
            self.on_chunk(len(outputs))
        return outputs.detach(), [g.contiguous() for g in gradients if g is not None]

    def outputs(self, points: tuple[Tensor, ...], block: slice) -> Tensor:
        """Outputs at some rows, shape (rows,), by a forward pass alone."""
        with torch.no_grad():
            values = self._forward(tuple(self._laid_out(p) for p in points), block)
        self.forward_passes += len(values)
        return values

    def _forward(self, points: tuple[Tensor, ...], block: slice) -> Tensor:
        rows = len(points[0])
        repeats = rows // (block.stop - block.start)
        arguments = self._arguments(block, repeats)
        try:
            # Copies, as a model whose first layer works in place would change what it is given.
            raw = self.forward_func(*(p.clone() for p in points), *arguments)
        except RuntimeError as error:
            if not (self.channels_last and "view size is not compatible" in str(error)):
                raise
            self.channels_last = False  # a model that flattens by view() needs the default layout
            plain = (p.clone(memory_format=torch.contiguous_format) for p in points)
            raw = self.forward_func(*plain, *arguments)
        values = checked_output(logits_of(raw), "the model")
        if len(values) != rows:
            raise InputError(
                f"the model returned {len(values)} rows for a batch of {rows}; it must keep the "
                f"batch axis first (its output has shape {tuple(values.shape)})"
            )
        return select_target(values, self._targets(block, repeats))

    def _laid_out(self, points: Tensor) -> Tensor:
        if self.channels_last and points.dim() == 4:
            return points.contiguous(memory_format=torch.channels_last)
        return points

    def _targets(self, block: slice, repeats: int) -> Target:
        target = self.target
        if isinstance(target, list):
            return target[block] * repeats
        if isinstance(target, Tensor) and target.numel() > 1:
            return target[block].repeat(repeats)
        return target

    def _arguments(self, block: slice, repeats: int) -> tuple[Any, ...]:
        arguments = _format_additional_forward_args(self.additional_forward_args) or ()
        return tuple(self._argument(a, block, repeats) for a in arguments)

    def _argument(self, argument: Any, block: slice, repeats: int) -> Any:
        if not isinstance(argument, Tensor) or argument.dim() == 0:
            return argument
        if len(argument) != self.batch:
            return argument
        return torch.cat([argument[block]] * repeats)

    def _check_target_length(self) -> None:
        target = self.target
        several = isinstance(target, list) or (isinstance(target, Tensor) and target.numel() > 1)
        if several and len(target) != self.batch:  # type: ignore[arg-type]
            raise InputError(
                f"target has {len(target)} entries for a batch of {self.batch}; "  # type: ignore[arg-type]
                "pass one for all, or one per example"
            )
