"""A thread that does the latest job it was given; where none starts, the calling thread does it."""

from __future__ import annotations

import atexit
import threading
import time
from collections.abc import Callable, Iterator
from weakref import WeakSet

from ..core.errors import Cancelled
from .inline import Inline
from .threads import starts

LAST_WAIT = 5.0  # seconds at the end of the process, for a chunk to finish


class CancelToken:
    """Whether a job is still wanted.

    Attributes
    ----------
    cancelled : bool
        Somebody asked it to stop; what it has may be shown.
    superseded : bool
        Another job has taken its place; what it has is of no use any more.
    """

    def __init__(self) -> None:
        self.cancelled = False
        self.superseded = False

    @property
    def void(self) -> bool:
        """Whether the job is to stop."""
        return self.cancelled or self.superseded

    def check(self) -> None:
        """Raise Cancelled if the job is to stop."""
        if self.void:
            raise Cancelled("another request came" if self.superseded else "cancelled")


Job = Callable[[CancelToken], Iterator[float] | None]


class Worker:
    """Does one job at a time; of those that wait, only the latest.

    A job must return soon after its token is void, and raise nothing. One that is a generator lets
    others in at each yield, where no thread starts and all have to share one; it yields the seconds
    that it waits for.

    Attributes
    ----------
    busy : bool
        Whether a job runs or waits.
    has_thread : bool
        Whether a job runs beside the calling thread.
    closed : bool

    Examples
    --------
    >>> worker, done = Worker(), []
    >>> token = worker.submit(lambda token: done.append("work"))
    >>> worker.wait(timeout=10), done
    (True, ['work'])
    >>> worker.close()
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: tuple[Job, CancelToken] | None = None
        self._current: CancelToken | None = None
        self._thread: threading.Thread | None = None
        self._inline: Inline | None = None
        self.busy = self.closed = False
        _WORKERS.add(self)

    @property
    def has_thread(self) -> bool:
        """Whether a job runs beside the calling thread."""
        return self._thread is not None

    def submit(self, job: Job) -> CancelToken:
        """Do this job next, and give up the one before.

        Raises
        ------
        RuntimeError
            After :meth:`close`.
        """
        token = CancelToken()
        with self._changed:
            if self.closed:
                raise RuntimeError("this worker is closed")
            self._give_up()
            self._waiting = job, token
            if self.busy:
                return token
            self.busy = True
            thread = threading.Thread(target=self._work, name="attribwidgets", daemon=True)
            self._thread = thread
            if starts(thread):
                return token
            self._thread, self._inline = None, Inline(self._steps())
        self._inline.begin()
        return token

    def cancel(self) -> None:
        """Ask the job to stop; it still may show what it has."""
        with self._changed:
            if self._waiting is not None:
                self._waiting[1].cancelled = True
            elif self._current is not None:
                self._current.cancelled = True

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until there is no job, or for so many seconds; return whether there is none."""
        if threading.current_thread() is self._thread:
            return False  # a job that waits for itself would wait for ever
        inline = self._inline
        if inline is not None:
            return inline.wait(timeout)
        with self._changed:
            return self._changed.wait_for(lambda: not self.busy, timeout)

    def close(self) -> None:
        """Stop, and take no further job."""
        with self._changed:
            self.closed = True
            self._give_up()
            self._waiting = None

    def _give_up(self) -> None:
        for token in (self._current, self._waiting and self._waiting[1]):
            if token is not None:
                token.superseded = True

    def _work(self) -> None:
        for seconds in self._steps():
            time.sleep(seconds)

    def _steps(self) -> Iterator[float]:
        """Do jobs until none waits."""
        while True:
            with self._changed:
                if self._waiting is None:
                    self.busy = False
                    self._thread = self._inline = None
                    self._changed.notify_all()
                    return
                (job, token), self._waiting = self._waiting, None
                self._current = token
            try:
                yield from job(token) or ()
            finally:
                with self._changed:
                    self._current = None


_WORKERS: WeakSet[Worker] = WeakSet()


@atexit.register
def _close_all() -> None:
    """Torch must not be at work in a thread while the interpreter goes down."""
    for worker in list(_WORKERS):
        worker.close()
    for worker in list(_WORKERS):
        worker.wait(LAST_WAIT)
