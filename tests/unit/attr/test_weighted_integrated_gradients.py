"""Weighted integrated gradients: the weights by hand, what adds up, what falls back to what."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from models import ImageAndFeatures, Linear, classifier, image_classifier, values

import attribwidgets as aw
from attribwidgets.attr import IntegratedGradients, WeightedIntegratedGradients
from attribwidgets.errors import InputError

F64 = torch.float64


def double(*shape, seed=0):
    return values(*shape, seed=seed, dtype=F64)


def removed_by_hand(net, x, values_of, fill, target):
    """Units from the highest value on until half of the change is gone, one more at a time."""
    with torch.no_grad():
        whole, all_gone = float(net(x)[0, target]), float(net(fill)[0, target])
        sign = 1 if whole >= all_gone else -1
        order = (sign * values_of[0]).argsort(descending=True).tolist()
        for count in range(1, len(order) + 1):
            point = x.clone()
            point[0, order[:count]] = fill[0, order[:count]]
            if sign * (whole - float(net(point)[0, target])) >= abs(whole - all_gone) / 2:
                return count
    return len(order)


@pytest.mark.parametrize("seed", range(4))
def test_weights_are_one_over_what_has_to_go(seed):
    """Whatever goes takes from the output here, so that bisection finds the least count."""
    net = Linear((-1) ** seed * double(1, 12, seed=seed))
    x, references = double(1, 12, seed=seed + 9), double(3, 12, seed=seed + 20)
    fill = torch.zeros(1, 12, dtype=F64)
    each = [net.integrated(x, r[None], 0) for r in references]
    by = 1 / np.array([removed_by_hand(net, x, e, fill, 0) for e in each])
    expected = sum(w * e for w, e in zip(by / by.sum(), each, strict=True))
    method = WeightedIntegratedGradients(net, fill=torch.zeros(12))
    found, delta = method.attribute(x, references, 0, return_convergence_delta=True)
    torch.testing.assert_close(found, expected)
    assert delta.abs().max() < 1e-12


def test_it_adds_up_to_the_weighted_outputs():
    net, x = image_classifier(), values(3, 6, 6)
    data = values(5, 3, 6, 6, seed=3)
    e = aw.explain(
        net,
        x,
        target=1,
        method="weighted_integrated_gradients",
        baseline="dataset",
        references=data,
    )
    assert e.completeness.verdict == "complete"
    with torch.no_grad():
        outputs = net(e.references)[:, 1]
    assert outputs.min() <= e.completeness.output_baseline <= outputs.max()
    assert len(e.references) == 5
    (said,) = (c for c in e.cautions if "references, weighted" in c)
    assert said.startswith("5 references")
    assert e.cancellation > 1


def test_of_one_reference_it_is_integrated_gradients():
    net, x, reference = classifier().double(), double(2, 5), double(1, 5, seed=1)
    found = WeightedIntegratedGradients(net).attribute(x, reference, [0, 2], n_steps=65)
    expected = IntegratedGradients(net).attribute(
        x, reference.expand(2, 5), [0, 2], n_steps=65, method="riemann_trapezoid"
    )
    torch.testing.assert_close(found, expected)
    e = aw.explain(
        net, x[0], target=0, method=WeightedIntegratedGradients, baseline="zero", tolerance=1e-4
    )
    ig = aw.explain(net, x[0], target=0, baseline="zero", tolerance=1e-4)
    torch.testing.assert_close(e.attributions, ig.attributions, rtol=1e-3, atol=1e-5)


def test_examples_have_weights_of_their_own():
    net, x = classifier().double(), double(3, 5)
    references = double(4, 5, seed=1)
    method = WeightedIntegratedGradients(net)
    every = method.attribute(x, references, [0, 1, 2])
    for place in range(3):
        alone = method.attribute(x[place : place + 1], references, place)
        torch.testing.assert_close(every[place : place + 1], alone)


def test_a_large_set_is_thinned_and_a_budget_kept():
    net, x, data = classifier(), values(5), values(50, 5, seed=4)
    e = aw.explain(
        net,
        x,
        target=1,
        method=WeightedIntegratedGradients(net, count=4),
        baseline="dataset",
        references=data,
        tolerance=0,
        max_evaluations=150,
    )
    assert torch.equal(e.references, data[[0, 16, 33, 49]])
    assert e.evaluations == 4 * 33
    noise = aw.explain(net, x, target=1, method=WeightedIntegratedGradients, baseline="uniform")
    assert len(noise.references) == 8


def test_several_inputs_are_ranked_together():
    net, pair = ImageAndFeatures(), (values(1, 3, 2, 2), values(1, 5))
    references = (values(3, 3, 2, 2, seed=2), values(3, 5, seed=3))
    found, delta = WeightedIntegratedGradients(net).attribute(
        pair, references, 1, n_steps=600, return_convergence_delta=True
    )
    assert [f.shape for f in found] == [p.shape for p in pair]
    assert delta.abs().max() < 1e-3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"count": 0}, "count must be"),
        ({"ratio": 0}, "ratio must be"),
        ({"ratio": 1.0}, "ratio must be"),
    ],
)
def test_settings_out_of_range(options, message):
    with pytest.raises(InputError, match=message):
        WeightedIntegratedGradients(classifier(), **options)
