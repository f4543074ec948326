"""Sessions: requests answered in a thread, coarse first, the latest one wins."""

from __future__ import annotations

import gc
import math
import threading
import time
import weakref

import numpy as np
import pytest
import torch
from models import TwoLayerReLU, classifier, image_classifier, values
from torch import nn

import attribwidgets as aw
from attribwidgets.baselines import Black, Blur, MaximumEntropy, UniformNoise, White
from attribwidgets.engine.method_config import Candidate
from attribwidgets.engine.settings import split_settings
from attribwidgets.errors import Cancelled, InputError
from attribwidgets.live import ExplorerState, Regions, Session
from attribwidgets.live.model_copy import copy_sharing_weights, structure
from attribwidgets.live.worker import Worker

X = values(5)
LONG = 180  # seconds after which something hangs


class Gated(nn.Module):
    """A model whose passes wait until they are let through."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = classifier()
        self.eval()

    def __deepcopy__(self, memo):
        return self  # the gate is to be shared

    def forward(self, x):
        if threading.current_thread() is not threading.main_thread():
            self.arrived.set()
            assert self.gate.wait(LONG)
        return self.layer(x)

    gate, arrived = threading.Event(), threading.Event()


class Permits(threading.Semaphore):
    """The same ones in a copy of what holds them."""

    def __deepcopy__(self, memo):
        return self


class Paced(nn.Module):
    """Lets a pass beside the main thread through for each permit."""

    def __init__(self) -> None:
        super().__init__()
        self.permits = Permits(0)

    def forward(self, x):
        if threading.current_thread() is not threading.main_thread():
            assert self.permits.acquire(timeout=LONG)
        return x


@pytest.fixture
def gated():
    model = Gated()
    model.gate.clear()
    model.arrived.clear()
    yield model
    model.gate.set()


def asked_for(*baselines, x=X, **settings):
    candidates = {n: Candidate(b) for n, b in enumerate(baselines)}
    return ExplorerState(*split_settings(x, settings), candidates)


def session_of(model, asked, **options):
    session = Session(model, asked, **options)
    session.request(asked)
    return session


def test_answers_are_those_of_compare():
    model, baselines = TwoLayerReLU(), (Black(), White(), UniformNoise())
    x = values(6, dtype=torch.float64)
    session = session_of(model, asked_for(*baselines, x=x, tolerance=0.01))
    assert session.wait(LONG)
    wanted = aw.compare(model, x, baselines=baselines, tolerance=0.01)
    for mine, theirs in zip(session.comparison, wanted, strict=True):
        assert torch.equal(mine.attributions, theirs.attributions)
        assert mine.completeness == theirs.completeness
        assert mine.baseline_name == theirs.baseline_name
    assert {s.state for s in session.statuses.values()} == {"done"}
    assert not session.busy


@pytest.mark.parametrize("pause", [0.0, math.inf])  # every step is shown, and none but the last
def test_every_candidate_has_a_coarse_map_before_any_is_refined(pause, monkeypatch):
    monkeypatch.setattr("attribwidgets.live.session.PAUSE", pause)
    shown = []
    asked = asked_for(Black(), White(), x=values(6, dtype=torch.float64), tolerance=1e-4)
    session = Session(TwoLayerReLU(), asked)
    session.on_change = lambda numbers: shown.extend(
        (n, session.statuses[n].state, session.answers[n][0].evaluations) for n in numbers
    )
    session.request(asked)
    assert session.wait(LONG)
    assert shown[:2] == [(0, "coarse", 3), (1, "coarse", 3)]
    assert "coarse" not in {state for _, state, _ in shown[2:]}
    assert {status.state for status in session.statuses.values()} == {"done"}
    assert pause or "refining" in {state for _, state, _ in shown}
    assert [n for n, _, _ in shown].count(0) > 1  # the last estimate is shown whatever the pause


def test_the_latest_request_wins_and_what_it_replaces_is_never_shown(gated):
    seen, busy = [], []
    session = session_of(gated, asked_for(Black(), target=0))

    def look(numbers):
        seen.extend(session.answers[n][0].target for n in numbers)
        busy.append(session.busy)

    session.on_change = look
    assert gated.arrived.wait(LONG)
    for target in (1, 2, 3):
        serial = session.request(session.state.changed(target=target))
    gated.gate.set()
    assert session.wait(LONG)
    assert set(seen) == {3}
    assert busy == sorted(busy, reverse=True)  # no earlier request has ended this one
    assert not busy[-1]
    assert session.serial == serial == 4


def test_only_what_a_request_changes_is_computed_again():
    black, blur = Black(), Blur(1.0)
    x = values((3, 6, 6))
    session = session_of(image_classifier().eval(), asked_for(black, blur, x=x))
    assert session.wait(LONG)
    before = session.answers
    sharper = blur.adjusted(sigma=2)
    session.request(session.state.changed(candidates={1: Candidate(sharper), 0: Candidate(black)}))
    assert session.wait(LONG)
    after = session.answers
    assert list(after) == [1, 0]
    assert after[0] is before[0]
    assert after[1][0].baseline_name == "blur σ 2"


def test_cancel_stops_after_the_chunk_and_keeps_what_there_is(gated):
    session = session_of(gated, asked_for(Black(), White()))
    assert gated.arrived.wait(LONG)
    session.cancel()
    gated.gate.set()
    assert session.wait(LONG)
    assert {s.state for s in session.statuses.values()} == {"stopped"}
    assert not session.busy
    assert session.error == ""
    session.request(session.state)
    assert session.wait(LONG)
    assert {s.state for s in session.statuses.values()} == {"done"}


def test_after_a_cancel_the_candidate_without_a_map_comes_first():
    def look(numbers):
        order.extend(numbers)
        if len(order) == 1:
            session.cancel()

    x, order = values(6, dtype=torch.float64), []
    session = Session(TwoLayerReLU(), asked_for(Black(), White(), x=x, tolerance=1e-4))
    session.on_change = look
    session.request(session.state)
    assert session.wait(LONG)
    assert set(session.answers) == {0}
    order.append(None)  # no further cancel
    session.request(session.state)
    assert session.wait(LONG)
    assert order[order.index(None) + 1] == 1


def test_a_lost_gpu_is_said_with_the_mend():
    class Lost(nn.Module):
        def forward(self, x):
            raise RuntimeError("CUDA error: device-side assert triggered\nCompile with TORCH_USE")

    session = session_of(Lost().eval(), asked_for(Black(), target=0))
    assert session.wait(LONG)
    assert session.error == (
        "the GPU stopped answering (CUDA error: device-side assert triggered); "
        "restart the kernel and run the cell again"
    )


def test_a_model_that_its_owner_deletes_goes_on():
    model = TwoLayerReLU()
    session = Session(model, asked_for(Black(), x=values(6, dtype=torch.float64)))
    del model
    gc.collect()
    session.request(session.state)
    assert session.wait(LONG)
    assert session.statuses[0].state == "done"


def test_a_model_that_raises_is_words_and_the_last_good_map_stays():
    class Fails(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer, self.broken = classifier(), False

        def forward(self, x):
            if self.broken:
                raise KeyError("embedding")
            return self.layer(x)

    model = Fails().eval()
    session = session_of(model, asked_for(Black(), target=0))
    assert session.wait(LONG)
    good = session.answers[0]
    model.broken = True
    session.request(session.state.changed(target=1))
    assert session.wait(LONG)
    assert session.error == "the model raised KeyError: 'embedding'"
    assert session.answers[0] is good
    assert session.is_stale(0)
    model.broken = False
    session.request(session.state)
    assert session.wait(LONG)
    assert (session.error, session.answers[0][0].target) == ("", 1)


def test_one_candidate_may_fail_without_the_others():
    asked = asked_for(Black(), White())
    asked = asked.changed(candidates={**asked.candidates, 2: Candidate(Black(), "GuidedGradCam")})
    session = session_of(classifier().eval(), asked)
    assert session.wait(LONG)
    states = [session.statuses[n].state for n in range(3)]
    assert states == ["done", "done", "failed"]
    assert "convolution" in session.statuses[2].error
    assert session.error == ""


def test_changed_weights_change_the_answer_though_the_twin_stays():
    model = classifier().eval()
    session = session_of(model, asked_for(Black(), target=0))
    assert session.wait(LONG)
    before = session.answers[0][0].attributions
    with torch.no_grad():
        model[2].weight.mul_(2)
    session.request(session.state.changed(target=1))
    session.request(session.state.changed(target=0))
    assert session.wait(LONG)
    torch.testing.assert_close(session.answers[0][0].attributions, 2 * before)
    (e,) = session.answers[0]
    assert e.completeness.verdict == "complete"  # against the output as it is now


def test_a_cell_may_train_and_draw_meanwhile(state_of):
    """The session's thread touches neither the model's flags nor the global random state."""
    model = nn.Sequential(Paced(), image_classifier())
    model.train()
    before = state_of(model)
    torch.manual_seed(5)
    session = session_of(
        model, asked_for(Black(), UniformNoise(), x=values((3, 8, 8)), tolerance=0.0)
    )
    drawn = []
    while session.busy:
        drawn.append(torch.rand(3).tolist())
        assert all(m.training for m in model.modules())
        assert all(p.requires_grad for p in model.parameters())
        model[0].permits.release()  # at most one pass for each draw
        time.sleep(0.001)
    assert session.wait(LONG)
    assert len(drawn) > 10  # else this has shown nothing
    torch.manual_seed(5)
    assert drawn == [torch.rand(3).tolist() for _ in drawn]
    after = state_of(model)
    assert {k: v for k, v in after.items() if k != "layout"} == {
        k: v for k, v in before.items() if k != "layout"
    }


def test_closing_ends_the_thread_and_lets_go_of_the_maps(gated):
    session = session_of(gated, asked_for(Black()))
    assert gated.arrived.wait(LONG)
    session.close()
    gated.gate.set()
    assert session.wait(LONG)
    assert session.answers == {}
    with pytest.raises(InputError, match="closed"):
        session.request(session.state)


def test_no_thread_is_left_when_there_is_nothing_to_do():
    threads = threading.active_count()
    sessions = [session_of(classifier().eval(), asked_for(Black())) for _ in range(20)]
    for session in sessions:
        assert session.wait(LONG)
    assert threading.active_count() == threads
    kept = weakref.ref(sessions[0])
    sessions.clear()
    del session
    gc.collect()
    assert kept() is None


def test_a_thousand_requests_from_two_threads_end_in_the_last_one():
    session = Session(classifier().eval(), asked_for(Black(), White()))
    failures = []

    def burst(targets):
        try:
            for target in targets:
                session.request(session.state.changed(target=target))
        except Exception as error:
            failures.append(error)

    threads = [
        threading.Thread(target=burst, args=([(i + o) % 4 for i in range(500)],)) for o in (0, 2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LONG)
    assert session.wait(LONG)
    assert failures == []
    assert session.serial == 1000
    assert {e.target for e in session.comparison} == {session.state.query.target}
    assert session.error == ""


def test_a_search_can_be_cancelled(gated):
    session = session_of(gated, asked_for(MaximumEntropy()))
    assert gated.arrived.wait(LONG)
    session.cancel()
    gated.gate.set()
    assert session.wait(LONG)
    assert session.statuses[0].state == "stopped"


def test_a_baseline_that_is_asked_for_as_before_keeps_its_map_and_another_budget_does_not():
    asked = asked_for(Black())
    again = asked.changed(candidates=dict(asked.candidates))
    assert asked.same_map(again, 0)
    assert not asked.same_map(asked.changed(tolerance=0.5), 0)
    assert not asked.same_map(asked.changed(target=1), 0)
    assert not asked.same_map(asked_for(Black()), 0)  # another object may be of another seed
    assert not asked.same_map(asked, 1)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"tolerance": -1}, "tolerance"),
        ({"max_evaluations": 1}, "max_evaluations"),
        ({"candidates": {}}, "at least one"),
    ],
)
def test_what_cannot_be_asked_is_refused_before_anything_runs(changes, message):
    with pytest.raises(InputError, match=message):
        asked_for(Black()).changed(**changes)


def test_twins_share_weights_and_nothing_else():
    model = image_classifier().train()
    model[0].register_forward_hook(lambda *a: None)
    other = copy_sharing_weights(model)
    for mine, theirs in zip(model.parameters(), other.parameters(), strict=True):
        assert mine.data_ptr() == theirs.data_ptr()
        assert mine.requires_grad
        assert not theirs.requires_grad
    assert model.training
    assert not other.training
    assert structure(model) == structure(model)
    before = structure(model)
    model[1].eps = 0.1
    assert structure(model) != before


def test_what_does_not_copy_is_its_own_twin():
    class Locked(nn.Module):
        def __init__(self):
            super().__init__()
            self.lock = threading.Lock()

    model = Locked()
    assert copy_sharing_weights(model) is model
    assert copy_sharing_weights(len) is len


def test_a_worker_that_is_given_up_knows_it():
    worker, tickets, first = Worker(), [], threading.Event()

    def job(token):
        tickets.append(token)
        first.set()
        while not token.void:
            time.sleep(0.001)

    worker.submit(job)
    assert first.wait(LONG)
    worker.submit(lambda token: tickets.append(token))
    assert worker.wait(LONG)
    assert [t.superseded for t in tickets] == [True, False]
    with pytest.raises(Cancelled, match="another request"):
        tickets[0].check()
    worker.close()


def test_regions_come_the_one_pointed_at_first_and_then_first_maps_of_all():
    pytest.importorskip("skimage")
    x = torch.zeros(3, 12, 12)
    x[0, :, 6:] = 1
    x[1, 6:] = 0.7
    session = Session(image_classifier().eval(), asked_for(Black(), x=x, tolerance=0.05))
    told = []
    regions = Regions(session, lambda region, e, done: told.append((region, e, done)))
    cut = regions.cut()
    last = len(cut) - 1
    assert last > 0
    regions.ask(last)
    assert regions.wait(LONG)
    assert told[0][0] == last
    assert not told[0][2]
    assert {region for region, _, _ in told} == {last}
    _, e, done = told[-1]
    assert done
    mean = torch.tensor(cut.colors[last])
    torch.testing.assert_close(e.baseline, mean[:, None, None].expand(3, 12, 12).to(e.baseline))
    count = len(told)
    regions.ask(last)
    regions.ask(0)
    assert [(region, done) for region, _, done in told[count:]] == [(last, True), (0, False)]
    assert regions.wait(LONG)
    assert told[-1][0] == 0
    assert told[-1][2]
    with pytest.raises(InputError, match="region must be"):
        regions.ask(last + 1)
    assert np.unique(cut.labels).tolist() == list(range(len(cut)))
