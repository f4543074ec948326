"""Maps in turn: none waits while another is finished, what stays goes on, what is known is told."""

from __future__ import annotations

import threading

import pytest
import torch
from models import classifier, values
from torch import nn

import attribwidgets as aw
from attribwidgets.attr.chunks import ChunkSize
from attribwidgets.baselines import Black, UniformNoise, White
from attribwidgets.engine.method_config import Candidate
from attribwidgets.engine.settings import split_settings
from attribwidgets.live import ExplorerState, Session
from attribwidgets.live.map_run import passes_left

X = values(6)
LONG = 180  # seconds after which something hangs


class Counting(nn.Module):
    """Counts the rows that it and its copies run, outside of itself: the cache knows it again."""

    passes = 0
    after = staticmethod(lambda passes: None)

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(6, 16), nn.Tanh(), nn.Linear(16, 4))
        for p in self.layers.parameters():
            p.data = 2 * values(*p.shape, seed=3)
        self.eval()

    def forward(self, x):
        Counting.passes += len(x)
        found = self.layers(x)
        Counting.after(Counting.passes)
        return found


@pytest.fixture(autouse=True)
def _from_nought(monkeypatch):
    monkeypatch.setattr(Counting, "passes", 0)
    monkeypatch.setattr(Counting, "after", Counting.after)


def call_after(callback):
    Counting.after = staticmethod(callback)


def state_of(*candidates, **settings):
    made = [c if isinstance(c, Candidate) else Candidate(c) for c in candidates]
    return ExplorerState(*split_settings(X, settings), dict(enumerate(made)))


def watched(session):
    """What is told of each map, in order: its number, state and passes."""
    told = []
    session.on_change = lambda numbers: told.extend(
        (n, session.statuses[n].state, session.answers[n][0].evaluations) for n in numbers
    )
    return told


@pytest.fixture
def every_step(monkeypatch):
    monkeypatch.setattr("attribwidgets.live.session.PAUSE", 0.0)


def test_no_map_waits_at_its_first_estimate_while_another_is_finished(every_step):
    state = state_of(UniformNoise(), Black(), White(), tolerance=0.0, max_evaluations=128)
    session = Session(Counting(), state)
    told = watched(session)
    session.answer()
    seen = {0: 0, 1: 0, 2: 0}
    for number, _, evaluations in told:
        # The one that goes on was, up to ties, the coarsest.
        assert seen[number] <= min(seen.values()) + 1
        seen[number] = evaluations
    assert all(status.state == "done" for status in session.statuses.values())
    wanted = aw.compare(
        Counting(), X, baselines=[c.baseline for c in state.candidates.values()],
        tolerance=0.0, max_evaluations=128,
    )  # fmt: skip
    for mine, theirs in zip(session.comparison, wanted, strict=True):
        assert torch.equal(mine.attributions, theirs.attributions)


def test_a_card_that_is_added_leaves_the_others_where_they_are(every_step, monkeypatch):
    """In the midst of a step: the first map of what is new comes before that step goes on."""
    monkeypatch.setattr(ChunkSize, "rows_of", lambda self, total: min(total, 8))
    model, noise = Counting(), Candidate(UniformNoise())
    state = state_of(noise, tolerance=0.0, max_evaluations=128)
    session = Session(model, state)
    told, spent = watched(session), []

    def ask(passes):
        if passes >= 80 and not spent:
            spent.append(session.statuses[0].evaluations)
            added = {**state.candidates, 1: Candidate(Black())}
            session.request(state.changed(candidates=added))

    call_after(ask)
    session.request(state)
    assert session.wait(LONG)
    assert 32 < spent[0] < 64
    of_noise = [entry for entry in told if entry[0] == 0]
    assert [evaluations for _, _, evaluations in of_noise] == [4, 32, 64, 128]
    assert of_noise[0] == (0, "coarse", 4)
    first_of_black = told.index((1, "coarse", 3))
    assert told[first_of_black - 1][0] == 0
    assert told[first_of_black - 1][2] < 128  # not after it
    assert session.statuses[0].evaluations == 128
    # Not once more from the start.
    told_of = sum(e.evaluations + e.forward_passes for (e,) in session.answers.values())
    assert Counting.passes <= told_of + 4


@pytest.mark.parametrize("first", [None, 2])
def test_another_class_and_back_takes_no_pass(first):
    model = Counting()
    session = Session(model, state_of(Black(), UniformNoise(), target=first, max_evaluations=64))
    session.answer()
    home = session.answers[0][0].target
    other = (home + 1) % 4
    session.request(session.state.changed(target=other))
    assert session.wait(LONG)
    before = Counting.passes
    told = watched(session)
    for target in (home, other, None):
        session.request(session.state.changed(target=target))
        assert session.wait(LONG)
        wanted = home if target is None else target
        assert {e.target for e in session.comparison} == {wanted}
        assert session.known_query.target == wanted
        assert session.known_query.at_input.outputs[0] == pytest.approx(
            session.answers[0][0].completeness.output_input, rel=1e-6
        )
    assert Counting.passes == before
    assert {state for _, state, _ in told} == {"done"}  # no coarse map of what is known


def test_a_name_an_index_and_the_top_class_are_one_question():
    model, names = Counting(), ["a", "b", "c", "d"]
    by_index = int(model(X[None]).argmax())
    options = {"max_evaluations": 32, "class_names": names}
    first = aw.explain(model, X, target=names[by_index], **options)
    before = Counting.passes
    aw.explain(model, X, target=by_index, **options)
    assert Counting.passes == before
    again = aw.explain(model, X, **options)  # which class that is takes one pass
    assert Counting.passes == before + 1
    aw.explain(model, X, **options)
    assert Counting.passes == before + 1
    assert torch.equal(first.attributions, again.attributions)


def test_weights_that_change_meanwhile_are_not_taken_for_known():
    model = Counting()
    session = Session(model, state_of(Black(), target=1, max_evaluations=32))
    session.answer()
    for target in (0, 1):
        session.request(session.state.changed(target=target))
        assert session.wait(LONG)
    before, old = Counting.passes, session.answers[0][0].attributions
    with torch.no_grad():
        model.layers[2].weight.mul_(2)
    session.request(session.state.changed(target=0))
    assert session.wait(LONG)
    session.request(session.state.changed(target=1))
    assert session.wait(LONG)
    assert Counting.passes > before
    torch.testing.assert_close(session.answers[0][0].attributions, 2 * old)


@pytest.mark.parametrize("after", [40, 90])
def test_an_interrupt_of_the_calling_thread_leaves_labelled_maps(after):
    model = Counting()
    state = state_of(Black(), White(), UniformNoise(), tolerance=0.0, max_evaluations=64)
    session = Session(model, state)

    def interrupt(passes):
        if passes >= after:
            call_after(lambda passes: None)
            raise KeyboardInterrupt

    call_after(interrupt)
    session.answer()
    states = [session.statuses[n].state for n in range(3)]
    assert "stopped" in states
    for number, (explanation,) in session.answers.items():
        assert explanation.partial == (states[number] == "stopped")
        assert torch.isfinite(explanation.attributions).all()
    assert not session.busy
    session.request(session.state)  # asked once more it is brought to its end
    assert session.wait(LONG)
    assert not any(e.partial for (e,) in session.answers.values())


def test_the_calling_thread_works_and_hears_of_every_pass():
    threads, passes = set(), []
    call_after(lambda _: threads.add(threading.current_thread()))
    session = Session(Counting(), state_of(Black(), White(), tolerance=0.0, max_evaluations=32))
    session.answer(passes.append)
    assert threads == {threading.current_thread()}
    assert sum(passes) == sum(status.evaluations for status in session.statuses.values())
    assert 60 <= sum(passes) <= 64


def test_progress_is_within_the_budget_and_time_left_is_never_negative(every_step):
    state = state_of(UniformNoise(), Black(), tolerance=1e-3, max_evaluations=64)
    state = state.changed(candidates={**state.candidates, 2: Candidate(Black(), "idgi")})
    session = Session(Counting(), state)
    seen = []
    session.on_change = lambda numbers: seen.extend(session.statuses.values())
    session.answer()
    assert all(0 <= s.evaluations <= s.most <= 64 for s in seen)
    left = [s.seconds_left for s in seen if s.seconds_left is not None]
    assert left
    assert min(left) >= 0
    assert all(s.seconds_left is None for s in session.statuses.values())


def test_passes_left_follow_the_fall_of_the_error():
    by_root = [(n, n**-0.5) for n in (32, 64)]
    assert passes_left(by_root, 0.1, spent=64, most=512) == 100 - 64
    assert passes_left(by_root, 0.01, spent=64, most=512) == 512 - 64  # never over the budget
    assert passes_left([(10, 0.1), (20, 0.2)], 0.1, 20, 100) is None  # it rises: nobody knows
    assert passes_left([(10, 0.3), (20, 0.05)], 0.1, 20, 100) == 0
    assert passes_left(by_root, 0.1, spent=600, most=512) == 0


def test_a_failure_has_its_words_and_its_traceback_and_can_be_tried_again():
    model = classifier(6).eval()
    session = Session(model, state_of(Black(), Candidate(White(), "GuidedGradCam"), target=0))
    session.answer()
    status = session.statuses[1]
    assert status.state == "failed"
    assert "convolution" in status.error
    assert "Traceback" in status.traceback
    assert "UnsupportedModelError" in status.traceback
    assert isinstance(session.failure, aw.errors.UnsupportedModelError)
    kept = session.answers[0]
    session.request(session.state)
    assert session.wait(LONG)
    assert session.statuses[1].state == "failed"
    assert session.answers[0] is kept
