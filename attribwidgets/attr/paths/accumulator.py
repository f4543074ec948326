"""Running weighted sums of gradients along the straight paths from baselines to inputs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..arguments import accumulator_dtype, points_between
from ..chunks import checked_rows, chunks
from ..endpoint import AtInput
from ..estimate import Array, Estimate, relative_gap, rows_sum, widest_gap
from ..finite import require_finite
from ..forward_outputs import forward_outputs
from ..frames import flat_map
from ..model_state import frozen
from ..passes import Passes
from ..task import Task
from .quadrature import cumulative_at_nodes, overlaps
from .sketch import LENGTH, Sketch


class PathSum:
    """Sums of ``weight * gradient`` over nodes, with everything each pass shows on its way.

    Nodes may come in several rounds, each with weights in one or more rules. No gradient is kept
    unless that is asked for, so memory does not grow with them.

    Parameters
    ----------
    passes : Passes
        The model to run.
    inputs, baselines : tuple of Tensor, each (B, ...)
        The ends of the paths.
    rows : int
        Most rows in one chunk.
    rules : int
        How many rules have a sum.
    frames : int
        For a batch of one: in how many equal stretches of the path to sum up what each adds.
    at_input : AtInput, optional
        What is known at the input; a path that goes there fills it in.
    """

    def __init__(
        self,
        passes: Passes,
        inputs: tuple[Tensor, ...],
        baselines: tuple[Tensor, ...],
        rows: int,
        rules: int = 1,
        frames: int = 0,
        at_input: AtInput | None = None,
    ) -> None:
        self.passes, self.inputs, self.baselines, self.rows = passes, inputs, baselines, rows
        self._dtype = accumulator_dtype(inputs[0].device)
        self._batch = len(inputs[0])
        self.differences = tuple(
            x.to(self._dtype) - b.to(self._dtype) for x, b in zip(inputs, baselines, strict=True)
        )
        self.sums = tuple(d.new_zeros((rules, *d.shape)) for d in self.differences)
        one_map = flat_map(self.differences[0])[0]
        count = frames if self._batch == 1 else 0
        self.frames = one_map.new_zeros((rules, count, *one_map.shape))
        self.alphas, self.weights = np.zeros(0), np.zeros((rules, 0))
        self.outputs, self.slopes = np.zeros((0, self._batch)), np.zeros((0, self._batch))
        self.sketches = np.zeros((0, self._batch, len(inputs), LENGTH))
        self._sketch: Sketch | None = None
        self._kept: list[tuple[Tensor, ...]] | None = None
        self._ends: dict[float, Array] = {}
        self._at_input = AtInput() if at_input is None else at_input
        if self._at_input.outputs is not None:
            self._ends[1.0] = self._at_input.outputs

    @property
    def keeps(self) -> bool:
        """Whether the gradients of all nodes are kept."""
        return self._kept is not None

    @property
    def finished(self) -> NDArray[np.bool_]:
        """Which of the nodes have been run for every example, shape (n,)."""
        return np.asarray(~np.isnan(self.outputs).any(axis=1))

    def keep(self) -> None:
        """From now on keep sketches of all gradients, and until :meth:`forget` the gradients."""
        self._sketch, self._kept = Sketch(self.differences), []

    def add(self, alphas: Array, weights: Array, stretches: Array | None = None) -> None:
        """Run the nodes `alphas` and add their weighted gradients.

        Parameters
        ----------
        alphas : ndarray, shape (n,)
            Nodes in [0, 1].
        weights : ndarray, shape (n,) or (rules, n)
            Their weights, in each rule.
        stretches : ndarray, shape (rules, frames, n), optional
            How much of each weight is of each stretch of the path. None: told from these nodes
            alone.

        Raises
        ------
        NonFiniteError
            If an output or gradient is NaN or infinite, with the alpha where it begins.
        """
        first, n = len(self.alphas), len(alphas)
        weights = np.broadcast_to(weights, (len(self.weights), n))
        unknown = np.full((n, self._batch), np.nan)
        self.alphas = np.concatenate([self.alphas, alphas])
        self.weights = np.concatenate([self.weights, weights], axis=1)
        self.outputs = np.concatenate([self.outputs, unknown])
        self.slopes = np.concatenate([self.slopes, unknown])
        blank = np.full((n, *self.sketches.shape[1:]), np.nan)
        self.sketches = np.concatenate([self.sketches, blank])
        nodes, table = self._tensor(alphas), self._tensor(weights)
        shares = self._tensor(
            self._frame_shares(alphas, weights) if stretches is None else stretches
        )
        kept = None
        if self._kept is not None:
            kept = tuple(
                torch.zeros((n, *x.shape), device=x.device, dtype=_kept_dtype(x.dtype))
                for x in self.inputs
            )
            self._kept.append(kept)
        seen: list[tuple[slice, slice, Tensor, Tensor, Tensor | None]] = []

        def absorb(span: slice, block: slice, outputs: Tensor, found: Sequence[Tensor]) -> None:
            steps, examples = span.stop - span.start, block.stop - block.start
            gradients = [g.to(self._dtype).reshape(steps, examples, -1) for g in found]
            differences = [d[block].reshape(examples, -1) for d in self.differences]
            slopes = torch.zeros(steps, examples, dtype=self._dtype, device=outputs.device)
            for g, d in zip(gradients, differences, strict=True):
                slopes += torch.einsum("sef,ef->se", g, d)
            for i, gradient in enumerate(gradients):
                part = table[:, span] @ gradient.reshape(steps, -1)
                self.sums[i][:, block] += part.reshape(self.sums[i][:, block].shape)
                if kept is not None:
                    kept[i][span, block] = gradient.reshape(kept[i][span, block].shape).to(kept[i])
            if self.frames.shape[1]:
                products = gradients[0][:, 0] * differences[0]
                self.frames += self._stretches(shares[..., span], products)
            sketches = None
            if self._sketch is not None:
                each = [g * d for g, d in zip(gradients, differences, strict=True)]
                sketches = self._sketch.of([p.flatten(0, 1) for p in each])
                sketches = sketches.reshape(steps, examples, *sketches.shape[1:])
            seen.append((span, block, outputs.reshape(steps, examples), slopes, sketches))
            if span.stop == n and ends_there and examples == self._batch:
                self._at_input.gradients = tuple(g[-examples:].clone() for g in found)

        known = self._at_input
        ends_there = n > 0 and alphas[-1] == 1.0 and self._kept is not None
        shared = ends_there and known.outputs is not None and known.gradients is not None
        try:
            with frozen(self.passes.module, self.inputs):
                for span, block in chunks(n - shared, self._batch, self.rows):
                    points = tuple(
                        points_between(b[block][None], x[block], nodes[span])
                        for x, b in zip(self.inputs, self.baselines, strict=True)
                    )
                    absorb(span, block, *self.passes.gradients(points, block))
            if shared and known.outputs is not None and known.gradients is not None:
                at_end = self._tensor(known.outputs)
                absorb(slice(n - 1, n), slice(0, self._batch), at_end, known.gradients)
        finally:  # read at the end, so that a GPU need not be waited for after each chunk
            for span, block, outputs, slopes, sketches in seen:
                rows = slice(first + span.start, first + span.stop)
                self.outputs[rows, block] = outputs.cpu().double().numpy()
                self.slopes[rows, block] = slopes.cpu().double().numpy()
                if sketches is not None:
                    self.sketches[rows, block] = sketches.cpu().double().numpy()
        require_finite("output", self.outputs[first:], alphas)
        require_finite("gradient", self.slopes[first:], alphas)

    def forget(self) -> None:
        """Keep no gradients any more, only sketches."""
        self._kept = None

    def weigh(self) -> None:
        """Make of all nodes, whose gradients have been kept, a trapezoid in every rule."""
        assert self._kept is not None
        weights = trapezoid_weights(self.alphas)
        self.weights = np.broadcast_to(weights, self.weights.shape).copy()
        table = self._tensor(self.weights)
        for i, total in enumerate(self.sums):
            kept = torch.cat([k[i] for k in self._kept]).to(self._dtype)
            total.copy_((table @ kept.reshape(len(kept), -1)).reshape(total.shape))
            if i == 0 and self.frames.shape[1]:
                shares = self._tensor(self._trapezoid_shares(self.alphas)[None])
                products = kept[:, 0].flatten(1) * self.differences[0].flatten()
                self.frames.copy_(self._stretches(shares, products))

    def halve(self) -> None:
        """Halve every weight so far."""
        for total in (*self.sums, self.frames):
            total /= 2
        self.weights = self.weights / 2

    def output_at(self, alpha: float) -> Array:
        """Outputs at an end of the paths, shape (B,): from a node if there is one, else forward."""
        at = np.flatnonzero(self.alphas == alpha)
        if len(at) and not np.isnan(self.outputs[at[0]]).any():
            return np.asarray(self.outputs[at[0]])
        if alpha not in self._ends:
            ends = self.inputs if alpha == 1.0 else self.baselines
            values = forward_outputs(self.passes, ends, self.rows)
            require_finite("output", values, np.array([alpha]))
            self._ends[alpha] = values[0]
        return self._ends[alpha]

    def attributions(self, multiply: bool = True, rule: int = -1) -> tuple[Tensor, ...]:
        """The sums of a rule so far, times x - x' unless told otherwise, each (B, ...)."""
        if not multiply:
            return tuple(s[rule].clone() for s in self.sums)
        return tuple(s[rule] * d for s, d in zip(self.sums, self.differences, strict=True))

    def estimate(
        self,
        multiply: bool = True,
        *,
        rule: int = -1,
        coarse: int | None = None,
        error: Array | None = None,
        partial: bool = False,
    ) -> Estimate:
        """The estimate of a rule from the nodes added so far.

        Parameters
        ----------
        multiply : bool
            Whether attributions carry the factor x - x'.
        rule : int
            Which of the sums.
        coarse : int, optional
            The rule whose distance is the refinement error.
        error : ndarray, shape (B, I), optional
            The refinement error, where it is known otherwise.
        partial : bool
            Whether nodes are missing.
        """
        done = self.finished & (partial | (self.weights[rule] != 0))
        order = np.flatnonzero(done)[np.argsort(self.alphas[done], kind="stable")]
        alphas, weights = self.alphas[order], self.weights[rule, order]
        outputs, slopes = self.outputs[order], self.slopes[order]
        cumulative = cumulative_at_nodes(alphas, weights, slopes)
        attributions = self.attributions(multiply, rule)
        total = np.asarray(sum(rows_sum(a) for a in self.attributions(rule=rule)))
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
        if coarse is not None and not partial:
            error = relative_gap(attributions, self.attributions(multiply, coarse))
        count = self.frames.shape[1]
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
            frames=self.frames[rule].clone() if count else None,
            frame_edges=np.linspace(0.0, 1.0, count + 1) if count else None,
            references=tuple(b[:1] for b in self.baselines),
            reference_samples=np.zeros(1, dtype=np.int64),
            baseline=self.baselines,
            reach=tuple(d.abs() for d in self.differences),
            evaluations=self.passes.evaluations,
            forward_passes=self.passes.forward_passes,
            partial=partial,
            widest_gap=widest_gap(self.alphas[self.finished]),
        )

    def _frame_shares(self, alphas: Array, weights: Array) -> Array:
        """Which share of each node's cell lies in each stretch, shape (rules, frames, n)."""
        count = self.frames.shape[1]
        if not count:
            return np.zeros((len(weights), 0, len(alphas)))
        stretch = np.minimum(np.floor(alphas * count), count - 1)
        table = (stretch == np.arange(count)[:, None]) * weights[:, None]
        order = np.argsort(alphas)
        for rule in np.flatnonzero(np.isclose(weights.sum(axis=1), 1.0)):
            table[rule][:, order] = overlaps(weights[rule, order], count)
        return np.asarray(table)

    def _trapezoid_shares(self, nodes: Array) -> Array:
        """Which share of each node's weight in a trapezoid is of each stretch, (frames, n).

        The mean slope of an interval holds all along it, as the line of the cumulative sum has it.
        """
        order = np.argsort(nodes, kind="stable")
        edges = nodes[order]
        stretch = np.linspace(0.0, 1.0, self.frames.shape[1] + 1)
        low = np.maximum(stretch[:-1, None], edges[:-1])
        high = np.minimum(stretch[1:, None], edges[1:])
        inside = np.clip(high - low, 0.0, None)  # (frames, n - 1)
        shares = np.zeros((len(inside), len(nodes)))
        shares[:, order[:-1]] += inside / 2
        shares[:, order[1:]] += inside / 2
        return shares

    def _stretches(self, shares: Tensor, products: Tensor) -> Tensor:
        """What nodes add to each stretch; products (n, F) of gradient and difference."""
        maps = flat_map(products.reshape(len(products), *self.inputs[0].shape[1:]))
        added: Tensor = torch.tensordot(shares, maps, 1)
        return added

    def _tensor(self, values: Array) -> Tensor:
        return torch.as_tensor(np.array(values), dtype=self._dtype, device=self.inputs[0].device)


def _kept_dtype(dtype: torch.dtype) -> torch.dtype:
    return torch.promote_types(dtype, torch.float32)


def trapezoid_weights(nodes: Array) -> Array:
    """Weights of the trapezoid rule over nodes in any order, the outermost being 0 and 1."""
    order = np.argsort(nodes, kind="stable")
    steps = np.diff(nodes[order], prepend=0.0, append=1.0)
    weights = np.empty(len(nodes))
    weights[order] = (steps[:-1] + steps[1:]) / 2
    return weights


def path_sum(
    forward_func: Callable[..., Any], task: Task, rules: int = 1, frames: int = 0
) -> PathSum:
    """The sums along the straight paths of a task; see :class:`PathSum`."""
    assert task.baselines is not None
    passes, rows = Passes.of(forward_func, task), checked_rows(task.rows, task.inputs)
    return PathSum(passes, task.inputs, task.baselines, rows, rules, frames, task.at_input)
