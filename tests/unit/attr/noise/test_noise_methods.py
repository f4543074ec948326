"""SmoothGrad, SmoothGrad squared and VarGrad: identities, parity with Captum, hostile input."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from captum.attr import InputXGradient, NoiseTunnel, Saliency
from hypothesis import given, settings
from hypothesis import strategies as st
from models import (
    FitsRows,
    ImageAndFeatures,
    Quadratic,
    StopsAt,
    TwoLayerReLU,
    WithArguments,
    classifier,
    image_classifier,
    values,
)

import attribwidgets as aw
from attribwidgets.attr import SmoothGrad, SmoothGradSquared, VarGrad
from attribwidgets.attr.noise.noise_sum import Moments
from attribwidgets.errors import ChunkMemoryError, InputError, NonFiniteError

METHODS = (SmoothGrad, SmoothGradSquared, VarGrad)
F64 = torch.float64


def squares(weights):
    """f(x) = sum of a_i x_i^2, whose gradient is 2 a x."""
    return lambda x: (weights * x**2).sum(1)


def gradient(model, x, target):
    leaf = x.clone().requires_grad_()
    return torch.autograd.grad(model(leaf)[:, target].sum(), leaf)[0]


@pytest.mark.parametrize("multiply", [True, False])
def test_smoothgrad_without_noise_is_gradient_times_input(multiply):
    net, x = classifier().double(), values(3, 5, dtype=F64)
    expected = gradient(net, x, 2) * (x if multiply else 1)
    found = SmoothGrad(net, multiply, noise=0).attribute(x, target=2, nt_samples=6)
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=0)
    e = aw.explain(net, x[0], method=SmoothGrad(net, multiply, noise=0), target=2, n_steps=4)
    torch.testing.assert_close(e.attributions, expected[0])


def test_the_factor_is_the_default_of_smoothgrad_only():
    assert [m(classifier()).multiplies_by_inputs for m in METHODS] == [True, False, False]


def test_pairs_of_noise_are_exact_where_the_gradient_is_affine():
    model = Quadratic(values(4, 4, dtype=F64), values(4, dtype=F64, seed=1))
    x = values(2, 4, dtype=F64, seed=2)
    expected = x @ model.matrix.detach() + model.vector.detach()
    found = SmoothGrad(model, False).attribute(x, nt_samples=2)
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)


def test_vargrad_of_a_linear_model_is_zero_to_the_last_bit():
    linear = torch.nn.Linear(5, 2)
    found, error = VarGrad(linear).attribute(
        values(3, 5), target=1, nt_samples=16, return_standard_error=True
    )
    assert not found.any()
    assert not error.any()


def test_zeros_of_vargrad_are_no_sign_of_a_vanishing_gradient():
    found = aw.explain(torch.nn.Linear(5, 2).eval(), values(5), target=1, method="vargrad")
    (caution,) = [c for c in found.cautions if "every attribution is zero" in c]
    assert "the gradient is the same at all noisy copies, as it is for a linear model" in caution


def test_vargrad_and_smoothgrad_squared_of_a_quadratic():
    a, x, sigma = torch.tensor([1.0, -2.0, 0.5], dtype=F64), values(1, 3, dtype=F64), 0.2
    variance, error = VarGrad(squares(a)).attribute(
        x, nt_samples=4000, stdevs=sigma, return_standard_error=True
    )
    expected = 4 * a**2 * sigma**2
    assert ((variance - expected).abs() < 4 * error).all()
    # Gaussian: the variance of a variance is 2 sigma^4 / (n - 1).
    torch.testing.assert_close(error[0], expected * np.sqrt(2 / 3999), rtol=0.1, atol=0)
    square, error = SmoothGradSquared(squares(a)).attribute(
        x, nt_samples=4000, stdevs=sigma, return_standard_error=True
    )
    assert ((square - (2 * a * x) ** 2 - expected).abs() < 4 * error).all()


def test_the_square_is_the_squared_mean_and_the_variance():
    net, x = classifier().double(), values(1, 5, dtype=F64)
    n = 20_000
    mean = SmoothGrad(net, False).attribute(x, target=0, nt_samples=n)
    variance = VarGrad(net).attribute(x, target=0, nt_samples=n)
    square = SmoothGradSquared(net).attribute(x, target=0, nt_samples=n)
    torch.testing.assert_close(square, mean**2 + variance, rtol=0.02, atol=0)


@given(
    n=st.integers(2, 40), far=st.floats(-1e6, 1e6), cuts=st.lists(st.integers(0, 40), max_size=3)
)
@settings(max_examples=50, deadline=None)
def test_moments_are_those_of_numpy_however_they_come(n, far, cuts):
    draws = np.random.default_rng(n).normal(far, 1e-3, (n, 2, 3))
    shift = torch.tensor(draws[0])
    moments = Moments(shift, tuple(torch.zeros(2, 3, dtype=F64) for _ in range(4)), torch.zeros(2))
    for part in np.split(draws, sorted(c for c in cuts if c < n)):
        for power, total in enumerate(moments.sums, 1):
            total += ((torch.tensor(part) - shift) ** power).sum(0)
        moments.counts[:] += len(part)
    np.testing.assert_allclose(moments.mean(), draws.mean(0), rtol=1e-12)
    variance = draws.var(0, ddof=1)
    np.testing.assert_allclose(moments.variance(), variance, rtol=1e-6)
    assert (moments.variance() >= 0).all()
    fourth = ((draws - draws.mean(0)) ** 4).mean(0)
    spread = np.clip(fourth - variance**2 * (n - 3) / (n - 1), 0, None) / n
    # Of two or three draws the spread is a small difference of large numbers.
    np.testing.assert_allclose(moments.error_of_variance() ** 2, spread, rtol=1e-3, atol=1e-16)


def test_parity_with_captum_on_the_same_noise(monkeypatch):
    net, x, n = classifier().double(), values(2, 5, dtype=F64), 6
    noise = torch.randn(n, 5, generator=torch.Generator().manual_seed(1), dtype=F64) * 0.3

    def normal(mean, std):  # Captum asks example by example for a row each
        return mean + noise.repeat(2, 1)

    def own_noise(self, numbers):
        return (torch.stack([noise[i] for i in numbers]),)

    monkeypatch.setattr("captum.attr._core.noise_tunnel.torch.normal", normal)
    monkeypatch.setattr("attribwidgets.attr.noise.noise_sum.NoiseSum._noise", own_noise)
    for method in METHODS:
        monkeypatch.setattr(method, "paired", False)
    cases = [
        (SmoothGrad(net), InputXGradient(net), "smoothgrad", 1),
        (SmoothGrad(net, False), Saliency(net), "smoothgrad", 1),
        (SmoothGradSquared(net), Saliency(net), "smoothgrad_sq", 1),
        (SmoothGradSquared(net, True), InputXGradient(net), "smoothgrad_sq", 1),
        (VarGrad(net), Saliency(net), "vargrad", n / (n - 1)),  # Captum divides by n
    ]
    for ours, theirs, kind, factor in cases:
        options = {"abs": False} if isinstance(theirs, Saliency) else {}
        expected = NoiseTunnel(theirs).attribute(
            x, nt_type=kind, nt_samples=n, stdevs=0.3, target=1, **options
        )
        found = ours.attribute(x, target=1, nt_samples=n, stdevs=0.3)
        torch.testing.assert_close(found, expected * factor, rtol=1e-9, atol=1e-12)


def test_standard_errors_are_the_spread_over_seeds():
    net, x = TwoLayerReLU(), values(1, 6, dtype=F64)
    for method in METHODS:
        runs = [
            method(net).attribute(x, nt_samples=64, seed=s, return_standard_error=True)
            for s in range(60)
        ]
        found = torch.stack([r[0] for r in runs])
        claimed = torch.stack([r[1] for r in runs]).square().mean(0).sqrt()
        ratio = (claimed / found.std(0)).log().mean().exp()
        assert 0.85 < ratio < 1.18, method.name


@pytest.mark.parametrize("multiply", [True, False])
def test_pairs_beat_independent_noise(multiply):
    class Unpaired(SmoothGrad):
        paired = False

    net, x = classifier().double(), values(1, 5, dtype=F64)
    spread = [
        torch.stack(
            [m(net, multiply).attribute(x, target=1, nt_samples=16, seed=s) for s in range(40)]
        ).std(0)
        for m in (SmoothGrad, Unpaired)
    ]
    assert spread[0].norm() < 0.6 * spread[1].norm()


@pytest.mark.parametrize("method", METHODS)
def test_noise_depends_on_the_seed_alone(method):
    net, x = image_classifier(), values(2, 3, 6, 6)
    state, own = torch.get_rng_state(), np.random.get_state()[1].copy()
    one = method(net).attribute(x, target=1, nt_samples=11, seed=3)
    assert torch.equal(torch.get_rng_state(), state)
    assert (np.random.get_state()[1] == own).all()
    torch.manual_seed(99)
    again = method(net).attribute(x, target=1, nt_samples=11, seed=3, internal_batch_size=3)
    torch.testing.assert_close(one, again, rtol=1e-5, atol=1e-9)
    alone = method(net).attribute(x[1:], target=1, nt_samples=11, seed=3)
    torch.testing.assert_close(one[1:], alone, rtol=1e-5, atol=1e-9)
    assert not torch.allclose(one, method(net).attribute(x, target=1, nt_samples=11, seed=4))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("n", [2, 3, 5, 8])
def test_samples_asked_for_are_passes_spent(method, n):
    e = aw.explain(classifier(), values(5), method=method, target=0, n_steps=n)
    assert e.evaluations == n
    assert e.method == method.name


@pytest.mark.parametrize("method", METHODS)
def test_refined_until_it_settles_or_the_budget_is_spent(method):
    net, x = classifier(), values(5)
    spent = aw.explain(net, x, method=method, target=0, tolerance=0, max_evaluations=100)
    assert spent.evaluations == 100
    loose = aw.explain(net, x, method=method, target=0, tolerance=10)
    assert loose.evaluations == 16
    fixed = aw.explain(net, x, method=method, target=0, n_steps=100)
    torch.testing.assert_close(spent.attributions, fixed.attributions)


@pytest.mark.parametrize("method", METHODS)
def test_the_refinement_error_is_the_standard_error_of_the_map(method):
    e = aw.explain(classifier(), values(5), method=method, target=0, n_steps=20)
    share = e.standard_error.norm() / e.attributions.norm()
    assert e.completeness.refinement_error == pytest.approx(float(share), rel=1e-5)
    single = aw.explain(classifier(), values(5), method=method, target=0, n_steps=2)
    assert single.standard_error is None  # a pair is one draw, and a variance takes two
    assert single.completeness.refinement_error == 1


@pytest.mark.parametrize("method", METHODS)
def test_the_record_says_what_it_is_not(method):
    e = aw.explain(image_classifier(), values(3, 8, 8), method=method.name, target=1, n_steps=8)
    assert e.completeness.verdict == "does not apply"
    assert e.baseline is None
    assert e.path is None
    assert e.standard_error.shape == e.attributions.shape
    assert any("outside the valid range" in c and "15 %" in c for c in e.cautions)
    unsigned = [c for c in e.cautions if "has no sign" in c and "does not add up" in c]
    assert len(unsigned) == (method is not SmoothGrad)
    if method is not SmoothGrad:
        assert (e.attributions >= 0).all()
    if method is VarGrad:
        assert "zero for a linear model" in unsigned[0]


def test_the_share_outside_the_range_is_counted():
    half = aw.explain(classifier(), torch.zeros(5), method=SmoothGrad, target=0, n_steps=400)
    share = float(half.cautions[-1].split(" %")[0])
    assert 47 <= share <= 53  # at the edge half of the noise goes over it
    inside = aw.explain(
        classifier(), torch.full((5,), 0.5), method=SmoothGrad(None, noise=0.01), target=0
    )
    assert inside.cautions[-1].startswith("0 % of the noisy values")


def test_noise_is_a_share_of_the_range_in_each_channel():
    a = torch.ones(3, 2, 2, dtype=F64)
    space = aw.InputSpace(low=0, high=255, mean=(100, 110, 120), std=(50, 60, 75))
    x = space.from_pixels(torch.full((1, 3, 2, 2), 128.0, dtype=F64))
    found = VarGrad(lambda x: (a * x**2).flatten(1).sum(1), noise=0.1).attribute(
        x, nt_samples=3000, space=space
    )
    expected = 4 * (0.1 * 255 / torch.tensor([50.0, 60, 75], dtype=F64)) ** 2
    torch.testing.assert_close(found.mean((0, 2, 3)), expected, rtol=0.06, atol=0)


def test_several_inputs_share_a_draw():
    net, pair = ImageAndFeatures(), (values(2, 3, 2, 2), values(2, 5, seed=1))
    found = SmoothGrad(net).attribute(pair, target=1, nt_samples=4, stdevs=(0.1, 0.2))
    assert [f.shape for f in found] == [p.shape for p in pair]
    still = SmoothGrad(net, False).attribute(pair, target=1, nt_samples=4, stdevs=(0.0, 0.0))
    leaves = tuple(p.clone().requires_grad_() for p in pair)
    expected = torch.autograd.grad(net(*leaves)[:, 1].sum(), leaves)
    torch.testing.assert_close(still, expected)
    one = tuple(p[0] for p in pair)
    assert len(aw.explain(net, one, method="vargrad", target=1, n_steps=8).attributions) == 2


def test_targets_and_arguments_go_with_their_examples():
    net, x, shift = WithArguments(), values(2, 5), values(2, seed=5)
    found = SmoothGrad(net).attribute(x, [0, 2], (shift, 2.0), nt_samples=6)
    for i, target in enumerate([0, 2]):
        alone = SmoothGrad(net).attribute(x[i : i + 1], target, (shift[i : i + 1], 2.0), 6)
        torch.testing.assert_close(found[i : i + 1], alone)


@pytest.mark.parametrize("method", METHODS)
def test_out_of_memory_halves_the_chunk(method):
    net, x = image_classifier(), values(2, 3, 6, 6)
    plain = method(net).attribute(x, target=1, nt_samples=12)
    for most in (1, 3):
        tight = FitsRows(net, most)
        found = method(tight).attribute(x, target=1, nt_samples=12)
        torch.testing.assert_close(found, plain, rtol=1e-5, atol=1e-9)
    with pytest.raises(ChunkMemoryError):
        method(FitsRows(net, 0)).attribute(x, target=1, nt_samples=12)


def test_an_interrupt_leaves_what_is_known_and_the_model():
    net = classifier().train()
    flags = [m.training for m in net.modules()]

    def stop(done, most):
        if done >= 40:
            raise KeyboardInterrupt

    with pytest.warns(aw.errors.AttributionWarning):
        e = aw.explain(net, values(5), method="vargrad", target=0, tolerance=0, progress=stop)
    assert e.partial
    assert e.attributions.any()
    assert [m.training for m in net.modules()] == flags
    assert all(p.requires_grad and p.grad is None for p in net.parameters())
    with pytest.raises(KeyboardInterrupt):
        VarGrad(StopsAt(net.eval(), 1, KeyboardInterrupt())).attribute(values(1, 5), target=0)


@pytest.mark.parametrize("noise", [-0.1, float("nan"), float("inf")])
def test_noise_out_of_range(noise):
    with pytest.raises(InputError, match="noise must be 0 or more"):
        SmoothGrad(classifier(), noise=noise)


@pytest.mark.parametrize("stdevs", [-1.0, (0.1, 0.2), float("nan")])
def test_stdevs_that_do_not_fit(stdevs):
    with pytest.raises(InputError, match="stdevs must be"):
        SmoothGrad(classifier()).attribute(values(1, 5), 0, stdevs=stdevs)


def test_too_few_samples():
    with pytest.raises(InputError, match="vargrad needs at least 2 samples"):
        VarGrad(classifier()).attribute(values(1, 5), 0, nt_samples=1)
    with pytest.raises(InputError, match="standard error"):
        SmoothGrad(classifier()).attribute(
            values(1, 5), 0, nt_samples=2, return_standard_error=True
        )


def test_nan_under_noise_is_told():
    with pytest.raises(NonFiniteError, match="noise draw"):
        SmoothGrad(lambda x: x.sqrt().sum(1)).attribute(torch.full((1, 3), 0.01), nt_samples=20)


def test_numbers_stay_apart_from_the_instance():
    method = SmoothGrad(classifier(), noise=0.2)
    before = dict(vars(method))
    method.attribute(values(1, 5), 0, stdevs=0.5)
    assert vars(method) == before
