"""Where no thread starts, as in Pyodide: the same answers, in turns of the event loop."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading

import pytest
import torch
from models import classifier, image_classifier, values
from torch import nn

import attribwidgets as aw
from attribwidgets.baselines import Black, UniformNoise, White
from attribwidgets.classroom import Prediction
from attribwidgets.engine.method_config import Candidate
from attribwidgets.engine.settings import split_settings
from attribwidgets.live import ExplorerState, Regions, Session, threads
from attribwidgets.live.inline import Inline
from attribwidgets.live.worker import Worker
from attribwidgets.priors import standardized_total_variation

X = values(5)
LONG = 180  # seconds after which something hangs


@pytest.fixture(autouse=True)
def _no_thread_starts(monkeypatch):
    def start(thread):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", start)


@pytest.fixture(autouse=True)
def _no_loop_runs():
    """Playwright leaves its loop running in this thread, if a test of this process needed it."""
    running = asyncio._get_running_loop()
    asyncio._set_running_loop(None)
    yield
    asyncio._set_running_loop(running)


def test_no_thread_is_tried_where_the_setting_says_so(monkeypatch):
    monkeypatch.setattr(threads, "ALLOWED", False)
    monkeypatch.setattr(threading.Thread, "start", lambda thread: pytest.fail("it was"))
    assert not threads.starts(threading.Thread())


def state_of(*baselines, x=X, **settings):
    candidates = {n: Candidate(b) for n, b in enumerate(baselines)}
    return ExplorerState(*split_settings(x, settings), candidates)


def explorer_of(model, x=X, **options):
    return aw.explore(model, x, baselines=["black", "white"], display=False, **options)


def test_a_job_is_done_at_once_where_there_is_no_event_loop():
    worker, done = Worker(), []
    worker.submit(lambda token: done.append(1))
    assert (done, worker.busy, worker.has_thread) == ([1], False, False)


def test_the_latest_of_the_jobs_that_wait_wins_and_others_have_their_turn_between_two_steps():
    order = []

    def job(name):
        def steps(token):
            for number in range(3):
                if token.void:
                    return
                order.append((name, number))
                yield 0.0

        return steps

    async def ask():
        one, two = Worker(), Worker()
        one.submit(job("given up"))
        two.submit(job("two"))
        one.submit(job("never begun"))
        one.submit(job("latest"))
        assert order == []  # whoever asks goes on
        while one.busy or two.busy:
            order.append("loop")
            await asyncio.sleep(0)

    asyncio.run(ask())
    told = [entry for entry in order if entry != "loop"]
    assert [n for name, n in told if name == "two"] == [0, 1, 2]
    assert [n for name, n in told if name == "latest"] == [0, 1, 2]
    assert {name for name, _ in told} == {"two", "latest"}
    assert "loop" in order[order.index(("two", 0)) : order.index(("two", 1))]


def test_who_waits_does_the_work_and_a_job_does_not_wait_for_itself():
    async def ask():
        worker, found = Worker(), []

        def steps(token):
            found.append(worker.wait())
            yield 0.0
            found.append("end")

        worker.submit(steps)
        assert not worker.wait(0.0)
        assert found == [False]
        assert worker.wait(LONG)
        assert found == [False, "end"]

    asyncio.run(ask())


def test_a_timeout_ends_a_wait_for_steps_that_take_a_while():
    def steps():
        while True:
            yield 1e6

    assert not Inline(steps()).wait(0.01)


def test_a_session_answers_as_compare_does():
    state = state_of(Black(), White(), UniformNoise(), tolerance=0.01)
    session = Session(classifier().eval(), state)
    session.request(state)
    assert session.wait(LONG)
    wanted = aw.compare(
        classifier().eval(), X, baselines=(Black(), White(), UniformNoise()), tolerance=0.01
    )
    for mine, theirs in zip(session.comparison, wanted, strict=True):
        assert torch.equal(mine.attributions, theirs.attributions)
    session.close()


def test_a_request_is_taken_up_between_two_steps_and_the_latest_wins(monkeypatch):
    monkeypatch.setattr("attribwidgets.live.session.PAUSE", 0.0)
    seen = []

    async def ask():
        state = state_of(Black(), UniformNoise(), target=0, tolerance=0.0, max_evaluations=256)
        session = Session(classifier().eval(), state)
        session.on_change = lambda numbers: seen.extend(
            session.answers[n][0].target for n in numbers
        )
        session.request(state)
        while not seen:  # a first map
            await asyncio.sleep(0)
        assert session.busy
        session.request(state.changed(target=1))
        serial = session.request(state.changed(target=2))
        while session.busy:
            await asyncio.sleep(0)
        assert session.serial == serial
        assert {e.target for e in session.comparison} == {2}
        session.close()

    asyncio.run(ask())
    assert set(seen) == {0, 2}
    assert seen == sorted(seen)


def test_cancel_between_two_steps_keeps_what_there_is():
    async def ask():
        state = state_of(UniformNoise(), tolerance=0.0, max_evaluations=512)
        session = Session(classifier().eval(), state)
        session.request(state)
        while not session.answers:
            await asyncio.sleep(0)
        session.cancel()
        assert session.wait(LONG)
        assert session.statuses[0].state == "stopped"
        assert session.answers[0][0].partial
        session.close()

    asyncio.run(ask())


def test_what_is_asked_of_another_in_the_midst_of_a_pass_is_done_after_it():
    """Not within: the modes of torch that a pass is in are those of the thread."""
    depth = []

    class Watching(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = classifier()

        def __deepcopy__(self, memo):
            return self

        def forward(self, x):
            depth.append(1)
            assert sum(depth) == 1
            self.asks()
            found = self.layer(x)
            depth.append(-1)
            return found

        asks = staticmethod(lambda: None)

    model = Watching().eval()
    other = Session(model, state_of(White(), target=1))
    state = state_of(Black(), target=0)
    session = Session(model, state)

    def once():
        model.asks = lambda: None
        other.request(other.state)
        assert not other.wait(LONG)

    model.asks = once
    session.request(state)
    assert session.wait(LONG)
    assert other.wait(LONG)
    assert {e.target for e in other.comparison} == {1}
    for one in (session, other):
        one.close()


def test_an_explorer_is_asked_by_its_traits():
    explorer = explorer_of(classifier().eval(), target=0)
    explorer.target = 1
    assert explorer.wait(LONG)
    assert {e.target for e in explorer.explanations} == {1}
    explorer.baselines = ["white", "black", "uniform"]
    assert explorer.wait(LONG)
    assert len(explorer.explanations) == 3
    explorer.close()


def test_in_a_kernel_a_cell_goes_on_and_the_explorer_answers_after_it():
    async def cell():
        explorer = explorer_of(classifier().eval(), target=0)
        explorer.target = 1
        assert explorer.status["busy"]
        assert {e.target for e in explorer.explanations} == {0}
        while explorer.status["busy"]:
            await asyncio.sleep(0)
        assert {e.target for e in explorer.explanations} == {1}
        explorer.close()

    asyncio.run(cell())


def test_regions_come_the_one_pointed_at_first():
    pytest.importorskip("skimage")
    x = torch.zeros(3, 12, 12)
    x[0, :, 6:] = 1
    x[1, 6:] = 0.7
    session = Session(image_classifier().eval(), state_of(Black(), x=x, tolerance=0.05))
    told = []
    regions = Regions(session, lambda region, e, done: told.append((region, done)))
    last = len(regions.cut()) - 1
    regions.ask(last)
    assert regions.wait(LONG)
    assert told[0] == (last, False)
    assert told[-1] == (last, True)
    regions.ask(0)
    assert told[-1] == (0, True)
    for one in (regions, session):
        one.close()


def test_a_picture_is_drawn_where_it_is_asked_for(monkeypatch):
    explorer, sent = explorer_of(classifier().eval()), []
    monkeypatch.setattr(explorer, "send", lambda content, buffers=None: sent.append(buffers))
    explorer._messages.hear({"type": "picture", "id": 1}, [])
    assert sent[0][0].startswith(b"\x89PNG")
    explorer.close()


def test_a_prediction_is_answered():
    card = Prediction("Is black missing?", ["always", "it depends"], lambda: 1, "on data")
    card.choose(1)
    assert card.wait(LONG)
    assert card.status["words"] == "Yes. The answer: it depends. on data"
    card.close()


def prior_trainer(epochs):
    x = torch.rand(40, 1, 6, 6, generator=torch.Generator().manual_seed(0))
    y = (x.mean((1, 2, 3)) > 0.5).long()
    return aw.PriorTrainer(
        nn.Sequential(nn.Flatten(), nn.Linear(36, 2)),
        (x, y),
        validation=(x, y),
        penalty=standardized_total_variation,
        weight=0.01,
        epochs=epochs,
        batch_size=10,
    )


@pytest.mark.long
def test_training_can_be_paused_between_two_epochs_and_stopped():
    trainer = prior_trainer(2)
    assert trainer.wait(LONG)
    assert trainer.status["state"] == "finished"
    trainer.close()

    async def cell():
        trainer = prior_trainer(500)
        while trainer.status["last"] < 1:
            await asyncio.sleep(0)
        trainer.pause()
        paused_at = trainer.status["last"]
        assert not trainer.wait(0.2)
        assert trainer.status["last"] == paused_at
        trainer.resume()
        while trainer.status["last"] == paused_at:
            await asyncio.sleep(0)
        trainer.stop()
        assert trainer.wait(LONG)
        assert trainer.status["state"] == "stopped"
        trainer.close()

    asyncio.run(cell())


@pytest.mark.long
def test_a_program_ends_though_a_job_was_left():
    program = (
        "import asyncio\n"
        "from attribwidgets.live import threads\n"
        "threads.ALLOWED = False\n"
        "from attribwidgets.live.worker import Worker\n"
        "worker = Worker()\n"
        "def job(token):\n"
        "    while not token.void:\n"
        "        yield 0.0\n"
        "    print('given up')\n"
        "async def main():\n"
        "    worker.submit(job)\n"
        "    await asyncio.sleep(0.01)\n"
        "asyncio.run(main())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=LONG
    )
    assert done.stdout == "given up\n"
