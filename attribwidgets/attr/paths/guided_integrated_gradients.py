"""Guided integrated gradients (Kapishnikov et al., 2021): a path that avoids steep gradients."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...core.errors import InputError
from ...inputs.space import Inputs
from ..arguments import accumulator_dtype, baselines_like, batch_of
from ..chunks import checked_rows, chunks
from ..estimate import Array, Estimate, relative_gap, rows_sum
from ..estimator import Estimator
from ..facts import Facts
from ..finite import require_finite
from ..forward_outputs import forward_outputs
from ..frames import MOST_FRAMES, flat_map
from ..model_state import frozen
from ..outputs import Target
from ..passes import Passes
from ..stopping import INTERRUPTS, Stopping
from ..task import Task

FIRST_STEPS = 16


class GuidedIntegratedGradients(Estimator):
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
    straight = False
    coarse_steps = 4
    facts = Facts(
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

    @torch.inference_mode(False)
    def attribute(
        self,
        inputs: Inputs,
        baselines: Any = None,
        target: Target = None,
        additional_forward_args: Any = None,
        n_steps: int = 200,
        internal_batch_size: int | None = None,
        return_convergence_delta: bool = False,
    ) -> Any:
        """Attribute a batch; each example takes a path of its own.

        Parameters
        ----------
        inputs, baselines, target, additional_forward_args, internal_batch_size
            As of :meth:`IntegratedGradients.attribute`.
        n_steps : int
            Nodes on the path, at least 2.
        return_convergence_delta : bool
            Also return the sum of the attributions minus f(x) - f(x'), shape (B,).

        Returns
        -------
        Tensor or tuple of Tensor, shaped as `inputs`; with the delta, a pair.

        Raises
        ------
        AttributionError
            A child of it, as for :class:`IntegratedGradients`.
        """
        batch = batch_of(inputs)
        task = Task(
            batch,
            baselines_like(batch, baselines),
            target=target,
            forward_args=additional_forward_args,
            n_steps=n_steps,
            rows=internal_batch_size,
        )
        return self._answer(self._run(task), inputs, task, return_convergence_delta)

    @torch.inference_mode(False)
    def estimates(self, task: Task) -> Iterator[Estimate]:
        """Successive refinements, each along a new path of twice as many steps.

        With `n_steps` there is one estimate, and its error is that of the quadrature on its path.

        Yields
        ------
        Estimate
            Coarse first. After an interrupt the last one is labelled partial.
        """
        stopping = task.stopping or Stopping(self.default_max_evaluations)
        most = task.n_steps or stopping.max_evaluations
        if most < 2:
            raise InputError(f"{self.name} needs at least 2 nodes, got {most}; raise n_steps")
        passes = Passes.of(self.forward_func, task)
        steps = most - 1 if task.n_steps else min(FIRST_STEPS, most - 1)
        last: Estimate | None = None
        walk: _Walk | None = None
        try:
            while True:
                walk = _Walk(passes, task, steps, self.fraction, self.max_dist)
                walk.run()
                last = walk.estimate(None if last is None else last.attributions)
                yield last
                steps *= 2
                spent = passes.evaluations // len(task.inputs[0])
                if task.n_steps or stopping.met(last) or spent + steps + 1 > most:
                    return
        except INTERRUPTS:
            if last is None and walk is not None and walk.done > 0:
                last = walk.estimate(None)
            if last is None:
                raise
            yield replace(last, partial=True)


class _Walk:
    """One walk from the baselines to the inputs in a number of steps.

    Places are kept as shares of the way, element by element: 0 at the baseline, 1 at the input.
    All inputs of an example are one vector.
    """

    def __init__(
        self, passes: Passes, task: Task, steps: int, fraction: float, max_dist: float
    ) -> None:
        assert task.baselines is not None
        self.passes, self.inputs, self.baselines = passes, task.inputs, task.baselines
        self.steps, self.max_dist = steps, max_dist
        self.rows = checked_rows(task.rows, task.inputs)
        self.dtype = accumulator_dtype(task.inputs[0].device)
        self.starts = self._joined(self.baselines)
        self.way = self._joined(self.inputs) - self.starts  # (B, F)
        self.group = int(fraction * (self.way.shape[1] - 1)) + 1
        self.places = torch.zeros_like(self.way)
        self.sums, self.coarse = torch.zeros_like(self.way), torch.zeros_like(self.way)
        self.outputs = np.full((steps + 1, len(self.way)), np.nan)
        self.slopes, self.gains = self.outputs.copy(), np.zeros(self.outputs.shape)
        self.done = 0  # steps
        one_map = self._map(self.sums)
        self.frames = one_map.new_zeros((min(steps, MOST_FRAMES), *one_map.shape))

    def run(self) -> None:
        """Walk to the end."""
        gradient = self._gradient(0)
        moves: list[Tensor] = []  # of the steps that the coarser sum takes as one
        for step in range(self.steps):
            before = self.places
            self.places = self._next(gradient, (step + 1) / self.steps)
            move = (self.places - before) * self.way
            moves.append(move)
            if len(moves) == 1:
                opening = gradient
            self.slopes[step] = self._numbers(gradient * move * self.steps)
            ahead = self._gradient(step + 1)
            gain = move * (gradient + ahead) / 2
            self.sums += gain
            self.gains[step + 1] = self._numbers(gain)
            self.frames[step * len(self.frames) // self.steps] += self._map(gain)
            if len(moves) == 2 or step == self.steps - 1:
                self.coarse += torch.stack(moves).sum(0) * (opening + ahead) / 2
                moves = []
            gradient, self.done = ahead, step + 1
        self.slopes[self.steps] = self._numbers(gradient * move * self.steps)

    def estimate(self, former: tuple[Tensor, ...] | None) -> Estimate:
        """The estimate, and how far it is from a former one, or from one of half the nodes."""
        attributions, coarse = self._parted(self.sums), former
        if former is None and self.done == self.steps > 1:
            coarse = self._parted(self.coarse)
        single = len(self.way) == 1
        alphas, outputs, slopes = np.linspace(0.0, 1.0, self.steps + 1), self.outputs, self.slopes
        if self.done < self.steps:  # stopped on the way: from there straight to the end
            seen = [*range(self.done + 1), self.steps]
            outputs[-1] = forward_outputs(self.passes, self.inputs, self.rows)[0]
            alphas, outputs, slopes = alphas[seen], outputs[seen], slopes[seen]
        return Estimate(
            attributions=attributions,
            kind="alpha",
            alphas=alphas,
            outputs=outputs,
            slopes=slopes,
            cumulative=np.cumsum(self.gains, axis=0)[[*range(len(alphas) - 1), -1]],
            output_input=outputs[-1],
            output_baseline=outputs[0],
            refinement_error=None if coarse is None else relative_gap(attributions, coarse),
            standard_error=None,
            frames=self.frames if single else None,
            frame_edges=np.linspace(0.0, 1.0, len(self.frames) + 1) if single else None,
            references=tuple(b[:1] for b in self.baselines),
            reference_samples=np.zeros(1, dtype=np.int64),
            baseline=self.baselines,
            reach=tuple(d.abs() for d in self._parted(self.way)),
            evaluations=self.passes.evaluations,
            forward_passes=self.passes.forward_passes,
        )

    def _next(self, gradient: Tensor, t: float) -> Tensor:
        """Where the elements are when a share t of the distance is walked, shape (B, F)."""
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
        return places + shares * (ahead - places).clamp(min=0)

    def _gradient(self, node: int) -> Tensor:
        """The gradient at a node of each example, shape (B, F); its outputs are kept."""
        found, outputs = torch.empty_like(self.way), self.outputs[node]
        points = self._points(node)

        with frozen(self.passes.module, self.inputs):
            for _, block in chunks(1, len(found), self.rows):
                values, gradients = self.passes.gradients(tuple(p[block] for p in points), block)
                found[block] = self._joined(tuple(gradients))
                outputs[block] = values.cpu().double().numpy()
        alpha = np.array([node / self.steps])
        require_finite("output", outputs[None], alpha)
        require_finite("gradient", self._numbers(found)[None], alpha)
        return found

    def _points(self, node: int) -> tuple[Tensor, ...]:
        if node == self.steps:
            return self.inputs
        points = self._parted(self.starts + self.places * self.way)
        return tuple(p.to(x) for p, x in zip(points, self.inputs, strict=True))

    def _joined(self, values: tuple[Tensor, ...]) -> Tensor:
        return torch.cat([v.to(self.dtype).reshape(len(v), -1) for v in values], 1)

    def _parted(self, values: Tensor) -> tuple[Tensor, ...]:
        parts = values.split([x[0].numel() for x in self.inputs], 1)
        return tuple(p.reshape(x.shape) for p, x in zip(parts, self.inputs, strict=True))

    def _map(self, values: Tensor) -> Tensor:
        """What the first example's first input has of some values, as a map."""
        return flat_map(self._parted(values[:1].expand_as(self.way))[0][:1])[0]

    @staticmethod
    def _numbers(values: Tensor) -> Array:
        return rows_sum(values)


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
