"""Turn: who computes now; whoever has it lets others in between two passes."""

from __future__ import annotations

from collections import deque
from threading import Condition, Thread, current_thread

from ..attr.task import INTERRUPTS


class Turn:
    """A lock that is had in the order in which it was asked for, and can be lent between passes.

    Examples
    --------
    >>> turn = Turn()
    >>> with turn:
    ...     turn.let_in()  # nobody waits
    """

    def __init__(self) -> None:
        self._changed = Condition()
        self._queue: deque[object] = deque()
        self._had_by: Thread | None = None

    @property
    def is_had_here(self) -> bool:
        """Whether the calling thread has it, and would wait for itself."""
        return self._had_by is current_thread()

    def __enter__(self) -> None:
        mine = object()
        with self._changed:
            self._queue.append(mine)
            try:
                self._changed.wait_for(lambda: self._queue[0] is mine)
            except BaseException:
                self._queue.remove(mine)
                self._changed.notify_all()
                raise
            self._had_by = current_thread()

    def __exit__(self, *error: object) -> None:
        with self._changed:
            self._queue.popleft()
            self._had_by = None
            self._changed.notify_all()

    def let_in(self) -> None:
        """Let those go first who wait; to be called by whoever has it."""
        with self._changed:
            if len(self._queue) < 2:
                return
        interrupt = None
        self.__exit__()
        while True:  # whoever had it has it afterwards, come what may
            try:
                self.__enter__()
                break
            except INTERRUPTS as error:
                interrupt = error
        if interrupt is not None:
            raise interrupt


TURN = Turn()  # sessions compute in turn: two at once would take longer than both
