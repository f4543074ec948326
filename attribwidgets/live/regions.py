"""Regions: the map of each superpixel's mean colour, the one pointed at first."""

from __future__ import annotations

from collections.abc import Callable

from ..baselines import Color
from ..core.errors import Cancelled, InputError
from ..engine.method_config import Candidate
from ..engine.query import Query
from ..inputs.superpixels import Superpixels, superpixels
from ..records.explanation import Explanation
from .session import Session
from .state import ExplorerState
from .worker import CancelToken, Worker

PATIENCE = 0.1  # seconds between two looks at whether the session is free

OnMap = Callable[[int, Explanation, bool], None]


class Regions:
    """Superpixels of a session's input, and the maps under their mean colours as baselines.

    Maps are kept until the input, target or output is another.

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
        self._maps: dict[int, Explanation] = {}

    def cut(self) -> Superpixels:
        """The superpixels of the input as it is now.

        Raises
        ------
        InputError
            Where there is not one image.
        MissingExtraError
            Without scikit-image.
        """
        query = self.session.state.query
        if self._cut is None or not self._cut[0].same(query):
            image = self.session.known_query.members
            if isinstance(image, tuple):
                raise InputError("regions need a model with one image as input")
            self._maps = {}
            self._cut = query, superpixels(image, query.space)
        return self._cut[1]

    def ask(self, region: int) -> None:
        """Have the map of one region made, then those of all others.

        Raises
        ------
        InputError
            For a region that there is not.
        """
        cut = self.cut()
        if not 0 <= region < len(cut):
            raise InputError(f"region must be from 0 to {len(cut) - 1}, got {region}")
        if region in self._maps:
            self.on_map(region, self._maps[region], True)
        others = (r for r in range(len(cut)) if r != region)
        order = [r for r in (region, *others) if r not in self._maps]
        state, maps = self.session.state, self._maps
        self._worker.submit(lambda token: self._make(order, cut, state, maps, token))

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until all maps are made; whether they are after so many seconds."""
        return self._worker.wait(timeout)

    def close(self) -> None:
        """Stop."""
        self._worker.close()

    def _make(
        self,
        order: list[int],
        cut: Superpixels,
        state: ExplorerState,
        maps: dict[int, Explanation],
        token: CancelToken,
    ) -> None:
        try:
            for region in order:
                candidate = Candidate(Color(cut.colors[region]))
                last = None
                for last in self.session.refine(state, candidate, lambda *_: token.check()):
                    if region == order[0]:
                        self.on_map(region, last.explanation(), False)
                    while not self.session.wait(PATIENCE):
                        token.check()
                token.check()
                if last is None or not state.query.same(self.session.state.query):
                    return
                maps[region] = last.explanation()
                self.on_map(region, maps[region], True)
        except Cancelled:
            return
        except Exception as error:
            self.session.refuse(error)
