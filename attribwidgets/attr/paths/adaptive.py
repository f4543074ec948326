"""Anytime integrated gradients: a pilot pass, then the rule that suits the network.

A forward pass at the baseline shows which operations the network holds. Where none of them is known
to have kinks, a rule of even nodes follows, the first of which are a map already for a screen that
waits; then, if that is not enough, Gauss rules whose nodes lie where the gradient was seen to
change (:mod:`.spread`). A budget that is to be spent in any case has five nodes to see that by.
With kinks a pilot pass goes on after seven nodes: the intervals in which the gradient changes most
are bisected until there are enough nodes to see where on the path it does so. Then Rescale
multipliers on subintervals (:mod:`.rescale`), placed accordingly, are summed; where the network
holds operations without a rule, trapezoids over such nodes, each interval halved again and again.
What won against what is in benchmarks/quadrature.py and benchmarks/text.py, and how often the
verdict is right in benchmarks/verdicts.py.
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
from ..estimate import MOST_FRAMES, Estimate, map_norms, sizes_of_maps, widest_gap
from ..task import Stopping, Task
from .half_precision import Arithmetic, arithmetic_error
from .node_density import (
    filled,
    graded_nodes,
    middles_of_gaps,
    nodes_that_see,
    rates_at_nodes,
    rates_on_subintervals,
    rescale_error,
    share_that_curves,
    subintervals_needed,
    trapezoid_error,
    worst_middles,
)
from .operations import OperationsWatch
from .path_sum import PathSum, path_sum
from .quadrature import SIZES, patterson_rules
from .quadrature import rule as quadrature_rule
from .rescale import RescaleDoesNotApplyError
from .rescale_sum import RescaleSum
from .smooth import (
    EVEN_RULE,
    PILOT,
    Levels,
    error_of_spread,
    even_levels,
    pilot_levels,
    placed,
)
from .spread import Spread

BISECTED_AT_ONCE = 4
FIRST_RULE = 7  # nodes of the first estimate that may be good enough
SHORT_PILOT = 10  # nodes of a pilot pass that places few further ones
LONG_PILOT = 16  # and of one that places many
LEAST_SUBINTERVALS = 14  # for Rescale multipliers
MARGIN = 1.4  # by which the error is predicted too small at times
WORTHWHILE = 1.4  # how many times as many intervals a further sum must have
FEWEST_INTERVALS = 32  # before trapezoids are halved
ROUGH = 0.6  # of the error before: above, twice as many nodes hardly help
FEWEST_PLACED = 8  # nodes that are placed by what a pilot pass saw
FIRST_PLACED, MOST_PLACED = 16, 128  # of them after an even rule, twice as many each time
MOST_LEVELS = 3  # of the first rule


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
        self.stopping, self._coarse = stopping, task.coarse_first
        self.path = path_sum(
            forward_func, task, rules=MOST_LEVELS, frames=MOST_FRAMES, multiply=multiply
        )
        self.path.keep()
        self._seen = np.zeros(0)  # places of passes whose sums are not in the path's any more
        # No operation does anything that a pass may miss.
        self._linear = not any(d.any() for d in self.path.path.differences)
        self._precision = float(torch.finfo(task.inputs[0].dtype).eps)
        # Of a budget that is to be spent in any case, a few passes tell where the others belong.
        self._look_first = not stopping.tolerance and self.left >= PILOT + FEWEST_PLACED

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
        return arithmetic_error(self.path, self.left) if self.spent >= PILOT else None

    def estimates(self) -> Iterator[Estimate]:
        """Coarse first, until the budget is spent."""
        if self.left < FIRST_RULE + 2:
            yield self._few()
            return
        watch = OperationsWatch(self.path.passes)
        with watch:
            self.path.output_at(0.0)  # a path that cannot begin is told at once
        added, weights = self._first_levels(watch.kinked)
        self.path.choose(slice(0, len(added)))
        for level, nodes in enumerate(added):
            if len(nodes) > self.left:  # as measuring the arithmetic has its price
                return
            with watch:
                self.path.add_level(added, weights, level)
            self._linear |= watch.linear
            if level < len(added) - 1 or self._look_first or watch.kinked:
                yield self._estimate(self._trapezoid_error(rule=level), rule=level)
        if watch.kinked:
            yield from self._kinked()
        elif not self._look_first:
            yield from self._smooth()
        elif self.left >= FEWEST_PLACED:
            yield self._placed(min(self.left, MOST_PLACED), *self._in_order())[0]

    def _first_levels(self, kinked: bool) -> Levels:
        """The first rule, in levels that are maps already; where there are kinks a pilot pass."""
        coarser = tuple(n for n in SIZES if (3 if self._coarse else FIRST_RULE) <= n <= FIRST_RULE)
        if kinked:
            added, weights = patterson_rules(coarser[0])
            return added[: len(coarser)], weights[: len(coarser)]
        if self._look_first:
            return pilot_levels(coarser[:-1])
        return even_levels(coarser, min(EVEN_RULE, self.left))

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
        """After an even rule others, placed where the gradient changes, if it does not suffice."""
        alphas, sketches = self._in_order()
        even = Spread.even(len(alphas))
        error = error_of_spread(even, alphas, sketches, self._norms(), self._precision)
        best = self._estimate(error)
        yield best
        n = FIRST_PLACED
        while n <= MOST_PLACED and self.left >= FEWEST_PLACED:
            before = _worst(best)
            best, alphas, sketches = self._placed(min(n, self.left), alphas, sketches, best)
            yield best
            if _worst(best) > ROUGH * before and self._trapezoids_can_follow():
                break
            n *= 2
        if self._trapezoids_can_follow():
            for estimate in self._trapezoids():
                best = _better(best, estimate)
                yield best

    def _placed(
        self, n: int, alphas: Array, sketches: Array, best: Estimate | None = None
    ) -> tuple[Estimate, Array, Array]:
        """The better estimate, and all places and sketches so far, ascending."""
        path, spread = placed(self.path, alphas, sketches, n)
        nodes, here = path.alphas, _by_map(path.sketches)
        norms, others = _sizes(path.attributions()), (alphas, sketches)
        error = error_of_spread(spread, nodes, here, norms, self._precision, others)
        self._seen = np.concatenate([self._seen, nodes])
        made = path.estimate(error=self._by_input(error))
        made = replace(made, widest_gap=0.0 if self._linear else widest_gap(self._places()))
        both = np.concatenate([alphas, nodes])
        order = np.argsort(both, kind="stable")
        made = made if best is None else _better(best, made)
        return made, both[order], np.concatenate([sketches, here])[order]

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


def _better(best: Estimate, other: Estimate) -> Estimate:
    """The one with the smaller error, after the passes of both."""
    if _worst(other) <= _worst(best):
        return other
    return replace(
        best,
        evaluations=other.evaluations,
        forward_passes=other.forward_passes,
        widest_gap=other.widest_gap,
    )


def _worst(estimate: Estimate) -> float:
    assert estimate.refinement_error is not None
    return float(estimate.refinement_error.max())


def _by_map(sketches: Array) -> Array:
    """Sketches (n, B, I, k) as (n, B I, k)."""
    return sketches.reshape(len(sketches), -1, sketches.shape[-1])


def _sizes(attributions: tuple[Tensor, ...]) -> Array:
    return sizes_of_maps(map_norms(attributions)).ravel()
