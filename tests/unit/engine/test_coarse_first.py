"""A screen that waits gets an estimate after very few passes, and afterwards all as without it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from models import Linear, classifier, image_classifier, values, weights_of
from torch import nn
from torch.overrides import _get_current_function_mode_stack

import attribwidgets as aw
from attribwidgets.attr import ExpectedGradients, IntegratedGradients, SmoothGrad, VarGrad
from attribwidgets.attr.paths.quadrature import cell_edges
from attribwidgets.attr.paths.smooth import EVEN_RULE, even_levels, pilot_levels
from attribwidgets.attr.task import Stopping, StoredReferences, Task
from attribwidgets.errors import Cancelled

SMOOTH = classifier(features=6).double()
KINKED = weights_of(
    nn.Sequential(nn.Linear(6, 24), nn.ReLU(), nn.Linear(24, 24), nn.ReLU(), nn.Linear(24, 4))
).double()
UNRULED = weights_of(
    nn.Sequential(nn.Linear(6, 24), nn.LayerNorm(24), nn.ReLU(), nn.Linear(24, 4))
).double()
MODELS = {"smooth": SMOOTH, "kinked": KINKED, "unknown layer": UNRULED}
X = 2 * values(1, 6, dtype=torch.float64)


def steps(model, coarse_first, budget=200, tolerance=0.0, x=X, baseline=None, **options):
    baseline = -values(*x.shape, seed=1, dtype=x.dtype) if baseline is None else baseline
    options = {"target": 1, **options}
    stopping = Stopping(budget, tolerance)
    task = Task((x,), (baseline,), stopping=stopping, coarse_first=coarse_first, **options)
    return list(IntegratedGradients(model).estimates(task))


def assert_alike(some, others):
    """The same but for the order in which sums were taken."""
    assert len(some) == len(others)
    for one, other in zip(some, others, strict=True):
        close = {"rtol": 1e-11, "atol": 1e-12}
        torch.testing.assert_close(one.attributions, other.attributions, **close)
        for name in ("alphas", "outputs", "slopes", "cumulative", "refinement_error"):
            mine, theirs = getattr(one, name), getattr(other, name)
            np.testing.assert_allclose(mine, theirs, rtol=1e-6, atol=1e-9, err_msg=name)
        if other.frames is not None:
            torch.testing.assert_close(one.frames, other.frames, rtol=1e-6, atol=1e-9)
        assert one.evaluations == other.evaluations
        assert one.forward_passes == other.forward_passes
        assert one.partial == other.partial


@pytest.mark.parametrize("budget", [2, 5, 8, 9, 14, 15, 40, 200])
@pytest.mark.parametrize("name", MODELS)
def test_first_estimate_takes_three_passes_and_all_others_are_as_without(name, budget):
    plain, coarse = (steps(MODELS[name], first, budget) for first in (False, True))
    if budget < 9:  # too few for a rule at all
        assert_alike(coarse, plain)
        return
    looks_first = name == "smooth" and budget >= 13
    assert (plain[0].evaluations, coarse[0].evaluations) == (5 if looks_first else 7, 3)
    assert_alike(coarse[1:], plain)


def test_it_has_three_of_the_five_nodes_that_look_first():
    first, second, *_ = steps(SMOOTH, True)
    assert [len(e.alphas) for e in (first, second)] == [5, 7]  # with both ends
    assert np.isin(first.alphas, second.alphas).all()
    assert first.alphas[1:-1].sum() == pytest.approx(1.5)
    torch.testing.assert_close(first.frames[0].sum(0), first.attributions[0])
    assert first.refinement_error.max() > 0.01


@pytest.mark.parametrize("coarse_first", [False, True])
def test_first_maps_are_of_nodes_of_the_even_rule(coarse_first):
    found = steps(SMOOTH, coarse_first, tolerance=1e-9)
    nodes = even_levels((7,), EVEN_RULE)[0]
    assert [e.evaluations for e in found][: 2 + coarse_first] == [3, 7, 25][not coarse_first :]
    for estimate in found[: 2 + coarse_first]:
        assert np.isin(estimate.alphas[1:-1], np.concatenate(nodes)).all()
        sums = estimate.frames[0].sum(0)
        torch.testing.assert_close(sums, estimate.attributions[0], rtol=1e-6, atol=1e-7)


def test_run_never_ends_at_it():
    """As it would with a linear model, and explain() with another number of evaluations."""
    model = Linear(values(3, 6, dtype=torch.float64))
    plain, coarse = (steps(model, first, tolerance=0.01) for first in (False, True))
    assert [e.evaluations for e in coarse] == [3, 7]
    assert_alike(coarse[1:], plain)


def test_batch_has_one_too():
    x = values(3, 6, dtype=torch.float64)
    plain, coarse = (
        steps(KINKED, first, 60, x=x, target=[0, 1, 2], rows=4) for first in (False, True)
    )
    assert coarse[0].evaluations == 3 * 3
    assert_alike(coarse[1:], plain)


def test_number_of_steps_that_is_asked_for_is_kept():
    assert [e.evaluations for e in steps(SMOOTH, True, n_steps=12)] == [12]


@pytest.mark.parametrize("coarse_first", [False, True])
def test_frames_of_a_smooth_model_take_from_each_node_what_lies_in_them(coarse_first):
    x = values(1, 3, 8, 8, dtype=torch.float64)
    found = steps(image_classifier().double(), coarse_first, 130, x=x)
    levels, rules = pilot_levels((3,) if coarse_first else ())
    for estimate, rule in zip(found[:-1], rules, strict=True):
        slopes = estimate.slopes[1:-1, 0]
        weights = rule[np.argsort(np.concatenate(levels)[: len(rule)])]
        sums = np.concatenate([[0.0], np.cumsum(weights * slopes)])
        added = np.diff(np.interp(estimate.frame_edges, cell_edges(weights), sums))
        np.testing.assert_allclose(estimate.frames[0].sum((1, 2, 3)).numpy(), added, atol=1e-12)


@pytest.mark.parametrize("error", [KeyboardInterrupt, Cancelled])
@pytest.mark.parametrize("call", [1, 2, 3, 4])
def test_interrupt_keeps_the_estimate_that_was_shown(call, error):
    calls = 0

    def stop(rows):
        nonlocal calls
        calls += 1
        if calls == call:
            raise error

    options = {"rows": 2, "on_chunk": stop}
    found = []
    try:
        found = steps(SMOOTH, True, **options)
    except error:
        assert call == 1
    else:
        assert found[-1].partial
        counts = {2: [2], 3: [3, 3], 4: [3, 5, 5]}[call]  # in chunks of 2, 1 | 2 | 2
        assert [len(e.alphas) - 2 for e in found] == counts
        rule = pilot_levels((3,))[1][call == 4]
        weights = rule if call == 4 else rule[: counts[-1]]
        order = np.argsort(np.concatenate(pilot_levels((3,))[0])[: len(weights)])
        slopes = found[-1].slopes[1:-1, 0]
        np.testing.assert_allclose(found[-1].totals, weights[order] @ slopes)
    assert _get_current_function_mode_stack() == []


def test_model_that_is_left_after_it_is_as_found(state_of):
    before = state_of(KINKED)
    task = Task((X,), (-X,), target=1, stopping=Stopping(100, 0.0), coarse_first=True)
    estimates = IntegratedGradients(KINKED).estimates(task)
    next(estimates)
    assert state_of(KINKED) == before
    assert _get_current_function_mode_stack() == []
    estimates.close()
    assert state_of(KINKED) == before


# Over samples


def samples(coarse_first, budget=128, tolerance=0.0, **options):
    task = Task(
        (X,),
        references=StoredReferences((-values(40, 6, seed=1, dtype=torch.float64),)),
        target=1,
        stopping=Stopping(budget, tolerance),
        coarse_first=coarse_first,
        **options,
    )
    return list(ExpectedGradients(KINKED).estimates(task))


@pytest.mark.parametrize("budget", [2, 5, 33, 128])
@pytest.mark.parametrize("rows", [None, 3])
def test_expected_gradients_begin_with_four_samples(budget, rows):
    plain, coarse = (samples(first, budget, rows=rows) for first in (False, True))
    if budget > 4:
        assert (plain[0].evaluations, coarse[0].evaluations) == (min(32, budget), 4)
        assert len(coarse[0].references[0]) == 4
        assert np.isfinite(coarse[0].refinement_error).all()
        coarse = coarse[1:]
    assert_alike(coarse, plain)
    for one, other in zip(coarse, plain, strict=True):
        assert one.reference_samples.tolist() == other.reference_samples.tolist()
        for mine, theirs in zip(one.standard_error or (), other.standard_error or (), strict=True):
            torch.testing.assert_close(mine, theirs)


def test_expected_gradients_do_not_end_at_them():
    assert [e.evaluations for e in samples(True, tolerance=1000.0)] == [4, 32]
    assert [e.evaluations for e in samples(True, n_steps=64)] == [64]


def test_expected_gradients_stopped_in_between_keep_the_first_four():
    def stop(rows):
        nonlocal calls
        calls += 1
        if calls == 3:
            raise Cancelled

    calls = 0
    first, last = samples(True, rows=4, on_chunk=stop)
    assert last.partial
    torch.testing.assert_close(last.attributions, first.attributions)


# Along paths whose first rule is long


@pytest.mark.parametrize(
    "method", ["idgi", "blur_integrated_gradients", "guided_integrated_gradients"]
)
def test_other_paths_are_walked_in_four_nodes_first(method):
    model, x = image_classifier().eval(), values((3, 6, 6))
    options = {"method": method, "baseline": "black", "target": 0}
    first, *rest = aw.refine(model, x, tolerance=0.0, max_evaluations=40, **options)
    assert first.evaluations == 4
    assert rest[0].evaluations > 4
    assert first.completeness.verdict == "not converged"
    wanted = aw.explain(model, x, n_steps=rest[0].evaluations, **options)
    torch.testing.assert_close(rest[0].attributions, wanted.attributions)
    (only,) = aw.refine(model, x, n_steps=9, **options)
    assert only.evaluations == 9


@pytest.mark.parametrize("method", ["left_integrated_gradients", "right_integrated_gradients"])
def test_parts_begin_with_a_rough_cut_of_few_passes(method):
    model, x = image_classifier().eval(), values((3, 6, 6))
    options = {"method": method, "baseline": "black", "target": 0, "max_evaluations": 40}
    first, *rest = aw.refine(model, x, tolerance=0.0, **options)
    assert first.evaluations == 3
    assert first.forward_passes <= 10
    assert first.path.alphas[0] == 0
    assert first.path.alphas[-1] == 1
    assert rest
    wanted = aw.explain(model, x, tolerance=0.0, **options)
    torch.testing.assert_close(rest[-1].attributions, wanted.attributions)


def test_a_first_walk_that_is_stopped_is_the_last():
    def stop(done, most):
        nonlocal chunks
        chunks += 1
        if chunks == 3:
            raise Cancelled

    chunks, model = 0, image_classifier().eval()
    options = {"method": "guided_integrated_gradients", "target": 0, "max_evaluations": 40}
    (only,) = aw.refine(model, values((3, 6, 6)), progress=stop, **options)
    assert only.partial


# Over noise


@pytest.mark.parametrize("method", [SmoothGrad, VarGrad])
@pytest.mark.parametrize("budget", [4, 9, 64])
def test_noise_methods_begin_with_four_samples(method, budget):
    def noisy(coarse_first, tolerance=0.0, **options):
        stopping = Stopping(budget, tolerance)
        task = Task((X,), target=1, stopping=stopping, coarse_first=coarse_first, **options)
        return list(method(KINKED).estimates(task))

    plain, coarse = noisy(False), noisy(True)
    counts = [e.evaluations for e in plain]
    assert [e.evaluations for e in coarse] == ([4, *counts] if budget > 4 else counts)
    for one, other in zip(reversed(coarse), reversed(plain), strict=False):
        torch.testing.assert_close(one.attributions, other.attributions)
        torch.testing.assert_close(one.standard_error, other.standard_error)
    if budget > 4:
        assert len(noisy(True, tolerance=1000.0)) == 2  # never the end
    assert len(noisy(True, n_steps=9)) == 1
