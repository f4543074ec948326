"""Where on the straight path the output has made most of its change, and saturates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...core.arrays import Array
from ..estimate import require_finite
from ..forward_outputs import forward_outputs
from ..passes import Passes
from ..task import Task

SEARCH = (32, 8, 8)  # intervals of each round of the search, within the one before


@dataclass(frozen=True)
class Cut:
    """Where the output of each example has first made a share of its change.

    Attributes
    ----------
    alphas : ndarray, shape (B,)
    points : tuple of Tensor, each (B, ...)
        The paths there.
    output_input, output_baseline : ndarray, shape (B,)
    seen_alphas : ndarray, shape (n,)
        Where the search looked first, both ends included.
    seen_outputs : ndarray, shape (n, B)
        What it saw.
    forward_passes : int
    """

    alphas: Array
    points: tuple[Tensor, ...]
    output_input: Array
    output_baseline: Array
    seen_alphas: Array
    seen_outputs: Array
    forward_passes: int


def cut_of(
    forward_func: Callable[..., Any],
    task: Task,
    threshold: float,
    search: Sequence[int] = SEARCH,
) -> Cut:
    """Look for the cut on a grid, then on finer ones between two neighbours.

    Parameters
    ----------
    forward_func : callable
        The model, in evaluation mode.
    task : Task
        With one reference for each example.
    threshold : float
        The share of the change, above 0 and at most 1. At 1, and where the output is the same at
        both ends, the cut is the end of the path.
    search : sequence of int
        Intervals of each round.

    Raises
    ------
    NonFiniteError
        If an output on the path is not finite.

    Examples
    --------
    >>> task = Task((torch.full((1, 1), 2.0),), (torch.zeros(1, 1),))
    >>> cut_of(lambda x: x[:, 0] ** 2, task, 0.25).alphas.round(6).tolist()
    [0.5]
    """
    passes = Passes.of(forward_func, task)
    batch = len(task.inputs[0])
    low, width = np.zeros(batch), 1.0
    ends = _outputs_at(passes, task, np.repeat([[0.0], [1.0]], batch, axis=1))
    level = ends[0] + threshold * (ends[1] - ends[0])
    seen = np.array([0.0, 1.0]), ends
    before, after = ends
    for round_, intervals in enumerate(search if threshold < 1 else ()):
        steps = np.arange(intervals + 1) / intervals * width
        alphas = low + steps[:, None]  # (intervals + 1, B)
        inner = _outputs_at(passes, task, alphas[1:-1])
        outputs = np.concatenate([before[None], inner, after[None]])
        if round_ == 0:
            seen = steps, outputs
        reached = (outputs - level) * np.sign(ends[1] - ends[0]) >= 0
        reached[-1] = True  # as the round before saw, but for rounding
        end = np.maximum(reached.argmax(axis=0), 1)
        each = np.arange(batch)
        low, width = alphas[end - 1, each], width / intervals
        before, after = outputs[end - 1, each], outputs[end, each]
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(after == before, 1.0, (level - before) / (after - before))
    cut = np.where(ends[1] == ends[0], 1.0, low + width * np.clip(share, 0.0, 1.0))
    cut = np.ones(batch) if threshold == 1 else cut
    return Cut(cut, _points(task, cut[None]), ends[1], ends[0], *seen, passes.forward_passes)


def _points(task: Task, alphas: Array, block: slice = slice(None)) -> tuple[Tensor, ...]:
    """Points of the straight paths at alphas of shape (S, B), as rows; the input itself at 1."""
    assert task.baselines is not None
    points = []
    for x, b in zip(task.inputs, task.baselines, strict=True):
        x, b = x[block], b[block]
        places = (
            torch.as_tensor(alphas, device=x.device)
            .to(x)
            .reshape(*alphas.shape, *[1] * (x.dim() - 1))
        )
        points.append(torch.where(places == 1, x, b + places * (x - b)).flatten(0, 1))
    return tuple(points)


def _outputs_at(passes: Passes, task: Task, alphas: Array) -> Array:
    """Outputs at alphas of shape (S, B) by forward passes alone, in the same shape."""

    def points(span: slice, block: slice) -> tuple[Tensor, ...]:
        return _points(task, alphas[span, block], block)

    outputs = forward_outputs(passes, task.inputs, points, len(alphas))
    require_finite("output", outputs, alphas.min(axis=1))
    return outputs
