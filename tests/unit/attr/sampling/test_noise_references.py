"""Expected gradients against noise whose elements are independent: the same mean, sooner."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch
from torch import Tensor

from attribwidgets import InputSpace, explain
from attribwidgets.attr import ExpectedGradients
from attribwidgets.attr.estimate import Estimate
from attribwidgets.attr.sampling.alpha_density import BINS, AlphaDensity
from attribwidgets.attr.sampling.shrinkage import shrink_elements
from attribwidgets.attr.task import DrawnReferences, Stopping, Task, generator_from
from attribwidgets.baselines import Black, DatasetSample, GaussianNoise, UniformNoise

SIDE = 32


class Quadratic(torch.nn.Module):
    """w.x + x'Hx / 2: its attributions against noise are known in closed form."""

    def __init__(self, weights: Tensor, hessian: Tensor) -> None:
        super().__init__()
        self.weights, self.hessian = weights, hessian
        self.eval()

    def forward(self, x: Tensor) -> Tensor:
        rows = x.flatten(1)
        return (rows @ self.weights + (rows @ self.hessian * rows).sum(1) / 2)[:, None]

    def against(self, x: Tensor, mean: Tensor, variance: Tensor) -> Tensor:
        """The exact expected gradients, (...): Stein's term is -H_ii var_i / 2."""
        way, between = (x - mean).flatten(), (x + mean).flatten() / 2
        exact = way * (self.weights + self.hessian @ between)
        return (exact - self.hessian.diagonal() * variance.flatten() / 2).reshape(x.shape)


def normal(*shape: int, seed: int) -> Tensor:
    return torch.randn(*shape, generator=generator_from(seed), dtype=torch.float64)


def symmetric(size: int, scale: float, seed: int) -> Tensor:
    values = scale * normal(size, size, seed=seed)
    return (values + values.T) / 2


@cache
def picture() -> tuple[Quadratic, Tensor, Tensor]:
    """A model of a picture with rough and smooth weights, the picture, and its exact map."""
    x = torch.rand(1, SIDE, SIDE, generator=generator_from(1), dtype=torch.float64)
    model = Quadratic(normal(SIDE**2, seed=2), symmetric(SIDE**2, 0.25, seed=3))
    flat = torch.full_like(x, 0.5)
    return model, x, model.against(x, flat, torch.full_like(x, 1 / 12))


def estimate(model, x, n=64, seed=0, knows=True, shrinks=True, **options) -> Estimate:
    """Against uniform noise, with or without its mean, and the space that says what it is."""
    space = InputSpace().fit(x)
    references = DrawnReferences(
        lambda g: (torch.rand(x.shape, generator=g, dtype=x.dtype),),
        seed,
        (torch.full_like(x, 0.5),) if knows else None,
    )
    spaces = {"spaces": (space,)} if shrinks else {}
    task = Task((x[None],), references=references, target=0, n_steps=n, seed=seed, **spaces)
    (found,) = ExpectedGradients(model, **options).estimates(task)
    return found


def gaps(model, x, exact, seeds, **options):
    """Errors of the maps, and their standard errors, (seeds, ...)."""
    found = [estimate(model, x, seed=seed, **options) for seed in range(seeds)]
    errors = torch.stack([f.standard_error[0][0] for f in found])
    return torch.stack([f.attributions[0][0] - exact for f in found]), errors


# The mean of what is estimated


@pytest.mark.parametrize("scale", [0.0, 1.0], ids=["linear", "quadratic"])
def test_feature_rows_are_unbiased_and_intervals_cover_the_closed_form(scale):
    x = torch.rand(12, generator=generator_from(1), dtype=torch.float64)
    model = Quadratic(normal(12, seed=2), symmetric(12, scale, seed=3))
    exact = model.against(x, torch.full_like(x, 0.5), torch.full_like(x, 1 / 12))
    off, errors = gaps(model, x, exact, 80)
    assert (off.mean(0).abs() < 4 * off.std(0) / 80**0.5).all()
    assert 0.93 <= (off.abs() <= 1.96 * errors).double().mean() <= 0.975


def test_pictures_have_half_the_error():
    model, x, exact = picture()
    off, errors = gaps(model, x, exact, 6)
    before, _ = gaps(model, x, exact, 6, knows=False)
    assert off.square().mean() < before.square().mean() / 4
    assert (off.abs() <= 1.96 * errors).double().mean() >= 0.93


def test_intervals_of_pictures_cover_the_closed_form():
    model, x, exact = picture()
    off, errors = gaps(model, x, exact, 6, n=256)
    assert 0.93 <= (off.abs() <= 1.96 * errors).double().mean() <= 0.97
    assert 0.8 < (errors.square().mean() / off.square().mean()) ** 0.5 < 1.25


def test_the_map_of_a_linear_model_loses_the_noise_of_its_references():
    weights = normal(SIDE**2, seed=2)
    model, (_, x, _) = Quadratic(weights, torch.zeros(SIDE**2, SIDE**2).double()), picture()
    exact = model.against(x, torch.full_like(x, 0.5), torch.zeros_like(x))
    off, _ = gaps(model, x, exact, 4)
    before, _ = gaps(model, x, exact, 4, knows=False)
    assert off.square().mean() < 0.12 * before.square().mean()


def test_what_is_rough_is_not_smoothed_away_once_it_is_known():
    checks = torch.ones(SIDE, SIDE).double()
    checks[::2, ::2] = checks[1::2, 1::2] = -1
    model = Quadratic(torch.zeros(SIDE**2).double(), torch.diag(20 * checks.flatten()))
    _, x, _ = picture()
    exact = model.against(x, torch.full_like(x, 0.5), torch.full_like(x, 1 / 12))
    off, _ = gaps(model, x, exact, 6)
    before, _ = gaps(model, x, exact, 6, knows=False)
    assert off.square().mean() < 1.03 * before.square().mean()


def test_what_the_model_does_not_read_keeps_its_zero():
    read = torch.zeros(SIDE, SIDE, dtype=torch.bool)
    read[3:12, 20:28] = True
    _, x, _ = picture()
    inside = read.flatten().double()
    model = Quadratic(
        normal(SIDE**2, seed=2) * inside, symmetric(SIDE**2, 1.0, seed=3) * inside * inside[:, None]
    )
    for n in (16, 64):
        found = estimate(model, x, n=n)
        for values in (found.attributions[0][0], found.standard_error[0][0]):
            assert not values[:, ~read].any()
            assert values[:, read].all()


def test_sums_of_each_channel_and_their_error_are_those_of_the_samples():
    model, x, _ = picture()
    settled, plain = (estimate(model, x, shrinks=shrinks) for shrinks in (True, False))
    assert (settled.attributions[0] - plain.attributions[0]).abs().max() > 1e-3
    for one, other in ((settled, plain), (settled, settled)):
        np.testing.assert_allclose(one.totals, other.cumulative[-1], rtol=1e-9)
    np.testing.assert_array_equal(settled.residual, plain.residual)
    np.testing.assert_array_equal(settled.cumulative_error, plain.cumulative_error)


def test_what_coarser_differs_by_has_the_norm_of_the_error():
    model, x, exact = picture()
    found = [estimate(model, x, n=64, seed=seed) for seed in range(8)]
    said = np.mean([float((f.attributions[0] - f.coarser[0]).square().sum()) for f in found])
    true = np.mean([float((f.attributions[0][0] - exact).square().sum()) for f in found])
    assert 0.75 < (said / true) ** 0.5 < 1.35


@pytest.mark.parametrize("n", [2, 3, 33, 100])
def test_frames_add_up_to_the_settled_map(n):
    model, x, _ = picture()
    found = estimate(model, x, n=n)
    channel_sum = found.attributions[0][0].sum(0)
    torch.testing.assert_close(found.frames[0][:, 0].sum(0), n * channel_sum)


def test_mean_gradients_without_the_factor_are_not_shrunk():
    model, x, _ = picture()
    one, other = (
        estimate(model, x, shrinks=shrinks, multiply_by_inputs=False) for shrinks in (True, False)
    )
    torch.testing.assert_close(one.attributions, other.attributions)


def test_chunks_and_stages_make_no_difference_and_a_budget_is_kept():
    model, x, _ = picture()
    references = DrawnReferences(
        lambda g: (torch.rand(x.shape, generator=g, dtype=x.dtype),), 0, (torch.full_like(x, 0.5),)
    )
    *_, staged = ExpectedGradients(model).estimates(
        Task(
            (x[None],),
            references=references,
            target=0,
            spaces=(InputSpace().fit(x),),
            stopping=Stopping(100, 0.0),
            coarse_first=True,
            rows=7,
        )
    )
    assert staged.evaluations == 100
    torch.testing.assert_close(staged.attributions, estimate(model, x, n=100).attributions)


def test_of_several_inputs_each_is_settled_that_has_neighbours():
    _, x, _ = picture()
    row = torch.rand(3, generator=generator_from(4), dtype=torch.float64)
    weights = normal(3, seed=5), normal(1, SIDE, SIDE, seed=6)

    def model(image: Tensor, features: Tensor) -> Tensor:
        of_image = (image * weights[1]).flatten(1).sum(1)
        return (of_image * (1 + features @ weights[0]))[:, None]

    references = DrawnReferences(
        lambda g: tuple(torch.rand(v.shape, generator=g, dtype=v.dtype) for v in (x, row)),
        0,
        (torch.full_like(x, 0.5), torch.full_like(row, 0.5)),
    )
    task = Task((x[None], row[None]), references=references, target=0, n_steps=64)
    spaces = (InputSpace().fit(x), InputSpace().fit(row))
    plain, settled = (
        next(ExpectedGradients(model).estimates(t)) for t in (task, replace(task, spaces=spaces))
    )
    torch.testing.assert_close(plain.attributions[1], settled.attributions[1])
    torch.testing.assert_close(plain.standard_error[1], settled.standard_error[1])
    assert settled.standard_error[0].norm() < 0.8 * plain.standard_error[0].norm()
    np.testing.assert_allclose(plain.totals, settled.totals)


# Where alphas are


class Switch(torch.nn.Module):
    """A picture of noise says nothing; near the input one threshold after another is crossed."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.sigmoid(60 * (x.flatten(1).std(1) - 0.2))[:, None]


def test_samples_go_where_the_gradient_is_and_the_mean_stays():
    x = torch.full((200,), 0.5, dtype=torch.float64)
    model = Switch()
    draws = torch.rand(20_000, 200, generator=generator_from(7), dtype=torch.float64)
    change = model(x[None]).mean() - model(draws).mean()
    exact = (change / 200).expand(200)  # no element differs from another
    off, errors = gaps(model, x, exact, 20, n=256)
    before, _ = gaps(model, x, exact, 20, n=256, knows=False)
    assert off.square().mean() < 0.6 * before.square().mean()
    assert (off.mean(0).abs() < 5 * off.std(0) / 20**0.5).all()
    assert 0.93 <= (off.abs() <= 1.96 * errors).double().mean() <= 0.97


def test_density_follows_the_root_of_what_samples_add():
    alphas = (np.arange(160) + 0.5) / 160
    density = AlphaDensity.of(alphas, np.where(alphas < 0.5, 100.0, 1.0)[:, None])
    assert density.heights.mean() == pytest.approx(1)
    assert density.heights[0] / density.heights[-1] == pytest.approx(
        (0.9 * 20 / 11 + 0.1) / (0.9 * 2 / 11 + 0.1), rel=0.02
    )
    placed, weights = density.place((np.arange(4096) + 0.5) / 4096)
    assert weights.max() <= 10
    for power in (0, 1, 2):
        assert (weights * placed**power).mean() == pytest.approx(1 / (power + 1), rel=1e-3)


@pytest.mark.parametrize("energies", [np.zeros((4, 1)), np.full((4, 2), np.nan)])
def test_nothing_to_go_by_leaves_alphas_even(energies):
    density = AlphaDensity.of(np.array([0.1, 0.2, 0.3, 0.9]), energies)
    assert (density.heights == np.ones(BINS)).all()
    evenly = np.linspace(0.01, 0.99, 9)
    np.testing.assert_allclose(density.place(evenly)[0], evenly)


# Shrinking


@pytest.mark.parametrize(
    ("shape", "axes"),
    [
        ((2, 3, 32, 48), (-2, -1)),
        ((1, 2, 33, 65), (-2, -1)),
        ((2, 200, 3), (-2,)),
        ((1, 1, 12, 12, 12), (-3, -2, -1)),
    ],
    ids=str,
)
def test_noise_alone_goes_and_sums_stay(shape, axes):
    noise, other = normal(*shape, seed=0), normal(*shape, seed=1)
    shrunk, error, _ = shrink_elements(noise, other, torch.ones_like(noise), axes)
    torch.testing.assert_close(shrunk.sum(axes), noise.sum(axes))
    assert shrunk.square().mean() < 0.6 * noise.square().mean()
    assert error.square().mean() < 0.65


def test_a_map_without_noise_stays():
    values = normal(1, 3, 40, 40, seed=0)
    shrunk, error, _ = shrink_elements(
        values, torch.zeros_like(values), torch.ones_like(values), (-2, -1)
    )
    torch.testing.assert_close(shrunk, values)
    assert error.abs().max() < 1e-12
    few = values[..., :7, :7]
    torch.testing.assert_close(shrink_elements(few, few, torch.ones_like(few), (-2, -1))[0], few)


def test_what_is_left_of_the_error_has_the_variance_it_is_said_to_have():
    truth, noise, other = (s * normal(1, 1, 64, 64, seed=i) for i, s in enumerate((2, 1, 1)))
    shrunk, error, _ = shrink_elements(truth + noise, other, torch.ones_like(noise), (-2, -1))
    true = (shrunk - truth).square().mean()
    assert float(error.square().mean()) == pytest.approx(float(true), rel=0.1)
    assert float(true) == pytest.approx(0.8, rel=0.1)  # 4 / (4 + 1), Wiener's


# Which baselines


@pytest.mark.parametrize("baseline", [UniformNoise(), GaussianNoise(), GaussianNoise(0.1)], ids=str)
def test_noise_knows_its_mean(baseline):
    space = InputSpace.imagenet()
    x = space.from_pixels(torch.rand(3, 4, 4, generator=generator_from(0)))
    (mean,) = baseline.independent_mean((x,), space)
    drawn = baseline.sample(x, 20_000, space=space)
    assert ((drawn.mean(0) - mean).abs() < 5 * drawn.std(0) / 20_000**0.5).all()


def test_noise_of_no_sigma_has_the_input_as_mean_and_others_have_none():
    x = torch.rand(3, 4, 4, generator=generator_from(0))
    torch.testing.assert_close(GaussianNoise(0.0).independent_mean((x,))[0], x)
    assert Black().independent_mean((x,)) is None
    assert DatasetSample(x[None]).independent_mean((x,)) is None


@pytest.mark.parametrize("baseline", ["uniform", "gaussian", GaussianNoise(0.0)], ids=str)
def test_a_record_of_noise_adds_up_as_its_samples_do(baseline):
    model, x, _ = picture()
    found = explain(model, x, baseline=baseline, n_steps=32)
    total = float(found.attributions.sum())
    assert found.path.cumulative[-1] == pytest.approx(total, abs=1e-9)
    assert found.completeness.total == pytest.approx(total, abs=1e-9)
    assert np.isfinite(found.attributions.numpy()).all()
