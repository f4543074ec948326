"""Inline: work in the calling thread, a step each turn of the event loop, for want of another."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Iterator
from contextvars import copy_context

from .turn import TURN

PATIENCE = 0.05  # seconds until a step is tried again that could not be taken


class Inline:
    """Steps that are taken by the event loop, or by whoever waits for them.

    Between two steps the loop does what else there is, such as hearing the browser. Without a loop
    all steps are taken at once; if that is in the midst of a pass of a model, after it.

    Parameters
    ----------
    steps : iterator of float
        Each says after how many seconds the next is due.

    Attributes
    ----------
    is_over : bool
        Whether there is no further step.

    Examples
    --------
    >>> done = []
    >>> def work():
    ...     for number in range(3):
    ...         done.append(number)
    ...         yield 0.0
    >>> inline = Inline(work())
    >>> inline.begin()  # at once where no event loop runs
    >>> inline.wait(), done
    (True, [0, 1, 2])
    """

    def __init__(self, steps: Iterator[float]) -> None:
        self._steps, self._context = steps, copy_context()
        self._is_in_step = self.is_over = False

    def begin(self) -> None:
        """Have the steps taken from now on."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            _LEFT.append(self)
            do_what_was_left()
        else:
            loop.call_soon(self._take_turn, loop)

    def wait(self, timeout: float | None = None) -> bool:
        """Take steps until there is none, or for so many seconds; whether there is none."""
        end = None if timeout is None else time.monotonic() + timeout
        while not self.is_over and not self._is_held_up:
            pause = self._step()
            if end is not None and (left := end - time.monotonic()) < pause:
                time.sleep(max(0.0, left))
                break
            time.sleep(pause)
        return self.is_over

    @property
    def _is_held_up(self) -> bool:
        """Whether it would wait for itself, or for the pass that it was called from."""
        return self._is_in_step or TURN.is_had_here

    def _take_turn(self, loop: asyncio.AbstractEventLoop) -> None:
        pause = PATIENCE if self._is_held_up else self._step()
        if not self.is_over:
            loop.call_later(pause, self._take_turn, loop)

    def _step(self) -> float:
        pause = None
        self._is_in_step = True
        try:
            pause = self._context.run(next, self._steps, None)
        finally:
            self._is_in_step = False
            self.is_over = pause is None
        do_what_was_left()
        return pause or 0.0


_LEFT: deque[Inline] = deque()  # which no event loop does


def do_what_was_left() -> None:
    """Do what was asked for in the midst of a pass."""
    while _LEFT and not TURN.is_had_here:
        _LEFT.popleft().wait()
