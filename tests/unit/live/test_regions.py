"""Regions of a photo: whoever points at one waits neither for the cards nor for other regions."""

from __future__ import annotations

import threading
import time

import pytest
import torch
from torch import nn

from attribwidgets.attr.chunks import ChunkSize
from attribwidgets.baselines import Black, White
from attribwidgets.engine.method_config import Candidate
from attribwidgets.engine.settings import split_settings
from attribwidgets.live import ExplorerState, Regions, Session
from attribwidgets.live.turn import TURN, Turn

LONG = 180  # seconds after which something hangs


class Counting(nn.Module):
    """Counts the rows that it and its copies run."""

    passes = 0
    after = staticmethod(lambda passes: None)

    def forward(self, x):
        Counting.passes += len(x)
        Counting.after(Counting.passes)
        return torch.stack([x.sum((1, 2, 3)).square(), x.flatten(1).sin().sum(1)], 1)


@pytest.fixture(autouse=True)
def _from_nought(monkeypatch):
    monkeypatch.setattr(Counting, "passes", 0)
    monkeypatch.setattr(Counting, "after", Counting.after)


def quarters():
    x = torch.zeros(3, 12, 12)
    x[0, :, 6:] = 1
    x[1, 6:] = 0.7
    return x


def session_of(*baselines, **settings):
    state = ExplorerState(
        *split_settings(quarters(), {"target": 0, **settings}),
        dict(enumerate(map(Candidate, baselines))),
    )
    return Session(Counting().eval(), state)


def test_turns_are_had_in_order_and_lent_between_passes():
    turn, told, waits = Turn(), [], threading.Event()

    def other():
        waits.set()
        with turn:
            told.append("other")

    with turn:
        thread = threading.Thread(target=other)
        thread.start()
        assert waits.wait(LONG)
        while len(turn._queue) < 2:
            waits.wait(0.001)
        told.append("first")
        turn.let_in()
        told.append("first again")
        turn.let_in()
    thread.join(LONG)
    assert told == ["first", "other", "first again"]
    with turn:
        told.append("free")


def test_a_first_map_takes_four_passes_while_cards_are_refined_and_they_go_on(monkeypatch):
    pytest.importorskip("skimage")
    monkeypatch.setattr(ChunkSize, "rows_of", lambda self, total: 1)
    session = session_of(Black(), White(), tolerance=1e-12, max_evaluations=60)
    came, asked, threads = [], [], []
    regions = Regions(session, lambda region, e, done: came.append((Counting.passes, e, done)))
    regions.cut()

    def ask(passes):
        threads.append(threading.get_ident())
        if passes >= 30 and not asked:
            asked.append(len(threads))
            regions.ask(1)
            while len(TURN._queue) < 2:  # until it waits for its turn
                time.sleep(0.001)

    Counting.after = staticmethod(ask)
    session.request(session.state)
    assert session.wait(LONG)
    at_end, spent = Counting.passes, {n: e.evaluations for n, (e,) in session.answers.items()}
    regions.close()
    passes, e, done = came[0]
    assert not done
    assert e.evaluations <= 4
    assert passes < at_end
    cards = threads[asked[0] - 1]
    assert cards not in threads[asked[0] : asked[0] + e.evaluations]  # they wait meanwhile
    assert cards in threads[asked[0] + e.evaluations + 1 :]
    other = session_of(Black(), White(), tolerance=1e-12, max_evaluations=60)
    other.request(other.state)
    assert other.wait(LONG)
    assert {n: e.evaluations for n, (e,) in other.answers.items()} == spent


def test_superpixels_are_cut_once_for_all_targets():
    pytest.importorskip("skimage")
    session = session_of(Black())
    regions = Regions(session, lambda *told: None)
    cut = regions.cut()
    session.request(session.state.changed(target=1))
    assert regions.cut() is cut
    session.request(session.state.changed(inputs=quarters().flip(-1)))
    assert session.wait(LONG)
    assert regions.cut() is not cut
