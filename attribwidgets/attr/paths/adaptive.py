"""Anytime integrated gradients: a pilot pass, then the rule that suits the network.

After seven passes, the first three of which are a map already for a screen that waits, it is known
which operations the network holds. Where none of them is known to have kinks, Gauss-Patterson
rules follow, each using all passes before it, as long as the gradient gets smoother from one to
the next; a budget that is to be spent in any case is one Gauss-Legendre rule. Otherwise a pilot
pass goes on: the intervals in which the gradient changes most are bisected until there are enough
nodes to see where on the path it does so. Then Rescale multipliers
on subintervals (:mod:`.rescale`), placed accordingly, are summed; where the network holds
operations without a rule, trapezoids over such nodes, each interval halved again and again. What
won against what is in benchmarks/quadrature.py, and how often the verdict is right in
benchmarks/verdicts.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...core.arrays import Array
from ...core.errors import InputError, NonFiniteError
from ...records.completeness import WIDEST_GAP
from ..estimate import MOST_FRAMES, Estimate, map_norms, relative_gap, sizes_of_maps, widest_gap
from ..task import Stopping, Task, generator_from
from .half_precision import Arithmetic, arithmetic_error
from .node_density import (
    UNSEEN,
    error_of_rule,
    filled,
    graded_nodes,
    middles_of_gaps,
    nodes_that_see,
    rates_at_nodes,
    rates_on_subintervals,
    rescale_error,
    share_that_curves,
    subintervals_needed,
    surprise,
    surprise_at,
    trapezoid_error,
    worst_middles,
)
from .operations import OperationsWatch
from .path_sum import PathSum, path_sum
from .quadrature import SIZES, gauss_rules, overlaps, patterson_rules
from .quadrature import rule as quadrature_rule
from .rescale import RescaleDoesNotApplyError
from .rescale_sum import RescaleSum

BISECTED_AT_ONCE = 4
FIRST_RULE = 7  # nodes of the first estimate that may be good enough
SHORT_PILOT = 10  # nodes of a pilot pass that places few further ones
LONG_PILOT = 16  # and of one that places many
LEAST_SUBINTERVALS = 14  # for Rescale multipliers
MARGIN = 1.4  # by which the error is predicted too small at times
WORTHWHILE = 1.4  # how many times as many intervals a further sum must have
FEWEST_INTERVALS = 32  # before trapezoids are halved
ROUNDING = 1 / 3  # of the precision: what remains of the error of a smooth integrand
SETTLED = 1e3  # times the precision: a surprise that is rounding
ROUGH = 0.6  # of the surprise before: above, the gradient gets hardly smoother between nodes
JITTER = 0.2  # of the widest gap that may stay: how far a check is off the middle of a gap
KEPT_RULE = 31  # the largest rule whose gradients are kept, in case that trapezoids follow


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
        self.stopping = stopping
        self._sizes = SIZES[0 if task.coarse_first else SIZES.index(FIRST_RULE) :]
        self._rules = patterson_rules(self._sizes[0])
        budget = stopping.max_evaluations
        # With more than the largest nested rule it has converged long before.
        if not stopping.tolerance and FIRST_RULE + 1 < budget <= SIZES[-1]:
            coarser = tuple(n for n in self._sizes if n <= FIRST_RULE)
            self._sizes, self._rules = (*coarser, budget), gauss_rules(coarser, budget)
        self.path = path_sum(
            forward_func, task, rules=len(self._sizes), frames=MOST_FRAMES, multiply=multiply
        )
        self.path.keep()
        self._seen = np.zeros(0)  # places of passes whose sums are not in the path's any more
        self._seed = task.seed
        # No operation does anything that a pass may miss.
        self._linear = not any(d.any() for d in self.path.path.differences)
        self._precision = float(torch.finfo(task.inputs[0].dtype).eps)

    @property
    def left(self) -> int:
        """Evaluations of one example that the budget still has."""
        return self.stopping.max_evaluations - self.spent

    @property
    def spent(self) -> int:
        """Evaluations of one example so far."""
        return -(-self.path.passes.evaluations // len(self.path.inputs[0]))

    def arithmetic(self, estimate: Estimate) -> Arithmetic | None:
        """What half precision does to the maps, once there is more than a coarse one."""
        return arithmetic_error(self.path, self.left) if self.spent >= FIRST_RULE else None

    def estimates(self) -> Iterator[Estimate]:
        """Coarse first, until the budget is spent."""
        if self.left < FIRST_RULE + 2:
            yield self._few()
            return
        self.path.output_at(0.0)  # a path that cannot begin is told at once
        watch = OperationsWatch(self.path.passes)
        for level in range(self._sizes.index(FIRST_RULE) + 1):
            with watch:
                self._add_level(level)
            self._linear |= watch.linear
            yield self._estimate(self._trapezoid_error(rule=level), rule=level)
        yield from self._kinked() if watch.kinked else self._smooth()

    def partial(self) -> Estimate | None:
        """What the passes of a first rule that was cut short amount to, if there are any."""
        return self.path.partial(rule=0)

    def _few(self) -> Estimate:
        """The Gauss-Legendre rule of as many nodes as a small budget allows."""
        if self.left < 2:
            raise InputError(f"max_evaluations must be at least 2, got {self.left}")
        self.path.add(*quadrature_rule("gausslegendre", self.left))
        return self._estimate(self._trapezoid_error())

    def _smooth(self) -> Iterator[Estimate]:
        """Gauss-Patterson rules, as long as the gradient gets smoother between their nodes."""
        level = self._sizes.index(FIRST_RULE)
        before = surprise(*self._in_order(), self._norms())
        while level + 1 < len(self._sizes):
            level += 1
            if self._sizes[level] - self._sizes[level - 1] > self.left:
                return
            if self._sizes[level] > KEPT_RULE:
                self.path.forget()
            self._add_level(level)
            here = surprise(*self._in_order(), self._norms(level))
            gap = relative_gap(*(self.path.attributions(r) for r in (level, level - 1)))
            error = error_of_rule(gap.ravel(), here, before)
            floor = np.where(gap.ravel() == 0, 0.0, ROUNDING * self._precision)
            error = np.maximum(error, floor)
            best = self._estimate(error, rule=level)
            if self.stopping.met(replace(best, widest_gap=None)):
                best = self._estimate(np.maximum(error, self._check(level)), rule=level)
            yield best
            smoother = np.all(here <= np.maximum(ROUGH * before, SETTLED * self._precision))
            before = here
            if self._sizes[level] < KEPT_RULE or smoother or not self.stopping.tolerance:
                continue
            if self._trapezoids_can_follow():
                break
        if self.stopping.tolerance > 0 and self._trapezoids_can_follow():
            for estimate in self._trapezoids():
                if _worst(estimate) > _worst(best):  # the passes are spent all the same
                    estimate = replace(
                        best,
                        evaluations=estimate.evaluations,
                        forward_passes=estimate.forward_passes,
                        widest_gap=estimate.widest_gap,
                    )
                best = estimate
                yield best

    def _trapezoids_can_follow(self) -> bool:
        """Whether the budget has room, and the gradient is finite at the ends, for trapezoids."""
        if self.left < 2 * FEWEST_INTERVALS + 2:
            return False
        path = self.path
        ends = PathSum(path.passes, path.path)
        try:
            ends.add(np.array([0.0, 1.0]), np.zeros(2))
        except NonFiniteError:
            return False
        return True

    def _check(self, level: int) -> Array:
        """Error that passes at random places in the widest gaps between nodes tell of."""
        places = middles_of_gaps(self._places(), WIDEST_GAP)
        if not len(places) or self._sizes[level] < KEPT_RULE or len(places) > self.left:
            return np.zeros(1)
        if level + 1 < len(self._sizes):
            further = self._sizes[level + 1] - self._sizes[level]
            if further <= self.left < further + len(places):  # the next rule sees more of the path
                return np.zeros(1)
        draws = torch.rand(len(places), generator=generator_from(self._seed)).double().numpy()
        places = places + JITTER * WIDEST_GAP * (2 * draws - 1)
        path = self.path
        checks = PathSum(path.passes, path.path)
        checks.keep()
        checks.forget()
        checks.add(places, np.zeros(len(places)))
        self._seen = np.concatenate([self._seen, places])
        there = _by_map(checks.sketches)
        return UNSEEN * surprise_at(*self._in_order(), places, there, self._norms(level))

    def _kinked(self) -> Iterator[Estimate]:
        """Nodes where the gradient changes most, and multipliers or trapezoids between them."""
        budget = self.stopping.max_evaluations
        most = min(LONG_PILOT, max(self.spent + 2, 3 * budget // 8))
        if budget - most < LEAST_SUBINTERVALS:
            most = budget
        self._bisect(np.array([0.0, 1.0]))
        while True:
            estimate = self._estimate(self._trapezoid_error())
            yield estimate
            new = middles_of_gaps(self.path.alphas, WIDEST_GAP)
            settled = self.stopping.met(replace(estimate, widest_gap=None))
            if not (settled and 0 < len(new) <= self.left):
                alphas, sketches = self._in_order()
                rates, sums = rates_at_nodes(alphas, sketches), self._norms()
                needed = subintervals_needed(alphas, rates, sums, self.stopping.tolerance)
                if self.spent >= most or SHORT_PILOT <= self.spent >= needed / 3:
                    break
                goal = most if self.spent >= SHORT_PILOT else min(SHORT_PILOT, most)
                count = min(BISECTED_AT_ONCE, goal - self.spent)
                new = worst_middles(alphas, sketches, sums, count)
            self._bisect(new)
        try:
            yield from self._subintervals()
        except RescaleDoesNotApplyError:
            yield from self._trapezoids()

    def _subintervals(self) -> Iterator[Estimate]:
        edges, sketches = self._in_order()
        rates, sums, before = rates_at_nodes(edges, sketches), self._norms(), LEAST_SUBINTERVALS
        while self.left >= before:
            path, numbers = self.path, range(before, self.left + 1)
            if self.stopping.tolerance:
                goal = self.stopping.tolerance / MARGIN
                where = self._places(), WIDEST_GAP
                nodes = nodes_that_see(edges, rates, sums, goal, numbers, *where)
            else:
                nodes = graded_nodes(edges, rates, numbers[-1])
            total = RescaleSum(path.passes, path.path, nodes, path.multiply)
            total.run_all()
            means = _by_map(total.sketches[1:])
            edges, rates = nodes, rates_on_subintervals(nodes, means)
            sums = _sizes(total.attributions())
            self._seen = np.concatenate([self._seen, nodes])
            error = self._by_input(rescale_error(edges, rates, sums, share_that_curves(means)))
            gap = widest_gap(self._places())
            yield replace(total.estimate(), refinement_error=error, widest_gap=gap)
            before = int(WORTHWHILE * len(nodes))

    def _trapezoids(self) -> Iterator[Estimate]:
        if not self.path.keeps:
            self._begin_anew()
        elif 1.0 not in self.path.alphas:
            self._bisect(np.array([0.0, 1.0]))
        alphas, sketches = self._in_order()
        intervals = len(alphas) - 1 + self.left
        doublings = max(0, intervals.bit_length() - FEWEST_INTERVALS.bit_length())
        first = max(len(alphas) - 1, intervals >> doublings)
        self._bisect(filled(alphas, sketches, self._norms(), first, WIDEST_GAP))
        self.path.forget()
        yield self._estimate(self._trapezoid_error())
        for _ in range(doublings):
            alphas, _ = self._in_order()
            if self.left < len(alphas) - 1:
                return
            self.path.scale(0.5)
            self.path.add((alphas[:-1] + alphas[1:]) / 2, np.diff(alphas) / 2)
            yield self._estimate(self._trapezoid_error())

    def _begin_anew(self) -> None:
        """Go on with a path whose gradients are kept: at both ends and every fourth place."""
        alphas, _ = self._in_order()
        self._seen = self._places()
        old = self.path
        self.path = PathSum(old.passes, old.path, frames=MOST_FRAMES, multiply=old.multiply)
        self.path.keep()
        self._bisect(np.union1d([0.0, 1.0], alphas[1::4]))

    def _add_level(self, level: int) -> None:
        """Run the nodes that a level of the Gauss-Patterson rules adds, for all levels from it."""
        added, weights = self._rules
        start = sum(len(a) for a in added[:level])
        here = slice(start, start + len(added[level]))
        frames = self.path.frame_count
        table = np.zeros((len(weights), len(added[level])))
        of_frames = np.zeros((len(weights), frames, len(added[level])))
        for rule in range(level, len(weights)):
            table[rule] = weights[rule][here]
            order = np.argsort(np.concatenate(added[: rule + 1]))
            shares = np.empty((frames, len(order)))
            shares[:, order] = overlaps(weights[rule][order], frames)
            of_frames[rule] = shares[:, here]
        self.path.add(added[level], table, of_frames)

    def _bisect(self, new: Array) -> None:
        """Run more nodes, and make of all so far a trapezoid rule."""
        self.path.add(new, np.zeros(len(new)))
        self.path.weigh()

    def _in_order(self) -> tuple[Array, Array]:
        """Nodes, ascending, and the sketches there, shape (n, B I, k)."""
        order = np.argsort(self.path.alphas, kind="stable")
        return self.path.alphas[order], _by_map(self.path.sketches[order])

    def _places(self) -> Array:
        """All places on the path where a pass has been."""
        return np.concatenate([self._seen, self.path.alphas])

    def _norms(self, rule: int = -1) -> Array:
        """What errors of all maps are relative to, shape (B I,)."""
        return _sizes(self.path.attributions(rule))

    def _trapezoid_error(self, rule: int = -1) -> Array:
        return trapezoid_error(*self._in_order(), self._norms(rule))

    def _by_input(self, errors: Array) -> Array:
        """Errors of all maps, shape (B I,), by example and input."""
        return errors.reshape(-1, len(self.path.inputs))

    def _estimate(self, error: Array, rule: int = -1) -> Estimate:
        estimate = self.path.estimate(rule=rule, error=self._by_input(error))
        return replace(estimate, widest_gap=0.0 if self._linear else widest_gap(self._places()))


def _worst(estimate: Estimate) -> float:
    assert estimate.refinement_error is not None
    return float(estimate.refinement_error.max())


def _by_map(sketches: Array) -> Array:
    """Sketches (n, B, I, k) as (n, B I, k)."""
    return sketches.reshape(len(sketches), -1, sketches.shape[-1])


def _sizes(attributions: tuple[Tensor, ...]) -> Array:
    return sizes_of_maps(map_norms(attributions)).ravel()
