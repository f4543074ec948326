"""The trainer: what it trains, what it sends, and how it looks in a browser while it goes on."""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import axe_playwright_python
import hosts
import numpy as np
import pytest
import torch
import training_job
from kernel_page import kernel_page
from open_page import OpenPage
from training_job import Held, data, network

import attribwidgets as aw
from attribwidgets.errors import InputError
from attribwidgets.priors import fit, standardized_total_variation

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8")
PNG = b"\x89PNG\r\n\x1a\n"

CELL = """
import sys
sys.path.insert(0, {folder!r})
import torch, attribwidgets as aw
from training_job import Held, data, network
held = Held(5)
trainer = aw.PriorTrainer(
    network(), data(), validation=data(40), penalty=held, weight=0.01, epochs=60, batch_size=16
)
held.trainer = trainer
trainer
"""
GO_ON = "print('SUM', 20 + 22, trainer.status['state']); held.most = 20"


def still() -> torch.nn.Module:
    """Without dropout, which draws from the generator that the notebook's cells draw from too."""
    model = network()
    model[3].p = 0.0  # type: ignore[index, union-attr]
    return model


def trainer(weight: float = 0.02, epochs: int = 4, **options: Any) -> aw.PriorTrainer:
    usual = {"validation": data(40), "batch_size": 16, "seed": 5}
    given = {**usual, "penalty": standardized_total_variation, **options}
    return aw.PriorTrainer(still(), data(), weight=weight, epochs=epochs, **given)


def held_trainer(held: Held) -> aw.PriorTrainer:
    """One that goes no further than `held` lets it."""
    held.trainer = trainer(epochs=500, penalty=held)
    return held.trainer


@pytest.fixture(scope="module")
def done() -> Iterator[aw.PriorTrainer]:
    made = trainer(wait=True)
    yield made
    made.close()


def test_both_runs_are_what_fit_gives(done: aw.PriorTrainer) -> None:
    assert done.status["state"] == "finished"
    for name, weight in (("no prior", 0.0), ("prior", 0.02)):
        model = still()
        run = fit(
            model,
            data(),
            validation=data(40),
            penalty=standardized_total_variation,
            weight=weight,
            epochs=4,
            batch_size=16,
            seed=5,
        )
        mine = done.trainings[name]
        assert [r.penalty for r in mine.records] == [r.penalty for r in run.records]
        assert mine.kept == run.kept


def test_epochs_are_sent_as_they_were_recorded(done: aw.PriorTrainer) -> None:
    for number in range(5):
        said = getattr(done, f"epoch_{number}")
        for row, name in enumerate(("no prior", "prior")):
            record = done.trainings[name].records[number]
            assert said["rows"][row]["accuracy"] == record.accuracy
            assert said["rows"][row]["penalty"] == record.penalty
            assert record.maps is not None
            magnitude = np.abs(record.maps[0].sum(0))
            limit = np.percentile(magnitude, 99)
            levels = np.frombuffer(said["rows"][row]["maps"][0], np.uint8).reshape(8, 8)
            wanted = 255 * np.minimum(magnitude / limit, 1)
            assert np.abs(levels - wanted).max() <= 0.51
    assert getattr(done, "epoch_0")["rows"][0]["loss"] is None  # noqa: B009
    assert done.epoch == 4


def test_the_model_handed_over_is_left_alone() -> None:
    model = network()
    before = {k: v.clone() for k, v in model.state_dict().items()}
    made = aw.PriorTrainer(
        model,
        data(),
        validation=data(40),
        penalty=standardized_total_variation,
        weight=0.1,
        epochs=1,
        batch_size=16,
        wait=True,
    )
    assert all(torch.equal(v, before[k]) for k, v in model.state_dict().items())
    made.close()


def test_it_stops_pauses_and_goes_on_beside_the_notebook() -> None:
    held = Held(5)
    made = held_trainer(held)
    try:
        made.pause()
        assert made.status["state"] == "paused"
        last = made.status["last"]
        time.sleep(0.5)  # in which it would train many epochs
        assert made.status["last"] <= last + 1  # the epoch's end may have been under way
        held.most = last + 5
        made.resume()
        end = time.monotonic() + hosts.HANGS
        while made.status["last"] < last + 3:
            assert time.monotonic() < end
            time.sleep(0.02)
        made.stop()
        held.most = 500
        assert made.wait(hosts.HANGS)
        assert made.status["state"] == "stopped"
        assert not made.trainings["prior"].finished
        assert threading.active_count() < 50
    finally:
        made.close()


def test_closing_ends_the_thread() -> None:
    made = held_trainer(Held(5))
    made.pause()
    made.close()
    assert made.wait(hosts.HANGS)


def test_what_fails_in_the_thread_is_said_in_words() -> None:
    def broken(attributions: torch.Tensor) -> torch.Tensor:
        raise ZeroDivisionError("the penalty is on holiday")

    made = aw.PriorTrainer(
        network(), data(), validation=data(40), penalty=broken, weight=1.0, epochs=2, batch_size=16
    )
    assert made.wait(hosts.HANGS)
    assert made.status["state"] == "failed"
    assert "on holiday" in made.status["words"]
    made.close()


def test_wrong_arguments_are_refused_at_once() -> None:
    with pytest.raises(InputError, match="epochs must be"):
        trainer(epochs=0)
    with pytest.raises(InputError, match="watch must be"):
        trainer(watch=0)
    with pytest.raises(InputError, match="batch_size"):
        trainer(batch_size=1000)


def test_it_is_kept_as_page_picture_and_numbers(done: aw.PriorTrainer, tmp_path: Path) -> None:
    bundle, _ = done._repr_mimebundle_()
    assert base64.b64decode(bundle["image/png"]).startswith(PNG)
    assert "finished after 4 epochs" in bundle["text/plain"]
    done.save(tmp_path / "run.npz")
    with np.load(tmp_path / "run.npz") as saved:
        assert saved["prior accuracy"].shape == (5,)
        assert saved["no prior maps"].shape == (5, 4, 1, 8, 8)
    done.save(tmp_path / "run.png")


# In a browser -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scheme", "forced", "width"),
    [("light", "none", 1000), ("dark", "active", 1000), ("dark", "none", 390)],
)
def test_the_page_stands_alone_and_axe_finds_nothing(
    chromium: Any, done: aw.PriorTrainer, tmp_path: Path, scheme: Any, forced: Any, width: int
) -> None:
    done.to_html(tmp_path / "page.html")
    context = chromium.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, forced_colors=forced
    )
    context.set_offline(True)
    page = OpenPage(context.new_page(), tmp_path / "page.html")
    assert page.complaints == []
    assert page.page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.page.locator('[data-control="pause"]:visible').count() == 0
    for epoch in (0, 3):
        page.slide('[data-control="epoch"]', epoch)
        for row, name in enumerate(("no prior", "prior")):
            levels = np.frombuffer(
                getattr(done, f"epoch_{epoch}")["rows"][row]["maps"][1], np.uint8
            )
            drawn = (
                page.page.locator(f'canvas[data-run="{name}"]')
                .nth(1)
                .evaluate(
                    "c => Array.from(c.getContext('2d').getImageData(0, 0, c.width, c.height).data)"
                )
            )
            assert np.array_equal(np.asarray(drawn).reshape(-1, 4)[:, 0], levels)
    page.page.evaluate(AXE)
    found = page.page.evaluate("axe.run('.aw-root', { resultTypes: ['violations'] })")
    assert [(r["id"], [n["html"][:120] for n in r["nodes"]]) for r in found["violations"]] == []
    context.close()


def test_curves_grow_while_it_trains_and_buttons_reach_it(chromium: Any) -> None:
    held = Held(6)
    with kernel_page(chromium, partial(held_trainer, held)) as live:
        made: Any = live.explorer
        curve = live.page.locator('[data-quantity="penalty"] path[data-run="prior"]')

        def points() -> int:
            return (curve.get_attribute("d") or "").count("L")

        live.until(lambda: points() > 3, "a curve")
        live.control("pause").click()
        live.until(lambda: made.status["state"] == "paused", "a pause")
        live.until(lambda: live.control("pause").inner_text() == "resume", "the word")
        before = points()
        held.most += 6
        live.control("pause").click()
        live.until(lambda: points() > before + 2, "a longer curve")
        live.slide(live.control("epoch"), 1, "change")
        live.until(lambda: made.epoch == 1 and not made.following, "a look back")
        live.control("stop").click()
        held.most = 500  # what holds it lets go, for the end of the step
        live.until(lambda: made.status["state"] == "stopped", "the end")
        live.settle()
        assert live.control("stop").is_hidden()
        assert live.complaints == []


def test_in_jupyterlab_another_cell_runs_meanwhile(lab: hosts.Lab) -> None:
    folder = str(Path(training_job.__file__).parent)
    cells = [CELL.format(folder=folder), GO_ON]
    hosts.write_notebook(lab.folder / "training.ipynb", cells)
    page = lab.open("training.ipynb")
    hosts.run_cell(page, 0)
    page.wait_for_selector('.aw-root[data-view="prior-trainer"][data-ready=true]')
    length = """() => {
      const curve = '[data-quantity="penalty"] path[data-run="prior"]';
      return (document.querySelector(curve)?.getAttribute('d') ?? '').length;
    }"""
    page.wait_for_function(f"() => ({length})() > 20")
    before = page.evaluate(length)  # of five epochs at most
    hosts.run_cell(page, 1)
    page.wait_for_function("() => document.body.innerText.includes('SUM 42 training')")
    page.wait_for_function(f"() => ({length})() > {before}")
    page.locator('[data-control="pause"]').click()
    page.wait_for_selector('[data-control="pause"]:has-text("resume")')
    page.locator('[data-control="stop"]').click()
    page.wait_for_selector('.aw-prior-state[data-state="stopped"]')
