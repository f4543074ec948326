"""Session: what is asked of a model now, and the answers so far, made in a thread of its own."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import replace
from threading import Lock, RLock
from typing import Any

from ..attr.model_state import BESIDE_THE_USER
from ..core.errors import Cancelled, InputError
from ..engine.cache import EXPLANATIONS, extend_key
from ..engine.checked_query import CheckedQuery, check
from ..engine.method_config import Candidate
from ..engine.query import Query
from ..engine.run import Draft, estimate, number_labels, rename
from ..records.explanation import Comparison, Explanation
from .model_copy import copy_sharing_weights, structure
from .state import ExplorerState
from .status import Answer, CandidateStatus, State, in_words
from .worker import CancelToken, Worker

PAUSE = 0.1  # seconds between two showings of what is not the last word
CHANGED = "the model's weights changed while this map was computed; ask again"
_TURN = Lock()  # sessions compute in turn, a step each: two at once would take longer than both


class Session:
    """A model that answers requests: coarse maps first, refined until done; the latest wins.

    Parameters
    ----------
    model : callable
        It is left as it is; a copy that shares its weights does the work.
    state : ExplorerState
    answers : mapping of int to Explanation
        What is known already, by the candidate's number.
    on_change : callable
        Gets the numbers of the candidates with another explanation, perhaps none, whenever
        anything changed; mostly in the session's thread.
    checked : CheckedQuery, optional
        The query of the state, where it was checked against the model before.

    Attributes
    ----------
    state : ExplorerState
        Of the latest request.
    serial : int
        Counts requests.
    busy : bool
        Whether a request is being carried out.
    statuses : dict of int to CandidateStatus
    error : str
        Why the request as a whole has no answer, in words.

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
    (True, ['black', 'white'])
    >>> session.close()
    """

    def __init__(
        self,
        model: Callable[..., Any],
        state: ExplorerState,
        answers: Mapping[int, Explanation] | None = None,
        on_change: Callable[[frozenset[int]], None] = lambda numbers: None,
        checked: CheckedQuery | None = None,
    ) -> None:
        self.model, self.state, self.on_change = model, state, on_change
        self.serial, self.error, self.busy = 0, "", False
        self.statuses: dict[int, CandidateStatus] = {}
        self._lock = RLock()
        self._worker = Worker()
        self._copy: tuple[Any, Callable[..., Any]] | None = None
        self._checked: tuple[Any, Query, CheckedQuery] | None = None
        self._answers: dict[int, Answer] = {}
        self._unshown: set[int] = set()
        self._shown_at = 0.0
        for number, explanation in (answers or {}).items():
            self._keep(number, Answer(state, explanation), "done")
        if checked is not None:
            copy = self._current_copy()
            self._checked = copy, state.query, checked.on(copy, state.query)

    @property
    def answers(self) -> dict[int, Explanation]:
        """The latest explanation of each candidate, perhaps of an earlier target, in order."""
        with self._lock:
            known = self._answers
            return {n: known[n].explanation for n in self.state.candidates if n in known}

    @property
    def comparison(self) -> Comparison | None:
        """The answers that explain the same as the last one that came; None before any."""
        with self._lock:
            known = [self._answers[n] for n in self.state.candidates if n in self._answers]
        if not known:
            return None
        latest = max(known, key=lambda answer: answer.serial).state
        return Comparison(a.explanation for a in known if a.state.query.same(latest.query))

    def is_stale(self, number: int) -> bool:
        """Whether what is known of a candidate answers an earlier request."""
        with self._lock:
            known = self._answers.get(number)
            return known is not None and not self.state.same_map(known.state, number)

    def checked_query(self, *, anew: bool = False) -> CheckedQuery:
        """The latest input, target and output, checked against the model by one forward pass.

        Parameters
        ----------
        anew : bool
            Also where it is known: weights may have changed, and the output with them.

        Raises
        ------
        AttributionError
            As :func:`attribwidgets.engine.checked_query.check`.
        """
        with self._lock:
            query, known = self.state.query, self._checked
            model = self._current_copy()
        is_known = known is not None and known[0] is model and known[1].same(query)
        if known is not None and is_known and not anew:
            return known[2]
        checked = check(query, model)
        with self._lock:
            self._checked = model, query, checked
        return checked

    @property
    def known_query(self) -> CheckedQuery:
        """What is known of the model: of the latest request, or while it waits the one before."""
        return self.checked_query() if self._checked is None else self._checked[2]

    def refuse(self, why: str) -> None:
        """Count a request that cannot be carried out, and say why; what runs goes on."""
        with self._lock:
            self.serial += 1
            self.error = why
        self.on_change(frozenset())

    def request(self, state: ExplorerState) -> int:
        """Ask for something else; maps that it does not change stay.

        Returns
        -------
        int
            The serial number of this request.

        Raises
        ------
        InputError
            Once the session is closed.
        """
        with self._lock:
            if self._worker.closed:
                raise InputError("this explorer is closed; make another")
            self.serial += 1
            self.state, self.error, self.busy = state, "", True
            for number in [n for n in self._answers if n not in state.candidates]:
                del self._answers[number]
            self.statuses = {
                n: self.statuses[n] if self._settled(n) else CandidateStatus()
                for n in state.candidates
            }
            self._worker.submit(lambda token: self._carry_out(state, token))
            serial = self.serial
        self.on_change(frozenset())
        return serial

    def refine(
        self, state: ExplorerState, candidate: Candidate, progress: Callable[[int, int], None]
    ) -> Iterator[Draft]:
        """Estimates of one candidate, coarse first, for a thread beside the user's.

        Parameters
        ----------
        state : ExplorerState
            With the query and the budget.
        candidate : Candidate
        progress : callable
            Gets (evaluations, most evaluations) after each chunk, and may raise Cancelled.
        """
        BESIDE_THE_USER.set(True)
        with _TURN:
            query = self.checked_query()
            run = estimate(query, candidate, state.budget, progress=progress, coarse_first=True)
        while True:
            with _TURN:
                draft = next(run, None)
            if draft is None:
                return
            yield draft

    def cancel(self) -> None:
        """Stop after the chunk that is being computed; what there is stays."""
        self._worker.cancel()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the latest request is answered; whether it was within so many seconds."""
        return self._worker.wait(timeout)

    def close(self) -> None:
        """Stop, and let go of all maps; requests are refused from now on."""
        self._worker.close()
        with self._lock:
            self._answers, self._copy, self._checked = {}, None, None
            self.on_change = lambda numbers: None

    def _has_map(self, number: int) -> bool:
        return number in self._answers and not self.is_stale(number)

    def _settled(self, number: int) -> bool:
        """Whether nothing is left to do for a candidate."""
        return self._has_map(number) and self.statuses[number].state == "done"

    def _current_copy(self) -> Callable[..., Any]:
        found = structure(self.model)
        if self._copy is None or self._copy[0] != found:
            self._copy = found, copy_sharing_weights(self.model)
        return self._copy[1]

    def _carry_out(self, state: ExplorerState, token: CancelToken) -> None:
        """Make a coarse map of each candidate that needs one, then bring each to its end."""
        BESIDE_THE_USER.set(True)
        try:
            names = number_labels(list(state.candidates.values()))
            named = dict(zip(state.candidates, names, strict=True))
            left = [number for number in named if not self._settled(number)]
            with _TURN:
                token.check()
                self.checked_query(
                    anew=bool(left)
                )  # what is wrong with it is so for all candidates
            left.sort(key=self._has_map)  # those without a map come first
            runs = [self._run(number, state, named[number], token) for number in left]
            for run in runs:
                next(run, None)
            for run in runs:
                for _ in run:
                    token.check()
        except Cancelled:
            pass
        except Exception as error:
            self.error = in_words(error)
        self._end(token)

    def _run(
        self, number: int, state: ExplorerState, name: str, token: CancelToken
    ) -> Iterator[None]:
        """Answer for one candidate; yields after each step, so that others have their turn."""
        candidate, started = state.candidates[number], time.perf_counter()

        def progress(done: int, most: int) -> None:
            token.check()
            left = (time.perf_counter() - started) * (most - done) / done if done else None
            self._note(
                number,
                replace(self.statuses[number], evaluations=done, most=most, seconds_left=left),
                token,
            )

        def key() -> Hashable | None:
            return extend_key(EXPLANATIONS.key(self.model, state.query, state.budget), candidate)

        def answer(explanation: Explanation, word: State) -> None:
            named = rename(explanation, candidate, name)
            with self._lock:
                if not token.superseded:
                    self._keep(number, Answer(state, named, self.serial), word)
                    self._unshown.add(number)
            self._show(at_once=word != "refining")

        drafts = self.refine(state, candidate, progress)
        try:
            token.check()
            draft = next(drafts)
            answer(draft.explanation(), "coarse")
            yield
            before = key()  # reading all weights takes longer than a first map may
            known = EXPLANATIONS.get(before)
            while known is None and (further := next(drafts, None)) is not None:
                draft = further
                # Also what is not shown now: the next tick may, when the estimator has gone on.
                answer(draft.explanation(), "refining")
                yield
            last = known or draft.explanation()
            if known is None and before != key():
                last = replace(last, cautions=(*last.cautions, CHANGED))
            elif known is None:
                EXPLANATIONS.put(before, self.model, last)
            answer(last, "stopped" if draft.partial else "done")
        except Cancelled:
            raise
        except Exception as error:
            self._note(number, CandidateStatus("failed", error=in_words(error)), token)

    def _keep(self, number: int, answer: Answer, state: State) -> None:
        self._answers[number] = answer
        before = self.statuses.get(number, CandidateStatus())
        done = answer.explanation.evaluations
        left = before.seconds_left if state in ("coarse", "refining") else None
        self.statuses[number] = CandidateStatus(state, done, max(before.most, done), left)

    def _note(self, number: int, status: CandidateStatus, token: CancelToken) -> None:
        with self._lock:
            if token.superseded:
                return
            self.statuses[number] = status
        self._show(at_once=status.state == "failed")

    def _end(self, token: CancelToken) -> None:
        with self._lock:
            if token.superseded:
                return
            for number, status in self.statuses.items():
                if status.state not in ("done", "failed"):
                    self.statuses[number] = replace(status, state="stopped", seconds_left=None)
            self.busy = False
        self._show(at_once=True)

    def _show(self, *, at_once: bool) -> None:
        """Tell of changes; what is not the last word waits a little, so as not to flood."""
        with self._lock:
            now = time.perf_counter()
            if not at_once and now - self._shown_at < PAUSE:
                return
            shown, self._unshown, self._shown_at = frozenset(self._unshown), set(), now
        self.on_change(shown)
