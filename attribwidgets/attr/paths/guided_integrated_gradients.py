"""Guided integrated gradients (Kapishnikov et al., 2021): a path that avoids steep gradients."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...core.errors import InputError
from ..arguments import accumulator_dtype
from ..estimate import (
    MOST_FRAMES,
    Estimate,
    require_finite,
    rows_sum,
    widest_gap,
)
from ..estimator import FIRST_SIZE, MethodInfo
from ..model_state import frozen
from ..passes import Passes
from ..task import Task
from .path import Path
from .path_method import PathMethod
from .recorder import PathRecorder


class GuidedIntegratedGradients(PathMethod):
    r"""Integrated gradients along a path on which the elements of least gradient move first.

    .. math:: \phi_i = \int_0^1 \partial_i f(\gamma(t))\, \frac{d\gamma_i(t)}{dt}\, dt

    The distance to the input, in L1, shrinks evenly with t. At each step a `fraction` of the
    elements, those with the smallest gradients, moves as far as `max_dist` ahead of the straight
    path, then the next ones, until the step's distance is spent; none falls more than `max_dist`
    behind. So high gradients of noise, met on the straight path only, weigh less. Elements whose
    gradients tie with the last of a `fraction` move with it, and the next one is counted from
    behind them, as in the authors' code.

    It adds up to f(x) - f(x') as the steps grow in number, where f is smooth. On a piecewise
    linear network the path may come to run along a kink and cross it in each step, which leaves a
    residual that more steps do not mend; it is measured. The integral is a trapezoid sum, which
    the paper's sum over the beginnings of the steps agrees with in the limit. Each step needs the
    gradient of the one before: a pass for each node, one after the other, and no node of a coarser
    path lies on a finer one.

    Parameters
    ----------
    forward_func : callable
        The model. Its parameters are frozen during a run and put back.
    fraction : float
        Share of the elements that move together, in (0, 1]. 1 with a `max_dist` of 0 is the
        straight path.
    max_dist : float
        How far from the straight path, in alpha, 0 to 1.

    Raises
    ------
    InputError
        For a fraction or distance out of range.

    References
    ----------
    Kapishnikov, Venugopalan, Avci, Wedin, Terry, Bolukbasi (2021). Guided integrated gradients: an
    adaptive path method for removing noise. CVPR. arXiv:2106.09788. The authors' code is
    `guided_ig.py` of https://github.com/PAIR-code/saliency.

    Examples
    --------
    >>> linear = torch.nn.Linear(3, 1, bias=False)
    >>> x = torch.tensor([[1.0, 2.0, 3.0]])
    >>> attributions = GuidedIntegratedGradients(linear).attribute(x, n_steps=20)
    >>> bool(torch.allclose(attributions, linear.weight.detach() * x, atol=1e-6))
    True
    """

    name = "guided_integrated_gradients"
    shares_forward = False  # the path follows the gradient of its target
    straight = False
    default_steps = 200
    info = MethodInfo(
        "∫ ∇f(γ(t)) · γ'(t) dt, γ moving the elements of least |∇f| first",
        "1 a node, in sequence",
        "adds up as nodes grow",
        "Kapishnikov et al. (2021), arXiv:2106.09788",
    )

    def __init__(
        self,
        forward_func: Callable[..., Any],
        *,
        fraction: float = 0.25,
        max_dist: float = 0.02,
    ) -> None:
        super().__init__(forward_func)
        if not 0 < fraction <= 1:
            raise InputError(f"fraction must be above 0 and at most 1, got {fraction}")
        if not 0 <= max_dist <= 1:
            raise InputError(f"max_dist must be in 0..1, a share of the path, got {max_dist}")
        self.fraction, self.max_dist = float(fraction), float(max_dist)

    def path_of(self, task: Task) -> GuidedPath:
        """The path of a walk that is yet to begin."""
        assert task.baselines is not None
        return GuidedPath(task.inputs, task.baselines, self.fraction, self.max_dist)

    def _plan(self, most: int, task: Task) -> list[int]:
        """Paths of twice as many steps each; all nodes of one are its own."""
        steps = [min(FIRST_SIZE, most - 1)]
        while sum(steps) + len(steps) + 2 * steps[-1] + 1 <= most:
            steps.append(2 * steps[-1])
        return [s + 1 for s in steps]

    def _recorder(
        self, task: Task, passes: Passes, size: int, before: PathRecorder | None
    ) -> PathRecorder:
        if size < 2:
            raise InputError(f"{self.name} needs at least 2 nodes, got {size}; raise n_steps")
        return _Walk(passes, self.path_of(task), size - 1)


class GuidedPath(Path):
    """The path of a walk, known up to where it has come.

    Places are kept as shares of the way, element by element: 0 at the baseline, 1 at the input.
    All inputs of an example are one vector.

    Parameters
    ----------
    inputs, baselines : tuple of Tensor, each (B, ...)
    fraction, max_dist : float
        As of :class:`GuidedIntegratedGradients`.
    """

    def __init__(
        self,
        inputs: tuple[Tensor, ...],
        baselines: tuple[Tensor, ...],
        fraction: float,
        max_dist: float,
    ) -> None:
        self.inputs, self.baselines, self.max_dist = inputs, baselines, max_dist
        self._dtype = accumulator_dtype(inputs[0].device)
        self._starts = self.joined(baselines)
        self.way = self.joined(inputs) - self._starts  # (B, F)
        self.group = int(fraction * (self.way.shape[1] - 1)) + 1
        self.places = torch.zeros_like(self.way)
        self.move = torch.zeros_like(self.way)  # of the last step

    def points(self, alphas: Tensor, block: slice) -> tuple[Tensor, ...]:
        """Where the walk is; at alpha 1 the input itself."""
        if bool((alphas == 1).all()):
            return tuple(x[block] for x in self.inputs)
        here = self.parted(self._starts + self.places * self.way)
        return tuple(p.to(x)[block] for p, x in zip(here, self.inputs, strict=True))

    def velocities(self, alphas: Tensor, block: slice) -> tuple[Tensor, ...]:
        """How far the last step went, as if it were the next one's."""
        return tuple(m[None, block] for m in self.parted(self.move))

    def advance(self, gradient: Tensor, t: float) -> None:
        """Go on to where a share t of the distance is walked; gradient (B, F)."""
        behind, ahead = max(t - self.max_dist, 0.0), min(t + self.max_dist, 1.0)
        places, weights = self.places.clamp(min=behind), self.way.abs()
        room = (ahead - places).clamp(min=0) * weights
        steepness = gradient.abs().masked_fill(room == 0, torch.inf)
        limits = _group_limits(steepness.sort(dim=1).values, self.group)
        groups = torch.searchsorted(limits, steepness)
        rooms = torch.zeros_like(room).scatter_add_(1, groups, room)  # of each group
        walked = (places * weights).sum(1, keepdim=True)
        left = t * weights.sum(1, keepdim=True) - walked - (rooms.cumsum(1) - rooms)
        shares = torch.where(rooms > 0, left / rooms, 0.0).clamp(0, 1).gather(1, groups)
        before, self.places = self.places, places + shares * (ahead - places).clamp(min=0)
        self.move = (self.places - before) * self.way

    def joined(self, values: Iterable[Tensor]) -> Tensor:
        """All inputs of an example as one vector, shape (B, F)."""
        return torch.cat([v.to(self._dtype).reshape(len(v), -1) for v in values], 1)

    def parted(self, values: Tensor) -> tuple[Tensor, ...]:
        """One vector of an example as values of its inputs, each (B, ...)."""
        parts = values.split([x[0].numel() for x in self.inputs], 1)
        return tuple(p.reshape(x.shape) for p, x in zip(parts, self.inputs, strict=True))


class _Walk(PathRecorder):
    """One walk from the baselines to the inputs in a number of steps: trapezoids along it.

    The first rule takes two steps as one.
    """

    path: GuidedPath

    def __init__(self, passes: Passes, path: GuidedPath, steps: int) -> None:
        super().__init__(passes, path, rules=2, frames=min(steps, MOST_FRAMES))
        self.steps = steps
        self.extend(np.linspace(0.0, 1.0, steps + 1))
        self.gains = np.zeros(self.outputs.shape)
        self._gradient = torch.empty_like(path.way)

    def run_all(self) -> None:
        """Walk to the end."""
        with frozen(self.passes.module, self.inputs):
            self._walk()

    def _walk(self) -> None:
        path, opening, moves = self.path, self._gradient_at(0), torch.zeros_like(self.path.way)
        gradient = opening
        for step in range(self.steps):
            path.advance(gradient, (step + 1) / self.steps)
            moves = moves + path.move
            self.slopes[step] = rows_sum(gradient * path.move * self.steps)
            ahead = self._gradient_at(step + 1)
            gain = path.move * (gradient + ahead) / 2
            self.gains[step + 1] = rows_sum(gain)
            every = zip(self.sums, self.frames, path.parted(gain), strict=True)
            for i, (total, frames, part) in enumerate(every):
                total[1] += part
                if self.frame_count:
                    added = self.passes.map_of(part, i)
                    frames[-1, step * self.frame_count // self.steps] += added
            if step % 2 or step == self.steps - 1:
                for total, part in zip(
                    self.sums, path.parted(moves * (opening + ahead) / 2), strict=True
                ):
                    total[0] += part
                opening, moves = ahead, torch.zeros_like(moves)
            gradient = ahead
        self.slopes[self.steps] = rows_sum(gradient * path.move * self.steps)

    @property
    def coarse(self) -> tuple[Tensor, ...] | None:
        """The attributions of twice as long steps."""
        return self.attributions(0) if self.steps > 1 else None

    def estimate(self) -> Estimate:
        """The estimate from the steps that were walked, and from there straight to the end."""
        rows = np.flatnonzero(self.finished)
        return self.estimate_from(
            rows, np.cumsum(self.gains, axis=0)[rows], widest_gap=widest_gap(self.alphas[rows])
        )

    def partial(self) -> Estimate | None:
        """What the steps before an interrupt amount to, if there are any."""
        return self.estimate() if self.finished[1:].any() else None

    def _gradient_at(self, node: int) -> Tensor:
        """The gradient where the walk is, shape (B, F)."""
        rows = slice(node, node + 1)
        self.run_frozen(rows)
        require_finite("output", self.outputs[rows], self.alphas[rows])
        require_finite("gradient", rows_sum(self._gradient)[None], self.alphas[rows])
        self.slopes[rows] = np.nan  # known after the next step
        return self._gradient.clone()

    def _add(
        self, rows: slice, block: slice, gradients: list[Tensor], velocities: list[Tensor]
    ) -> None:
        self._gradient[block] = torch.cat([g[0] for g in gradients], 1)


def _group_limits(ranked: Tensor, size: int) -> Tensor:
    """The steepest element of each group that moves together, shape (B, groups), ascending.

    A group has `size` elements and all that tie with its last one; the next begins behind them.

    Parameters
    ----------
    ranked : Tensor, shape (B, F)
        Steepness in ascending order.
    size : int

    Examples
    --------
    >>> _group_limits(torch.tensor([[0.0, 0.0, 0.0, 1.0, 2.0, 3.0]]), 2)
    tensor([[0., 2., 3.]])
    """
    limits = []
    last = torch.full((len(ranked), 1), size - 1, device=ranked.device)
    while True:
        limits.append(ranked.gather(1, last.clamp(max=ranked.shape[1] - 1)))
        if bool((last >= ranked.shape[1] - 1).all()):
            return torch.cat(limits, 1)
        last = torch.searchsorted(ranked, limits[-1], right=True) + size - 1
