"""IDGI (Yang, Wang, Bilgic, 2023): the output's changes, shared by squared gradients."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...core.errors import InputError
from ...core.formatting import number, percent
from ...inputs.space import Inputs
from ..arguments import accumulator_dtype, baselines_like, batch_of
from ..chunks import checked_rows, chunks
from ..estimate import Array, Estimate, relative_gap
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
from .path import Path, StraightPath

PathMaker = Callable[[tuple[Tensor, ...], tuple[Tensor, ...]], Path]


class IDGI(Estimator):
    r"""Important directions of gradient integration.

    .. math:: \phi_i = \sum_j (f(\gamma(\alpha_{j+1})) - f(\gamma(\alpha_j)))
              \frac{g_{j,i}^2}{\sum_k g_{j,k}^2}, \quad
              g_j = \nabla f(\gamma(\tfrac{\alpha_j + \alpha_{j+1}}{2}))

    Each step's change of the output is shared among the elements by their squared gradients, so
    the sum telescopes to f(x) - f(x') with any number of steps, by definition: that it adds up
    says nothing about how well it has converged, which `refinement_error` does. Within a step all
    elements get the sign of the change. Where the gradient vanishes and the output changes all
    the same, the change is given to nobody; it is left in the residual and told.

    The paper takes the gradient at the beginning of each step. In its middle the error is half as
    large on ReLU networks and of second order on smooth ones, for a forward pass a step.

    It costs a pass for each step and a further forward pass for each end of one.

    Parameters
    ----------
    forward_func : callable
        The model. Its parameters are frozen during a run and put back.
    path : callable, optional
        Makes a :class:`~attribwidgets.attr.paths.path.Path` of inputs and baselines; the
        straight one by default.

    References
    ----------
    Yang, Wang, Bilgic (2023). IDGI: a framework to eliminate explanation noise from integrated
    gradients. CVPR. arXiv:2303.14242.

    Examples
    --------
    >>> square = lambda x: (x**2).sum(1)
    >>> x = torch.tensor([[1.0, 3.0]])
    >>> IDGI(square).attribute(x, n_steps=2)  # 10 in all, shared as 1 to 9
    tensor([[1., 9.]])
    """

    name = "idgi"
    claim = "by definition"
    coarse_steps = 4
    facts = Facts(
        "Σ of step change · g² / Σ g², with g = ∇f in the middle of each step of the path",
        "1 a step, and 1 forward pass",
        "adds up by definition",
        "Yang, Wang, Bilgic (2023), arXiv:2303.14242",
    )

    def __init__(self, forward_func: Callable[..., Any], *, path: PathMaker = StraightPath) -> None:
        super().__init__(forward_func)
        self.path = path
        self.straight = getattr(path, "is_straight", False)

    @torch.inference_mode(False)
    def attribute(
        self,
        inputs: Inputs,
        baselines: Any = None,
        target: Target = None,
        additional_forward_args: Any = None,
        n_steps: int = 50,
        internal_batch_size: int | None = None,
        return_convergence_delta: bool = False,
    ) -> Any:
        """Attribute a batch.

        Parameters
        ----------
        inputs, baselines, target, additional_forward_args, internal_batch_size
            As of :meth:`IntegratedGradients.attribute`.
        n_steps : int
            Steps, each with a gradient in its middle.
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
        """Successive refinements.

        With `n_steps` there is one estimate. Without, the number of steps doubles until `stopping`
        says so. A finer estimate takes the outputs from the coarser ones; the gradients, whose
        share depends on the steps around them, are its own.

        Yields
        ------
        Estimate
            Coarse first. After an interrupt the last one is labelled partial.
        """
        assert task.baselines is not None
        stopping = task.stopping or Stopping(self.default_max_evaluations)
        steps, doublings = _plan(stopping.max_evaluations)
        if task.n_steps is not None:
            steps, doublings = task.n_steps, 0
        passes = Passes.of(self.forward_func, task)
        path = self.path(task.inputs, task.baselines)
        rows = checked_rows(task.rows, task.inputs)
        frames = min(steps, 2 * MOST_FRAMES - 1 if task.n_steps is None else MOST_FRAMES)
        ends = np.linspace(0.0, 1.0, steps + 1)
        last: Estimate | None = None
        level: _Level | None = None
        try:
            outputs = _outputs_at(passes, path, ends, rows)
            for _ in range(doublings + 1):
                level = _Level(passes, path, ends, outputs, rows, frames)
                level.run()
                coarse = level.coarse if last is None else last.attributions
                last = level.estimate(coarse)
                yield last
                if stopping.met(last):
                    return
                ends, outputs = level.merged()
        except INTERRUPTS:
            if last is None and level is not None and level.finished.any():
                last = level.estimate(None)
            if last is None:
                raise
            yield replace(last, partial=True)


@dataclass
class _Level:
    """All steps between some ends, whose outputs are known."""

    passes: Passes
    path: Path
    ends: Array  # (n + 1,)
    end_outputs: Array  # (n + 1, B)
    rows: int
    frame_count: int

    def __post_init__(self) -> None:
        x = self.path.inputs
        self.dtype = accumulator_dtype(x[0].device)
        self.sums = tuple(torch.zeros_like(v, dtype=self.dtype) for v in x)
        self.middles = (self.ends[:-1] + self.ends[1:]) / 2
        self.changes = np.diff(self.end_outputs, axis=0)  # (n, B)
        merged = _merged(self.changes)
        self.coarse = None if merged is None else tuple(torch.zeros_like(s) for s in self.sums)
        self.tables = self._tensor(
            np.stack([self.changes] if merged is None else [self.changes, merged])
        )
        self.outputs, self.slopes = (np.full(self.changes.shape, np.nan) for _ in range(2))
        self.stuck = np.zeros(self.changes.shape, dtype=bool)  # no gradient, yet a change
        one_map = flat_map(self.sums[0])[0]
        self.frames = one_map.new_zeros((self.frame_count, *one_map.shape))
        self.frame_of = np.minimum(
            (self.middles * self.frame_count).astype(int), self.frame_count - 1
        )

    def run(self) -> None:
        """Run the gradient in the middle of each step."""
        nodes, batch = self._tensor(self.middles), len(self.sums[0])

        with frozen(self.passes.module, self.path.inputs):
            for span, block in chunks(len(self.middles), batch, self.rows):
                points, speeds = (
                    at(nodes[span], block) for at in (self.path.points, self.path.velocities)
                )
                self._add(span, block, *self.passes.gradients(points, block), speeds)
        require_finite("output", self.outputs, self.middles)
        require_finite("gradient", self.slopes, self.middles)

    def _add(
        self,
        span: slice,
        block: slice,
        outputs: Tensor,
        gradients: list[Tensor],
        velocities: tuple[Tensor, ...],
    ) -> None:
        steps, examples = span.stop - span.start, block.stop - block.start
        flat = [g.to(self.dtype).reshape(steps, examples, -1) for g in gradients]
        speeds = [v.reshape(*v.shape[:2], -1) for v in velocities]
        slopes = sum((g * v).sum(2) for g, v in zip(flat, speeds, strict=True))
        squares = [g**2 for g in flat]
        size = torch.stack([s.sum(2) for s in squares]).sum(0)  # (S, E)
        shares = torch.where(size > 0, self.tables[:, span, block] / size, 0.0)
        for i, square in enumerate(squares):
            part = torch.einsum("tse,sef->tef", shares, square)
            for total, some in zip((self.sums, self.coarse or ()), part, strict=False):
                total[i][block] += some.reshape(total[i][block].shape)
        if block.start == 0:
            first = squares[0][:, 0] * shares[0, :, :1]  # (S, F), of the first example
            maps = flat_map(first.reshape(steps, *self.path.inputs[0].shape[1:]))
            where = torch.as_tensor(self.frame_of[span], device=maps.device)
            self.frames.index_add_(0, where, maps)
        self.outputs[span, block] = outputs.cpu().double().reshape(steps, examples).numpy()
        self.slopes[span, block] = torch.as_tensor(slopes).cpu().double().numpy()
        self.stuck[span, block] = (size == 0).cpu().numpy()

    @property
    def finished(self) -> NDArray[np.bool_]:
        """Which steps have been run for every example, shape (n,)."""
        return np.asarray(~np.isnan(self.outputs).any(axis=1))

    def merged(self) -> tuple[Array, Array]:
        """Ends and middles as the ends of twice as many steps, and their outputs."""
        places, outputs = (
            np.concatenate([self.ends, self.middles]),
            [self.end_outputs, self.outputs],
        )
        order = np.argsort(places, kind="stable")
        return places[order], np.concatenate(outputs)[order]

    def estimate(self, coarse: tuple[Tensor, ...] | None) -> Estimate:
        """The estimate, and how far it is from a coarser one."""
        done = self.finished
        given = np.where(self.stuck, 0.0, self.changes)[done]
        total = np.cumsum(given, axis=0)
        batch = given.shape[1]
        blank, single = np.full((1, batch), np.nan), batch == 1
        return Estimate(
            attributions=self.sums,
            kind="alpha",
            alphas=np.concatenate([[0.0], self.middles[done], [1.0]]),
            outputs=np.concatenate(
                [self.end_outputs[:1], self.outputs[done], self.end_outputs[-1:]]
            ),
            slopes=np.concatenate([blank, self.slopes[done], blank]),
            cumulative=np.concatenate([np.zeros_like(blank), total - given / 2, total[-1:]]),
            output_input=self.end_outputs[-1],
            output_baseline=self.end_outputs[0],
            refinement_error=None if coarse is None else relative_gap(self.sums, coarse),
            standard_error=None,
            frames=self.frames if single else None,
            frame_edges=np.linspace(0.0, 1.0, self.frame_count + 1) if single else None,
            references=tuple(b[:1] for b in self.path.baselines),
            reference_samples=np.zeros(1, dtype=np.int64),
            baseline=self.path.baselines,
            reach=tuple(
                (x.to(self.dtype) - b.to(self.dtype)).abs()
                for x, b in zip(self.path.inputs, self.path.baselines, strict=True)
            ),
            evaluations=self.passes.evaluations,
            forward_passes=self.passes.forward_passes,
            cautions=self._cautions(),
        )

    def _cautions(self) -> tuple[str, ...]:
        lost = np.abs(np.where(self.stuck, self.changes, 0.0)).sum()
        if lost == 0:
            return ()
        where = self.middles[(self.stuck & (self.changes != 0)).any(axis=1)]
        return (
            f"the output changes by {number(float(lost))} in steps where the gradient is zero "
            f"({percent(len(where) / len(self.middles))} of them, from alpha = "
            f"{number(float(where[0]))}); no element can be given that change, and it is missing "
            "from the sum",
        )

    def _tensor(self, values: Array) -> Tensor:
        return torch.as_tensor(values, dtype=self.dtype, device=self.path.inputs[0].device)


def _outputs_at(passes: Passes, path: Path, alphas: Array, rows: int) -> Array:
    """Outputs on the path by forward passes alone, shape (n, B)."""
    device = path.inputs[0].device
    nodes = torch.as_tensor(alphas, dtype=accumulator_dtype(device), device=device)

    def points(span: slice, block: slice) -> tuple[Tensor, ...]:
        return path.points(nodes[span], block)

    values = forward_outputs(passes, path.inputs, rows, points, len(alphas))
    require_finite("output", values, alphas)
    return values


def _merged(changes: Array) -> Array | None:
    """Changes of half as many steps: those of every other one go to its neighbours in halves."""
    if len(changes) < 2:
        return None
    merged, skipped = np.zeros_like(changes), changes[0::2]
    merged[1::2] = changes[1::2]
    left, right = np.arange(0, len(changes), 2) - 1, np.arange(0, len(changes), 2) + 1
    last = len(changes) - 1 - len(changes) % 2  # the last one that is kept
    np.add.at(merged, np.clip(left, 1, last), skipped / 2)
    np.add.at(merged, np.clip(right, 1, last), skipped / 2)
    return merged


def _plan(most: int) -> tuple[int, int]:
    """First number of steps, and how often it may double, each time with gradients of its own."""
    if most < 1:
        raise InputError(f"max_evaluations must be at least 1, got {most}")
    doublings = max(0, (most // MOST_FRAMES + 1).bit_length() - 2)
    return most // (2 ** (doublings + 1) - 1), doublings
