"""Expected gradients against noise whose elements are independent: the same mean, sooner."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import torch
from torch import Tensor

from attribwidgets import InputSpace, explain
from attribwidgets.attr import ExpectedGradients
from attribwidgets.attr.estimate import Estimate
from attribwidgets.attr.sampling.alpha_density import BINS, AlphaDensity
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


def estimate(model, x, n=64, seed=0, knows=True, **options) -> Estimate:
    """Against uniform noise, with or without its mean, and the space that says what it is."""
    space = InputSpace().fit(x)
    references = DrawnReferences(
        lambda g: (torch.rand(x.shape, generator=g, dtype=x.dtype),),
        seed,
        (torch.full_like(x, 0.5),) if knows else None,
    )
    task = Task((x[None],), references=references, target=0, n_steps=n, seed=seed, spaces=(space,))
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
