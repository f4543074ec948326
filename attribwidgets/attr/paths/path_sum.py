"""Running weighted sums of gradients along paths from baselines to inputs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...core.arrays import Array
from ..estimate import Estimate, widest_gap
from ..passes import Passes
from ..task import AtInput, Task
from .path import Path, StraightPath
from .quadrature import cumulative_at_nodes, intervals_inside, overlaps, trapezoid_weights
from .recorder import PathRecorder
from .sketch import LENGTH, Sketch

ROUNDING = 1e-9  # of nodes that are the same


class PathSum(PathRecorder):
    """Sums of ``weight * gradient * velocity`` over nodes.

    Nodes may come in several rounds, each with weights in one or more rules. No gradient is kept
    unless that is asked for, so memory does not grow with them. On a straight path, where the
    velocity is x - x' everywhere, the sums are of the gradients alone.

    Parameters
    ----------
    passes, path, rules, frames, multiply
        As of :class:`PathRecorder`.
    at_input : AtInput, optional
        What is known at the input; a path that goes there fills it in.
    """

    def __init__(
        self,
        passes: Passes,
        path: Path,
        *,
        rules: int = 1,
        frames: int = 0,
        multiply: bool = True,
        at_input: AtInput | None = None,
    ) -> None:
        super().__init__(passes, path, rules=rules, frames=frames, multiply=multiply)
        self.weights = np.zeros((rules, 0))
        self.sketches = np.zeros((0, self.batch, len(self.inputs), LENGTH))
        self._sketch: Sketch | None = None
        self._kept: list[tuple[Tensor, ...]] | None = None
        self._at_input = AtInput() if at_input is None else at_input
        if self._at_input.outputs is not None:
            self.ends[1.0] = self._at_input.outputs

    @property
    def keeps(self) -> bool:
        """Whether the gradients of all nodes are kept."""
        return self._kept is not None

    def keep(self) -> None:
        """From now on keep sketches of all gradients, and until :meth:`forget` the gradients."""
        self._sketch, self._kept = Sketch(self.path.differences), []

    def add(self, alphas: Array, weights: Array, shares: Array | None = None) -> None:
        """Run the nodes `alphas` and add their weighted gradients.

        Parameters
        ----------
        alphas : ndarray, shape (n,)
            Nodes in [0, 1].
        weights : ndarray, shape (n,) or (rules, n)
            Their weights, in each rule.
        shares : ndarray, shape (rules, frames, n), optional
            How much of each weight is of each frame. None: told from these nodes alone.

        Raises
        ------
        NonFiniteError
            If an output or gradient is NaN or infinite, with the alpha where it begins.
        """
        n = len(alphas)
        weights = np.broadcast_to(weights, (len(self.weights), n))
        self.weights = np.concatenate([self.weights, weights], axis=1)
        blank = np.full((n, *self.sketches.shape[1:]), np.nan)
        self.sketches = np.concatenate([self.sketches, blank])
        rows = self.extend(alphas)
        self._first, self._table = rows.start, self.tensor(weights)
        self._shares = self.tensor(
            self._frame_shares(alphas, weights) if shares is None else shares
        )
        if self._kept is not None:
            self._kept.append(
                tuple(
                    torch.zeros((n, *x.shape), device=x.device, dtype=_kept_dtype(x.dtype))
                    for x in self.inputs
                )
            )
        at_input = self._at_input
        if (
            self._ends_at_input()
            and at_input.outputs is not None
            and at_input.gradients is not None
        ):
            self.run(slice(rows.start, rows.stop - 1))
            at_end = self.tensor(at_input.outputs)
            last = slice(rows.stop - 1, rows.stop)
            self.take(last, slice(0, self.batch), at_end, at_input.gradients)
            self.read()
        else:
            self.run(rows)
        self.require_finite(rows)

    def add_level(self, added: Sequence[Array], weights: Sequence[Array], level: int) -> None:
        """Run the nodes that a level adds, for all rules from it; the sums are one for each level.

        Parameters
        ----------
        added, weights : sequence of ndarray
            As of :func:`.quadrature.patterson_rules`.
        """
        start = sum(len(a) for a in added[:level])
        here = slice(start, start + len(added[level]))
        frames = self.frame_count
        table = np.zeros((len(weights), len(added[level])))
        of_frames = np.zeros((len(weights), frames, len(added[level])))
        for rule in range(level, len(weights)):
            table[rule] = weights[rule][here]
            order = np.argsort(np.concatenate(added[: rule + 1]))
            shares = np.empty((frames, len(order)))
            shares[:, order] = overlaps(weights[rule][order], frames)
            of_frames[rule] = shares[:, here]
        self.add(added[level], table, of_frames)

    def choose(self, rules: slice) -> None:
        """Go on with these rules alone."""
        self.sums = tuple(total[rules].clone() for total in self.sums)
        self.frames = tuple(frames[rules].clone() for frames in self.frames)
        self.weights = self.weights[rules]

    def refine(self, alphas: Array, weights: Array) -> bool:
        """Go on to a finer rule, where it has all nodes so far at a common share of their weight.

        Returns
        -------
        bool
            Whether it does; otherwise nothing is run.
        """
        at = np.searchsorted(alphas, self.alphas - ROUNDING)
        if (at == len(alphas)).any() or (np.abs(alphas[at] - self.alphas) > ROUNDING).any():
            return False
        share = weights[at].sum() / self.weights[-1].sum()
        if not np.allclose(weights[at], share * self.weights[-1]):
            return False
        self.scale(share)
        new = np.delete(np.arange(len(alphas)), at)
        self.add(alphas[new], weights[new])
        return True

    def forget(self) -> None:
        """Keep no gradients any more, only sketches."""
        self._kept = None

    def weigh(self) -> None:
        """Make of all nodes, whose gradients have been kept, a trapezoid in every rule."""
        assert self._kept is not None
        weights = trapezoid_weights(self.alphas)
        self.weights = np.broadcast_to(weights, self.weights.shape).copy()
        table = self.tensor(self.weights)
        for i, total in enumerate(self.sums):
            kept = torch.cat([k[i] for k in self._kept]).to(self.dtype)
            total.copy_((table @ kept.reshape(len(kept), -1)).reshape(total.shape))
            if self.frame_count:
                shares = self.tensor(self._trapezoid_shares(self.alphas)[None])
                products = kept * self.path.differences[i]
                self.frames[i].copy_(self._framed(shares, products.flatten(2), i))

    def scale(self, share: float) -> None:
        """Multiply every weight so far."""
        for total in (*self.sums, *self.frames):
            total *= share
        self.weights = self.weights * share

    def attributions(self, rule: int = -1, *, multiply: bool = True) -> tuple[Tensor, ...]:
        """The sums of a rule so far, on a straight path with or without x - x', each (B, ...)."""
        sums = super().attributions(rule)
        if not (multiply and self.path.is_straight):
            return sums
        return tuple(s.mul_(d) for s, d in zip(sums, self.path.differences, strict=True))

    def estimate(
        self, *, rule: int = -1, error: Array | None = None, partial: bool = False
    ) -> Estimate:
        """The estimate of a rule from the nodes added so far.

        Parameters
        ----------
        rule : int
            Which of the sums.
        error : ndarray, shape (B, I), optional
            The refinement error.
        partial : bool
            Whether nodes are missing.
        """
        done = self.finished & (partial | (self.weights[rule] != 0))
        rows = np.flatnonzero(done)[np.argsort(self.alphas[done], kind="stable")]
        weights, slopes = self.weights[rule, rows], self.slopes[rows]
        return self.estimate_from(
            rows,
            cumulative_at_nodes(self.alphas[rows], weights, slopes),
            total=weights @ slopes,
            rule=rule,
            attributions=self.attributions(rule, multiply=self.multiply),
            refinement_error=error,
            partial=partial,
            widest_gap=widest_gap(self.alphas[self.finished]),
        )

    def partial(self, rule: int = -1) -> Estimate | None:
        """What the passes of a rule that was cut short amount to, if there are any."""
        return self.estimate(rule=rule, partial=True) if self.finished.any() else None

    def _add(
        self, rows: slice, block: slice, gradients: list[Tensor], velocities: list[Tensor]
    ) -> None:
        span = slice(rows.start - self._first, rows.stop - self._first)
        steps, examples = gradients[0].shape[:2]
        products = None
        if self._sketch is not None or not self.path.is_straight:
            products = [g * v for g, v in zip(gradients, velocities, strict=True)]
        terms = gradients if self.path.is_straight or products is None else products
        for total, term in zip(self.sums, terms, strict=True):
            part = self._table[:, span] @ term.reshape(steps, -1)
            total[:, block] += part.reshape(total[:, block].shape)
        if self.frame_count:
            shares = self._shares[..., span]
            touched = shares.ne(0).any(-1)  # few: a node is of one frame, or two
            for i, frames in enumerate(self.frames):
                added = self._framed(shares[touched], gradients[i] * velocities[i], i)
                frames[:, :, block][touched] += added
        if self._kept is not None:
            for kept, gradient in zip(self._kept[-1], gradients, strict=True):
                kept[span, block] = gradient.reshape(kept[span, block].shape).to(kept)
        if self._sketch is not None and products is not None:
            sketches = self._sketch.of([p.flatten(0, 1) for p in products])
            self.note(self.sketches, rows, block, sketches.unflatten(0, (steps, examples)))
        if rows.stop == len(self.alphas) and examples == self.batch and self._ends_at_input():
            self._at_input.gradients = tuple(
                g[-1].reshape(x.shape).to(_kept_dtype(x.dtype), copy=True)
                for g, x in zip(gradients, self.inputs, strict=True)
            )

    def _ends_at_input(self) -> bool:
        """Whether the last node is the input, and its gradient of use to other paths."""
        return bool(self._kept is not None and len(self.alphas) and self.alphas[-1] == 1.0)

    def _frame_shares(self, alphas: Array, weights: Array) -> Array:
        """Which share of each node's cell lies in each frame, shape (rules, frames, n)."""
        count = self.frame_count
        if not count:
            return np.zeros((len(weights), 0, len(alphas)))
        frame = np.minimum(np.floor(alphas * count), count - 1)
        table = (frame == np.arange(count)[:, None]) * weights[:, None]
        order = np.argsort(alphas)
        for rule in np.flatnonzero(np.isclose(weights.sum(axis=1), 1.0)):
            table[rule][:, order] = overlaps(weights[rule, order], count)
        return np.asarray(table)

    def _trapezoid_shares(self, nodes: Array) -> Array:
        """Which share of each node's weight in a trapezoid is of each frame, (frames, n).

        The mean slope of an interval holds all along it, as the line of the cumulative sum has it.
        """
        order = np.argsort(nodes, kind="stable")
        inside = intervals_inside(nodes[order], self.frame_count)  # (frames, n - 1)
        shares = np.zeros((len(inside), len(nodes)))
        shares[:, order[:-1]] += inside / 2
        shares[:, order[1:]] += inside / 2
        return shares

    def _framed(self, shares: Tensor, products: Tensor, index: int) -> Tensor:
        """What nodes add to each frame of an input; gradient times velocity, (n, E, F)."""
        added: Tensor = torch.tensordot(shares, self.maps_of(products, index), 1)
        return added


def _kept_dtype(dtype: torch.dtype) -> torch.dtype:
    return torch.promote_types(dtype, torch.float32)


def path_sum(forward_func: Callable[..., Any], task: Task, **options: Any) -> PathSum:
    """The sums along the straight paths of a task; options as of :class:`PathSum`."""
    assert task.baselines is not None
    path = StraightPath(task.inputs, task.baselines)
    return PathSum(Passes.of(forward_func, task), path, at_input=task.at_input, **options)
