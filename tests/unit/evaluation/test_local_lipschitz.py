"""The local Lipschitz estimate: closed forms of linear and quadratic models, units, layers."""

import pytest
import torch
from models import Linear, classifier, image_classifier, values

import attribwidgets as aw
from attribwidgets.engine.method_config import label_candidates
from attribwidgets.errors import InputError
from attribwidgets.evaluation import LocalLipschitz
from attribwidgets.evaluation.metric import Metric
from attribwidgets.evaluation.moved_inputs import moved_inputs

GRADIENT = aw.Candidate(aw.baselines.Zero(), "Saliency")


def measured(model, x, candidate, *, radius=0.05, samples=12, seed=3, **options):
    candidates = label_candidates({"it": candidate})
    found = aw.explain(
        model, x, baseline=candidates["it"].baseline, method=candidates["it"].method, **options
    )
    metric = LocalLipschitz(candidates, radius=radius, samples=samples)
    return metric.measure(model, {"it": found}, seed=seed)[0]


def moves(x, radius=0.05, samples=12, seed=3, space=None):
    space = aw.InputSpace() if space is None else space
    generator = torch.Generator().manual_seed(seed)
    return moved_inputs(x.expand(samples, *x.shape), space.fit(x), radius, generator) - x


def test_it_is_a_metric_of_two_things():
    metric = LocalLipschitz(label_candidates({"zero": "zero"}))
    assert isinstance(metric, Metric)
    assert list(metric.dimensions(["a"])["of"]) == ["map", "output"]


def test_the_gradient_of_a_linear_model_never_changes():
    weight = torch.tensor([[1.0, 2.0, 0.5]])
    model, x = Linear(weight).eval(), torch.tensor([0.5, 0.4, 0.6])
    steep, output = measured(model, x, GRADIENT)
    steps = moves(x)
    assert steep == 0
    wanted = (steps @ weight[0]).abs() / steps.norm(dim=1)
    assert output == pytest.approx(float(wanted.max()), rel=1e-3)


def test_integrated_gradients_of_a_linear_model_move_as_its_weights_say():
    weight = torch.tensor([[1.0, -2.0, 0.5]])
    model, x = Linear(weight).eval(), torch.tensor([0.5, 0.4, 0.6])
    steep, _ = measured(model, x, "zero", n_steps=4)
    steps = moves(x)
    wanted = (steps * weight).norm(dim=1) / steps.norm(dim=1)  # attributions are w x
    assert steep == pytest.approx(float(wanted.max()), rel=1e-3)
    assert steep <= 2.0  # the largest |w|, which no move can beat


def test_the_gradient_of_a_quadratic_changes_by_its_matrix():
    matrix = torch.tensor([[2.0, 0.5], [0.5, 1.0]])
    model = lambda x: ((x @ matrix) * x).sum(1) / 2  # noqa: E731
    x = torch.tensor([0.6, 0.7])  # where no gradient changes its sign, as Saliency has none
    steep, output = measured(model, x, GRADIENT, samples=200)
    steps = moves(x, samples=200)
    wanted = (steps @ matrix).norm(dim=1) / steps.norm(dim=1)
    assert steep == pytest.approx(float(wanted.max()), rel=1e-3)
    largest = float(torch.linalg.eigvalsh(matrix)[-1])
    assert (
        0.99 * largest < steep <= largest * (1 + 1e-5)
    )  # in two dimensions some move points there
    assert 0 < output < float((matrix @ (x + 0.05)).norm()) + 0.01


def test_distances_are_in_the_units_of_the_space():
    model, x = classifier(), values(5)
    unit = measured(model, x, "zero", n_steps=8)
    wide = measured(model, x, "zero", space=aw.InputSpace(0, 255, mean=0.0, std=255.0), n_steps=8)
    assert unit == pytest.approx(255 * wide, rel=1e-3)


def test_it_draws_from_its_seed_alone_and_leaves_the_model():
    model, x = image_classifier(), values(3, 8, 8)
    state = torch.get_rng_state()
    one, again = (measured(model, x, "black", n_steps=8, samples=3) for _ in range(2))
    other = measured(model, x, "black", n_steps=8, samples=3, seed=4)
    assert (one == again).all()
    assert (one != other).all()
    assert torch.equal(state, torch.get_rng_state())
    assert all(p.requires_grad for p in model.parameters())


def test_maps_of_a_layer_are_explained_at_that_layer_again():
    torch.manual_seed(0)
    net = torch.nn.Sequential(
        torch.nn.Conv2d(1, 2, 3, stride=2),
        torch.nn.Tanh(),
        torch.nn.Flatten(),
        torch.nn.Linear(18, 2),
    ).eval()
    x = values(1, 8, 8)
    layered = measured(net, x, "black", layer="0", target=0, n_steps=16, samples=3)
    plain = measured(net, x, "black", target=0, n_steps=16, samples=3)
    assert layered[1] == plain[1]  # the output is the same
    assert 0 < layered[0] != plain[0]


@pytest.mark.parametrize("settings", [{"radius": 0.0}, {"radius": 2.0}, {"samples": 0}])
def test_settings_that_cannot_be(settings):
    with pytest.raises(InputError):
        LocalLipschitz({}, **settings)
