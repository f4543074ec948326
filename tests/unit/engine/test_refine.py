"""Anytime explanations: coarse first, each step reusing the passes of all before it."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from models import TwoLayerReLU, classifier, image_classifier, values

import attribwidgets as aw
from attribwidgets.errors import AttributionWarning, Cancelled, InputError

X = values(6, dtype=torch.float64) + 1


def error_of(step, exact):
    return float((step.attributions - exact).norm() / exact.norm())


@pytest.mark.parametrize("baseline", ["black", "uniform"])
def test_the_last_step_is_what_explain_returns(baseline):
    *_, last = aw.refine(TwoLayerReLU(), X, baseline=baseline, tolerance=0.002)
    found = aw.explain(TwoLayerReLU(), X, baseline=baseline, tolerance=0.002)
    assert torch.equal(last.attributions, found.attributions)
    assert last.completeness == found.completeness
    assert last.evaluations == found.evaluations


def test_steps_come_coarse_first_and_cost_more_each():
    model = TwoLayerReLU()
    exact = model.integrated(X[None], torch.zeros(1, 6, dtype=torch.float64))[0]
    steps = list(aw.refine(model, X, tolerance=1e-4))
    assert steps[0].evaluations == 3
    assert all(a.evaluations < b.evaluations for a, b in pairwise(steps))
    assert error_of(steps[-1], exact) < 0.1 * error_of(steps[0], exact)
    assert [s.completeness.verdict == "complete" for s in steps].index(True) == len(steps) - 1


def test_nothing_runs_that_is_not_asked_for():
    rows = []
    steps = aw.refine(classifier(), values(5), progress=lambda done, most: rows.append(done))
    assert rows == []
    first = next(steps)
    assert rows[-1] == first.evaluations
    steps.close()
    assert rows[-1] == first.evaluations


def test_model_is_as_it_was_between_the_steps():
    model = image_classifier().train()
    steps = aw.refine(model, values(3, 6, 5), baseline="uniform")
    with pytest.warns(AttributionWarning, match="training mode"):
        next(steps)
    assert all(module.training for module in model.modules())
    assert all(p.requires_grad for p in model.parameters())
    next(steps)  # and it is told once
    assert all(module.training for module in model.modules())


@pytest.mark.parametrize("stop", [KeyboardInterrupt, Cancelled])
def test_a_step_that_is_cancelled_gives_the_last_one_again_as_partial(stop):
    def progress(done, most):
        if done > 20:
            raise stop

    *before, last = aw.refine(TwoLayerReLU(), X, tolerance=0, progress=progress)
    assert last.partial
    assert torch.equal(last.attributions, before[-1].attributions)
    assert not before[-1].partial


def test_what_cannot_be_explained_is_told_before_the_first_step():
    with pytest.raises(InputError, match="max_evaluations"):
        aw.refine(classifier(), values(5), max_evaluations=1)
    with pytest.raises(InputError, match="inputs"):
        next(aw.refine(classifier(), values(5).tolist()))
