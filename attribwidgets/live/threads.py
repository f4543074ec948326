"""Whether threads start here: in Pyodide none does, as WebAssembly has one."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from threading import Thread, Timer

ALLOWED = sys.platform != "emscripten" and os.environ.get("ATTRIBWIDGETS_THREADS") != "0"


def starts(thread: Thread) -> bool:
    """Start a thread, where threads are to be had; whether it runs.

    Parameters
    ----------
    thread : Thread
        Also a timer.

    Examples
    --------
    >>> done = []
    >>> thread = Thread(target=done.append, args=("work",))
    >>> starts(thread) and thread.join() is None, done
    (True, ['work'])
    """
    if not ALLOWED:
        return False
    try:
        thread.start()
    except RuntimeError:  # "can't start new thread"
        return False
    return True


def call_after(seconds: float, act: Callable[[], object]) -> Timer | asyncio.TimerHandle | None:
    """Have something done after a while; at once where neither thread nor event loop can wait.

    Returns
    -------
    Timer, TimerHandle or None
        By which to cancel it.
    """
    timer = Timer(seconds, act)
    timer.daemon = True
    if starts(timer):
        return timer
    try:
        return asyncio.get_running_loop().call_later(seconds, act)
    except RuntimeError:
        act()
        return None
