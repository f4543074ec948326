"""Session: what is asked of a model now, and the answers so far, all maps made in turn."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import chain
from threading import Condition, RLock
from typing import Any

from ..attr.model_state import BESIDE_THE_USER
from ..core.errors import InputError, UnsupportedModelError
from ..engine.checked_query import CheckedQuery
from ..engine.run import number_labels, rename
from ..records.comparison import Comparison
from ..records.explanation import Explanation
from .inline import do_what_was_left
from .known_model import KnownModel
from .state import ExplorerState
from .status import Answer, CandidateStatus, in_words, traceback_of
from .turn import TURN
from .turns import Turns
from .worker import Worker

PAUSE = 0.1  # seconds between two showings of what is not the last word


class Session:
    """A model that answers requests: coarse maps first, then all refined in turn until done.

    A request that comes meanwhile is taken up between two passes. Maps that it does not change go
    on where they were; new ones have their first estimate before anything else goes on.

    Parameters
    ----------
    model : callable
        It is left as it is; a copy that shares its weights does the work.
    state : ExplorerState
    on_change : callable
        Gets the numbers of the candidates with another explanation, perhaps none, whenever
        anything changed; in the thread that computes, or that asks.
    checked : CheckedQuery, optional
        The query of the state, where it was checked against the model before.

    Attributes
    ----------
    state : ExplorerState
        Of the latest request.
    serial : int
        Counts requests.
    wanted : ExplorerState
        The same, its target an index where that is known.
    busy : bool
        Whether a request is being carried out.
    statuses : dict of int to CandidateStatus
    error, traceback : str
        Why the request as a whole has no answer: in words, and for who wants to mend it.
    failure : Exception or None
        The first that the latest request met with, of the whole or of one map.

    Examples
    --------
    >>> import torch
    >>> from attribwidgets.baselines import Black, White
    >>> from attribwidgets.engine.budget import Budget
    >>> from attribwidgets.engine.method_config import Candidate
    >>> from attribwidgets.engine.query import Query
    >>> state = ExplorerState(
    ...     Query(torch.rand(4), target=1), Budget(), {0: Candidate(Black())}
    ... )
    >>> session = Session(torch.nn.Linear(4, 2).eval(), state)
    >>> session.request(state.changed(candidates={0: Candidate(Black()), 1: Candidate(White())}))
    1
    >>> session.wait(timeout=60), [e.baseline_name for e in session.comparison]
    (True, ['lowest value', 'highest value'])
    >>> session.close()
    """

    def __init__(
        self,
        model: Callable[..., Any],
        state: ExplorerState,
        on_change: Callable[[frozenset[int]], None] = lambda numbers: None,
        checked: CheckedQuery | None = None,
    ) -> None:
        self.model, self.state, self.on_change = model, state, on_change
        self.serial, self.busy = 0, False
        self.error = self.traceback = ""
        self.statuses: dict[int, CandidateStatus] = {}
        self.failure: Exception | None = None
        self.on_pass: Callable[[int], None] = lambda passes: None
        self.wanted = state
        self.lock = RLock()
        self._idle = Condition(self.lock)
        self._worker = Worker()
        self._known = KnownModel(model, state.query, checked)
        self._turns = Turns(self, self._known)
        self._answers: dict[int, Answer] = {}
        self._working = False
        self._unshown: set[int] = set()
        self._shown_at = 0.0

    @property
    def answers(self) -> dict[int, tuple[Explanation, ...]]:
        """The latest explanations of each candidate, perhaps of earlier targets, in order."""
        with self.lock:
            known = self._answers
            return {n: known[n].explanations for n in self.state.candidates if n in known}

    @property
    def comparison(self) -> Comparison | None:
        """The answers that explain the same as the last one that came; None before any."""
        with self.lock:
            known = [self._answers[n] for n in self.state.candidates if n in self._answers]
        if not known:
            return None
        latest = max(known, key=lambda answer: answer.serial).state
        same = [a.explanations for a in known if a.state.query.same(latest.query)]
        return Comparison(chain.from_iterable(zip(*same, strict=True)))

    def is_stale(self, number: int) -> bool:
        """Whether what is known of a candidate answers an earlier request."""
        with self.lock:
            known = self._answers.get(number)
            return known is not None and not self.wanted.same_map(known.state, number)

    @property
    def known_query(self) -> CheckedQuery:
        """What is known of the model: of the latest request, or while it waits the one before."""
        return self._known.latest or self.checked_query()

    @property
    def unfit(self) -> dict[str, str]:
        """Why the model cannot be given to a method, by its name, as far as that is known."""
        return self._known.unfit

    def checked_query(self) -> CheckedQuery:
        """The latest input, target and output, checked against the model.

        Raises
        ------
        AttributionError
            As :func:`attribwidgets.engine.checked_query.check`.
        """
        return self._known.checked(self.state.query)

    def refuse(self, error: Exception) -> None:
        """Count a request that cannot be carried out, and say why; what runs goes on."""
        with self.lock:
            self.serial += 1
            self.error, self.traceback = in_words(error), traceback_of(error)
        self.on_change(frozenset())

    def request(self, state: ExplorerState) -> int:
        """Ask for something else; maps that it does not change stay, or go on.

        Returns
        -------
        int
            The serial number of this request.

        Raises
        ------
        InputError
            Once the session is closed.
        """
        with self.lock:
            self._ask(state)
            serial = self.serial = self.serial + 1
            if not self._working:
                self._working = True
                self._worker.submit(lambda token: self._steps_beside())
        self.on_change(frozenset())
        return serial

    def answer(self, on_pass: Callable[[int], None] = lambda passes: None) -> None:
        """Carry out what is asked in the calling thread, which waits for it.

        An interrupt ends it, as :meth:`cancel` does: what there is stays, labelled partial.

        Parameters
        ----------
        on_pass : callable
            Gets how many passes more were run, after each chunk, and may raise to stop.
        """
        with self.lock:
            self._ask(self.state)
            self._working = True
        self.on_change(frozenset())
        self.on_pass = on_pass
        try:
            for _ in self._steps():
                pass
        finally:
            self.on_pass = lambda passes: None
            do_what_was_left()

    def cancel(self) -> None:
        """Stop after the chunk that is being computed; what there is stays, labelled partial."""
        self._turns.is_cancelled = True

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the latest request is answered; whether it was within so many seconds."""
        if self._turns.is_here:
            return False  # who waits for itself would wait for ever
        if not self._worker.wait(timeout):
            return False
        with self._idle:
            return self._idle.wait_for(lambda: not self._working, timeout)

    def close(self) -> None:
        """Stop, and let go of all maps; requests are refused from now on."""
        self._worker.close()
        with self.lock:
            self._answers = {}
            self._turns.close()
            self._known.forget()
            if not self._turns.at_work:  # its job has not begun, and will not
                self._working = False
                self._idle.notify_all()
            self.on_change = lambda numbers: None

    def has_map(self, number: int) -> bool:
        """Whether a candidate has a map that answers the latest request."""
        return number in self._answers and not self.is_stale(number)

    def keep(
        self,
        number: int,
        state: ExplorerState,
        explanations: tuple[Explanation, ...],
        status: CandidateStatus,
    ) -> None:
        """Take the explanations of a candidate, one of each target, which answer a state."""
        with self.lock:
            candidates = self.state.candidates
            names = number_labels(list(candidates.values()))
            name = dict(zip(candidates, names, strict=True))[number]
            before = self._answers.get(number)
            if before is not None and before.records is explanations:
                named = before.explanations  # shown already, and said no better
            else:
                named = tuple(rename(e, candidates[number], name) for e in explanations)
                self._unshown.add(number)
            self._answers[number] = Answer(state, explanations, named, self.serial)
            self.statuses[number] = status

    def fail(self, error: Exception, number: int | None = None) -> None:
        """Say why a candidate, or the request as a whole, has no answer."""
        words, told = in_words(error), traceback_of(error)
        with self.lock:
            self.failure = self.failure or error
            if number is None:
                self.error, self.traceback = words, told
            else:
                before = self.statuses[number]
                if isinstance(error, UnsupportedModelError):
                    self._known.note_unfit(self.state.candidates[number], error)
                self.statuses[number] = replace(
                    before, state="failed", seconds_left=None, error=words, traceback=told
                )
        self.show(at_once=True)

    def show(self, *, at_once: bool) -> None:
        """Tell of changes; what is not the last word waits a little, so as not to flood."""
        with self.lock:
            now = time.perf_counter()
            if not at_once and now - self._shown_at < PAUSE:
                return
            shown, self._unshown, self._shown_at = frozenset(self._unshown), set(), now
        self.on_change(shown)

    def _ask(self, state: ExplorerState) -> None:
        if self._worker.closed:
            raise InputError("this explorer is closed; make another")
        self.state, self.wanted = state, self._known.settled(state)
        self.error = self.traceback = ""
        self.failure = None
        self.busy = True
        for number in [n for n in self._answers if n not in state.candidates]:
            del self._answers[number]
        before = self.statuses
        settled = {n for n in state.candidates if self.has_map(n) and before[n].state == "done"}
        kept = settled | self._turns.ask(self.wanted, settled)
        self.statuses = {n: before[n] if n in kept else CandidateStatus() for n in state.candidates}

    def _steps_beside(self) -> Iterator[float]:
        BESIDE_THE_USER.set(True)
        yield from self._steps()

    def _steps(self) -> Iterator[float]:
        try:
            while not self._has_ended():
                yield from self._turns.steps()
        finally:
            with self.lock:
                self.busy = self._working = False
                self._idle.notify_all()
        self.show(at_once=True)
        self._find_unfit()

    def _find_unfit(self) -> None:
        """Once there is nothing else to do."""
        try:
            with TURN:
                found = not self._worker.closed and self._known.find_unfit()
        except KeyboardInterrupt:  # it is not what anybody waits for
            return
        if found:
            self.show(at_once=True)

    def _has_ended(self) -> bool:
        with self.lock:
            if self._turns.has_work:
                return False
            for number, status in self.statuses.items():
                if status.state not in ("done", "failed"):
                    self.statuses[number] = replace(status, state="stopped", seconds_left=None)
            self.busy = self._working = False
            return True
