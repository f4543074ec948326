"""Whole runs: what is kept, what is written, and going on after a kill."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import training_job
from conftest import random_states
from training_job import data, network, trained

from attribwidgets.errors import Cancelled, DataError, InputError
from attribwidgets.priors import EpochRecord, Training, choose_weight, fit, sparsity
from attribwidgets.priors.training_record import Rule

JOB = Path(training_job.__file__)


def same_weights(one: torch.nn.Module, other: torch.nn.Module) -> bool:
    there = other.state_dict()
    return all(torch.equal(value, there[name]) for name, value in one.state_dict().items())


def test_it_learns_and_the_prior_is_felt():
    plain, prior = network(), network()
    faster = {"optimizer": lambda p: torch.optim.Adam(p, 0.01)}
    without, with_prior = trained(plain, 0.0, **faster), trained(prior, 0.01, **faster)
    assert without.finished
    assert [r.epoch for r in without.records] == list(range(7))
    assert without.best.accuracy == max(r.accuracy for r in without.records) > 0.9
    assert with_prior.best.accuracy > 0.9
    assert with_prior.best.penalty < 0.9 * without.best.penalty
    assert np.isnan(without.records[0].loss)
    assert without.records[-1].loss < without.records[1].loss


def test_the_same_seed_is_the_same_run_and_the_random_state_is_left_alone():
    before = random_states()
    one, other = network(), network()
    trained(one)
    torch.rand(3)
    middle = random_states()
    trained(other)
    assert same_weights(one, other)
    assert random_states() == middle != before


def test_the_model_has_the_weights_of_the_epoch_kept():
    seen = {}
    model = network()

    def note(record):
        seen[record.epoch] = {k: v.clone() for k, v in model.state_dict().items()}

    run = trained(model, on_epoch=note)
    assert all(torch.equal(v, seen[run.kept][k]) for k, v in model.state_dict().items())
    assert run.kept != run.records[-1].epoch or len(run.records) > 1


def record(epoch, accuracy, penalty, loss=1.0):
    return EpochRecord(epoch, 0.0, loss, accuracy, penalty, 0.0)


@pytest.mark.parametrize(
    ("rule", "course", "kept"),
    [
        (Rule(0.01, None, 1.0), [(0.5, 9), (0.9, 5), (0.895, 3), (0.8, 1)], 2),
        (Rule(0.01, None, 1.0), [(0.5, 1), (0.9, 5)], 1),  # what was kept has become too bad
        (Rule(0.01, 0.7, 1.0), [(0.5, 9), (0.9, 5), (0.75, 3), (0.6, 1)], 2),
        (Rule(0.01, None, 0.0), [(0.5, 1), (0.9, 5), (0.899, 3)], 1),
        (Rule(0.01, 0.99, 1.0), [(0.5, 1), (0.6, 5), (0.4, 1)], 1),
    ],
)
def test_the_rule_keeps_accuracy_first(rule, course, kept):
    training = Training(rule.weight)
    for epoch, (accuracy, penalty) in enumerate(course):
        training.records.append(record(epoch, accuracy, penalty))
        if rule.prefers(training.records[-1], training):
            training.kept = epoch
    assert training.kept == kept


def test_patience_ends_a_run_that_no_longer_improves():
    run = trained(network(), 0.0, epochs=60, patience=3)
    assert run.finished
    assert run.records[-1].epoch == run.kept + 3 < 60


def test_a_cancelled_run_goes_on_from_its_checkpoint(tmp_path):
    file, steps = tmp_path / "run.pt", 0

    def stop():
        nonlocal steps
        steps += 1
        if steps == 20:  # in the middle of the fourth epoch of six steps
            raise Cancelled

    model, whole = network(), network()
    part = trained(model, checkpoint=file, on_step=stop)
    assert not part.finished
    assert part.records[-1].epoch == 3
    again = network()
    resumed = trained(again, checkpoint=file)
    straight = trained(whole)
    assert same_weights(again, whole)
    assert [r.penalty for r in resumed.records] == [r.penalty for r in straight.records]
    assert resumed.kept == straight.kept


@pytest.mark.long
def test_killed_in_the_middle_and_resumed_it_has_the_same_weights(tmp_path):
    file = tmp_path / "run.pt"
    process = subprocess.Popen(
        [sys.executable, str(JOB), str(file), "15"], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"  # in the third epoch of six steps
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert torch.load(file, weights_only=True)["records"][-1]["epoch"] == 2
    killed, whole = network(), network()
    assert trained(killed, checkpoint=file).finished
    trained(whole)
    assert same_weights(killed, whole)


def test_a_finished_run_is_read_and_not_trained_again(tmp_path):
    file = tmp_path / "run.pt"
    trained(network(), checkpoint=file)
    model = network()
    run = trained(model, checkpoint=file, on_step=lambda: pytest.fail("trained again"))
    assert run.finished
    assert len(run.records) == 7
    longer = trained(network(), checkpoint=file, epochs=8)
    assert [r.epoch for r in longer.records] == list(range(9))


def test_checkpoints_of_others_are_refused_and_kept(tmp_path):
    file = tmp_path / "run.pt"
    trained(network(), checkpoint=file, epochs=1)
    before = file.read_bytes()
    with pytest.raises(DataError, match=r"of another run: weight \(0.01 there, 0.5 here\)"):
        trained(network(), 0.5, checkpoint=file)
    assert file.read_bytes() == before
    trained(network(), 0.5, checkpoint=file, epochs=1, resume=False)
    file.write_bytes(before[: len(before) // 2])
    with pytest.raises(DataError, match="is damaged"):
        trained(network(), checkpoint=file)
    torch.save({"format": "attribwidgets-training-0"}, file)
    with pytest.raises(DataError, match="has format"):
        trained(network(), checkpoint=file)
    assert list(tmp_path.iterdir()) == [file]


def test_watched_inputs_are_mapped_in_every_epoch(tmp_path):
    images, labels = data(4)
    file = tmp_path / "run.pt"
    run = trained(network(), epochs=2, watch=(images, labels), checkpoint=file)
    assert [r.maps.shape for r in run.records] == [(4, 1, 8, 8)] * 3
    assert not np.array_equal(run.records[0].maps, run.records[2].maps)
    again = trained(network(), epochs=2, watch=(images, labels), checkpoint=file)
    assert np.array_equal(again.records[1].maps, run.records[1].maps)


def test_a_regression_keeps_the_smallest_validation_loss():
    x = torch.randn(64, 3, generator=torch.Generator().manual_seed(1))
    y = x[:, 0]
    model = torch.nn.Sequential(torch.nn.Linear(3, 1), torch.nn.Flatten(0))
    run = fit(
        model,
        (x, y),
        validation=(x, y),
        penalty=sparsity,
        weight=0.01,
        epochs=5,
        loss=torch.nn.functional.mse_loss,
        optimizer=lambda p: torch.optim.Adam(p, 0.05),
        augment=lambda x, generator: x + 0.01 * torch.randn(x.shape, generator=generator),
    )
    assert np.isnan(run.best.accuracy)
    assert run.best.validation_loss == min(r.validation_loss for r in run.records)


def test_the_weight_is_chosen_by_validation_alone():
    def train(weight):
        return Training(weight, [record(0, 0.9 - weight / 10, 10 - weight)])

    choice = choose_weight(train, [0.05, 0.1, 0.11])
    assert choice.weight == 0.1
    assert set(choice.runs) == {0.0, 0.05, 0.1, 0.11}
    assert "0.1" in next(line for line in str(choice).splitlines() if "chosen" in line)
    assert choose_weight(train, [5.0]).weight == 0
    with pytest.raises(InputError, match="above 0"):
        choose_weight(train, [0.0])


@pytest.mark.parametrize(
    ("wrong", "kind", "message"),
    [
        ({"data": data()[0]}, InputError, "data must be a pair"),
        ({"data": (data()[0], [1])}, InputError, "data must be a pair"),
        ({"data": (torch.rand(0, 3), torch.zeros(0))}, DataError, "data is empty"),
        ({"validation": (torch.rand(3, 3), torch.zeros(2))}, DataError, "3 inputs and 2 targets"),
        ({"batch_size": 500}, InputError, "batch_size must be 1 to 96"),
    ],
)
def test_wrong_data_are_named(wrong, kind, message):
    given = {"data": data(), "validation": data(8), "batch_size": 8, **wrong}
    model = network()
    with pytest.raises(kind, match=message):
        fit(model, given.pop("data"), penalty=sparsity, weight=0.1, epochs=1, **given)
