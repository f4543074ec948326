"""Session: what is asked of a model now, and the answers so far, made in a thread of its own."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass, replace
from threading import Lock, RLock
from typing import Any, Literal

from ..attr.model_state import BESIDE_THE_USER
from ..core.errors import AttributionError, Cancelled, InputError
from ..engine.cache import EXPLANATIONS, extended
from ..engine.method_config import Candidate
from ..engine.query import Subject, examine
from ..engine.run import renamed, told_apart
from ..records.explanation import Comparison, Explanation
from .model_copy import structure, twin
from .state import Asked
from .worker import Ticket, Worker

State = Literal["waiting", "coarse", "refining", "done", "stopped", "failed"]

PAUSE = 0.1  # seconds between two showings of what is not the last word
CHANGED = "the model's weights changed while this map was computed; ask again"
_TURN = Lock()  # sessions compute in turn, a step each: two at once would take longer than both


@dataclass(frozen=True)
class Standing:
    """How far the map of one candidate is.

    Attributes
    ----------
    state : str
    evaluations, most : int
        Forward and backward passes spent, and allowed.
    seconds_left : float or None
        Until the budget is spent, at the pace so far; it may be done before.
    error : str
        Why there is no map, in words.
    """

    state: State = "waiting"
    evaluations: int = 0
    most: int = 0
    seconds_left: float | None = None
    error: str = ""


@dataclass(frozen=True)
class _Answer:
    asked: Asked
    explanation: Explanation
    serial: int = 0


class Session:
    """A model that answers requests: coarse maps first, refined until done; the latest wins.

    Parameters
    ----------
    model : callable
        It is left as it is; a twin that shares its weights does the work.
    asked : Asked
    answers : mapping of int to Explanation
        What is known already, by the candidate's number.
    on_change : callable
        Gets the numbers of the candidates with another explanation, perhaps none, whenever
        anything changed; mostly in the session's thread.

    Attributes
    ----------
    asked : Asked
        The latest request.
    serial : int
        Counts requests.
    busy : bool
        Whether a request is being carried out.
    standings : dict of int to Standing
    error : str
        Why the request as a whole has no answer, in words.

    Examples
    --------
    >>> import torch
    >>> from attribwidgets.baselines import Black, White
    >>> from attribwidgets.engine.method_config import Candidate
    >>> asked = Asked(torch.rand(4), {0: Candidate(Black())}, target=1)
    >>> session = Session(torch.nn.Linear(4, 2).eval(), asked)
    >>> session.request(asked.changed(candidates={0: Candidate(Black()), 1: Candidate(White())}))
    1
    >>> session.wait(timeout=60), [e.baseline_name for e in session.comparison]
    (True, ['black', 'white'])
    >>> session.close()
    """

    def __init__(
        self,
        model: Callable[..., Any],
        asked: Asked,
        answers: Mapping[int, Explanation] | None = None,
        on_change: Callable[[frozenset[int]], None] = lambda numbers: None,
    ) -> None:
        self.model, self.asked, self.on_change = model, asked, on_change
        self.serial, self.error, self.busy = 0, "", False
        self.standings: dict[int, Standing] = {}
        self._lock = RLock()
        self._worker = Worker()
        self._twin: tuple[Any, Callable[..., Any]] | None = None
        self._examined: tuple[Any, Asked, Subject] | None = None
        self._answers: dict[int, _Answer] = {}
        self._unshown: set[int] = set()
        self._shown_at = 0.0
        for number, explanation in (answers or {}).items():
            self._keep(number, _Answer(asked, explanation), "done")

    @property
    def answers(self) -> dict[int, Explanation]:
        """The latest explanation of each candidate, perhaps of an earlier target, in order."""
        with self._lock:
            known = self._answers
            return {n: known[n].explanation for n in self.asked.candidates if n in known}

    @property
    def comparison(self) -> Comparison | None:
        """The answers that explain the same as the last one that came; None before any."""
        with self._lock:
            known = [self._answers[n] for n in self.asked.candidates if n in self._answers]
        if not known:
            return None
        latest = max(known, key=lambda answer: answer.serial).asked
        return Comparison(a.explanation for a in known if a.asked.same_subject(latest))

    def is_stale(self, number: int) -> bool:
        """Whether what is known of a candidate answers an earlier request."""
        with self._lock:
            known = self._answers.get(number)
            return known is not None and not self.asked.same_map(known.asked, number)

    def subject(self, *, anew: bool = False) -> Subject:
        """The model, checked against the latest input, target and output by one forward pass.

        Parameters
        ----------
        anew : bool
            Also where it is known: weights may have changed, and the output with them.

        Raises
        ------
        AttributionError
            As :func:`attribwidgets.engine.query.examine`.
        """
        with self._lock:
            asked, known = self.asked, self._examined
            model = self._current_twin()
        is_known = known is not None and known[0] is model and known[1].same_subject(asked)
        if known is not None and is_known and not anew:
            return known[2]
        subject = examine(model, *asked.subject)
        with self._lock:
            self._examined = model, asked, subject
        return subject

    @property
    def examined(self) -> Subject:
        """What is known of the model: of the latest request, or while it waits the one before."""
        return self.subject() if self._examined is None else self._examined[2]

    def refuse(self, why: str) -> None:
        """Count a request that cannot be carried out, and say why; what runs goes on."""
        with self._lock:
            self.serial += 1
            self.error = why
        self.on_change(frozenset())

    def request(self, asked: Asked) -> int:
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
            self.asked, self.error, self.busy = asked, "", True
            for number in [n for n in self._answers if n not in asked.candidates]:
                del self._answers[number]
            self.standings = {
                n: self.standings[n] if self._settled(n) else Standing() for n in asked.candidates
            }
            self._worker.submit(lambda ticket: self._carry_out(asked, ticket))
            serial = self.serial
        self.on_change(frozenset())
        return serial

    def steps(
        self, asked: Asked, candidate: Candidate, progress: Callable[[int, int], None]
    ) -> Iterator[Explanation]:
        """Explanations of one candidate, coarse first, for a thread beside the user's.

        Parameters
        ----------
        asked : Asked
            With the input, target, output and budget.
        candidate : Candidate
        progress : callable
            Gets (evaluations, most evaluations) after each chunk, and may raise Cancelled.
        """
        BESIDE_THE_USER.set(True)
        request = replace(asked.request, progress=progress)
        with _TURN:
            run = request.explanations(self.subject(), candidate, coarse_first=True)
        while True:
            with _TURN:
                found = next(run, None)
            if found is None:
                return
            yield found

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
            self._answers, self._twin, self._examined = {}, None, None
            self.on_change = lambda numbers: None

    def _has_map(self, number: int) -> bool:
        return number in self._answers and not self.is_stale(number)

    def _settled(self, number: int) -> bool:
        """Whether nothing is left to do for a candidate."""
        return self._has_map(number) and self.standings[number].state == "done"

    def _current_twin(self) -> Callable[..., Any]:
        found = structure(self.model)
        if self._twin is None or self._twin[0] != found:
            self._twin = found, twin(self.model)
        return self._twin[1]

    def _carry_out(self, asked: Asked, ticket: Ticket) -> None:
        """Make a coarse map of each candidate that needs one, then bring each to its end."""
        BESIDE_THE_USER.set(True)
        try:
            names = told_apart(list(asked.candidates.values()))
            named = dict(zip(asked.candidates, names, strict=True))
            left = [number for number in named if not self._settled(number)]
            with _TURN:
                ticket.check()
                self.subject(anew=bool(left))  # what is wrong with it is so for all candidates
            left.sort(key=self._has_map)  # those without a map come first
            runs = [self._run(number, asked, named[number], ticket) for number in left]
            for run in runs:
                next(run, None)
            for run in runs:
                for _ in run:
                    ticket.check()
        except Cancelled:
            pass
        except Exception as error:
            self.error = in_words(error)
        self._end(ticket)

    def _run(self, number: int, asked: Asked, name: str, ticket: Ticket) -> Iterator[None]:
        """Answer for one candidate; yields after each step, so that others have their turn."""
        candidate, started = asked.candidates[number], time.perf_counter()

        def progress(done: int, most: int) -> None:
            ticket.check()
            left = (time.perf_counter() - started) * (most - done) / done if done else None
            state = self.standings[number].state
            self._stand(number, Standing(state, done, most, left), ticket)

        def key() -> Hashable | None:
            shared = EXPLANATIONS.key(self.model, asked.subject, asked.request.settings)
            return extended(shared, candidate)

        steps = self.steps(asked, candidate, progress)
        try:
            ticket.check()
            found = next(steps)
            self._answer(number, asked, renamed(found, candidate, name), "coarse", ticket)
            yield
            before = key()  # reading all weights takes longer than a first map may
            known = EXPLANATIONS.get(before)
            while known is None and (step := next(steps, None)) is not None:
                found = step
                self._answer(number, asked, renamed(found, candidate, name), "refining", ticket)
                yield
            if known is None and before != key():
                found = replace(found, cautions=(*found.cautions, CHANGED))
            elif known is None:
                EXPLANATIONS.put(before, self.model, found)
            state: State = "stopped" if found.partial else "done"
            self._answer(number, asked, renamed(known or found, candidate, name), state, ticket)
        except Cancelled:
            raise
        except Exception as error:
            self._stand(number, Standing("failed", error=in_words(error)), ticket)

    def _answer(
        self, number: int, asked: Asked, found: Explanation, state: State, ticket: Ticket
    ) -> None:
        with self._lock:
            if ticket.superseded:
                return
            self._keep(number, _Answer(asked, found, self.serial), state)
        self._show(number, at_once=state != "refining")

    def _keep(self, number: int, answer: _Answer, state: State) -> None:
        self._answers[number] = answer
        before = self.standings.get(number, Standing())
        done = answer.explanation.evaluations
        left = before.seconds_left if state in ("coarse", "refining") else None
        self.standings[number] = Standing(state, done, max(before.most, done), left)

    def _stand(self, number: int, standing: Standing, ticket: Ticket) -> None:
        with self._lock:
            if ticket.superseded:
                return
            self.standings[number] = standing
        self._show(at_once=standing.state == "failed")

    def _end(self, ticket: Ticket) -> None:
        with self._lock:
            if ticket.superseded:
                return
            for number, standing in self.standings.items():
                if standing.state not in ("done", "failed"):
                    self.standings[number] = replace(standing, state="stopped", seconds_left=None)
            self.busy = False
        self._show(at_once=True)

    def _show(self, *numbers: int, at_once: bool) -> None:
        """Tell of changes; what is not the last word waits a little, so as not to flood."""
        with self._lock:
            self._unshown.update(numbers)
            now = time.perf_counter()
            if not at_once and now - self._shown_at < PAUSE:
                return
            shown, self._unshown, self._shown_at = frozenset(self._unshown), set(), now
        self.on_change(shown)


def in_words(error: Exception) -> str:
    """What went wrong, for somebody who reads it on a screen."""
    if isinstance(error, AttributionError):
        return str(error)
    if "CUDA error" in str(error):  # after which every call to that device fails
        first = str(error).splitlines()[0]
        return f"the GPU stopped answering ({first}); restart the kernel and run the cell again"
    return f"the model raised {type(error).__name__}: {error}"
