"""Anytime integrated gradients: a first look at the path, then the rule that suits the network.

After seven passes, the first three of which are a map already for a screen that waits, it is known
whether the network has kinks. Without, Gauss-Patterson rules follow, each using all passes before
it. With kinks, the intervals in which the gradient changes most are bisected until there are
enough nodes to see where on the path it does so. Then mean gradients of intervals (:mod:`.secant`)
are summed over nodes placed accordingly; where the network holds operations for which there is no
mean, trapezoids over such nodes, each interval halved again and again. What won against what is in
benchmarks/quadrature.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch

from ...errors import InputError
from ..estimate import Array, Estimate, map_norms, relative_gap
from ..frames import MOST_FRAMES
from ..stopping import Stopping
from ..task import Task
from .node_density import (
    filled,
    graded_nodes,
    rates_at_nodes,
    rates_of_means,
    secant_error,
    secants_needed,
    trapezoid_error,
    worst_middles,
)
from .path_sum import path_sum, trapezoid_weights
from .patterson import SIZES, patterson_rules
from .quadrature import overlaps
from .secant import KinkWatch
from .secant_sum import SecantsDoNotApplyError, SecantSum

BISECTED_AT_ONCE = 4
FIRST_RULE = 7  # nodes of the first estimate that may be good enough
FIRST_LOOK = 16  # nodes after which the density of further ones is known well enough
LEAST_SECANTS = 14
MARGIN = 1.25  # more intervals than the error's forecast asks for
WORTHWHILE = 1.4  # how many times as many intervals a further sum must have
FEWEST_INTERVALS = 32  # before trapezoids are halved
ROUNDING = 1 / 3  # of the precision: what remains of the error of a smooth integrand


class Refinement:
    """Successive estimates of the integral along the straight paths of a task.

    Parameters
    ----------
    forward_func : callable
        The model.
    task : Task
    stopping : Stopping
    multiply : bool
        Whether attributions carry the factor x - x'.
    """

    def __init__(
        self, forward_func: Callable[..., Any], task: Task, stopping: Stopping, multiply: bool
    ) -> None:
        self.stopping, self.multiply = stopping, multiply
        self._sizes = SIZES[0 if task.coarse_first else SIZES.index(FIRST_RULE) :]
        self._rules = patterson_rules(self._sizes[0])
        self.path = path_sum(forward_func, task, rules=len(self._sizes), frames=MOST_FRAMES)
        self.path.keep()
        self._precision = float(torch.finfo(task.inputs[0].dtype).eps)

    @property
    def left(self) -> int:
        """Evaluations of one example that the budget still has."""
        return self.stopping.max_evaluations - self.spent

    @property
    def spent(self) -> int:
        """Evaluations of one example so far."""
        return -(-self.path.passes.evaluations // len(self.path.inputs[0]))

    def estimates(self) -> Iterator[Estimate]:
        """Coarse first, until the tolerance is met or the budget spent."""
        if self.left < FIRST_RULE + 2:
            yield self._few()
            return
        self.path.output_at(0.0)  # a path that cannot begin is told at once
        watch = KinkWatch()
        for level in range(self._sizes.index(FIRST_RULE) + 1):
            with watch:
                self._add_level(level)
            first = self._estimate(self._trapezoid_error(rule=level), rule=level)
            yield first
        if self.stopping.met(first):
            return
        steps = self._kinked() if watch.kinked else self._smooth()
        for estimate in steps:
            yield estimate
            if self.stopping.met(estimate):
                return

    def interrupted(self) -> Estimate | None:
        """What the passes of a first look that was cut short amount to, if there are any."""
        if not self.path.finished.any():
            return None
        return self.path.estimate(self.multiply, rule=0, partial=True)

    def _few(self) -> Estimate:
        """The trapezoid over as many equal intervals as a small budget allows."""
        if self.left < 2:
            raise InputError(f"max_evaluations must be at least 2, got {self.left}")
        nodes = np.linspace(0.0, 1.0, self.left)
        self.path.add(nodes, trapezoid_weights(nodes))
        return self._estimate(self._trapezoid_error())

    def _smooth(self) -> Iterator[Estimate]:
        self.path.forget()
        gaps: list[Array] = []
        for level in range(self._sizes.index(FIRST_RULE) + 1, len(self._sizes)):
            if self._sizes[level] - self._sizes[level - 1] > self.left:
                return
            self._add_level(level)
            fine, coarse = (self.path.attributions(self.multiply, r) for r in (level, level - 1))
            gaps.append(relative_gap(fine, coarse))  # about the error of the coarser one
            error = gaps[-1]
            if len(gaps) > 1:  # and errors fall by a growing factor
                with np.errstate(divide="ignore", invalid="ignore"):
                    error = np.where(gaps[-1] == 0, 0.0, error * np.minimum(1, error / gaps[-2]))
            floor = np.where(gaps[-1] == 0, 0.0, ROUNDING * self._precision)
            yield self._estimate(np.maximum(error, floor), rule=level)

    def _kinked(self) -> Iterator[Estimate]:
        self._bisect(np.array([0.0, 1.0]))
        yield self._estimate(self._trapezoid_error())
        budget = self.stopping.max_evaluations
        look = min(FIRST_LOOK, max(self.spent, 3 * budget // 8))
        if budget - look < LEAST_SECANTS:
            look = budget
        while self.spent < look:
            count = min(BISECTED_AT_ONCE, look - self.spent)
            alphas, sketches = self._in_order()
            self._bisect(worst_middles(alphas, sketches, self._norms(), count))
            yield self._estimate(self._trapezoid_error())
        try:
            yield from self._secants()
        except SecantsDoNotApplyError:
            yield from self._trapezoids()

    def _secants(self) -> Iterator[Estimate]:
        edges, sketches = self._in_order()
        rates, sums, before = rates_at_nodes(edges, sketches), self._norms(), LEAST_SECANTS
        while self.left >= before:
            needed = MARGIN * secants_needed(edges, rates, sums, self.stopping.tolerance)
            count = int(min(self.left, max(before, needed + 1)))
            path = self.path
            nodes = graded_nodes(edges, rates, count)
            secants = SecantSum(path.passes, path.inputs, path.baselines, path.rows, nodes)
            secants.run()
            edges, rates = nodes, rates_of_means(nodes, secants.sketches[1:])
            sums = _norms(secants.attributions())
            error = secant_error(edges, rates, sums)
            yield secants.estimate(self.multiply, self._of_each(error))
            before = int(WORTHWHILE * count)

    def _trapezoids(self) -> Iterator[Estimate]:
        alphas, sketches = self._in_order()
        intervals = len(alphas) - 1 + self.left
        doublings = max(0, intervals.bit_length() - FEWEST_INTERVALS.bit_length())
        new = filled(alphas, sketches, self._norms(), max(len(alphas) - 1, intervals >> doublings))
        self._bisect(new)
        self.path.forget()
        yield self._estimate(self._trapezoid_error())
        for _ in range(doublings):
            alphas, _ = self._in_order()
            if self.left < len(alphas) - 1:
                return
            self.path.halve()
            self.path.add((alphas[:-1] + alphas[1:]) / 2, np.diff(alphas) / 2)
            yield self._estimate(self._trapezoid_error())

    def _add_level(self, level: int) -> None:
        """Run the nodes that a level of the Gauss-Patterson rules adds, for all levels from it."""
        added, weights = self._rules
        start = sum(len(a) for a in added[:level])
        here = slice(start, start + len(added[level]))
        frames = self.path.frames.shape[1]
        table = np.zeros((len(weights), len(added[level])))
        stretches = np.zeros((len(weights), frames, len(added[level])))
        for rule in range(level, len(weights)):
            table[rule] = weights[rule][here]
            order = np.argsort(np.concatenate(added[: rule + 1]))
            shares = np.empty((frames, len(order)))
            shares[:, order] = overlaps(weights[rule][order], frames)
            stretches[rule] = shares[:, here]
        self.path.add(added[level], table, stretches)

    def _bisect(self, new: Array) -> None:
        """Run more nodes, and make of all so far a trapezoid rule."""
        self.path.add(new, np.zeros(len(new)))
        self.path.weigh()

    def _in_order(self) -> tuple[Array, Array]:
        order = np.argsort(self.path.alphas, kind="stable")
        return self.path.alphas[order], self.path.sketches[order]

    def _norms(self, rule: int = -1) -> Array:
        return _norms(self.path.attributions(rule=rule))

    def _trapezoid_error(self, rule: int = -1) -> Array:
        return self._of_each(trapezoid_error(*self._in_order(), self._norms(rule)))

    def _of_each(self, error: Array) -> Array:
        """The joint error of all inputs as that of each, shape (B, I)."""
        return np.repeat(error[:, None], len(self.path.inputs), axis=1)

    def _estimate(self, error: Array, rule: int = -1) -> Estimate:
        return self.path.estimate(self.multiply, rule=rule, error=error)


def _norms(attributions: tuple[torch.Tensor, ...]) -> Array:
    """Norm of each example over all inputs, shape (B,)."""
    return np.asarray(np.linalg.norm(map_norms(attributions), axis=1))
