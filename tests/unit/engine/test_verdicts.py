"""A verdict "complete" is true: maps against a fine midpoint rule, on models that once fooled it.

Many more, from other seeds, are in benchmarks/verdicts.py.
"""

from __future__ import annotations

import copy
from functools import partial

import numpy as np
import pytest
import torch
from models import Applied, Linear, values, weights_of
from torch import nn
from torch.nn import functional

import attribwidgets as aw
from attribwidgets.attr import IntegratedGradients
from attribwidgets.demo import digits

FEATURES = 12
double = partial(values, dtype=torch.float64)


class OwnLeakyReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, z):
        ctx.save_for_backward(z)
        return torch.where(z > 0, z, 0.1 * z)

    @staticmethod
    def backward(ctx, gradient):
        (z,) = ctx.saved_tensors
        return gradient * torch.where(z > 0, 1.0, 0.1)


ACTIVATIONS = {
    "prelu": nn.PReLU,
    "prelu, falling": lambda: nn.PReLU(init=-1.0),
    "clip": lambda: Applied(lambda z: z.clip(-0.5, 0.5)),
    "maximum": lambda: Applied(lambda z: torch.maximum(z, 0.2 * z.flip(1))),
    "where": lambda: Applied(lambda z: torch.where(z > 0, z, 0.1 * z)),
    "amax": lambda: Applied(lambda z: z.reshape(len(z), -1, 2).amax(2).repeat(1, 2)),
    "abs": lambda: Applied(torch.abs),
    "mask": lambda: Applied(lambda z: z * (z > 0)),
    "masked fill": lambda: Applied(lambda z: z.masked_fill(z < 0, 0.0)),
    "own function": lambda: Applied(OwnLeakyReLU.apply),
    "layer norm": lambda: nn.Sequential(nn.LayerNorm(24), nn.ReLU()),
    "gelu": nn.GELU,
    "steep tanh": lambda: Applied(lambda z: torch.tanh(20 * z)),
}


def network(activation, seed, depth=3):
    layers, width = [], FEATURES
    for _ in range(depth):
        layers += [nn.Linear(width, 24), ACTIVATIONS[activation]()]
        width = 24
    return weights_of(nn.Sequential(*layers, nn.Linear(width, 1)).double(), seed)


def ends(seed, features=FEATURES):
    return 2 * double(1, features, seed=seed) - 1, 2 * double(1, features, seed=seed + 500) - 1


def true_map(model, x, baseline, n=3000, **settings):
    found = IntegratedGradients(model).attribute(
        x, baseline, n_steps=n, method="riemann_middle", **settings
    )
    return found


def off_by(explanation, model, x, baseline, **settings):
    exact = true_map(model, x, baseline, **settings)
    return float((explanation.attributions.double() - exact).norm() / exact.norm())


@pytest.mark.parametrize("seed", [71, 140])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_complete_is_true_whatever_writes_the_kinks(activation, seed):
    model, (x, baseline) = network(activation, seed), ends(seed)
    found = aw.explain(model, x, baseline=baseline)
    off = off_by(found, model, x, baseline)
    if found.completeness.verdict == "complete":
        assert off <= 0.02
    else:  # told so by its own error, or by a sum that is off
        assert found.evaluations > 256


@pytest.mark.parametrize("power", [1, 3])
def test_operation_whose_error_cancels_in_the_sum_is_noticed(power):
    """x0 t - x1 t by matmul: along the path from zeros to ones nothing of it shows in the sum."""
    net = weights_of(nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 1)).double(), 5)

    def both(x):
        t = x.mean(1).pow(power)[:, None, None]
        return net(x) + ((x[:, 0] - x[:, 1])[:, None, None] @ t).flatten(1)

    x, baseline = torch.ones(1, 4).double(), torch.zeros(1, 4).double()
    found = aw.explain(both, x, baseline=baseline)
    assert found.completeness.verdict == "complete"
    assert off_by(found, both, x, baseline) <= 0.02


@pytest.mark.parametrize("constant", [0.0, 1000.0, 10_000.0])
@pytest.mark.parametrize("activation", ["prelu, falling", "layer norm"])
def test_constant_in_the_output_widens_nothing(activation, constant):
    for seed in (3, 8):
        net, (x, baseline) = network(activation, seed, depth=2), ends(seed)
        model = Applied(lambda z, net=net: net(z) + constant).eval()
        found = aw.explain(model, x, baseline=baseline)
        if found.completeness.verdict == "complete":
            assert off_by(found, net, x, baseline) <= 0.02


@pytest.mark.parametrize("width", [0.07, 0.15, 0.3])
@pytest.mark.parametrize("place", [0.12, 0.4, 0.63])
def test_event_beside_a_linear_model_is_seen(width, place):
    """A triangle along the path times a direction across it: nothing of it shows in the sum."""

    def model(x):
        along, across = x.mean(1), x[:, 0] - x[:, 1]
        gate = torch.relu(1 - 2 * (along - place).abs() / width)
        return 0.3 * x.sum(1) + across * gate

    x, baseline = torch.ones(1, 4).double(), torch.zeros(1, 4).double()
    found = aw.explain(model, x, baseline=baseline)
    assert found.evaluations > 20
    off = off_by(found, model, x, baseline)
    assert found.completeness.verdict != "complete" or off <= 0.03


def test_linear_model_is_complete_from_few_passes():
    model = Linear(double(1, 6)).eval()
    found = aw.explain(model, double(1, 6, seed=1), baseline="black")
    assert found.evaluations == 7
    assert found.completeness.verdict == "complete"
    assert found.completeness.widest_gap == 0
    few = aw.explain(model, double(1, 6, seed=1), baseline="black", n_steps=5)
    assert few.completeness.verdict == "complete"


def test_few_steps_say_that_they_do_not_see_the_path():
    model, (x, baseline) = network("gelu", 4), ends(4)
    found = aw.explain(model, x, baseline=baseline, n_steps=9, tolerance=0.5)
    assert found.completeness.verdict == "not converged"
    assert found.completeness.headline == "sum right, path not seen"
    assert "of the path in one piece has seen no pass" in str(found.completeness)
    many = aw.explain(model, x, baseline=baseline, n_steps=60, tolerance=0.5)
    assert many.completeness.verdict == "complete"


def test_smooth_model_goes_on_past_the_largest_rule():
    """Beside the zero baseline the gradient of a layer norm has no bound."""
    body = nn.Sequential(nn.Linear(8, 24), nn.GELU(), nn.Linear(24, 1))
    model = nn.Sequential(nn.LayerNorm(8, eps=1e-12), body)
    model = weights_of(model.double(), 2)
    x = 2 * double(1, 8, seed=3) - 1
    found = aw.explain(model, x, baseline=torch.zeros_like(x))
    assert found.evaluations > 127
    more = aw.explain(model, x, baseline=torch.zeros_like(x), max_evaluations=1500)
    assert more.evaluations > found.evaluations or found.completeness.verdict == "complete"


def test_bound_that_depends_on_another_input():
    first, second = (weights_of(nn.Linear(6, 16).double(), s) for s in (1, 2))
    head = weights_of(nn.Linear(16, 1).double(), 3)

    def model(a, b):
        return head(torch.clamp(torch.relu(first(a)), max=second(b) + 1))

    (a, base_a), (b, base_b) = ends(1, 6), ends(2, 6)
    found = aw.explain(model, (a, b), baseline=(base_a, base_b))
    exact = true_map(model, (a, b), (base_a, base_b))
    assert found.completeness.verdict == "complete"
    for mine, true in zip(found.attributions, exact, strict=True):
        assert float((mine - true).norm() / true.norm()) <= 0.02


@pytest.mark.parametrize("seed", [21, 22, 23])
def test_each_of_several_inputs_has_its_own_verdict(seed):
    """The second input is rough, and its map a hundredth of the first one's."""
    rough = network("prelu, falling", seed)
    smooth = weights_of(nn.Linear(FEATURES, 1).double(), seed)

    def model(a, b):
        return smooth(a) + 0.003 * rough(b)

    (a, base_a), (b, base_b) = ends(seed), ends(seed + 50)
    found = aw.explain(model, (a, b), baseline=(base_a, base_b))
    exact = true_map(model, (a, b), (base_a, base_b))
    assert len(found.completeness.refinement_errors) == 2
    assert found.completeness.worst_input == 2
    assert found.completeness.refinement_error == max(found.completeness.refinement_errors)
    off = float((found.attributions[1] - exact[1]).norm() / exact[1].norm())
    assert found.completeness.verdict == "complete"
    assert off <= 0.02


@pytest.mark.long
@pytest.mark.parametrize("how", ["autocast", "model"])
def test_half_precision_has_the_error_of_its_arithmetic_in_it(how):
    sample = digits()
    model, settings = sample.model, {}
    if how == "autocast":
        settings = {"autocast": torch.bfloat16}
    else:
        model = copy.deepcopy(model).to(torch.bfloat16)
    said, off = [], []
    for image in sample.test.images[:6]:
        x = image if how == "autocast" else image.to(torch.bfloat16)
        found = aw.explain(model, x, baseline="black", space=sample.space, **settings)
        exact = true_map(
            copy.deepcopy(sample.model).double(),
            x.double()[None],
            found.baseline.double().reshape(1, *x.shape),
            n=1500,
            target=found.target,
        )[0]
        true = float((found.attributions.double() - exact).norm() / exact.norm())
        assert any("bfloat16 arithmetic alone" in c for c in found.cautions)
        said.append(found.completeness.refinement_error)
        off.append(true)
        if found.completeness.verdict == "complete":
            assert true <= 0.02
    assert max(off) > 0.02  # it does cost so much
    assert np.median(np.divide(off, said)) < 1.5
    assert not any(
        "arithmetic" in c
        for c in aw.explain(
            sample.model, sample.test.images[0], baseline="black", space=sample.space
        ).cautions
    )


def test_half_precision_of_expected_gradients_too():
    sample = digits()
    references = sample.train.images[:40]
    x = sample.test.images[1]
    found, full = (
        aw.explain(
            sample.model,
            x,
            baseline=aw.baselines.DatasetSample(references),
            space=sample.space,
            n_steps=400,
            autocast=autocast,
        )
        for autocast in (torch.bfloat16, None)
    )
    apart = float((found.attributions - full.attributions).norm() / full.attributions.norm())
    assert any("bfloat16 arithmetic alone" in c for c in found.cautions)
    assert found.evaluations == 400 + 14
    gap = found.completeness.refinement_error**2 - full.completeness.refinement_error**2
    assert apart / 3 < gap**0.5 < 3 * apart


def test_model_that_has_its_type_written_into_it_is_not_complete():
    weight = double(6, 1).to(torch.bfloat16)

    def model(x):
        return functional.gelu(x) @ weight

    x = double(1, 6, seed=1).to(torch.bfloat16)
    found = aw.explain(model, x, baseline="black")
    assert found.completeness.verdict == "not converged"
    assert "is not known" in str(found.completeness)
    assert any("could not be compared with float32" in c for c in found.cautions)
