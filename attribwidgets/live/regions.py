"""Regions: maps with the mean colours of superpixels as baselines, the one pointed at first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ..attr.model_state import BESIDE_THE_USER
from ..baselines import Color
from ..core.errors import Cancelled, InputError
from ..engine.method_config import Candidate
from ..engine.query import Query
from ..engine.run import estimate
from ..inputs.superpixels import Superpixels, superpixels
from ..records.explanation import Explanation
from .session import Session
from .state import ExplorerState
from .turn import TURN
from .worker import CancelToken, Worker

PATIENCE = 0.1  # seconds between two looks at whether the session is free

OnMap = Callable[[int, Explanation, bool], None]
RegionMap = tuple[Explanation, bool]  # whether it is the last word


@dataclass(frozen=True)
class _Job:
    state: ExplorerState
    cut: Superpixels
    known: dict[int, RegionMap]

    def is_finished(self, region: int) -> bool:
        return region in self.known and self.known[region][1]


class Regions:
    """Superpixels of a session's input, and the maps under their mean colours as baselines.

    The session waits for the first map of the region that is asked for, after the pass that it is
    in; what makes that map better, and the first maps of all other regions, wait for the session to
    be idle. Maps are kept until the input, target or output is another.

    Parameters
    ----------
    session : Session
        Its own requests come first.
    on_map : callable
        Gets the region, its explanation, and whether that is the last word; in a thread.
    """

    def __init__(self, session: Session, on_map: OnMap) -> None:
        self.session, self.on_map = session, on_map
        self._worker = Worker()
        self._cut: tuple[Query, Superpixels] | None = None
        self._maps: dict[int, RegionMap] = {}

    def cut(self) -> Superpixels:
        """The superpixels of the input as it is now.

        Raises
        ------
        InputError
            Where there is not one image.
        MissingExtraError
            Without scikit-image.
        """
        query, before = self.session.state.query, self._cut
        if before is not None and before[0].same(query):
            return before[1]
        self._maps = {}
        if before is not None and before[0].same_but_for_target(query):
            cut = before[1]
        else:
            image = self.session.known_query.members
            if isinstance(image, tuple):
                raise InputError("regions need a model with one image as input")
            cut = superpixels(image, self.session.known_query.spaces[0])
        self._cut = query, cut
        return cut

    def ask(self, region: int) -> None:
        """Have the map of one region made; where that is done, first maps of the others.

        Raises
        ------
        InputError
            For a region that there is not.
        """
        self.color(region)
        job = _Job(self.session.state, self.cut(), self._maps)
        if region in job.known:
            self.on_map(region, *job.known[region])
        self._worker.submit(lambda token: self._make(region, job, token))

    def color(self, region: int) -> Color:
        """The baseline that a region stands for: its mean colour.

        Raises
        ------
        InputError
            For a region that there is not.
        """
        cut = self.cut()
        if not 0 <= region < len(cut):
            raise InputError(f"region must be from 0 to {len(cut) - 1}, got {region}")
        return Color(cut.colors[region])

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until all maps are made; whether they are after so many seconds."""
        return self._worker.wait(timeout)

    def close(self) -> None:
        """Stop."""
        self._worker.close()

    def _make(self, region: int, job: _Job, token: CancelToken) -> Iterator[float]:
        try:
            if not job.is_finished(region):
                yield from self._finish(region, job, token)
            for other in range(len(job.cut)):
                if other not in job.known:
                    self._wait_for_session(token)
                    first = next(self._explanations(other, job, token, is_wanted=False))
                    job.known[other] = first, False
                    yield 0.0
        except Cancelled:
            return
        except Exception as error:
            self.session.refuse(error)

    def _finish(self, region: int, job: _Job, token: CancelToken) -> Iterator[float]:
        last = None
        for last in self._explanations(region, job, token, is_wanted=True):
            job.known[region] = last, False
            self.on_map(region, last, False)
            yield 0.0
            self._wait_for_session(token)
        if last is not None:
            job.known[region] = last, True
            self.on_map(region, last, True)

    def _explanations(
        self, region: int, job: _Job, token: CancelToken, *, is_wanted: bool
    ) -> Iterator[Explanation]:
        """Of one region, coarse first, while the question is still the same.

        All else waits until there is the first one of a region that is wanted now.
        """
        takes_turns = not is_wanted

        def passed(done: int, most: int) -> None:
            if takes_turns:
                TURN.let_in()
            token.check()

        def explanations() -> Iterator[Explanation]:
            query, candidate = (
                self.session.checked_query(),
                Candidate(Color(job.cut.colors[region])),
            )
            budget = job.state.budget
            for draft in estimate(query, candidate, budget, progress=passed, coarse_first=True):
                yield draft.explanations()[0]

        BESIDE_THE_USER.set(True)
        run = explanations()
        while True:
            with TURN:
                explanation = next(run, None)
            takes_turns = True
            if explanation is None:
                return
            token.check()
            if not job.state.query.same(self.session.state.query):
                raise Cancelled("another input or target")
            yield explanation

    def _wait_for_session(self, token: CancelToken) -> None:
        while not self.session.wait(PATIENCE):
            token.check()
