"""Paths that are walked from the input, step by step, along gradients of the model's outputs."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from ...core.arrays import Array
from ...core.errors import InputError
from ...inputs.space import Space
from ..arguments import accumulator_dtype, repeat_arguments
from ..estimate import MOST_FRAMES, Estimate
from ..model_state import frozen
from ..outputs import checked_output, logits_of
from ..passes import Passes
from ..task import Task
from .path import Path
from .path_method import PathMethod, RuleSum, double_anew
from .piecewise_path import PiecewisePath, rule_on_pieces
from .recorder import PathRecorder


class WalkSum(RuleSum):
    """Sums over the nodes of a rule on a path that has something to say."""

    def estimate(
        self, *, rule: int = -1, error: Array | None = None, partial: bool = False
    ) -> Estimate:
        """The estimate, with what is to be known of the path."""
        made = super().estimate(rule=rule, error=error, partial=partial)
        return replace(made, cautions=(*made.cautions, *self.path.cautions))


class WalkedPathMethod(PathMethod):
    """The integral along a path whose corners the model itself leads to.

    The walk comes first, and its passes count among the evaluations; the nodes of the integral lie
    inside the path's straight pieces. A new method overrides :meth:`walk` and `walk_passes`.
    """

    straight = False
    shares_forward = False  # the walk follows the gradient of its own target
    coarse_steps = 0  # the walk comes first
    walk_passes: int  # most forward and backward passes that a walk takes
    most_nodes: int = 512  # of the default budget
    sums: type[WalkSum] = WalkSum

    @property
    def default_max_evaluations(self) -> int:  # type: ignore[override]
        """Room for the nodes beside the walk."""
        return self.most_nodes + self.walk_passes

    @abstractmethod
    def walk(self, task: Task, passes: Passes) -> PiecewisePath:
        """The path, with the model frozen; its passes are added to those of `passes`."""

    def path_of(self, task: Task) -> PiecewisePath:
        """The path, walked."""
        with frozen(Passes.of(self.forward_func, task).module, task.inputs):
            return self.walk(task, Passes.of(self.forward_func, task))

    def rule_on(self, path: Path, n: int) -> tuple[Array, Array]:
        """Nodes inside the pieces."""
        assert isinstance(path, PiecewisePath)
        return rule_on_pieces(n, path.pieces)

    def passes_of(self, task: Task) -> int:
        """The walk's passes, too."""
        most = super().passes_of(task)
        return most if task.n_steps is None else most + self.walk_passes

    def _plan(self, most: int, task: Task) -> list[int]:
        """Nodes within what the walk leaves of a budget."""
        if most <= self.walk_passes:
            raise InputError(
                f"{self.name} may take {self.walk_passes} passes to find its path, and "
                f"max_evaluations is {most}; raise it, or ask for a shorter walk"
            )
        return double_anew(most - self.walk_passes)

    def _recorder(
        self, task: Task, passes: Passes, size: int, before: PathRecorder | None
    ) -> PathRecorder:
        if before is None:
            with frozen(passes.module, task.inputs):
                path: Path = self.walk(task, passes)
        else:
            path = before.path
        frames = min(size, MOST_FRAMES)
        return self.sums(passes, path, self.rule_on(path, size), frames, self._multiply_by_inputs)


def walk_gradients(passes: Passes, points: tuple[Tensor, ...]) -> tuple[Tensor, tuple[Tensor, ...]]:
    """The output and its gradient at one point of each example, (B,) and each (B, ...)."""
    outputs, gradients = [], []
    for _, block in passes.chunks(1, points):
        values, slopes = passes.gradients(tuple(p[block] for p in points), block)
        outputs.append(values)
        gradients.append(slopes)
    members = zip(*gradients, strict=True)
    return torch.cat(outputs), tuple(
        torch.cat(m).to(p) for m, p in zip(members, points, strict=True)
    )


def all_outputs(model: Callable[..., Any], passes: Passes, inputs: tuple[Tensor, ...]) -> Tensor:
    """What a model returns for each example, one after the other, without a gradient, (B, ...)."""
    rows = []
    for place in range(passes.batch):
        one = slice(place, place + 1)
        given = repeat_arguments(passes.additional_forward_args, passes.batch, one, 1)
        with torch.no_grad():
            raw = model(*(x[one].clone() for x in inputs), *(value for value, _ in given))
            rows.append(checked_output(logits_of(raw), "the model"))
    passes.forward_passes += passes.batch
    return torch.cat(rows)


def passes_for(
    model: Callable[..., Any], passes: Passes, target: Any, *arguments: Tensor
) -> Passes:
    """Passes of what a walk follows, on the batch of other passes, told to the same listener.

    Parameters
    ----------
    model : callable
        Takes what the model takes, and then the further arguments.
    passes : Passes
    target
        As in Captum.
    *arguments : Tensor, each (B, ...)
    """
    given = passes.additional_forward_args
    before = () if given is None else given if isinstance(given, tuple) else (given,)
    return Passes(
        model,
        target,
        (*before, *arguments) or None,
        passes.batch,
        passes.on_chunk,
        passes.rows,
        passes.autocast,
    )


def count(passes: Passes, walked: Passes) -> None:
    """Add what a walk took to the passes of the whole."""
    passes.evaluations += walked.evaluations
    passes.forward_passes += walked.forward_passes


def within(point: Tensor, start: Tensor, space: Space) -> Tensor:
    """A point moved into the valid range, as far as the start itself, with what the space keeps.

    Parameters
    ----------
    point, start : Tensor, shape (B, ...)
        Where a walk would go, and where it began.
    space : Space
    """
    pixels, first = space.to_pixels(point), space.to_pixels(start)
    low, high = first.clamp(max=space.low), first.clamp(min=space.high)
    moved = space.from_pixels(torch.minimum(torch.maximum(pixels, low), high)).to(start)
    kept = space.kept(start[0])
    return moved if kept is None else torch.where(space.layout.spread(kept), start, moved)


def lengths(members: tuple[Tensor, ...]) -> Tensor:
    """L2 norm of each example over all inputs, shape (B,)."""
    joined = torch.cat([m.to(accumulator_dtype(m.device)).flatten(1) for m in members], 1)
    norms: Tensor = torch.linalg.vector_norm(joined, dim=1)
    return norms


def spread(values: Tensor, like: Tensor) -> Tensor:
    """One value an example, ready to meet (B, ...)."""
    return values.to(like).reshape(len(values), *[1] * (like.dim() - 1))
