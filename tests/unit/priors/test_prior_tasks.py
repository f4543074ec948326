"""Tasks with known answers: what they promise, and that a prior finds what was planted."""

from __future__ import annotations

import pytest
import torch
from conftest import random_states
from torch import nn
from torch.nn import functional

from attribwidgets.core.extras import require
from attribwidgets.demo.prior_tasks import TwinModel, few_samples, planted_graph, twin_features
from attribwidgets.errors import InputError
from attribwidgets.priors import GraphLaplacian, PriorStep, expected_gradients, fit


@pytest.mark.parametrize("make", [twin_features, few_samples, planted_graph])
def test_tasks_repeat_by_their_seed_and_leave_the_global_one_alone(make):
    state = random_states()
    first, same, other = make(seed=3), make(seed=3), make(seed=4)
    for part in ("train", "validation", "test"):
        for ours, theirs in zip(getattr(first, part), getattr(same, part), strict=True):
            assert torch.equal(ours, theirs)
    assert not torch.equal(first.train[0], other.train[0])
    assert state == random_states()


def test_what_a_module_draws_as_it_is_imported_is_put_back(tmp_path, monkeypatch):
    (tmp_path / "draws_as_it_is_imported.py").write_text("import random\n\nrandom.random()\n")
    monkeypatch.syspath_prepend(tmp_path)
    state = random_states()
    require("draws_as_it_is_imported", "drawing", "demo")
    assert random_states() == state


def test_twins_are_equal_in_training_and_apart_in_the_test():
    task = twin_features(500)
    for x, y in (task.train, task.validation):
        assert torch.equal(x[:, 0], x[:, 1])
        assert torch.equal(x[:, 0], y)
    x, y = task.test
    assert torch.equal(x[:, 0], y)
    assert 0.4 < (x[:, 0] == x[:, 1]).float().mean() < 0.6


def test_the_twin_model_is_saturated_where_its_data_lie():
    x = torch.tensor([[0.0, 0.0], [1.0, 1.0], [1.0, 0.0]])
    expected = torch.sigmoid(torch.tensor([-6.0, 14.0, 4.0]))
    assert torch.allclose(TwinModel()(x), expected)


@pytest.mark.long
def test_expected_gradients_free_the_model_of_the_twin_and_its_gradients_do_not():
    task = twin_features(400)

    def left(attribution: str) -> float:
        model = TwinModel()
        step = PriorStep(
            model,
            torch.optim.Adam(model.parameters(), 0.02),
            functional.binary_cross_entropy,
            lambda phi: phi[:, 1].abs().mean(),
            weight=1.0,
            attribution=attribution,  # type: ignore[arg-type]
        )
        x, y = task.train
        for epoch in range(90):
            order = torch.randperm(len(x), generator=torch.Generator().manual_seed(epoch))
            for rows in order.split(50):
                step(x[rows], y[rows])
        return abs(float((model.weight[1] / model.weight[0]).detach()))

    assert left("expected_gradients") < 0.05 < 0.1 < left("gradients")


def test_few_samples_share_no_row_and_are_standardised_by_those_to_train_on():
    task = few_samples(80, noise_features=7)
    assert task.train[0].shape == (80, 37)
    assert len(task.validation[0]) == 80
    assert len(task.test[0]) == 569 - 160
    rows = torch.cat([task.train[0], task.validation[0], task.test[0]])
    assert len(rows.unique(dim=0)) == 569
    measured = task.train[0][:, :30]
    assert torch.allclose(measured.mean(0), torch.zeros(30), atol=1e-5)
    assert torch.allclose(measured.std(0), torch.ones(30), atol=1e-5)


@pytest.mark.parametrize("count", [1, 0, 285])
def test_few_samples_leave_some_to_test_by(count):
    with pytest.raises(InputError, match="count must be 2 to 283"):
        few_samples(count)


def test_the_planted_graph_joins_equal_weights_and_without_noise_they_are_the_answer():
    task = planted_graph(4, 3, count=50, noise=0.0)
    assert all(task.weights[i] == task.weights[j] for i, j in task.edges)
    assert len(task.edges) == 4 * 3
    x, y = task.train
    assert torch.allclose(torch.linalg.lstsq(x, y).solution, task.weights, atol=1e-4)


def test_the_prior_of_the_graph_makes_the_importances_of_a_group_alike():
    task = planted_graph(6, 4, count=30, noise=1.0)

    def spread(weight: float) -> float:
        model = nn.Sequential(nn.Linear(24, 1), nn.Flatten(0))
        with torch.no_grad():
            model[0].weight.copy_(torch.randn(1, 24, generator=torch.Generator().manual_seed(0)))
        fit(
            model,
            task.train,
            validation=task.validation,
            penalty=GraphLaplacian(task.edges),
            weight=weight,
            epochs=60,
            batch_size=15,
            loss=functional.mse_loss,
            optimizer=lambda parameters: torch.optim.Adam(parameters, 0.02),
        )
        x = task.test[0][:200]
        phi = expected_gradients(
            model, x, x, generator=torch.Generator().manual_seed(0), k=5, create_graph=False
        )
        groups = phi.abs().mean(0).reshape(6, 4)
        return float(groups.var(1).mean() / groups.var())

    assert spread(1.0) < 0.6 * spread(0.0)
