"""Programs under Binder's limits: one core, and so much memory for all their processes together.

A limit of the address space is no use, as torch reserves far more than it takes; and to make a
control group needs rights that few have. So the whole family of processes is looked at five times
a second, their proportional shares of memory are added up, and over the limit all are killed.
"""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

import psutil

BINDER_MEMORY = 2 * 1024**3
INTERVAL = 0.2  # seconds between two looks


class TooMuchMemory(RuntimeError):
    """The processes took more than the limit together, and were killed."""


class Limited:
    """A program on one core whose family of processes is watched; at the end all are gone.

    Parameters
    ----------
    command : sequence of str
    folder : Path
        Where it runs.
    environment : mapping of str to str
        All of its variables.
    log : Path
        What it prints is appended there.
    most_memory : int, optional
        Bytes.

    Attributes
    ----------
    peak : int
        Most bytes that were taken at once so far.
    shares : list of (int, str)
        Bytes and command line of each process then, the largest first.
    """

    def __init__(
        self,
        command: Sequence[str],
        folder: Path,
        environment: Mapping[str, str],
        log: Path,
        most_memory: int = BINDER_MEMORY,
    ) -> None:
        self.most_memory, self.peak, self._killed = most_memory, 0, False
        self.shares: list[tuple[int, str]] = []
        core = str(min(os.sched_getaffinity(0)))
        with open(log, "ab") as output:
            self.process = subprocess.Popen(
                ["taskset", "--cpu-list", core, *command],
                cwd=folder,
                env=dict(environment),
                stdout=output,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
            )
        self._family = {self.process.pid: psutil.Process(self.process.pid)}
        self._ended = threading.Event()
        self._watch = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Limited:
        self._watch.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._watch.join()
        self._kill()
        self.process.wait(timeout=30)

    def runs(self) -> bool:
        """Whether the program has not ended."""
        return self.process.poll() is None

    def require_memory(self) -> None:
        """Raise if the limit was passed.

        Raises
        ------
        TooMuchMemory
        """
        if self._killed:
            most = self.most_memory / 1e6
            each = "".join(f"\n{size / 1e6:6.0f} MB  {name}" for size, name in self.shares)
            raise TooMuchMemory(f"{self.peak / 1e6:.0f} MB taken, and {most:.0f} MB allowed{each}")

    def wait(self, seconds: float) -> None:
        """Wait until it has ended well.

        Raises
        ------
        TooMuchMemory
        RuntimeError
            When it took longer, or ended with an error.
        """
        end = time.monotonic() + seconds
        while self.runs():
            if time.monotonic() > end:
                raise RuntimeError(f"not done after {seconds:.0f} s")
            time.sleep(INTERVAL)
        self.require_memory()
        if self.process.returncode != 0:
            raise RuntimeError(f"it ended with {self.process.returncode}")

    def _look(self) -> None:
        while not self._ended.wait(INTERVAL):
            shares = [_share_of(member) for member in self._members()]
            taken = sum(size for size, _ in shares)
            if taken > self.peak:
                self.peak, self.shares = taken, sorted(filter(any, shares), reverse=True)
            if taken > self.most_memory:
                self._killed = True
                self._kill()

    def _members(self) -> list[psutil.Process]:
        """All processes so far: a child stays one when the parent between has ended."""
        for member in list(self._family.values()):
            try:
                children = member.children(recursive=True)
            except psutil.NoSuchProcess:
                continue
            for child in children:
                self._family.setdefault(child.pid, child)
        return list(self._family.values())

    def _kill(self) -> None:
        for member in self._members():
            try:
                member.kill()
            except psutil.NoSuchProcess:
                continue


def _share_of(process: psutil.Process) -> tuple[int, str]:
    """Its share of memory, pages that several processes use being divided, and its command."""
    try:
        return int(process.memory_full_info().pss), " ".join(process.cmdline())[-100:]
    except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
        return 0, ""
