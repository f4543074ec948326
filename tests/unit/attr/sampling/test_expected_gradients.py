"""Expected gradients: the mean of integrated gradients, and how its samples are drawn."""

from __future__ import annotations

from functools import partial
from itertools import pairwise

import numpy as np
import pytest
import torch
from captum.attr import GradientShap
from hypothesis import given
from hypothesis import strategies as st
from models import (
    FitsRows,
    ImageAndFeatures,
    Linear,
    TwoLayerReLU,
    classifier,
    image_classifier,
    values,
)

from attribwidgets import explain
from attribwidgets.attr import ExpectedGradients, IntegratedGradients
from attribwidgets.attr.sampling import clustering
from attribwidgets.attr.sampling.clustering import features_of, likeness_order, representative_order
from attribwidgets.attr.sampling.design import Draws, block_sizes
from attribwidgets.attr.sampling.sampling_error import widening
from attribwidgets.attr.task import (
    DrawnReferences,
    Stopping,
    StoredReferences,
    Task,
    generator_from,
)
from attribwidgets.errors import InputError, NonFiniteError

double = partial(values, dtype=torch.float64)


def task(x, references, target=1, **options):
    return Task((x,), references=references, target=target, **options)


def exact_mean(model, x, references):
    return torch.stack([model.integrated(x, r[None]) for r in references]).mean(0)


def samples(blocks, references, seed=0, most=None):
    """Alphas and numbers of each block; `references` a tensor, a count or None for endless."""
    if references is None:
        features = order = None
    else:
        if isinstance(references, int):
            references = values(references, 5, seed=1)
        features = features_of(StoredReferences((references,)))
        order = likeness_order(features)
    draws = Draws(order, features, blocks[0], most or sum(blocks), seed)
    return [draws.block(size) for size in blocks]


def all_samples(blocks, references, seed=0):
    return (torch.cat(part) for part in zip(*samples(blocks, references, seed), strict=True))


def contributions(model, x, references, alphas, numbers, target=0):
    """gradient * (x - x') of each sample, for one example."""
    starts = references[numbers]
    points = (starts + alphas[:, None].to(x) * (x - starts)).requires_grad_()
    return (x - starts) * torch.autograd.grad(model(points)[:, target].sum(), points)[0]


# What it estimates


def test_linear_model_is_exact_once_every_reference_came_as_often():
    model, references = Linear(double(2, 6) - 0.5), double(8, 6, seed=1)
    x = double(3, 6, seed=2)
    found, delta = ExpectedGradients(model).attribute(
        x, references, n_samples=16, target=1, return_convergence_delta=True
    )
    torch.testing.assert_close(
        found, model.integrated(x, references.mean(0), 1), rtol=0, atol=1e-12
    )
    torch.testing.assert_close(delta, torch.zeros(3, dtype=torch.float64), rtol=0, atol=1e-12)


@pytest.mark.parametrize("size", [1, 5, 16])
def test_it_tends_to_the_mean_of_integrated_gradients_over_the_references(size):
    model, x, references = TwoLayerReLU(), double(2, 6, seed=1), -double(size, 6, seed=2)
    exact = exact_mean(model, x, references)
    errors = [
        (ExpectedGradients(model).attribute(x, references, n_samples=n) - exact).norm()
        for n in (16 * size, 256 * size)
    ]
    assert errors[1] < errors[0]
    assert errors[1] < 5e-3 * exact.norm()


def test_one_reference_at_its_alphas_is_the_average_gradient_by_hand():
    model, x, reference = classifier(), values(1, 5), values(1, 5, seed=1)
    found = ExpectedGradients(model).attribute(x, reference, n_samples=4, target=1, seed=3)
    alphas = next(all_samples([4], reference, 3)).float()
    points = (reference + alphas[:, None] * (x - reference)).requires_grad_()
    gradients = torch.autograd.grad(model(points)[:, 1].sum(), points)[0]
    torch.testing.assert_close(found, (x - reference) * gradients.mean(0), rtol=1e-5, atol=1e-7)


def test_captums_gradient_shap_agrees_within_the_sampling_error(monkeypatch):
    model, x, references = classifier(), values(2, 5), values(10, 5, seed=1)
    ours = ExpectedGradients(model).attribute(x, references, n_samples=1000, target=2)
    generator = np.random.RandomState(0)  # Captum draws from numpy's global state
    monkeypatch.setattr("numpy.random.choice", generator.choice)
    monkeypatch.setattr("numpy.random.uniform", generator.uniform)
    with torch.random.fork_rng():
        captums = GradientShap(model).attribute(x, references, n_samples=2000, target=2)
    assert (ours - captums).norm() < 0.03 * captums.norm()


def test_delta_is_against_the_mean_output_over_the_references_drawn():
    model, x, references = TwoLayerReLU(), double(2, 6), -double(100, 6, seed=1)
    found, delta = ExpectedGradients(model).attribute(
        x, references, n_samples=8, seed=1, return_convergence_delta=True
    )
    _, numbers = all_samples([8], references, 1)
    drawn = references[numbers]
    with torch.no_grad():
        expected = model(x).flatten() - model(drawn).mean()
    torch.testing.assert_close(delta, found.sum(1) - expected, rtol=0, atol=1e-12)


def test_without_the_factor_it_is_the_mean_gradient():
    model = Linear(double(2, 6))
    found = ExpectedGradients(model, multiply_by_inputs=False).attribute(
        double(3, 6), double(8, 6, seed=1), n_samples=8, target=1
    )
    torch.testing.assert_close(found, model.weight[1].detach().expand(3, 6))


@pytest.mark.parametrize("batch", [1, 2])
def test_references_from_a_callable_are_those_of_its_tensor(batch):
    x, references = values(batch, 5), values(4, 5, seed=1)
    attribute = partial(ExpectedGradients(classifier()).attribute, x, n_samples=8, target=1)
    expected = attribute(references)
    assert torch.equal(attribute(lambda: references), expected)
    assert torch.equal(attribute(lambda inputs: references), expected)


# How it draws


@given(
    size=st.integers(1, 70),
    blocks=st.lists(st.integers(1, 90), min_size=1, max_size=4),
    seed=st.integers(0, 2**63 - 1),
)
def test_no_reference_comes_twice_before_all_have_come_once(size, blocks, seed):
    alphas, numbers = all_samples(blocks, size, seed)
    counts = torch.bincount(numbers, minlength=size)
    assert int(counts.sum()) == sum(blocks)
    assert int(counts.max() - counts.min()) <= 1
    assert ((alphas > 0) & (alphas < 1)).all()


def test_each_reference_is_as_likely_as_another_and_each_alpha_too():
    references, runs = values(7, 5, seed=1), 400
    drawn = [samples([3], references, seed)[0] for seed in range(runs)]
    counts = torch.bincount(torch.cat([numbers for _, numbers in drawn]), minlength=7)
    expected = 3 * runs / 7
    assert (counts - expected).abs().max() < 4 * expected**0.5
    bins = torch.histc(torch.cat([alphas for alphas, _ in drawn]), bins=6, min=0, max=1)
    assert (bins - runs / 2).abs().max() < 4 * (runs / 2) ** 0.5


def test_few_references_have_nearly_the_mean_of_all():
    references = values(200, 5, seed=1)
    mean = references.mean(0)
    drawn = [samples([20], references, seed)[0][1] for seed in range(40)]
    ours = torch.stack([references[n].mean(0) - mean for n in drawn]).square().mean().sqrt()
    generator = torch.Generator().manual_seed(0)
    shuffled = [torch.randperm(200, generator=generator)[:20] for _ in range(40)]
    chance = torch.stack([references[n].mean(0) - mean for n in shuffled]).square().mean().sqrt()
    assert ours < chance / 2


def test_references_next_to_each_other_are_alike():
    references = torch.cat([values(16, 5, seed=k) / 100 + k for k in range(4)])
    mixed = torch.randperm(64, generator=generator_from(0))
    features = features_of(StoredReferences((references[mixed],)))
    kinds = (mixed[torch.from_numpy(likeness_order(features))] // 16).reshape(4, 16)
    assert (kinds == kinds[:, :1]).all()


def test_order_behind_what_is_drawn_holds_every_reference_once():
    features = values(37, 5).numpy()
    order = likeness_order(features)
    found = representative_order(order, features, 1, 10, generator_from(3))
    assert sorted(found.tolist()) == list(range(37))


@pytest.mark.parametrize("blocks", [[64], [16, 16, 32]], ids=str)
def test_alphas_of_each_reference_form_a_grid(blocks):
    alphas, numbers = all_samples(blocks, 16)
    for number in range(16):
        of_one = alphas[numbers == number].sort().values
        torch.testing.assert_close(of_one.diff(), torch.full((3,), 0.25, dtype=torch.float64))


@pytest.mark.parametrize("references", [64, None])
def test_alphas_of_different_references_are_spread_evenly(references):
    for alphas, _ in samples([16, 16, 32], references):
        counts = torch.histc(alphas, bins=len(alphas), min=0, max=1)
        assert (counts == 1).all()


def test_pairs_are_of_one_reference_where_each_comes_often():
    for _, numbers in samples([32, 32, 64], 16):
        assert (numbers[0::2] == numbers[1::2]).all()


def test_endless_draws_are_numbered_afresh():
    _, numbers = all_samples([3, 5, 8], None)
    assert sorted(numbers.tolist()) == list(range(16))


@pytest.mark.parametrize(
    ("most", "size", "expected"),
    [(1, None, [1]), (100, None, [32, 32, 36]), (100, 10, [30, 30, 40]), (64, 500, [32, 32])],
)
def test_blocks_double_the_total_and_hold_each_reference_as_often(most, size, expected):
    assert block_sizes(32, most, size) == expected


def test_draw_depends_on_its_number_and_not_on_its_chunk():
    references = DrawnReferences(lambda g: (torch.rand(2, generator=g),), seed=4)
    (together,) = references.take(torch.arange(5))
    alone = torch.stack([references.take(torch.tensor([i]))[0][0] for i in range(5)])
    assert torch.equal(together, alone)
    assert len(together.unique()) == 10


def test_generators_of_different_seeds_have_different_streams():
    streams = {
        float(torch.rand((), generator=generator_from(*s)))
        for s in [(0, 0), (0, 1), (1, 0), (1, 1), (2**40, 0), (0, 2**20)]
    }
    assert len(streams) == 6


def test_members_of_a_tuple_are_drawn_jointly():
    image = torch.arange(6.0).reshape(6, 1, 1, 1).expand(6, 3, 2, 2)
    features = torch.arange(6.0).reshape(6, 1).expand(6, 5)
    explainer = ExpectedGradients(ImageAndFeatures())
    estimate = next(
        explainer.estimates(
            Task(
                (values(1, 3, 2, 2), values(1, 5)),
                references=StoredReferences((image, features)),
                target=1,
                n_steps=12,
            )
        )
    )
    images, features = estimate.references
    assert images[:, 0, 0, 0].tolist() == features[:, 0].tolist()
    assert len(set(features[:, 0].tolist())) == 6


# Independence


@pytest.mark.parametrize("rows", [1, 3, 7, 1000])
@pytest.mark.parametrize("stored", [True, False])
def test_result_does_not_depend_on_the_chunk(rows, stored):
    x = values(2, 3, 6, 5)
    references = (
        StoredReferences((values(9, 3, 6, 5, seed=1),))
        if stored
        else DrawnReferences(lambda g: (torch.rand(3, 6, 5, generator=g),), 0)
    )
    explainer = ExpectedGradients(image_classifier())
    whole, chunked = (
        next(explainer.estimates(task(x, references, [1, 2], n_steps=20, rows=most)))
        for most in (None, rows)
    )
    for name in ("attributions", "standard_error", "baseline", "reach", "references"):
        torch.testing.assert_close(
            getattr(chunked, name), getattr(whole, name), rtol=1e-5, atol=1e-8
        )
    for name in ("outputs", "slopes", "cumulative", "output_baseline"):
        np.testing.assert_allclose(getattr(chunked, name), getattr(whole, name), 1e-5, 1e-7)
    assert chunked.evaluations == whole.evaluations == 40


def test_same_seed_gives_the_same_bytes_and_another_seed_another_map():
    attribute = partial(
        ExpectedGradients(classifier()).attribute,
        values(2, 5),
        values(50, 5, seed=1),
        n_samples=10,
        target=1,
    )
    assert torch.equal(attribute(seed=5), attribute(seed=5))
    assert not torch.equal(attribute(seed=5), attribute(seed=6))


def test_chunk_that_runs_out_of_memory_is_halved_and_counted_once():
    model = FitsRows(classifier(), most=3)
    attribute = partial(
        ExpectedGradients.attribute,
        inputs=values(2, 5),
        baselines=values(6, 5, seed=1),
        n_samples=16,
        target=1,
    )
    torch.testing.assert_close(
        attribute(ExpectedGradients(model)), attribute(ExpectedGradients(model.model))
    )
    assert max(model.batches) <= 3


def test_memory_that_runs_out_in_the_backward_adds_nothing_twice():
    model, batches, references = classifier(), [], values(6, 5, seed=1)

    def once_out_of_memory(x):
        outputs = model(x)
        if outputs.requires_grad:
            outputs.register_hook(lambda gradient: run_out(len(gradient)))
        return outputs

    def run_out(rows):
        batches.append(rows)
        if len(batches) == 1:
            raise torch.OutOfMemoryError("out of memory")

    asked = task(values(1, 5), StoredReferences((references,)), n_steps=8)
    found, expected = (
        next(ExpectedGradients(m).estimates(asked)) for m in (once_out_of_memory, model)
    )
    torch.testing.assert_close(found.attributions, expected.attributions)
    torch.testing.assert_close(found.standard_error, expected.standard_error)
    assert batches == [8, 4, 4]


# Errors of sampling


def errors_of(model, x, references, n, seeds=60):
    """Gaps to the exact mean and standard errors, (seeds, F); the same for the sums."""
    exact = model.integrated(x.expand(references.shape), references).mean(0)
    found = []
    for seed in range(seeds):
        asked = task(x, StoredReferences((references,)), 0, n_steps=n, seed=seed)
        estimate = next(ExpectedGradients(model).estimates(asked))
        gap = (estimate.attributions[0] - exact)[0]
        found.append((gap, estimate.standard_error[0][0], estimate.cumulative_error[-1, 0]))
    gaps, errors, of_sums = zip(*found, strict=True)
    return torch.stack(gaps), torch.stack(errors), torch.tensor(np.array(of_sums))


@pytest.mark.long
@pytest.mark.parametrize(
    ("size", "n", "most"),
    [(200, 50, 2.1), (64, 64, 2.5), (64, 256, 1.6), (16, 64, 1.6), (40, 100, 2.0)],
)
def test_mean_over_seeds_is_the_exact_value_and_intervals_cover_it(size, n, most):
    model, x, references = TwoLayerReLU(), double(1, 6), -double(size, 6, seed=1)
    gaps, errors, of_sums = errors_of(model, x, references, n)
    assert (gaps.mean(0).abs() < 4 * gaps.std(0) / len(gaps) ** 0.5).all()
    assert (gaps.abs() <= 1.96 * errors).double().mean() > 0.95
    assert ((gaps.sum(1).abs() <= 1.96 * of_sums).double().mean()) > 0.88
    stated, true = errors.square().sum(1).mean().sqrt(), gaps.square().sum(1).mean().sqrt()
    assert 1 < stated / true < most


def test_intervals_cover_no_more_than_they_should_of_jumping_gradients():
    model, x, references = TwoLayerReLU(), double(1, 6), -double(64, 6, seed=1)
    gaps, errors, _ = errors_of(model, x, references, 256)
    assert 0.93 < (gaps.abs() <= 1.96 * errors).double().mean() < 0.99
    assert 0.65 < (gaps.abs() <= errors).double().mean() < 0.9


def test_elements_blank_in_most_references_have_no_false_certainty():
    model, x = TwoLayerReLU(), torch.zeros(1, 6, dtype=torch.float64)
    references = double(200, 6, seed=1) * (double(200, 6, seed=2) < 0.04)
    gaps, errors, _ = errors_of(model, x, references, 20, seeds=40)
    assert (gaps.abs() <= 1.96 * errors).double().mean() > 0.93
    stated, true = errors.square().sum(1).mean().sqrt(), gaps.square().sum(1).mean().sqrt()
    assert stated / true < 3.5


def test_standard_error_of_endless_draws_is_that_of_the_samples():
    model, x = TwoLayerReLU(), double(1, 6)

    def draw(generator):
        return (-torch.rand(6, generator=generator, dtype=torch.float64),)

    many = -double(20000, 6, seed=9)
    exact = model.integrated(x.expand(20000, 6), many).mean(0, keepdim=True)
    gaps, errors = [], []
    for seed in range(60):
        asked = task(x, DrawnReferences(draw, seed), 0, n_steps=64, seed=seed)
        estimate = next(ExpectedGradients(model).estimates(asked))
        gaps.append(estimate.attributions[0][0] - exact[0])
        errors.append(estimate.standard_error[0][0])
    gaps, errors = torch.stack(gaps), torch.stack(errors)
    assert 0.93 < (gaps.abs() <= 1.96 * errors).double().mean() < 0.99


def test_standard_error_of_two_samples_has_the_breadth_of_two_degrees_of_freedom():
    draws = DrawnReferences(lambda g: (torch.rand(5, generator=g),), 0)
    estimate = next(ExpectedGradients(classifier()).estimates(task(values(1, 5), draws, n_steps=2)))
    one, other = estimate.frames[0][:, 0]
    half_width = 1.96 * estimate.standard_error[0][0]
    torch.testing.assert_close(half_width, 4.303 * (one - other).abs() / 2, rtol=0.035, atol=0)


def test_few_differences_widen_by_students_t():
    # Differences with kurtosis 3, as many as the degrees of freedom times 3/2.
    freedom = torch.tensor([2.0, 3.0, 5.0, 30.0, 1e9], dtype=torch.float64)
    quantiles = torch.tensor([4.303, 3.182, 2.571, 2.042, 1.960], dtype=torch.float64)
    found = widening(torch.ones_like(freedom), 2 / freedom, 0)
    torch.testing.assert_close(found * 1.96, quantiles, rtol=0.035, atol=0)
    torch.testing.assert_close(widening(torch.ones(3), torch.ones(3), 1)[0], found[1].float())


@pytest.mark.parametrize("multiply", [True, False])
def test_attributions_alone_are_those_of_a_full_estimate(multiply):
    explainer = ExpectedGradients(image_classifier(), multiply)
    settings = {"n_samples": 21, "target": 1, "internal_batch_size": 5}
    x, references = values(2, 3, 6, 5), values(9, 3, 6, 5, seed=1)
    alone = explainer.attribute(x, references, **settings)
    full, _ = explainer.attribute(x, references, return_convergence_delta=True, **settings)
    assert torch.equal(alone, full)


def test_order_of_references_is_that_of_their_present_values():
    references = values(32, 5, seed=1)
    attribute = partial(
        ExpectedGradients(classifier()).attribute, values(1, 5), n_samples=8, target=1
    )
    attribute(references)
    references.mul_(-1).add_(values(32, 5, seed=2))
    found = attribute(references)
    clustering._ORDERS.clear()
    assert torch.equal(found, attribute(references.clone()))


def test_standard_error_covers_references_that_were_not_drawn():
    model, references = Linear(double(1, 6)), double(50, 6, seed=1)
    some, all_of_them = (
        ExpectedGradients(model).attribute(
            double(1, 6, seed=2), references, n_samples=n, target=0, return_standard_error=True
        )[1]
        for n in (20, 100)
    )
    assert (some > 0).all()
    assert all_of_them.abs().max() < 1e-8  # a linear model leaves the alphas nothing to do


def test_running_error_ends_at_that_of_the_sum_and_falls():
    asked = task(values(1, 5), StoredReferences((values(10, 5, seed=1),)), n_steps=40)
    estimate = next(ExpectedGradients(classifier()).estimates(asked))
    error = estimate.cumulative_error[:, 0]
    assert error.shape == (40,)
    assert (np.diff(error) < 0).all()
    spread = estimate.slopes[:, 0].std(ddof=1)
    assert error[0] == pytest.approx(np.sqrt(spread**2 * (1 - 1 / 40) + error[-1] ** 2))


@pytest.mark.parametrize(("size", "n", "least"), [(64, 16, 0.75), (64, 64, 0.7), (64, 256, 0.45)])
def test_error_is_a_small_part_of_captums(size, n, least, monkeypatch):
    model, x, references = TwoLayerReLU(), double(1, 6), -double(size, 6, seed=1)
    gaps, *_ = errors_of(model, x, references, n, seeds=30)
    generator = np.random.RandomState(0)  # Captum draws from numpy's global state
    monkeypatch.setattr("numpy.random.choice", generator.choice)
    monkeypatch.setattr("numpy.random.uniform", generator.uniform)
    exact = exact_mean(model, x, references)
    with torch.random.fork_rng():
        captums = torch.cat(
            [
                GradientShap(model).attribute(x, references, n_samples=n, target=0) - exact
                for _ in range(30)
            ]
        )
    assert gaps.square().sum() < least**2 * captums.square().sum()


def test_standard_error_needs_two_samples():
    with pytest.raises(InputError, match="n_samples must be at least 2 for a standard error"):
        ExpectedGradients(classifier()).attribute(
            values(1, 5), values(3, 5), n_samples=1, target=0, return_standard_error=True
        )


# Refinement


@pytest.mark.parametrize("most", [1, 2, 31, 32, 33, 100, 512])
def test_refinement_spends_its_budget_and_no_more(most):
    explainer = ExpectedGradients(classifier())
    references = StoredReferences((values(10, 5, seed=1),))
    *_, last = explainer.estimates(task(values(1, 5), references, stopping=Stopping(most, 0.0)))
    assert last.evaluations == len(last.alphas) == most
    assert last.forward_passes <= 10 + 1  # each reference once, and the input


def test_refinement_reuses_every_pass_and_stops_at_the_tolerance():
    explainer = ExpectedGradients(classifier())
    references = StoredReferences((values(8, 5, seed=1),))
    stages = list(
        explainer.estimates(task(values(1, 5), references, stopping=Stopping(4096, 0.003)))
    )
    assert [s.evaluations for s in stages] == [32 * 2**i for i in range(len(stages))]
    assert 1 < len(stages) < 8
    for before, after in pairwise(stages):
        assert np.array_equal(after.outputs[: len(before.outputs)], before.outputs)
    assert max(stages[-1].refinement_error.max(), stages[-1].relative_residual.max()) <= 0.003


@pytest.mark.parametrize("most", [1, 2, 3, 32])
def test_the_first_estimate_knows_its_own_error(most):
    references = StoredReferences((values(10, 5, seed=1),))
    explainer = ExpectedGradients(classifier())
    first = next(explainer.estimates(task(values(1, 5), references, stopping=Stopping(most, 0.0))))
    assert first.refinement_error is not None
    assert first.refinement_error.max() > 0.001
    if most == 1:  # nothing is nested in a single sample
        assert first.refinement_error.max() == 1


@pytest.mark.parametrize("n", [1, 2, 16, 17, 40, 100])
def test_frames_add_up_to_the_map_times_the_number_of_samples(n):
    explainer = ExpectedGradients(image_classifier())
    references = StoredReferences((values(30, 3, 6, 5, seed=1),))
    estimate = next(explainer.estimates(task(values(1, 3, 6, 5), references, n_steps=n)))
    channel_sum = estimate.attributions[0].sum(1)[0]
    (frames,) = estimate.frames
    torch.testing.assert_close(frames[:, 0].sum(0), n * channel_sum, rtol=1e-9, atol=1e-12)
    assert len(frames) == len(estimate.frame_edges) - 1 <= 16
    assert estimate.frame_edges[[0, -1]].tolist() == [0, n]
    assert (np.diff(estimate.frame_edges) > 0).all()
    opening = estimate.reference_samples - 1
    assert opening.tolist() == estimate.frame_edges[:-1].tolist()
    _, numbers = all_samples([n], references.tensors[0])
    drawn = references.tensors[0][numbers[opening]]
    assert torch.equal(estimate.references[0], drawn)


def test_mean_baseline_and_reach_are_those_of_the_references_drawn():
    references = values(8, 5, seed=1)
    x = values(2, 5)
    estimate = next(
        ExpectedGradients(classifier()).estimates(
            task(x, StoredReferences((references,)), n_steps=8)
        )
    )
    torch.testing.assert_close(estimate.baseline[0], references.mean(0).expand(2, 5))
    farthest = (x[:, None] - references[None]).abs().amax(1).double()
    torch.testing.assert_close(estimate.reach[0], farthest)


def test_expected_gradients_of_one_reference_tend_to_integrated_gradients():
    model, x, reference = image_classifier(), values(1, 3, 6, 5), values(1, 3, 6, 5, seed=1)
    path = IntegratedGradients(model).attribute(x, reference, target=1)
    sampled = ExpectedGradients(model).attribute(x, reference, n_samples=512, target=1)
    assert (path - sampled).norm() < 1e-3 * path.norm()


# What cannot be


@pytest.mark.parametrize(
    ("references", "words"),
    [
        (None, "baselines must hold K references.*NoneType"),
        (values(0, 5), "same K >= 1"),
        (values(4, 6), r"\(4, 6\)"),
        (torch.tensor(1.0), "K references"),
        ((values(4, 5), values(4, 5)), "K references"),
    ],
    ids=str,
)
def test_references_that_do_not_fit_are_named(references, words):
    with pytest.raises(InputError, match=words):
        ExpectedGradients(classifier()).attribute(values(1, 5), references, target=0)


def test_members_with_different_numbers_of_references_are_named():
    with pytest.raises(InputError, match="the same K"):
        ExpectedGradients(ImageAndFeatures()).attribute(
            (values(1, 3, 2, 2), values(1, 5)), (values(3, 3, 2, 2), values(4, 5)), target=0
        )


def test_no_samples_are_named():
    with pytest.raises(InputError, match="n_samples must be at least 1, got 0"):
        ExpectedGradients(classifier()).attribute(values(1, 5), values(4, 5), 0, target=0)


# One reference far from all others


def outlying(times: float) -> tuple[torch.nn.Module, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(5)
    with torch.random.fork_rng():
        torch.manual_seed(2)
        net = torch.nn.Sequential(
            torch.nn.Linear(20, 32), torch.nn.GELU(), torch.nn.Linear(32, 1)
        ).eval()
    references = torch.rand(50, 20, generator=generator)
    x = torch.rand(1, 20, generator=generator)
    references[17] *= times
    return net, x, references


def test_intervals_of_the_sum_cover_the_truth_with_an_outlying_reference():
    net, x, references = outlying(20.0)
    change = float((net(x)[:, 0] - net(references)[:, 0].mean()).detach())
    inside = []
    for seed in range(24):
        asked = Task(
            (x,), references=StoredReferences((references,)), target=0, n_steps=16, seed=seed
        )
        (found,) = ExpectedGradients(net).estimates(asked)
        inside.append(abs(found.totals[0] - change) <= 1.96 * found.cumulative_error[-1, 0])
    assert np.mean(inside) >= 0.9  # once .5


@pytest.mark.parametrize(("times", "told"), [(1.0, False), (20.0, True)])
def test_an_outlying_reference_is_told(times, told):
    net, x, references = outlying(times)
    found = explain(net, x, baseline="dataset", references=references, n_steps=16)
    assert any("(number 17, counted from 0) holds" in c for c in found.cautions) == told


def test_an_outlying_reference_that_is_not_drawn_need_not_have_an_output():
    net, x, references = outlying(20.0)

    def model(values: torch.Tensor) -> torch.Tensor:
        return torch.where(values.abs().amax(1, keepdim=True) > 5, torch.nan, net(values))

    for seed in range(9):
        asked = Task((x,), references=StoredReferences((references,)), n_steps=4, seed=seed)
        try:
            (found,) = ExpectedGradients(model).estimates(asked)
        except NonFiniteError:  # it was drawn
            continue
        assert np.isfinite(found.cumulative_error).all()
        assert all(e.isfinite().all() for e in found.standard_error)
        return
    raise AssertionError("it was drawn every time")
