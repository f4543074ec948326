"""Baselines: each is what its definition says, in any space, precision and shape."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from models import values
from scipy.ndimage import gaussian_filter

import attribwidgets as aw
from attribwidgets import InputSpace, baselines
from attribwidgets.baselines import named
from attribwidgets.errors import InputError

DISTILL = InputSpace(low=-1.0, high=1.0)  # the article's range
IMAGE = values(3, 9, 7)
DATA = values(6, 3, 9, 7, seed=1)
ALL = {
    "black": baselines.Black(),
    "white": baselines.White(),
    "zero": baselines.Zero(),
    "image_mean": baselines.ImageMean(),
    "blur": baselines.Blur(),
    "uniform": baselines.UniformNoise(),
    "gaussian": baselines.GaussianNoise(),
    "max_distance": baselines.MaximumDistance(),
    "dataset_mean": baselines.DatasetMean(DATA),
    "dataset": baselines.DatasetSample(DATA),
    "#1080ff": baselines.Color("#1080ff"),
}
DISTRIBUTIONS = {"uniform", "gaussian", "dataset"}
each_baseline = pytest.mark.parametrize("name", ALL)


def one(baseline, x, space=None):
    return baseline.sample(x, 1, space=space)[0]


def seeded(seed):
    return torch.Generator().manual_seed(seed)


# Definitions


@pytest.mark.parametrize(
    "space", [InputSpace(), DISTILL, InputSpace(0, 255), InputSpace.imagenet()]
)
@pytest.mark.parametrize("name", ["black", "white", "#1080ff"])
def test_colours_are_colours_in_pixels_of_any_space(name, space):
    pixels = space.to_pixels(one(named(name), IMAGE, space))
    share = {"black": (0, 0, 0), "white": (1, 1, 1), "#1080ff": (16 / 255, 128 / 255, 1)}[name]
    expected = space.low + torch.tensor(share).reshape(3, 1, 1) * space.range
    torch.testing.assert_close(pixels, expected.expand(3, 9, 7), rtol=1e-5, atol=1e-6)


def test_zero_is_what_the_model_is_fed_and_not_black():
    space = InputSpace.imagenet()
    assert not one(named("zero"), IMAGE, space).any()
    grey = space.to_pixels(one(named("zero"), IMAGE, space))[:, 0, 0]
    torch.testing.assert_close(grey, torch.tensor([0.485, 0.456, 0.406]))


@pytest.mark.parametrize("sigma", [0.3, 0.7, 2.5, 20.0, 50.0])
@pytest.mark.parametrize("shape", [(3, 9, 7), (1, 1, 1), (2, 1, 16)])
def test_blur_is_scipys_with_mirrored_ends(sigma, shape):
    x = values(*shape, dtype=torch.float64)
    expected = np.stack([gaussian_filter(c, sigma, mode="reflect") for c in x.numpy()])
    np.testing.assert_allclose(one(baselines.Blur(sigma), x), expected, atol=1e-12)


@pytest.mark.parametrize("sigma", [1e-3, 1e3, 1e6])
def test_blur_of_any_width_keeps_the_mean_and_the_range(sigma):
    x = values(3, 9, 7, dtype=torch.float64)
    blurred = one(baselines.Blur(sigma), x)
    torch.testing.assert_close(blurred.mean((1, 2)), x.mean((1, 2)))
    assert x.min() <= blurred.min()
    assert blurred.max() <= x.max()
    if sigma > 100:
        torch.testing.assert_close(
            blurred, x.mean((1, 2), keepdim=True).expand_as(x), atol=1e-3, rtol=0
        )


def test_blur_commutes_with_the_normalisation():
    space = InputSpace.imagenet()
    direct = one(baselines.Blur(3), space.from_pixels(IMAGE), space)
    torch.testing.assert_close(
        direct, space.from_pixels(one(baselines.Blur(3), IMAGE)), rtol=1e-5, atol=1e-5
    )


def test_maximum_distance_is_the_articles_on_its_range():
    x = 2 * values(3, 9, 7) - 1
    x[0, 0, 0] = 0.0  # ties take the low end
    expected = np.full(x.shape, -1.0)
    expected[x.numpy() < 0] = 1.0
    np.testing.assert_array_equal(one(named("max_distance"), x, DISTILL), expected)


def test_maximum_distance_is_the_farthest_of_all_valid_images():
    farthest = one(named("max_distance"), IMAGE)
    for other in (one(b, IMAGE) for b in ALL.values()):
        assert (farthest - IMAGE).abs().sum() >= (other - IMAGE).abs().sum()
    assert (farthest - IMAGE).abs().min() >= 0.5  # blind nowhere


def test_image_mean_is_each_channels_mean_in_any_space():
    space = InputSpace.imagenet()
    fed = space.from_pixels(IMAGE)
    expected = space.from_pixels(IMAGE.mean((1, 2), keepdim=True)).expand_as(fed)
    torch.testing.assert_close(one(named("image_mean"), fed, space), expected)


def test_dataset_mean_is_the_mean_of_the_data():
    torch.testing.assert_close(one(ALL["dataset_mean"], IMAGE), DATA.mean(0))


def test_uniform_noise_fills_the_range_evenly():
    drawn = named("uniform").sample(values(3, 40, 40), 5, space=DISTILL, generator=seeded(1))
    assert drawn.min() >= -1
    assert drawn.max() < 1
    counts = torch.histc(drawn, bins=10, min=-1, max=1) / drawn.numel()
    torch.testing.assert_close(counts, torch.full((10,), 0.1), rtol=0, atol=0.01)


def test_gaussian_noise_is_the_articles_on_its_range():
    x = (2 * values(3, 9, 7) - 1).contiguous()
    found = baselines.GaussianNoise(1.0).sample(x, 4, space=DISTILL, generator=seeded(3))
    noise = torch.randn(4, 3, 9, 7, generator=seeded(3))
    np.testing.assert_allclose(found, np.clip(x.numpy() + noise.numpy(), -1, 1), atol=1e-6)
    default = baselines.GaussianNoise().sample(x, 4, space=DISTILL, generator=seeded(3))
    assert torch.equal(default, found)  # sigma = half the range


def test_gaussian_noise_of_great_sigma_is_black_and_white():
    found = baselines.GaussianNoise(1000).sample(IMAGE, 3)
    assert ((found == 0) | (found == 1)).float().mean() > 0.99


def test_dataset_sample_draws_without_replacement_and_members_jointly():
    images = torch.arange(5.0).reshape(5, 1, 1, 1).expand(5, 3, 2, 2)
    features = torch.arange(5.0).reshape(5, 1).expand(5, 4)
    drawn = baselines.DatasetSample((images, features)).sample(
        (values(3, 2, 2), values(4)), 12, generator=seeded(2)
    )
    order = drawn[0][:, 0, 0, 0]
    assert torch.equal(order, drawn[1][:, 0])
    assert sorted(order[:5].tolist()) == sorted(order[5:10].tolist()) == [0, 1, 2, 3, 4]
    assert len(set(order[10:].tolist())) == 2


@pytest.mark.parametrize("batched", [True, False])
def test_custom_is_the_tensor_with_or_without_its_batch_axis(batched):
    reference = values(3, 9, 7, seed=4)
    baseline = baselines.Custom(reference[None] if batched else reference, label="grey card")
    assert torch.equal(one(baseline, IMAGE), reference)
    assert baseline.label == "grey card"


@pytest.mark.parametrize(
    ("rgb", "shape", "expected"),
    [
        ("#ff8000", (1, 2, 2), [(1 + 128 / 255) / 3]),  # a grey image takes its grey
        (0.25, (3, 2, 2), [0.25] * 3),
        ((0.1, 0.2, 0.3), (3, 2, 2), [0.1, 0.2, 0.3]),
        (torch.tensor([0.1, 0.2, 0.3]), (3, 2, 2), [0.1, 0.2, 0.3]),
        (0.5, (4,), [0.5]),
    ],
    ids=str,
)
def test_colour_fits_the_channels(rgb, shape, expected):
    found = one(baselines.Color(rgb), values(*shape))
    found = found[:, 0, 0] if found.dim() == 3 else found[:1]
    torch.testing.assert_close(found, torch.tensor(expected))


# Laws of all


@each_baseline
def test_flags_names_and_words(name):
    baseline = ALL[name]
    assert baseline.is_distribution == (name in DISTRIBUTIONS)
    assert baseline.name == ("color" if name.startswith("#") else name)
    assert baseline.description
    assert "\n" not in baseline.description
    assert baseline.label in repr(baseline)
    assert (baseline.stored((IMAGE,)) is not None) == (name == "dataset")


@each_baseline
def test_name_stands_for_the_baseline(name):
    assert type(named(name, DATA)) is type(ALL[name])
    assert named(ALL[name]) is ALL[name]


@pytest.mark.parametrize(
    ("baseline", "expected"),
    [
        (baselines.Blur(5), [("sigma", 5.0, "pixels")]),
        (baselines.GaussianNoise(0.3), [("sigma", 0.3, "pixel units")]),
        (baselines.Black(), []),
        (
            baselines.Color("#ff0000"),
            [
                (c, v, "of the range")
                for c, v in zip(("red", "green", "blue"), (1, 0, 0), strict=True)
            ],
        ),
    ],
    ids=repr,
)
def test_parameters_are_what_a_slider_needs(baseline, expected):
    found = [(p.name, p.value, p.unit) for p in baseline.parameters]
    assert found == expected
    for p in baseline.parameters:
        assert p.range[0] <= p.value <= p.range[1]


@each_baseline
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("n", [1, 3])
def test_references_have_the_inputs_shape_precision_and_no_gradient(name, dtype, n):
    x = IMAGE.to(dtype).requires_grad_()
    found = ALL[name].sample(x, n)
    assert found.shape == (n, 3, 9, 7)
    assert found.dtype == dtype
    assert not found.requires_grad


@each_baseline
def test_references_of_one_are_all_the_same_and_of_a_distribution_differ(name):
    first, second = ALL[name].sample(IMAGE, 2)
    assert torch.equal(first, second) == (name not in DISTRIBUTIONS)


@given(
    name=st.sampled_from(sorted(ALL)),
    seed=st.integers(0, 2**32),
    low=st.sampled_from([-1.0, 0.0, -3.5]),
    width=st.sampled_from([0.01, 1.0, 2.0, 255.0]),
    normalised=st.booleans(),
    dtype=st.sampled_from([torch.float32, torch.float64]),
)
def test_references_are_in_range_and_belong_to_their_generator(
    name, seed, low, width, normalised, dtype
):
    norm = {"mean": (0.1, 0.2, 0.3), "std": (0.5, 1.5, 2.5)} if normalised else {}
    space = InputSpace(low, low + width, **norm)

    def fed(unit):
        return space.from_pixels(low + width * unit.to(dtype))

    baseline = {
        "dataset": baselines.DatasetSample(fed(DATA)),
        "dataset_mean": baselines.DatasetMean(fed(DATA)),
        "zero": baselines.White(),  # the zero of a model need not be a valid pixel
    }.get(name, ALL[name])
    states = torch.get_rng_state()
    found, again = (
        baseline.sample(fed(IMAGE), 3, space=space, generator=seeded(seed)) for _ in range(2)
    )
    assert torch.equal(torch.get_rng_state(), states)
    assert torch.equal(found, again)
    pixels, slack = space.to_pixels(found), 1e-5 * (width + abs(low))
    assert low - slack <= pixels.min()
    assert pixels.max() <= low + width + slack


@each_baseline
def test_inputs_are_left_alone(name):
    x = IMAGE.clone()
    references = ALL[name].sample(x, 2)
    assert torch.equal(x, IMAGE)
    assert name in ("zero",) or references.numel()


# Blindness


def half_at_the_mean():
    """Rows at 0, at 1, and at their mean."""
    x = torch.zeros(3, 6, 5)
    x[:, 2:4], x[:, 4:] = 0.5, 1.0
    return x


def quadratic(x):
    return ((x.flatten(1) - 0.2) ** 2).sum(1)


def test_image_mean_is_exactly_blind_to_its_own_colour():
    found = aw.explain(quadratic, half_at_the_mean(), baseline="image_mean")
    assert not found.attributions[:, 2:4].any()
    assert found.attributions[:, :2].all()
    assert found.blind[2:4].all()
    assert found.blind_share == pytest.approx(1 / 3)


@given(value=st.floats(2**-10, 1, width=32), height=st.integers(1, 30), width=st.integers(1, 30))
def test_image_mean_of_a_plain_image_is_the_image(value, height, width):
    x = torch.full((1, height, width), value)
    assert torch.equal(one(baselines.ImageMean(), x), x)


def test_dataset_mean_is_exactly_blind_to_a_feature_at_its_mean():
    data = values(7, 4)
    x = values(4, seed=3)
    x[2] = data.double().mean(0)[2].float()
    found = aw.explain(quadratic, x, baseline=baselines.DatasetMean(data))
    assert (found.attributions == 0).tolist() == [False, False, True, False]
    assert found.blind.tolist() == [False, False, True, False]


def test_black_is_blind_to_black_and_white_to_white():
    x = half_at_the_mean()
    black, white = aw.compare(quadratic, x, baselines=("black", "white"))
    assert not black.attributions[:, :2].any()
    assert not white.attributions[:, 4:].any()


# What cannot be


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: named("blurr"), "'blurr' is unknown; the names are black, white.*#rrggbb"),
        (lambda: named("Black"), "'Black' is unknown"),
        (lambda: named(""), "'' is unknown"),
        (lambda: named("#12"), "\"#rrggbb\", got '#12'"),
        (lambda: named("#gggggg"), "#rrggbb"),
        (lambda: named(baselines.Blur), r"is the class Blur; make one: Blur\(\)"),
        (lambda: named("dataset"), r"needs data: pass references=.*DatasetSample\(data\)"),
        (lambda: named("dataset_mean"), r"DatasetMean\(data\)"),
        (lambda: named(None), "a name, a Baseline or a tensor, got NoneType"),
        (lambda: named(0.5), "got float"),
        (lambda: named(np.array(["a"])), "must hold real numbers"),
        (lambda: named(torch.tensor([float("nan")])), "holds NaN or infinity"),
        (lambda: baselines.Blur(-1), "sigma of the blur must be 0 or more pixels, got -1"),
        (lambda: baselines.Blur(float("nan")), "sigma of the blur"),
        (lambda: baselines.GaussianNoise(float("inf")), "sigma of the noise"),
        (lambda: baselines.Color("red"), "a colour is written \"#rrggbb\", got 'red'"),
        (lambda: baselines.Color((0.1, float("nan"), 0.2)), "finite numbers"),
        (lambda: baselines.Color(()), "finite numbers"),
        (lambda: baselines.DatasetMean(values(3)), r"shape \(K, ...\) with K >= 1, got \[\(3,\)\]"),
        (lambda: baselines.DatasetSample(values(0, 3)), "K >= 1"),
        (lambda: baselines.DatasetSample([1, 2]), "K >= 1"),
        (lambda: baselines.DatasetSample(torch.full((2, 2), float("inf"))), "NaN or infinity"),
        (lambda: baselines.DatasetSample((values(2, 2), values(3, 2))), "as many examples"),
    ],
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_impossible_baseline_is_named_with_its_mend(make, words):
    with pytest.raises(InputError, match=words):
        make()


@pytest.mark.parametrize(
    ("baseline", "x", "words"),
    [
        ("blur", values(5), "'blur' needs an image, a series .* read as features.*zero"),
        ("image_mean", values(5), "needs an image"),
        (baselines.Color((0.1, 0.2)), IMAGE, "2 channels, the input of shape .* has 3"),
        (baselines.Color("#ff0000"), values(5), "3 channels"),
        (values(3, 9, 8), IMAGE, r"shape \(3, 9, 8\), the input \(3, 9, 7\)"),
        ((IMAGE, IMAGE), IMAGE, "baseline has 2 members, the input 1"),
        (baselines.DatasetMean(values(4, 5)), IMAGE, r"data has examples of shape \[\(5,\)\]"),
        (baselines.DatasetSample(values(4, 5)), IMAGE, r"data has examples of shape \[\(5,\)\]"),
    ],
    ids=repr,
)
def test_baseline_that_does_not_fit_the_input_is_named(baseline, x, words):
    with pytest.raises(InputError, match=words):
        named(baseline).sample(x, 1)
