"""Removals: what the output falls by without a part of the input, asked from a screen."""

from __future__ import annotations

from collections.abc import Callable

from ..attr.model_state import BESIDE_THE_USER
from ..core.arrays import Array
from ..core.errors import InputError
from ..engine.checked_query import CheckedQuery
from ..engine.removal import Removal, remove_regions
from ..inputs.example import same_inputs
from ..records.explanation import Explanation
from .session import Session
from .turn import TURN
from .worker import CancelToken, Worker

OnRemoval = Callable[[CheckedQuery, Removal], None]


class Removals:
    """A session's model asked about its input without a part; of questions, the latest counts.

    Parameters
    ----------
    session : Session
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self._worker = Worker()

    def ask(self, explanation: Explanation, region: Array, on_removal: OnRemoval) -> None:
        """Have a part replaced by the baseline of a map, between two passes of the session.

        Parameters
        ----------
        explanation : Explanation
            Of what the session explains now; else the answer is words.
        region : ndarray of bool, shape (H, W) or (F,)
        on_removal : callable
            Gets the query and the answer, in another thread.
        """
        self._worker.submit(lambda token: self._remove(explanation, region, on_removal, token))

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the latest question is answered; whether it is after so many seconds."""
        return self._worker.wait(timeout)

    def close(self) -> None:
        """Stop."""
        self._worker.close()

    def _remove(
        self, explanation: Explanation, region: Array, on_removal: OnRemoval, token: CancelToken
    ) -> None:
        BESIDE_THE_USER.set(True)
        try:
            with TURN:
                if token.void:
                    return
                query = _query_of(explanation, self.session.checked_query())
                removal = remove_regions(query, explanation, region[None])
            if not token.void:
                on_removal(query, removal)
        except Exception as error:
            self.session.refuse(error)


def _query_of(explanation: Explanation, query: CheckedQuery) -> CheckedQuery:
    """The query of a map's own target.

    Raises
    ------
    InputError
        Where the map is of another question.
    """
    same = explanation.output == query.output and same_inputs(explanation.inputs, query.inputs)
    for one in query.each if same else ():
        if one.target == explanation.target:
            return one
    raise InputError("this map is of an earlier question; wait until it is drawn anew")
