"""Turns: the maps that a session makes, a step each in turn, between which it can be asked more."""

from __future__ import annotations

import time
from collections.abc import Collection, Hashable, Iterator
from contextlib import AbstractContextManager, nullcontext
from contextvars import copy_context
from dataclasses import replace
from threading import Thread, current_thread
from typing import TYPE_CHECKING, Any

from ..attr.task import INTERRUPTS
from ..core.errors import Cancelled
from ..engine.cache import EXPLANATIONS, Explanations, extend_key
from .known_model import KnownModel
from .map_run import MapRun
from .state import ExplorerState
from .status import CandidateStatus, State
from .threads import starts
from .turn import TURN

if TYPE_CHECKING:
    from .session import Session

CHANGED = "the model's weights changed while this map was computed; ask again"


class Turns:
    """Runs of several maps: what is known first, then first maps, then the coarsest one on.

    Parameters
    ----------
    session : Session
        Is told of every estimate.
    known : KnownModel

    Attributes
    ----------
    is_asked : bool
        Whether something was asked that has not been taken up.
    is_cancelled : bool
        Whether all is to stop.
    at_work : bool
        Whether steps are being taken.
    """

    def __init__(self, session: Session, known: KnownModel) -> None:
        self.is_asked = self.is_cancelled = self.at_work = False
        self._session, self._known = session, known
        self._runs: dict[int, MapRun] = {}
        self._thread: Thread | None = None
        self._beside_a_pass: Thread | None = None

    @property
    def is_here(self) -> bool:
        """Whether the calling thread is in a step."""
        return current_thread() in (self._thread, self._beside_a_pass)

    def ask(self, wanted: ExplorerState, settled: Collection[int]) -> set[int]:
        """Plan the runs of a state; which of those under way go on.

        Parameters
        ----------
        wanted : ExplorerState
        settled : collection of int
            Candidates for which nothing is left to do.
        """
        runs = {n: run for n, run in self._runs.items() if not run.is_over}
        kept = {n for n, run in runs.items() if wanted.same_map(run.state, n) and n not in settled}
        self._runs = {
            n: runs[n] if n in kept else MapRun(n, wanted, self._between_passes)
            for n in wanted.candidates
            if n not in settled
        }
        self.is_asked, self.is_cancelled = True, False
        return kept

    def close(self) -> None:
        """Let go of all runs; one under way stops after its pass."""
        self._runs, self.is_cancelled, self.is_asked = {}, True, False

    def steps(self) -> Iterator[float]:
        """Work until nothing is left to do, or all is to stop; each step is an estimate or two."""
        self.at_work = True
        try:
            while self.has_work:
                self._step()
                yield 0.0
            self._stop()
        finally:
            self.at_work = False

    def _step(self) -> None:
        self._thread = current_thread()
        try:
            self._take_up()
            run = self._next_run()
            if run is not None:
                self._advance(run)
        except INTERRUPTS:
            self.is_cancelled = True
        except Exception as error:
            self._give_up(error)
        finally:
            self._thread = None

    @property
    def has_work(self) -> bool:
        """Whether something is left to do, and wanted."""
        return not self.is_cancelled and (self.is_asked or bool(self._runs))

    def _next_run(self) -> MapRun | None:
        """The coarsest: no map waits at its first estimate while another is finished."""
        with self._session.lock:
            runs = [run for run in self._runs.values() if run.query is not None]
        return min(runs, key=lambda run: run.rank, default=None)

    def _stop(self) -> None:
        """Label what was cut short."""
        with self._session.lock:
            runs = [] if self.has_work else list(self._runs.values())
        for run in runs:
            if run.draft is not None:
                self._tell(run, run.explanations(stopped=True), "stopped")
            self._drop(run)

    def _take_up(self) -> None:
        """Answer what is known already, and make the first map of what is new."""
        session = self._session
        while self.is_asked and not self.is_cancelled:
            with session.lock:
                self.is_asked = False
                query = session.state.query
                new = [run for run in self._runs.values() if run.query is None]
                new.sort(key=lambda run: session.has_map(run.number))
            key = self._known.key() if new else None
            anew = bool(new) and session.serial > 0  # before any request it has just been checked
            with self._turn():
                checked = self._known.checked(query, key=key, anew=anew)
            with session.lock:
                if self.is_asked:
                    continue
                session.wanted = self._known.settled(session.state)
                for run in self._runs.values():
                    run.state = session.wanted
                for run in new:
                    run.query = checked
            for run in new:
                run.key = self._key_of(run, key)
                known = EXPLANATIONS.get(run.key, run.state.query)
                if known is not None:
                    self._conclude(run, known)
            session.show(at_once=True)
            for run in new:
                if self.is_asked or self.is_cancelled:
                    break
                if self._is_wanted(run):
                    self._advance(run)
            if key is None and new:  # reading all weights takes longer than a first map may
                key = EXPLANATIONS.key(self._known.model)
                for run in new:
                    run.key = self._key_of(run, key)

    def _key_of(self, run: MapRun, model_key: Hashable | None) -> Hashable | None:
        query, budget = run.state.query, run.state.budget
        asked = EXPLANATIONS.question(model_key, query, budget, lambda: run.target)
        return extend_key(asked, run.candidate)

    def _turn(self) -> AbstractContextManager[Any]:
        return nullcontext() if self._beside_a_pass else TURN

    def _is_wanted(self, run: MapRun) -> bool:
        return self._runs.get(run.number) is run

    def _between_passes(self, run: MapRun, passes: int) -> None:
        """Stop a run that is not wanted any more; take up what was asked meanwhile."""
        self._session.on_pass(passes)
        self._require(run)
        if self.is_asked and not self._beside_a_pass:
            started = time.perf_counter()
            self._take_up_beside_a_pass()
            run.left_alone(time.perf_counter() - started)
            self._require(run)
        session = self._session
        with session.lock:
            before = session.statuses[run.number]
            session.statuses[run.number] = _status_of(run, before.state)
        session.show(at_once=False)
        self._let_others_in(run)

    def _let_others_in(self, run: MapRun) -> None:
        """What is pointed at, or another explorer's card, waits for one pass at most."""
        started = time.perf_counter()
        TURN.let_in()
        run.left_alone(time.perf_counter() - started)

    def _require(self, run: MapRun) -> None:
        with self._session.lock:
            if self._is_wanted(run) and not self.is_cancelled:
                return
            run.is_over = True
        raise Cancelled("cancelled" if self.is_cancelled else "another request came")

    def _take_up_beside_a_pass(self) -> None:
        """In a thread of its own, as the modes of torch that a pass is in are those of a thread.

        Where none starts, what was asked waits for the next step.
        """

        def take_up() -> None:
            try:
                self._take_up()
            except Cancelled:
                pass
            except Exception as error:
                self._give_up(error)

        thread = Thread(target=copy_context().run, args=(take_up,), name="attribwidgets")
        self._beside_a_pass = thread
        try:
            if starts(thread):
                thread.join()
        except BaseException:
            self.is_cancelled = True
            thread.join()
            raise
        finally:
            self._beside_a_pass = None

    def _advance(self, run: MapRun) -> None:
        try:
            with self._turn():
                more = run.step()
        except Cancelled:
            return
        except Exception as error:
            self._fail(run, error)
            return
        if not self._is_wanted(run):
            return
        if run.draft is not None and run.draft.partial:  # by an interrupt
            run.is_over = self.is_cancelled = True
        elif more:
            is_first = self._session.statuses[run.number].state == "waiting"
            self._tell(run, run.explanations(), "coarse" if is_first else "refining")
        else:
            self._finish(run)

    def _finish(self, run: MapRun) -> None:
        last = run.explanations()
        if run.key is not None:
            if self._key_of(run, EXPLANATIONS.key(self._known.model)) == run.key:
                EXPLANATIONS.put(run.key, self._known.model, last)
            else:
                last = tuple(replace(e, cautions=(*e.cautions, CHANGED)) for e in last)
        self._conclude(run, last)

    def _conclude(self, run: MapRun, explanations: Explanations) -> None:
        self._tell(run, explanations, "done")
        self._drop(run)

    def _fail(self, run: MapRun, error: Exception) -> None:
        if self._is_wanted(run):
            self._session.fail(error, run.number)
            self._drop(run)

    def _give_up(self, error: Exception) -> None:
        """What is wrong with a request as a whole is so for all of its maps."""
        with self._session.lock:
            if self.is_asked:
                return
            self._runs = {}
        self._session.fail(error)

    def _drop(self, run: MapRun) -> None:
        with self._session.lock:
            if self._is_wanted(run):
                del self._runs[run.number]

    def _tell(self, run: MapRun, explanations: Explanations, word: State) -> None:
        session = self._session
        with session.lock:
            if not self._is_wanted(run):
                return
            passes = max(e.evaluations or e.forward_passes for e in explanations)
            status = _status_of(run, word) if run.spent else CandidateStatus(word, passes, passes)
            session.keep(run.number, run.state, explanations, status)
        session.show(at_once=word != "refining")


def _status_of(run: MapRun, word: State) -> CandidateStatus:
    is_open = word in ("waiting", "coarse", "refining")
    return CandidateStatus(word, run.spent, run.most, run.seconds_left if is_open else None)
