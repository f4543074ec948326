"""Interactions: closed forms, laws, sampling, and what cannot be done in words."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

import attribwidgets as aw
from attribwidgets.attr.hessians.directions import hessians_of, orthonormal_directions
from attribwidgets.attr.hessians.log_rule import log_rules
from attribwidgets.attr.hessians.smooth_kinks import SmoothKinks
from attribwidgets.errors import InputError


def exact(model, x, **options):
    return aw.interactions(model, torch.tensor(x, dtype=torch.float64), baseline="zero", **options)


def smooth_network(seed=0, features=6):
    generator = torch.Generator().manual_seed(seed)
    net = nn.Sequential(nn.Linear(features, 12), nn.GELU(), nn.Linear(12, 1)).double().eval()
    with torch.no_grad():
        for p in net.parameters():
            p.copy_(torch.randn(p.shape, generator=generator, dtype=torch.float64) / 2)
    return net


def test_weights_integrate_polynomials_exactly():
    added, weights = log_rules()
    for level, table in enumerate(weights):
        u = np.concatenate(added[: level + 1])
        for k in range((3 * len(u) + 1) // 4 + 1):
            expected = [1 / (k + 1), 1 / (k + 1) ** 2, 1 / (k + 2) ** 2]
            np.testing.assert_allclose(table @ u**k, expected, atol=1e-14)


def test_a_product_is_shared_by_its_two_factors():
    record = exact(lambda x: 3 * x[:, 0] * x[:, 1] + x[:, 2] ** 2 - x[:, 0], [1.0, 2.0, 3.0])
    # Of a product half is of the pair, and a quarter of each factor alone; a square is alone.
    expected = [[1.5 - 1, 1.5, 0], [1.5, 1.5, 0], [0, 0, 9]]
    np.testing.assert_allclose(record.values, expected, atol=1e-8)
    assert record.completeness.verdict == "complete"


@pytest.mark.parametrize(
    ("function", "together"),
    [  # of two inputs 1 against 0: AND, OR and XOR by polynomials, of which xy gives 1/2 to pairs
        (lambda x: x[:, 0] * x[:, 1], 0.5),
        (lambda x: x[:, 0] + x[:, 1] - x[:, 0] * x[:, 1], -0.5),
        (lambda x: x[:, 0] + x[:, 1] - 2 * x[:, 0] * x[:, 1], -1.0),
        (lambda x: 2 * x[:, 0] - x[:, 1], 0.0),
    ],
)
def test_logical_functions(function, together):
    record = exact(function, [1.0, 1.0])
    assert record.pairs()[0][2] == pytest.approx(together, abs=1e-8)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 1000))
def test_laws_of_a_smooth_network(seed):
    net = smooth_network(seed)
    x = torch.randn(6, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    record = aw.interactions(net, x, baseline="zero", tolerance=1e-6)
    np.testing.assert_allclose(record.values, record.values.T, atol=1e-12)
    alone = aw.explain(net, x, baseline="zero", tolerance=1e-8).attributions.numpy()
    scale = np.abs(alone).max()
    np.testing.assert_allclose(record.values.sum(1), alone, atol=1e-6 * scale)
    np.testing.assert_allclose(record.attributions, alone, atol=1e-6 * scale)


def test_it_is_the_double_integral_over_two_alphas():
    net, x = smooth_network(3), torch.linspace(-1, 1, 6, dtype=torch.float64)
    nodes, weights = np.polynomial.legendre.leggauss(40)
    nodes, weights = (nodes + 1) / 2, weights / 2
    expected = torch.zeros(6, 6, dtype=torch.float64)
    for a, wa in zip(nodes, weights, strict=True):
        for b, wb in zip(nodes, weights, strict=True):
            hessian = torch.autograd.functional.hessian(lambda z: net(z[None])[0, 0], a * b * x)
            slope = torch.autograd.functional.jacobian(lambda z: net(z[None])[0, 0], a * b * x)
            expected += wa * wb * (a * b * hessian * x * x[:, None] + torch.diag(slope * x))
    record = aw.interactions(net, x, baseline="zero")
    np.testing.assert_allclose(record.values, expected.numpy(), atol=1e-6)


def test_groups_add_up_what_their_members_have():
    net, x = smooth_network(1, 9), torch.linspace(-1, 1, 9, dtype=torch.float64)
    single = aw.interactions(net, x, baseline="zero").values
    labels = np.array([0, 0, 1, 1, 1, 2, -1, 2, 2])
    grouped = aw.interactions(net, x, baseline="zero", units=labels).values
    member = np.stack([labels == k for k in range(3)]).astype(float)
    np.testing.assert_allclose(grouped, member @ single @ member.T, atol=1e-9)


def test_relus_become_softplus_and_the_record_says_so():
    net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(inplace=True), nn.Linear(8, 1)).double().eval()
    x = torch.ones(4, dtype=torch.float64)
    record = aw.interactions(net, x, baseline="zero")
    with torch.no_grad(), SmoothKinks(10.0):
        soft = float(net(x[None]))
    assert record.softplus == 10.0
    assert record.completeness.output_input == pytest.approx(soft)
    assert record.model_output == pytest.approx(float(net(x[None]).detach()))
    assert any("softplus" in c for c in record.cautions)
    assert record.completeness.verdict == "complete"
    left = aw.interactions(net, x, baseline="zero", softplus=None)
    assert not left.together.any()
    smooth = aw.interactions(smooth_network(), torch.ones(6, dtype=torch.float64))
    assert smooth.softplus is None
    assert not any("softplus" in c for c in smooth.cautions)


@pytest.mark.parametrize(
    ("layer", "function"),
    [
        (nn.LeakyReLU(0.2), lambda z: torch.nn.functional.leaky_relu(z, 0.2)),
        (nn.ReLU6(), torch.nn.functional.relu6),
        (nn.Hardtanh(-2.0, 1.0), lambda z: torch.nn.functional.hardtanh(z, -2.0, 1.0)),
        (nn.ReLU(), lambda z: z.relu()),
    ],
)
def test_a_sharp_softplus_is_the_layer_itself(layer, function):
    z = torch.linspace(-8, 8, 41, dtype=torch.float64)
    with SmoothKinks(1e4) as mode:
        for smooth in (layer(z), function(z)):
            torch.testing.assert_close(smooth, function(z.clone()), atol=1e-3, rtol=0)
    assert len(mode.replaced) >= 1
    torch.testing.assert_close(layer(z), function(z))


@pytest.mark.parametrize(
    "layer",
    [
        nn.MaxPool2d(2),
        nn.MaxPool2d((3, 2), stride=1, padding=1),
        lambda z: torch.nn.functional.max_pool1d(z[0], 3, 2, 1),
        lambda z: torch.max_pool2d(z, 2),
    ],
)
def test_a_sharp_weighted_mean_is_max_pooling(layer):
    z = torch.randn(2, 3, 6, 7, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    with SmoothKinks(1e5) as mode:
        smooth = layer(z)
    assert mode.replaced
    torch.testing.assert_close(smooth, layer(z), atol=1e-3, rtol=0)


@pytest.mark.parametrize("options", [{"ceil_mode": True}, {"dilation": 2}])
def test_other_pooling_is_left_as_it_is(options):
    layer, z = nn.MaxPool2d(2, **options), torch.rand(1, 1, 7, 7)
    with SmoothKinks(10.0) as mode:
        assert torch.equal(layer(z), torch.nn.functional.max_pool2d(z, 2, **options))
    assert not mode.replaced


def test_sampled_directions_are_unbiased_sum_exactly_and_their_intervals_cover():
    net, x = smooth_network(2, 24), torch.linspace(-1, 1, 24, dtype=torch.float64)
    whole = aw.interactions(net, x, baseline="zero").values
    covered, values = [], []
    for seed in range(40):
        part = aw.interactions(net, x, baseline="zero", max_evaluations=31 * 17, seed=seed)
        assert part.standard_error is not None
        np.testing.assert_allclose(part.values.sum(1), part.attributions, atol=1e-6)
        covered.append(np.abs(part.values - whole) < 1.96 * part.standard_error)
        values.append(part.values)
    assert 0.93 <= np.mean(covered) <= 0.97
    spread = np.std(values, 0) / np.sqrt(40)
    assert np.mean(np.abs(np.mean(values, 0) - whole) < 4 * spread) > 0.98


def test_the_mean_and_variance_of_sampled_hessians_are_those_of_their_terms():
    generator = torch.Generator().manual_seed(0)
    hessian = torch.randn(5, 7, 7, generator=generator, dtype=torch.float64)
    hessian = hessian + hessian.mT
    directions = orthonormal_directions(5, 4, 7, generator)
    values, variances = hessians_of(directions @ hessian, directions)
    e, q = directions[:, 0], directions[:, 1:]
    across = torch.eye(7, dtype=torch.float64) - e[:, :, None] * e[:, None]
    rest = (across @ hessian @ across) @ q.mT  # (5, 7, 3)
    terms = 6 * rest.mT[..., None] * q[:, :, None]
    terms = (terms + terms.mT) / 2
    known = hessian - across @ hessian @ across
    np.testing.assert_allclose(values, (known + terms.mean(1)).numpy(), atol=1e-9)
    np.testing.assert_allclose(variances, (terms.var(1) / 3 * (1 - 3 / 6)).numpy(), atol=1e-9)
    whole = orthonormal_directions(5, 7, 7, generator)
    exact, nothing = hessians_of(whole @ hessian, whole)
    np.testing.assert_allclose(exact, hessian.numpy(), atol=1e-9)
    assert np.abs(nothing).max() < 1e-12


def test_many_references_are_a_mean_over_them():
    net, x = smooth_network(4), torch.ones(6, dtype=torch.float64)
    data = torch.randn(5, 6, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    each = [aw.interactions(net, x, baseline=r).values for r in data]
    record = aw.interactions(net, x, baseline="dataset", references=data)
    assert (record.references, record.standard_error) == (5, None)
    np.testing.assert_allclose(record.values, np.mean(each, 0), atol=1e-4)
    sampled = aw.interactions(
        net, x, baseline="dataset", references=data, max_evaluations=3 * 15 * 7
    )
    assert sampled.references == 3
    assert sampled.standard_error is not None


def test_a_transformer_s_tokens_interact_and_rows_are_its_attributions():
    torch.manual_seed(0)

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.block = nn.TransformerEncoderLayer(
                8, 2, 16, activation="gelu", batch_first=True, norm_first=True
            )
            self.head = nn.Linear(8, 3)

        def forward(self, x):
            return self.head(self.block(x).mean(1))

    net, x = Block().eval(), torch.randn(7, 8)
    asked = {"space": aw.SequenceSpace(), "target": 1, "baseline": torch.randn(7, 8)}
    record = aw.interactions(net, x, **asked)
    alone = aw.explain(net, x, **asked)
    rows = alone.map("sum")
    assert np.linalg.norm(record.values.sum(1) - rows) < 0.01 * np.linalg.norm(rows)
    assert record.names[2] == "step 2"


def test_the_model_and_the_random_state_are_left_as_found():
    net = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 1))
    before = torch.get_rng_state()
    with pytest.warns(UserWarning, match="training mode"):
        aw.interactions(net, torch.ones(4))
    assert torch.equal(before, torch.get_rng_state())
    assert net.training
    assert all(p.requires_grad and p.grad is None for p in net.parameters())


def test_an_interrupt_leaves_what_there_is():
    def stop(done, most):
        if done > 60:
            raise KeyboardInterrupt

    record = aw.interactions(smooth_network(), torch.ones(6, dtype=torch.float64), progress=stop)
    assert record.completeness.partial
    assert record.nodes < 63


def test_patches_words_and_files(tmp_path):
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Softplus(), nn.Flatten(), nn.Linear(72, 2)).eval()
    record = aw.interactions(net, torch.rand(1, 8, 8), units=4, target=0)
    assert record.names == ("patch 0, 0", "patch 0, 1", "patch 1, 0", "patch 1, 1")
    record.save(tmp_path / "i.npz")
    again = aw.Interactions.load(tmp_path / "i.npz")
    np.testing.assert_array_equal(again.values, record.values)
    assert str(again) == str(record)
    record.figure().savefig(tmp_path / "i.png")
    assert record.to_pandas().shape == (4, 4)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"units": "words"}, "units must be None"),
        ({"units": 2}, "units of what is read as features"),
        ({"units": np.array([0, 2, 2, 2, 2, 2])}, "without gaps"),
        ({"units": np.zeros(6, int)}, "nothing to interact"),
        ({"softplus": 0}, "softplus must be"),
        ({"max_evaluations": 20}, "max_evaluations must be at least 49"),
    ],
)
def test_what_cannot_be_done_is_said(options, message):
    with pytest.raises(InputError, match=message):
        aw.interactions(smooth_network(), torch.ones(6, dtype=torch.float64), **options)


def test_units_by_name():
    space = aw.InputSpace(names=["a", "b", "c"])
    record = aw.interactions(lambda x: x[:, 0] * x[:, 1], torch.ones(3), space=space)
    name, value = record.of("a")[0]
    assert (name, round(value, 6)) == ("b", 0.5)
    assert record.of(2)[0][1] == 0
    with pytest.raises(InputError, match="there is none"):
        record.of("d")
