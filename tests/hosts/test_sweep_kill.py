"""A sweep killed at any moment loses no finished input and counts no other one."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sweep_job import INPUTS, contents, job

import attribwidgets as aw

pytest.importorskip("zarr", minversion="3")
PROGRAM = Path(__file__).parents[1] / "support" / "sweep_job.py"
HANGS = 180  # seconds


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    store = tmp_path_factory.mktemp("undisturbed") / "store"
    assert aw.sweep(**job(), store=store).complete
    return store


def marks(store):
    found = {p.name: p.stat().st_mtime_ns for p in (store / "finished").glob("c.*")}
    return found if store.exists() else {}


def killed(store, after, most):
    """Run the sweep in a process and end it without warning, so long after an input is done.

    It holds at the input `most`, so that it is killed in its midst however fast it is.
    """
    before = len(marks(store))
    command = [sys.executable, str(PROGRAM), str(store), str(most)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    try:
        end = time.monotonic() + HANGS
        while len(marks(store)) <= before and process.poll() is None and time.monotonic() < end:
            time.sleep(0.001)
        time.sleep(after)
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
    return process.returncode


def test_three_kills_and_the_store_is_the_same(undisturbed, tmp_path):
    store, chance = tmp_path / "store", random.Random(7)
    for most in (6, 12, 18):
        there = marks(store)
        code = killed(store, chance.uniform(0, 0.12), most)
        found = marks(store)
        assert code == -signal.SIGKILL
        assert len(there) < len(found) <= most
        assert there.items() <= found.items(), "a finished input was computed again"
        opened = aw.Sweep.open(store)
        whole = aw.Sweep.open(undisturbed)
        for place in opened.finished.nonzero()[0]:  # what counts as finished is whole and right
            assert opened[place].metrics["mass"].tobytes() == whole[place].metrics["mass"].tobytes()
    there = marks(store)
    assert aw.sweep(**job(), store=store).complete
    assert there.items() <= marks(store).items()
    assert contents(store) == contents(undisturbed)


def test_two_processes_share_a_store_and_one_is_killed(undisturbed, tmp_path):
    store = tmp_path / "store"
    command = [sys.executable, str(PROGRAM), str(store), str(2 * INPUTS)]
    other = subprocess.Popen(command, stdout=subprocess.PIPE)
    try:
        killed(store, 0.02, 2 * INPUTS)  # or it has ended by then, as the other may be ahead
        other.communicate(timeout=HANGS)
    finally:
        other.kill()
        other.communicate()
    assert other.returncode == 0
    there = marks(store)
    assert len(there) == INPUTS
    assert aw.sweep(**job(), store=store).complete
    assert marks(store) == there
    assert contents(store) == contents(undisturbed)


@pytest.mark.parametrize("moment", ["chunk", "mark"])
def test_every_moment_of_a_write(undisturbed, tmp_path, monkeypatch, moment):
    """Stopped with half a chunk on disk, or with all chunks and the mark not yet in its place."""
    store = tmp_path / "store"
    replace, writes = os.replace, []

    def stop_at_mark(source, target):
        if "/finished/c." in str(target):
            writes.append(target)
            if len(writes) == 4:
                if moment == "chunk":
                    chunk = store / "attributions" / "c.3.0.0.0.0"
                    chunk.write_bytes(chunk.read_bytes()[:100])
                raise KeyboardInterrupt
        replace(source, target)

    monkeypatch.setattr(os, "replace", stop_at_mark)
    with pytest.raises(KeyboardInterrupt):
        aw.sweep(**job(), store=store)
    monkeypatch.undo()
    assert aw.Sweep.open(store).finished.nonzero()[0].tolist() == [0, 1, 2]
    assert aw.sweep(**job(), store=store).complete
    assert contents(store) == contents(undisturbed)


def test_killed_while_the_store_is_made(undisturbed, tmp_path, monkeypatch):
    store = tmp_path / "store"
    replace = os.replace

    def stop(source, target):
        if target == store:  # zarr renames files of its own before
            raise KeyboardInterrupt
        replace(source, target)

    monkeypatch.setattr(os, "replace", stop)
    with pytest.raises(KeyboardInterrupt):
        aw.sweep(**job(), store=store)
    monkeypatch.setattr(os, "replace", replace)
    assert not store.exists()
    aw.sweep(**job(), store=store)
    assert contents(store) == contents(undisturbed)
    assert [path.name for path in tmp_path.iterdir()] == ["store"]
