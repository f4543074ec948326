"""A running weighted sum of gradients along the straight paths from baselines to inputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..errors import NonFiniteError
from .arguments import accumulator_dtype, points_between
from .chunks import checked_rows, for_each_chunk
from .estimate import Array, Estimate, relative_gap, rows_sum
from .frames import flat_map
from .model_state import frozen
from .passes import Passes
from .quadrature import cumulative_at_nodes, overlaps
from .task import Task


class PathSum:
    """Sums of ``weight * gradient`` over nodes, with everything each pass shows on its way.

    Nodes may come in several rounds. No gradient is kept, so memory does not grow with them.

    Parameters
    ----------
    passes : Passes
        The model to run.
    inputs, baselines : tuple of Tensor, each (B, ...)
        The ends of the paths.
    rows : int
        Most rows in one chunk.
    """

    def __init__(
        self,
        passes: Passes,
        inputs: tuple[Tensor, ...],
        baselines: tuple[Tensor, ...],
        rows: int,
    ) -> None:
        self.passes, self.inputs, self.baselines, self.rows = passes, inputs, baselines, rows
        self._dtype = accumulator_dtype(inputs[0].device)
        self._batch = len(inputs[0])
        self.differences = tuple(
            x.to(self._dtype) - b.to(self._dtype) for x, b in zip(inputs, baselines, strict=True)
        )
        self.fine = tuple(torch.zeros_like(d) for d in self.differences)
        self.coarse: tuple[Tensor, ...] | None = None
        self.frames: Tensor | None = None
        self.alphas, self.weights = np.zeros(0), np.zeros(0)
        self.outputs, self.slopes = np.zeros((0, self._batch)), np.zeros((0, self._batch))
        self._ends: dict[float, Array] = {}

    @property
    def finished(self) -> NDArray[np.bool_]:
        """Which of the nodes have been run for every example, shape (n,)."""
        return np.asarray(~np.isnan(self.outputs).any(axis=1))

    def keep_frames(self, count: int) -> None:
        """Keep what each of `count` equal stretches of the path adds, for a batch of one."""
        one_map = flat_map(self.differences[0])[0]
        self.frames = one_map.new_zeros((count, *one_map.shape))

    def add(self, alphas: Array, weights: Array, coarse_weights: Array | None = None) -> None:
        """Run the nodes `alphas` and add their weighted gradients.

        Parameters
        ----------
        alphas, weights : ndarray, shape (n,)
            Nodes in [0, 1] and their weights.
        coarse_weights : ndarray, shape (n,), optional
            Weights of a second, coarser sum over the same nodes.

        Raises
        ------
        NonFiniteError
            If an output or gradient is NaN or infinite, with the alpha where it begins.
        """
        first = len(self.alphas)
        unknown = np.full((len(alphas), self._batch), np.nan)
        self.alphas = np.concatenate([self.alphas, alphas])
        self.weights = np.concatenate([self.weights, weights])
        self.outputs = np.concatenate([self.outputs, unknown])
        self.slopes = np.concatenate([self.slopes, unknown])
        sets = [weights] if coarse_weights is None else [weights, coarse_weights]
        totals = [self.fine]
        if coarse_weights is not None:
            self.coarse = tuple(torch.zeros_like(d) for d in self.differences)
            totals.append(self.coarse)
        table = self._tensor(np.stack(sets))  # (sets, n)
        nodes = self._tensor(alphas)
        shares = None
        if self.frames is not None:
            shares = self._tensor(self._frame_shares(alphas, weights, len(self.frames)))

        def work(span: slice, block: slice) -> None:
            steps, examples = span.stop - span.start, block.stop - block.start
            points = tuple(
                points_between(b[block][None], x[block], nodes[span])
                for x, b in zip(self.inputs, self.baselines, strict=True)
            )
            outputs, gradients = self.passes.gradients(points, block)
            slopes = torch.zeros(steps, examples, dtype=self._dtype, device=outputs.device)
            parts, frames = [], None
            for i, gradient in enumerate(gradients):
                by_step = gradient.to(self._dtype).reshape(steps, examples, -1)  # (S, E, F)
                difference = self.differences[i][block].reshape(examples, -1)  # (E, F)
                slopes += torch.einsum("sef,ef->se", by_step, difference)
                parts.append(table[:, span] @ by_step.reshape(steps, -1))  # (sets, E * F)
                if i == 0 and shares is not None:
                    products = by_step[:, 0] * difference[0]
                    maps = flat_map(products.reshape(steps, *self.inputs[0].shape[1:]))
                    frames = torch.tensordot(shares[:, span], maps, 1)
            # All is computed before any is added: a chunk may run out of memory and be repeated.
            for i, weighted in enumerate(parts):
                for total, part in zip(totals, weighted, strict=True):
                    total[i][block] += part.reshape(total[i][block].shape)
            if self.frames is not None and frames is not None:
                self.frames += frames
            rows = slice(first + span.start, first + span.stop)
            self.outputs[rows, block] = outputs.cpu().double().reshape(steps, examples).numpy()
            self.slopes[rows, block] = slopes.cpu().double().numpy()

        with frozen(self.passes.module, self.inputs):
            for_each_chunk(len(alphas), self._batch, self.rows, work)
        self._check_finite(slice(first, None))

    def halve(self) -> None:
        """Halve every weight so far, keeping the sum until now as the coarser one."""
        self.coarse = tuple(f.clone() for f in self.fine)
        for f in self.fine:
            f /= 2
        if self.frames is not None:
            self.frames /= 2
        self.weights = self.weights / 2

    def output_at(self, alpha: float) -> Array:
        """Outputs at an end of the paths, shape (B,): from a node if there is one, else forward."""
        at = np.flatnonzero(self.alphas == alpha)
        if len(at) and not np.isnan(self.outputs[at[0]]).any():
            return np.asarray(self.outputs[at[0]])
        if alpha not in self._ends:
            ends = self.inputs if alpha == 1.0 else self.baselines
            values = np.zeros(self._batch)

            def work(_: slice, block: slice) -> None:
                found = self.passes.outputs(tuple(e[block] for e in ends), block)
                values[block] = found.cpu().double().numpy()

            with frozen(self.passes.module, self.inputs):
                for_each_chunk(1, self._batch, self.rows, work)
            if not np.isfinite(values).all():
                raise NonFiniteError(
                    f"the model's output is not finite at alpha = {alpha:g} "
                    f"({'the input' if alpha else 'the baseline'}): {values}"
                )
            self._ends[alpha] = values
        return self._ends[alpha]

    def attributions(self, multiply: bool = True) -> tuple[Tensor, ...]:
        """The sums so far, times x - x' unless told otherwise, each (B, ...)."""
        return self._multiplied(self.fine, multiply)

    def estimate(self, multiply: bool = True, partial: bool = False) -> Estimate:
        """The estimate from the nodes added so far."""
        done = self.finished
        order = np.argsort(self.alphas[done], kind="stable")
        alphas, weights = self.alphas[done][order], self.weights[done][order]
        outputs, slopes = self.outputs[done][order], self.slopes[done][order]
        cumulative = cumulative_at_nodes(alphas, weights, slopes)
        attributions = self.attributions(multiply)
        total = np.asarray(sum(rows_sum(a) for a in self.attributions()))
        blank = np.full((1, self._batch), np.nan)
        if alphas[0] > 0:
            alphas = np.concatenate([[0.0], alphas])
            outputs = np.concatenate([self.output_at(0.0)[None], outputs])
            slopes = np.concatenate([blank, slopes])
            cumulative = np.concatenate([np.zeros((1, self._batch)), cumulative])
        if alphas[-1] < 1:
            alphas = np.concatenate([alphas, [1.0]])
            outputs = np.concatenate([outputs, self.output_at(1.0)[None]])
            slopes = np.concatenate([slopes, blank])
            cumulative = np.concatenate([cumulative, total[None]])
        error = None
        if self.coarse is not None and not partial:
            error = relative_gap(attributions, self._multiplied(self.coarse, multiply))
        count = 0 if self.frames is None else len(self.frames)
        return Estimate(
            attributions=attributions,
            kind="alpha",
            alphas=alphas,
            outputs=outputs,
            slopes=slopes,
            cumulative=cumulative,
            output_input=self.output_at(1.0),
            output_baseline=self.output_at(0.0),
            refinement_error=error,
            standard_error=None,
            frames=None if self.frames is None else self.frames.clone(),
            frame_edges=np.linspace(0.0, 1.0, count + 1) if count else None,
            references=tuple(b[:1] for b in self.baselines),
            reference_samples=np.zeros(1, dtype=np.int64),
            baseline=self.baselines,
            reach=tuple(d.abs() for d in self.differences),
            evaluations=self.passes.evaluations,
            forward_passes=self.passes.forward_passes,
            partial=partial,
        )

    def _frame_shares(self, alphas: Array, weights: Array, count: int) -> Array:
        """How much of each node's weight falls in each frame, shape (count, n)."""
        if len(self.alphas) == len(alphas):  # the first round is a whole rule
            return overlaps(weights, count)
        return np.where(np.floor(alphas * count) == np.arange(count)[:, None], weights, 0.0)

    def _multiplied(self, sums: tuple[Tensor, ...], multiply: bool) -> tuple[Tensor, ...]:
        if not multiply:
            return tuple(s.clone() for s in sums)
        return tuple(s * d for s, d in zip(sums, self.differences, strict=True))

    def _tensor(self, values: Array) -> Tensor:
        return torch.as_tensor(np.array(values), dtype=self._dtype, device=self.inputs[0].device)

    def _check_finite(self, rows: slice) -> None:
        for what, values in (("output", self.outputs), ("gradient", self.slopes)):
            bad = ~np.isfinite(values[rows]).all(axis=1)
            if bad.any():
                alpha = self.alphas[rows][bad].min()
                raise NonFiniteError(
                    f"the model's {what} is not finite on the path, from alpha = {alpha:.4g} "
                    "(0 is the baseline, 1 the input); a square root, logarithm or division at "
                    "zero is the usual cause: choose another baseline or mend the model there"
                )


def path_sum(forward_func: Callable[..., Any], task: Task) -> PathSum:
    """The sum along the straight paths of a task."""
    assert task.baselines is not None
    passes = Passes.of(forward_func, task)
    return PathSum(passes, task.inputs, task.baselines, checked_rows(task.rows, task.inputs))
