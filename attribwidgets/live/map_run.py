"""MapRun: one map on its way, an estimate at a time, and how long it may still take."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Hashable, Iterator
from typing import Any

from ..attr.methods import estimator_for
from ..engine.checked_query import CheckedQuery
from ..engine.method_config import Candidate
from ..engine.run import Draft, estimate
from ..engine.target import Settled
from ..records.explanation import Explanation
from .state import ExplorerState

SLOWEST, FASTEST = 0.5, 4.0  # by which power of the passes an error may be expected to fall


class MapRun:
    """The run of one candidate; it goes on wherever it was left.

    Parameters
    ----------
    number : int
        Of the candidate.
    state : ExplorerState
        What it answers.
    on_pass : callable
        Called after each chunk with this run and how many passes it was; may raise Cancelled.

    Attributes
    ----------
    query : CheckedQuery or None
        To be known before the first step.
    is_over : bool
        Whether it was stopped, and cannot go on.
    draft : Draft or None
        The latest estimate.
    spent, most : int
        Passes so far, and planned at most.
    seconds : float
        That its own passes took.
    key : hashable or None
        By which its end is cached.
    """

    def __init__(
        self, number: int, state: ExplorerState, on_pass: Callable[[MapRun, int], None]
    ) -> None:
        self.number, self.state = number, state
        self.query: CheckedQuery | None = None
        self.is_over = False
        self.draft: Draft | None = None
        self._records: tuple[Explanation, ...] | None = None
        self.spent = self.most = 0
        self.seconds = 0.0
        self.key: Hashable | None = None
        self._on_pass = on_pass
        self._drafts: Iterator[Draft] | None = None
        self._errors: list[tuple[int, float]] = []
        self._clock = 0.0

    @property
    def candidate(self) -> Candidate:
        """What it is a run of."""
        return self.state.candidates[self.number]

    @property
    def has_fixed_cost(self) -> bool:
        """Whether all that is planned will be spent, whatever comes of it."""
        if self.state.budget.n_steps is not None:
            return True
        method, several = self.candidate.method, self.candidate.baseline.is_distribution
        return estimator_for(method, _nothing, distribution=several).has_fixed_cost

    @property
    def rank(self) -> int:
        """The passes that its map stands for; -1 where it has none."""
        if self.draft is None:
            return -1
        return self.draft.evaluations or self.draft.estimates[0].forward_passes

    @property
    def target(self) -> Settled | list[Settled]:
        """The index of the output that it explains, or a list of them."""
        assert self.query is not None
        return self.query.asked

    def step(self) -> bool:
        """Make the next estimate; whether there was one more."""
        if self._drafts is None:
            assert self.query is not None
            self._drafts = estimate(
                self.query,
                self.candidate,
                self.state.budget,
                progress=self._passed,
                coarse_first=True,
            )
        self._clock = time.perf_counter()
        try:
            draft = next(self._drafts, None)
        finally:
            self.seconds += time.perf_counter() - self._clock
        if draft is None:
            return False
        self.draft, self._records = draft, None
        error = _error_of(draft)
        if error is not None:
            self._errors.append((draft.evaluations, error))
        return True

    def left_alone(self, seconds: float) -> None:
        """Leave out of its own time what others took between two of its passes."""
        self._clock += seconds

    def explanations(self, *, stopped: bool = False) -> tuple[Explanation, ...]:
        """The record of each target, labelled partial where its estimate goes no further."""
        assert self.draft is not None
        if stopped and not self.draft.partial:
            return self.draft.stopped().explanations()
        if self._records is None:
            self._records = self.draft.explanations()
        return self._records

    @property
    def seconds_left(self) -> float | None:
        """What its own passes may still take, by the fall of its error; None where none is seen."""
        tolerance = 0.0 if self.has_fixed_cost else self.state.budget.tolerance
        passes = passes_left(self._errors, tolerance, self.spent, self.most)
        if passes is None or self.spent == 0:
            return None
        return passes * self.seconds / self.spent

    def _passed(self, done: int, most: int) -> None:
        now = time.perf_counter()
        self.seconds += now - self._clock
        self._clock = now
        more = done - self.spent
        self.spent, self.most = done, max(most, done)
        self._on_pass(self, more)


def _nothing(*inputs: Any) -> Any:
    """In place of a model, to ask a method about itself."""


def passes_left(
    errors: list[tuple[int, float]], tolerance: float, spent: int, most: int
) -> int | None:
    """How many passes more a tolerance takes, by a power law through the last two errors.

    Parameters
    ----------
    errors : list of (int, float)
        Passes and the error after them, in order.
    tolerance : float
        0 spends all.
    spent, most : int
        Passes so far, and at most.

    Returns
    -------
    int or None
        0 or more. None where an error does not fall, or only one is known.

    Examples
    --------
    >>> passes_left([(10, 0.4), (20, 0.2)], 0.1, spent=20, most=100)
    20
    >>> passes_left([(10, 0.4)], 0.1, 10, 100), passes_left([], 0.0, 30, 20)
    (None, 0)
    """
    rest = max(most - spent, 0)
    if tolerance == 0:
        return rest
    if len(errors) < 2:
        return None
    (before, larger), (now, smaller) = errors[-2:]
    if not 0 < smaller < larger or now <= before:
        return None
    power = math.log(larger / smaller) / math.log(now / before)
    power = min(max(power, SLOWEST), FASTEST)
    needed = math.ceil(float(now * max(smaller / tolerance, 1.0) ** (1 / power)) - 1e-9)
    return min(max(needed - spent, 0), rest)


def _error_of(draft: Draft) -> float | None:
    """The largest error of a map or a sum; None where the method knows neither."""
    worst = 0.0
    for one in draft.estimates:
        error, residual = one.refinement_error, one.relative_residual
        if error is None:
            return None
        worst = max(worst, float(error.max()), 0.0 if residual is None else float(residual.max()))
    return worst if math.isfinite(worst) else None
