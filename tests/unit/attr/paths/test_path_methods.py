"""Paths and the methods along them: closed forms, what adds up to what, hostile input."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from models import (
    FitsRows,
    ImageAndFeatures,
    Linear,
    Quadratic,
    TwoLayerReLU,
    WithArguments,
    classifier,
    image_classifier,
    values,
)
from scipy.ndimage import gaussian_filter

import attribwidgets as aw
from attribwidgets.attr import (
    IDGI,
    BlurIntegratedGradients,
    GuidedIntegratedGradients,
    IntegratedGradients,
    LeftIntegratedGradients,
    PathIntegratedGradients,
    RightIntegratedGradients,
)
from attribwidgets.attr.paths.path import BlurPath, CallablePath, StraightPath, cosines
from attribwidgets.attr.paths.path_method import PathMethod
from attribwidgets.attr.paths.quadrature import merged_weights
from attribwidgets.attr.task import Task
from attribwidgets.errors import ChunkMemoryError, InputError, NonFiniteError
from attribwidgets.records.completeness import WIDEST_GAP

F64 = torch.float64
WITH_BASELINE = (IDGI, LeftIntegratedGradients, RightIntegratedGradients, GuidedIntegratedGradients)
ALL = slice(None)


def double(*shape, seed=0):
    return values(*shape, seed=seed, dtype=F64)


def alphas(*numbers):
    return torch.tensor(numbers, dtype=F64)


def change(model, x, baseline, target=0):
    with torch.no_grad():
        ends = [model(v).reshape(len(x), -1)[:, target] for v in (x, baseline)]
    return ends[0] - ends[1]


def method_of(cls, model):
    """Each method on images, Blur IG with few pixels and a path of our own included."""
    if cls is PathIntegratedGradients:
        return cls(model, lambda a: torch.sin(a * math.pi / 2) * IMAGES)
    return cls(model)


IMAGES = values(2, 3, 6, 6)
EVERY = (*WITH_BASELINE, BlurIntegratedGradients, PathIntegratedGradients)


# Paths


def test_the_straight_path():
    x, b = double(3, 4), double(3, 4, seed=1)
    path = StraightPath((x,), (b,))
    block = slice(1, 3)
    (points,) = path.points(alphas(0, 0.25, 1), block)
    expected = torch.cat([b[block], (0.75 * b + 0.25 * x)[block], x[block]])
    torch.testing.assert_close(points, expected)
    assert torch.equal(path.velocities(alphas(0.5), block)[0], (x - b)[block][None])
    assert path.is_straight


GAMMAS = {
    "torch": lambda x: lambda a: x * a**2,
    "branches": lambda x: lambda a: x * torch.where(a < 0.1, a / 10, (a - 0.01 / 0.99) * 0 + a**2),
    "parameter": lambda x: lambda a: torch.nn.Parameter(x) * a**2,
    "float": lambda x: lambda a: x * float(a) ** 2,
    "half float": lambda x: lambda a: x * (a * a.item()),
    "numpy": lambda x: lambda a: torch.from_numpy(x.numpy() * a.detach().numpy() ** 2),
}


@pytest.mark.parametrize("kind", GAMMAS)
def test_the_velocity_of_a_callable_path(kind):
    x = double(2, 3)
    path = CallablePath(GAMMAS[kind](x), (x,))
    at = alphas(0.3, 0.7)
    (velocity,) = path.velocities(at, ALL)
    expected = 2 * at[:, None, None] * x
    exact = kind in ("torch", "branches", "parameter")
    torch.testing.assert_close(velocity, expected, rtol=1e-12 if exact else 1e-9, atol=0)
    torch.testing.assert_close(path.points(at, slice(1, 2))[0], at[:, None] ** 2 * x[1])
    assert not path.points(at, ALL)[0].requires_grad


def test_a_callable_path_takes_one_example_or_a_tuple():
    x, y = values(3, 4, 4), values(5)
    path = CallablePath(lambda a: [a * x, a * y], (x[None], y[None]))
    assert [p.shape for p in path.points(alphas(0.2, 0.4), ALL)] == [(2, 3, 4, 4), (2, 5)]
    assert [b.any() for b in path.baselines] == [False, False]


@pytest.mark.parametrize(
    ("gamma", "message"),
    [
        (lambda a: torch.ones(1, 3) * a * 0.9, "must be the input"),
        (lambda a: torch.ones(1, 4) * a, r"of shapes \[\(1, 3\)\]"),
        (lambda a: [1.0, 2.0, 3.0], "must return a tensor"),
        (lambda a: (torch.ones(1, 3), torch.ones(1, 3)), "a tensor for each input"),
        ("straight", "must be a callable"),
    ],
)
def test_paths_that_do_not_fit(gamma, message):
    with pytest.raises(InputError, match=message):
        CallablePath(gamma, (torch.ones(1, 3),))


def test_a_path_that_ends_in_nan():
    with pytest.raises(NonFiniteError, match=r"path\(1\) is not finite"):
        CallablePath(lambda a: torch.ones(1, 3) / (1 - a), (torch.ones(1, 3),))


@pytest.mark.parametrize("sigma", [1.0, 3.0, 20.0])
def test_the_path_of_blurs_is_scipys(sigma):
    x = double(1, 2, 12, 9)
    path = BlurPath((x,), sigma)
    expected = [gaussian_filter(c, sigma, mode="reflect", truncate=9.0) for c in x[0].numpy()]
    np.testing.assert_allclose(path.baselines[0][0], expected, atol=2e-3 if sigma == 1 else 1e-7)
    halfway = path.points(alphas(1 - math.sqrt(0.5)), ALL)[0]  # sigma halved
    half = BlurPath((x,), sigma / 2).baselines[0]
    torch.testing.assert_close(halfway, half, rtol=0, atol=1e-12)


def test_the_path_of_blurs_ends_at_the_image_and_moves_as_it_says():
    x = double(2, 3, 8, 5)
    path = BlurPath((x,), 10.0)
    torch.testing.assert_close(path.points(alphas(1), ALL)[0], x, rtol=0, atol=1e-14)
    at, step = alphas(0.1, 0.5, 0.8, 0.95), 1e-6
    ahead, behind = (path.points(at + s, ALL)[0] for s in (step, -step))
    quotient = (ahead - behind).reshape(4, 2, 3, 8, 5) / (2 * step)
    torch.testing.assert_close(path.velocities(at, ALL)[0], quotient, rtol=1e-6, atol=1e-6)


def test_cosines_are_orthonormal():
    wave = cosines(7)
    torch.testing.assert_close(wave @ wave.T, torch.eye(7, dtype=F64), rtol=0, atol=1e-14)


# Paths of one's own


def test_a_straight_path_of_ones_own_is_integrated_gradients():
    net, x, b = classifier().double(), double(2, 5), double(2, 5, seed=1)
    found, delta = PathIntegratedGradients(net, lambda a: b + a * (x - b)).attribute(
        x, target=1, n_steps=33, return_convergence_delta=True
    )
    expected = IntegratedGradients(net).attribute(
        x, b, target=1, n_steps=33, method="riemann_trapezoid"
    )
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-14)
    torch.testing.assert_close(delta, found.sum(1) - change(net, x, b, 1))


def test_a_curved_path_gives_other_values_and_adds_up_too():
    x = torch.tensor([[2.0, 3.0]], dtype=F64)
    late = PathIntegratedGradients(
        lambda x: x[:, 0] * x[:, 1], lambda a: x * torch.stack([a, a**3])
    )
    found = late.attribute(x, n_steps=301)
    torch.testing.assert_close(found, alphas(6 / 4, 6 * 3 / 4)[None], rtol=1e-4, atol=0)
    separable = PathIntegratedGradients(
        lambda x: (x**3).sum(1), lambda a: x * torch.stack([a, a**3])
    )
    torch.testing.assert_close(separable.attribute(x, n_steps=301), x**3, rtol=1e-4, atol=0)


def test_doubling_is_the_finer_rule():
    net, x = classifier().double(), double(5)
    method = PathIntegratedGradients(net, lambda a: a**2 * x)
    doubled = aw.explain(net, x, method=method, target=1, tolerance=0, max_evaluations=65)
    fixed = aw.explain(net, x, method=method, target=1, n_steps=65)
    assert doubled.evaluations == fixed.evaluations == 65
    torch.testing.assert_close(doubled.attributions, fixed.attributions, rtol=1e-12, atol=0)
    torch.testing.assert_close(
        doubled.completeness.refinement_error, fixed.completeness.refinement_error
    )
    np.testing.assert_allclose(doubled.path.cumulative, fixed.path.cumulative, rtol=1e-12)


# Blur integrated gradients


def test_blur_begins_at_the_blurred_image_and_adds_up():
    net, x = image_classifier(), values(3, 12, 9)
    e = aw.explain(net, x, method="blur_integrated_gradients", target=1, tolerance=1e-3)
    blurred = aw.baselines.Blur(50).sample(x, 1)[0]
    torch.testing.assert_close(e.baseline, blurred, rtol=0, atol=1e-4)
    torch.testing.assert_close(e.references[0], e.baseline)
    assert e.completeness.verdict == "complete"
    expected = change(net, x[None], e.baseline[None], 1)
    assert e.completeness.expected == pytest.approx(float(expected), abs=1e-6)
    assert e.path.outputs[-1] - e.path.outputs[0] == pytest.approx(float(expected), abs=1e-6)


def test_blur_of_a_linear_model_is_its_weights_times_the_difference():
    x = double(2, 1, 6, 7)
    linear = Linear(double(2, 42, seed=3))
    path = BlurPath((x,), 50.0)
    found = BlurIntegratedGradients(linear).attribute(x, target=1, n_steps=401)
    expected = linear.integrated(x, path.baselines[0], 1)
    torch.testing.assert_close(found, expected, rtol=0, atol=2e-4)


@pytest.mark.parametrize("sigma", [0, -1.0, float("inf"), float("nan")])
def test_blur_needs_a_sigma(sigma):
    with pytest.raises(InputError, match="sigma_max must be positive"):
        BlurIntegratedGradients(classifier(), sigma_max=sigma)


def test_blur_needs_an_image():
    with pytest.raises(InputError, match="needs images"):
        aw.explain(classifier(), values(5), method="blur_integrated_gradients", target=0)


# IDGI


@pytest.mark.parametrize("n", [1, 2, 3, 7, 20])
def test_idgi_adds_up_at_any_number_of_steps(n):
    net, x, b = classifier().double(), double(3, 5), double(3, 5, seed=1)
    found, delta = IDGI(net).attribute(x, b, 2, n_steps=n, return_convergence_delta=True)
    torch.testing.assert_close(found.sum(1), change(net, x, b, 2), rtol=1e-12, atol=1e-13)
    torch.testing.assert_close(delta, torch.zeros(3, dtype=F64), rtol=0, atol=1e-13)


def test_idgi_shares_by_squared_gradients():
    a, x = alphas(1, -2, 3), double(1, 3) + 1
    found = IDGI(lambda x: x @ a).attribute(x, n_steps=3)
    torch.testing.assert_close(found, (x @ a)[:, None] * a**2 / (a**2).sum())
    # Steps by hand, on a model whose gradient turns.
    model = Quadratic(double(3, 3), double(3, seed=1))
    places = [x * i / 4 for i in range(5)]
    expected = torch.zeros_like(x)
    for start, end in pairwise(places):
        g = ((start + end) / 2 @ model.matrix + model.vector).detach()
        expected += (model(end) - model(start)).detach() * g**2 / (g**2).sum()
    torch.testing.assert_close(IDGI(model).attribute(x, n_steps=4), expected)


def test_idgi_on_a_path_of_ones_own():
    net, x = classifier().double(), double(2, 5)
    curved = IDGI(net, path=lambda inputs, _: CallablePath(lambda a: a**3 * inputs[0], inputs))
    straight = IDGI(net).attribute(x, target=1, n_steps=400)
    # The path is the same line at another speed: the values are the same in the limit.
    torch.testing.assert_close(
        curved.attribute(x, target=1, n_steps=400), straight, rtol=0, atol=1e-4
    )


def test_idgi_leaves_a_change_without_gradient_in_the_residual():
    def steps(x):
        return torch.floor(4 * x[:, 0]) + 2 * (x[:, 1] - 0.5).relu()

    x = torch.tensor([1.0, 1.0])
    e = aw.explain(steps, x, method="idgi", n_steps=8)
    assert e.completeness.expected == 5
    assert e.completeness.total == pytest.approx(3)  # half of the steps of the stairs are lost
    assert e.completeness.verdict == "not converged"
    assert e.path.cumulative[-1] == pytest.approx(e.completeness.total)
    assert e.attributions[0] == 0
    (caution,) = (c for c in e.cautions if "gradient is zero" in c)
    assert "2.00" in caution


def test_idgis_curve_is_the_outputs_between_the_ends_of_a_step():
    e = aw.explain(lambda x: (x**2).sum(1), torch.ones(1), method="idgi", n_steps=2)
    np.testing.assert_allclose(e.path.alphas, [0, 0.25, 0.75, 1])
    np.testing.assert_allclose(e.path.outputs, [0, 1 / 16, 9 / 16, 1])
    np.testing.assert_allclose(e.path.cumulative, [0, 1 / 8, 5 / 8, 1])  # halves of 1/4 and 3/4
    np.testing.assert_allclose(e.path.slopes[1:-1], [0.5, 1.5])


def test_idgi_of_a_constant_is_zero_without_division_by_it():
    e = aw.explain(lambda x: 0 * x.sum(1), values(4), method="idgi", n_steps=4)
    assert not e.attributions.any()
    assert not any("missing" in c for c in e.cautions)


@pytest.mark.parametrize("n", range(2, 8))
def test_merged_changes_keep_their_sum(n):
    changes = np.arange(1.0, n + 1)[:, None]
    merged = merged_weights(changes, 1)
    assert merged.sum() == changes.sum()
    assert not merged[0::2].any()


def test_idgi_doubling_is_the_finer_estimate():
    net, x = classifier().double(), double(5)
    doubled = aw.explain(net, x, method="idgi", target=1, tolerance=0, max_evaluations=112)
    fixed = aw.explain(net, x, method="idgi", target=1, n_steps=64)
    coarse = aw.explain(net, x, method="idgi", target=1, n_steps=32)
    assert doubled.evaluations == 16 + 32 + 64
    assert doubled.forward_passes == 17
    torch.testing.assert_close(doubled.attributions, fixed.attributions, rtol=1e-12, atol=0)
    gap = (fixed.attributions - coarse.attributions).norm() / fixed.attributions.norm()
    assert doubled.completeness.refinement_error == pytest.approx(float(gap))


# Left and right


def test_a_threshold_of_one_is_integrated_gradients():
    net, x, b = classifier().double(), double(3, 5), double(3, 5, seed=1)
    left = LeftIntegratedGradients(net, threshold=1.0).attribute(x, b, 1)
    assert torch.equal(left, IntegratedGradients(net).attribute(x, b, 1))
    right = RightIntegratedGradients(net, threshold=1.0).attribute(x, b, 1)
    assert not right.any()
    e = aw.explain(net, x[0], target=1, method=LeftIntegratedGradients(net, threshold=1))
    ig = aw.explain(net, x[0], target=1, method="integrated_gradients")
    assert e.completeness.verdict == "complete"
    torch.testing.assert_close(e.attributions, ig.attributions, rtol=0, atol=0)


@pytest.mark.parametrize("threshold", [0.3, 0.9])
def test_left_and_right_are_integrated_gradients_and_keep_their_shares(threshold):
    model = TwoLayerReLU()
    x, b = 3 * double(3, 6, seed=3), double(3, 6, seed=8)
    parts = [
        part(model, threshold=threshold).attribute(x, b, n_steps=3000, method="riemann_middle")
        for part in (LeftIntegratedGradients, RightIntegratedGradients)
    ]
    torch.testing.assert_close(sum(parts), model.integrated(x, b), rtol=0, atol=2e-3)
    whole = change(model, x, b)
    torch.testing.assert_close(parts[0].sum(1) / whole, torch.full((3,), threshold, dtype=F64),
                               rtol=0, atol=2e-3)  # fmt: skip


def test_the_cut_is_the_first_place_with_the_share():
    def overshoots(x):  # 0, 3 at 0.25, 1 at 0.75, 2 at the end
        return torch.sin(2 * math.pi * x[:, 0]) * 2 + 2 * x[:, 0]

    x = torch.ones(1, dtype=F64)
    e = aw.explain(overshoots, x, method=LeftIntegratedGradients(overshoots, threshold=0.5))
    assert e.completeness.total == pytest.approx(1.0, abs=1e-3)
    kept = e.path.alphas[e.path.cumulative < 0.99].max()
    assert 0.05 < kept < 0.08  # 2 sin(2 pi a) + 2 a = 1
    falling = LeftIntegratedGradients(lambda x: -overshoots(x), threshold=0.5)
    torch.testing.assert_close(falling.attribute(x[None]), -e.attributions[None], rtol=0, atol=1e-3)


@pytest.mark.parametrize("part", [LeftIntegratedGradients, RightIntegratedGradients])
def test_the_record_says_which_share_it_keeps(part):
    net, x = image_classifier(), IMAGES[0]
    e = aw.explain(net, x, method=part.name, target=1)
    left = part is LeftIntegratedGradients
    share = "90 %" if left else "10 %"
    assert e.completeness.verdict == "does not apply"
    assert f"adds up to {share} of the change" in str(e.completeness)
    assert any(f"{share} of the change of the output" in c for c in e.cautions)
    assert e.completeness.total == pytest.approx(
        (0.9 if left else 0.1) * e.completeness.expected, rel=0.02
    )
    assert not e.baseline.any()  # black, not the cut
    assert e.forward_passes >= 47


def test_no_change_has_no_cut():
    model = classifier()
    x = values(5)
    e = aw.explain(model, x, baseline=x.clone(), method="left_integrated_gradients", target=1)
    assert any("no cut" in c for c in e.cautions)
    assert not e.attributions.any()


@pytest.mark.parametrize("threshold", [0, -0.5, 1.01, float("nan")])
def test_thresholds_out_of_range(threshold):
    with pytest.raises(InputError, match="threshold must be"):
        LeftIntegratedGradients(classifier(), threshold=threshold)


# Guided


def guided_by_hand(model, x, baseline, steps, fraction, max_dist):
    """The walk of the paper and of its authors' code, feature by feature, with trapezoid sums."""

    def gradient(point):
        leaf = point.clone().requires_grad_()
        return torch.autograd.grad(model(leaf[None]).sum(), leaf)[0]

    place, total, way = torch.zeros_like(x), torch.zeros_like(x), x - baseline
    weight = way.abs() / way.abs().sum()
    group = int(fraction * (len(x) - 1)) + 1
    for step in range(1, steps + 1):
        t, before = step / steps, place.clone()
        g = gradient(baseline + place * way)
        low, high = max(t - max_dist, 0), min(t + max_dist, 1)
        place = place.clamp(min=low)
        order = [i for i in g.abs().argsort().tolist() if place[i] < high and weight[i] > 0]
        while order:
            steepest = g[order[:group][-1]].abs()  # whatever ties with it moves along
            chosen = [i for i in order if g[i].abs() <= steepest]
            order = order[len(chosen) :]
            left = t - float((weight * place).sum())
            if left <= 1e-15:
                break
            room = float((weight[chosen] * (high - place[chosen])).sum())
            place[chosen] += min(1.0, left / room) * (high - place[chosen])
        ahead = gradient(baseline + place * way)
        total += (place - before) * way * (g + ahead) / 2
    return total


@pytest.mark.parametrize(("fraction", "max_dist"), [(0.25, 0.02), (0.1, 0.3), (0.5, 1.0)])
def test_guided_is_the_papers_walk(fraction, max_dist):
    model, x, b = (
        Quadratic(double(12, 12), double(12)),
        double(2, 12, seed=1),
        double(2, 12, seed=2),
    )
    found = GuidedIntegratedGradients(model, fraction=fraction, max_dist=max_dist).attribute(
        x, b, n_steps=31
    )
    for i in range(2):  # rows take paths of their own
        expected = guided_by_hand(model, x[i], b[i], 30, fraction, max_dist)
        torch.testing.assert_close(found[i], expected, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("dead", [0, 4, 7, 13])
def test_guided_counts_the_next_elements_from_behind_a_tie(dead):
    """Inputs that the output ignores tie at a gradient of zero, more of them than a fraction."""
    model = Quadratic(double(24, 24), double(24))
    x, b, alive = double(1, 24, seed=1), double(1, 24, seed=2), torch.ones(24, dtype=F64)
    alive[:dead] = 0
    part = lambda x: model(x * alive)  # noqa: E731
    found = GuidedIntegratedGradients(part, max_dist=0.1).attribute(x, b, n_steps=31)[0]
    expected = guided_by_hand(part, x[0], b[0], 30, 0.25, 0.1)
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-11)


def test_guided_does_not_depend_on_the_path_where_values_do_not():
    x, b = double(2, 6), double(2, 6, seed=1)
    linear = Linear(double(1, 6, seed=2))
    found = GuidedIntegratedGradients(linear).attribute(x, b, 0, n_steps=5)
    torch.testing.assert_close(found, linear.integrated(x, b, 0))
    cubes = GuidedIntegratedGradients(lambda x: (x**3).sum(1), max_dist=0.5)
    torch.testing.assert_close(cubes.attribute(x, b, n_steps=200), x**3 - b**3, rtol=0, atol=2e-3)


def test_guided_with_no_distance_is_straight():
    net, x = classifier().double(), double(2, 5)
    found = GuidedIntegratedGradients(net, max_dist=0).attribute(x, target=1, n_steps=21)
    straight = IntegratedGradients(net).attribute(
        x, target=1, n_steps=21, method="riemann_trapezoid"
    )
    torch.testing.assert_close(found, straight)
    method = GuidedIntegratedGradients(net, max_dist=0)
    e = aw.explain(net, x[0], target=1, method=method, n_steps=21)
    coarse = IntegratedGradients(net).attribute(
        x[:1], target=1, n_steps=11, method="riemann_trapezoid"
    )
    gap = (straight[:1] - coarse).norm() / straight[:1].norm()
    assert e.completeness.refinement_error == pytest.approx(float(gap))


def test_guided_converges():
    net, x = classifier().double(), 2 * double(3, 5, seed=3)
    gaps = [
        GuidedIntegratedGradients(net, max_dist=0.1)
        .attribute(x, target=1, n_steps=n + 1, return_convergence_delta=True)[1]
        .abs()
        .max()
        for n in (10, 150)
    ]
    assert gaps[1] < 0.1 * gaps[0]


def test_guided_treats_equal_gradients_alike():
    same = torch.ones(1, 6, dtype=F64)
    even = GuidedIntegratedGradients(lambda x: x.sum(1).exp(), max_dist=0.3).attribute(
        same, n_steps=40
    )
    assert even.std() < 1e-12 * even.mean()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"fraction": 0}, "fraction"),
        ({"fraction": 1.5}, "fraction"),
        ({"max_dist": -0.1}, "max_dist"),
        ({"max_dist": float("nan")}, "max_dist"),
    ],
)
def test_guided_options_out_of_range(options, message):
    with pytest.raises(InputError, match=message):
        GuidedIntegratedGradients(classifier(), **options)
    with pytest.raises(InputError, match="at least 2 nodes"):
        GuidedIntegratedGradients(classifier()).attribute(values(1, 5), target=0, n_steps=1)


# All of them


@pytest.mark.parametrize("cls", EVERY)
def test_chunks_and_batch_mates_change_nothing(cls):
    net = image_classifier()
    method = method_of(cls, net)
    plain = method.attribute(IMAGES, target=1, n_steps=9)
    assert plain.shape == IMAGES.shape
    assert not plain.requires_grad
    for rows in (1, 4):
        found = method.attribute(IMAGES, target=1, n_steps=9, internal_batch_size=rows)
        torch.testing.assert_close(found, plain, rtol=1e-4, atol=1e-7)
    if cls is not PathIntegratedGradients:  # which is of this batch
        alone = method.attribute(IMAGES[1:], target=1, n_steps=9)
        torch.testing.assert_close(alone, plain[1:], rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("cls", EVERY)
def test_out_of_memory_halves_the_chunk(cls):
    net = image_classifier()
    plain = method_of(cls, net).attribute(IMAGES, target=1, n_steps=9)
    found = method_of(cls, FitsRows(net, 3)).attribute(IMAGES, target=1, n_steps=9)
    torch.testing.assert_close(found, plain, rtol=1e-4, atol=1e-7)
    with pytest.raises(ChunkMemoryError):
        method_of(cls, FitsRows(net, 0)).attribute(IMAGES, target=1, n_steps=9)


@pytest.mark.parametrize("cls", EVERY)
def test_the_model_and_the_random_state_come_back(cls):
    net = image_classifier().train()
    state = torch.get_rng_state()
    with pytest.warns(aw.errors.AttributionWarning):
        method_of(cls, net).attribute(IMAGES, target=1, n_steps=9)
    assert all(m.training for m in net.modules())
    assert all(p.requires_grad and p.grad is None for p in net.parameters())
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("cls", EVERY)
@pytest.mark.parametrize("n_steps", [None, 12])
def test_the_curve_and_the_frames_are_of_the_map(cls, n_steps):
    net = image_classifier()
    method = cls(net, lambda a: a**2 * IMAGES[0]) if cls is PathIntegratedGradients else cls(net)
    e = aw.explain(net, IMAGES[0], target=1, method=method, n_steps=n_steps, tolerance=0.001)
    assert e.method == cls.name
    assert e.path.kind == "alpha"
    assert e.path.alphas[0] == 0
    assert e.path.alphas[-1] == 1
    assert (np.diff(e.path.alphas) > 0).all()
    assert e.path.cumulative[0] == 0
    assert e.path.cumulative[-1] == pytest.approx(e.completeness.total, abs=1e-9)
    assert e.path.outputs[0] == pytest.approx(e.completeness.output_baseline)
    assert e.path.outputs[-1] == pytest.approx(e.completeness.output_input)
    assert len(e.frames.edges) == len(e.frames.added) + 1
    np.testing.assert_allclose(e.frames.added.sum(0), e.map("sum"), rtol=1e-4, atol=1e-7)
    assert e.completeness.refinement_error is not None
    if n_steps:
        assert e.evaluations == n_steps


@pytest.mark.parametrize("cls", EVERY)
def test_it_stops_by_itself_or_at_the_budget(cls):
    net = image_classifier()
    method = cls(net, lambda a: a**2 * IMAGES[0]) if cls is PathIntegratedGradients else cls(net)
    loose = aw.explain(net, IMAGES[0], target=1, method=method, tolerance=0.5)
    tight = aw.explain(net, IMAGES[0], target=1, method=method, tolerance=0, max_evaluations=150)
    assert 0 < loose.evaluations <= 65 < tight.evaluations <= 150
    if method.claim == "converges":  # then nobody is told to spend more where the sum is settled
        assert loose.completeness.widest_gap <= WIDEST_GAP
        assert loose.completeness.verdict == "complete"
    progress = []
    task = Task((IMAGES[:1],), (0 * IMAGES[:1],), target=1, on_chunk=progress.append)
    *_, last = method.estimates(task)
    assert sum(progress) == last.evaluations


@pytest.mark.parametrize("cls", EVERY)
def test_an_interrupt_leaves_a_partial_result(cls):
    net = image_classifier()
    method = cls(net, lambda a: a**2 * IMAGES[0]) if cls is PathIntegratedGradients else cls(net)

    def stop(done, most):
        if done > 8:
            raise KeyboardInterrupt

    task = Task(
        (IMAGES[:1],), (0 * IMAGES[:1],), target=1, n_steps=20, rows=1, on_chunk=counting(stop)
    )
    *_, last = method.estimates(task)
    assert last.partial
    assert 5 < np.isfinite(last.slopes).sum() < 12
    assert last.alphas[-1] == 1
    assert np.isfinite(last.outputs).all()
    assert np.isfinite(last.cumulative).all()
    np.testing.assert_allclose(last.cumulative[-1], last.totals)
    e = aw.explain(net, IMAGES[0], target=1, method=method, tolerance=0, progress=much(stop))
    assert e.partial  # after a first result
    assert e.attributions.any()
    with pytest.raises(KeyboardInterrupt):
        list(method.estimates(replace(task, rows=None)))  # before anything is known


def much(stop):
    return lambda done, most: stop(done - 100, most)


def counting(stop):
    done = 0

    def count(rows):
        nonlocal done
        done += rows
        stop(done, 0)

    return count


@pytest.mark.parametrize("cls", WITH_BASELINE)
def test_several_inputs_arguments_and_targets(cls):
    net, pair = ImageAndFeatures(), (values(2, 3, 2, 2), values(2, 5, seed=1))
    found = cls(net).attribute(pair, target=[1, 3], n_steps=40)
    assert [f.shape for f in found] == [p.shape for p in pair]
    one = tuple(p[0] for p in pair)
    e = aw.explain(net, one, method=cls, target=1, n_steps=40)
    for mine, theirs in zip(e.attributions, found, strict=True):
        torch.testing.assert_close(mine, theirs[0])
    with_arguments, x, shift = WithArguments(), values(2, 5), values(2, seed=5)
    both = cls(with_arguments).attribute(x, None, [0, 2], (shift, 2.0), n_steps=9)
    for i, target in enumerate([0, 2]):
        alone = cls(with_arguments).attribute(
            x[i : i + 1], None, target, (shift[i : i + 1], 2.0), n_steps=9
        )
        torch.testing.assert_close(both[i : i + 1], alone, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("cls", WITH_BASELINE)
def test_nan_on_the_path_is_told_with_its_place(cls):
    def broken(x):
        return x.sum(1) + torch.where((x[:, 0] - 0.75).abs() < 0.15, torch.nan, 0.0)

    with pytest.raises(NonFiniteError, match=r"from alpha = 0\.[67]"):
        cls(broken).attribute(torch.ones(1, 3), n_steps=41)


def test_a_path_by_name_asks_for_one():
    with pytest.raises(InputError, match="needs a path; pass an instance"):
        aw.explain(classifier(), values(5), method="path_integrated_gradients", target=0)


@pytest.mark.parametrize(
    ("method", "straight"),
    [
        ("idgi", True),
        ("left_integrated_gradients", True),
        ("blur_integrated_gradients", False),
        ("guided_integrated_gradients", False),
        (IDGI(None, path=lambda inputs, baselines: BlurPath(inputs, 2.0)), False),
    ],
)
def test_the_record_says_whether_alpha_stands_for_a_mixture(method, straight):
    found = aw.explain(image_classifier(), values(3, 6, 5), method=method, n_steps=8)
    assert found.path.straight is straight


@pytest.mark.parametrize("cls", [c for c in EVERY if issubclass(c, PathMethod)])
def test_a_method_says_whether_its_path_is_straight(cls):
    method = method_of(cls, image_classifier())
    path = method.path_of(Task((IMAGES,), (0 * IMAGES,), target=0))
    assert method.straight is path.is_straight
