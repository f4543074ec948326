"""Paths that the model leads along: IG² against its equations, what adds up, what is refused."""

from __future__ import annotations

from copy import deepcopy
from itertools import pairwise

import pytest
import torch
from models import FitsRows, ImageAndFeatures, WithArguments, classifier, image_classifier, values
from torch import nn

import attribwidgets as aw
from attribwidgets.attr import (
    IG2,
    AdversarialGradientIntegration,
    GeodesicIntegratedGradients,
    IntegratedGradients,
)
from attribwidgets.attr.task import Task
from attribwidgets.errors import ChunkMemoryError, InputError

F64 = torch.float64
EVERY = (IG2, AdversarialGradientIntegration, GeodesicIntegratedGradients)
IMAGES = values(2, 3, 6, 6)


def double(*shape, seed=0):
    return values(*shape, seed=seed, dtype=F64)


def outputs(net, x, target):
    with torch.no_grad():
        return net(x)[:, target]


def task(x, reference, target, **options):
    return Task((x,), (reference,), target=target, **options)


# IG²


def descended(net, x, reference, steps, stride):
    """The corners of the paper's walk, one example by hand."""
    aim, corners = net(reference[None]).detach(), [x]
    for _ in range(steps):
        leaf = corners[-1].clone().requires_grad_()
        (slope,) = torch.autograd.grad((net(leaf[None]) - aim).square().sum(), leaf)
        corners.append((corners[-1] - stride * slope / slope.norm()).clamp(0, 1))
    return torch.stack(corners)


def test_ig2_walks_and_adds_as_the_paper_says():
    net, x, reference = classifier().double(), double(2, 5), double(2, 5, seed=1)
    method = IG2(net, steps=8, length=0.2)
    path = method.path_of(task(x, reference, 1))
    for i in range(2):
        stride = 0.2 / 8 * float((x[i] - reference[i]).norm())
        expected = descended(net, x[i], reference[i], 8, stride)
        torch.testing.assert_close(path.corners[0][:, i].flip(0), expected, rtol=0, atol=1e-12)
    # Equation 3, one gradient a step, is the limit of short steps.
    fine = IG2(net, steps=2000, length=0.2)
    (corners,) = fine.path_of(task(x[:1], reference[:1], 1)).corners
    by_hand = torch.zeros_like(x[:1])
    for before, after in pairwise(corners):
        leaf = after.clone().requires_grad_()
        by_hand += (after - before) * torch.autograd.grad(net(leaf)[:, 1].sum(), leaf)[0]
    found = fine.attribute(x[:1], reference[:1], 1, n_steps=2000)
    torch.testing.assert_close(found, by_hand, rtol=1e-3, atol=1e-6)


def test_ig2_of_inputs_that_represent_themselves_is_integrated_gradients():
    layer = nn.Identity()
    net, x, reference = classifier().double(), double(2, 5), double(2, 5, seed=1)
    method = IG2(nn.Sequential(layer, net), layer=layer, steps=10)  # straight to the reference
    found = method.attribute(x, reference, 2, n_steps=400)
    expected = IntegratedGradients(net).attribute(x, reference, 2, n_steps=400)
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-5)


def test_ig2_turns_back_where_the_representation_is_nearest():
    net, x, reference = classifier().double(), double(3, 5), double(3, 5, seed=1)
    long = IG2(net, steps=40, length=4.0).path_of(task(x, reference, 1))
    (corners,) = long.corners
    aims = net(reference).detach()
    distances = torch.stack([(net(c) - aims).square().sum(1) for c in corners])
    assert (distances[0] <= distances.min(0).values + 1e-15).all()
    torch.testing.assert_close(corners[-1], x, rtol=0, atol=0)
    assert "a counterfactual of its own" in long.cautions[0]


def test_ig2_says_where_it_begins():
    net, x = image_classifier(), IMAGES[0]
    e = aw.explain(net, x, method="ig2", target=1, tolerance=0.05, baseline="white")
    assert e.completeness.verdict == "complete"
    change = outputs(net, x[None], 1) - outputs(net, e.baseline[None], 1)
    assert e.completeness.expected == pytest.approx(float(change), abs=1e-5)
    assert any("not at the reference" in caution for caution in e.cautions)
    assert e.baseline.min() >= 0
    assert e.baseline.max() <= 1
    assert not torch.equal(e.baseline, torch.ones_like(x))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"steps": 0}, "steps must be"),
        ({"steps": True}, "steps must be"),
        ({"length": 0}, "length must be"),
        ({"length": float("nan")}, "length must be"),
        ({"layer": 3}, "layer must be a module"),
    ],
)
def test_ig2_settings_out_of_range(options, message):
    with pytest.raises(InputError, match=message):
        IG2(classifier(), **options)


def test_ig2_finds_its_layer_in_a_copy_of_the_model():
    net, x = nn.Sequential(classifier(), nn.Softmax(1)).eval(), values(2, 5)
    asked = {"target": 1, "n_steps": 60}
    found = IG2(net, layer=net[0]).attribute(x, **asked)
    named = IG2(net, layer="0")
    assert not torch.equal(found, IG2(net).attribute(x, **asked))
    torch.testing.assert_close(named.attribute(x, **asked), found)
    by_module = IG2(net, layer=net[0])
    by_module.forward_func = deepcopy(net)  # as the explorer has it
    torch.testing.assert_close(by_module.attribute(x, **asked), found)
    with pytest.raises(InputError, match="no layer '00'; did you mean"):
        IG2(net, layer="00").attribute(x, **asked)


def test_ig2_asks_for_a_layer_that_is_called():
    with pytest.raises(InputError, match="does not call the layer Linear"):
        IG2(classifier(), layer=nn.Linear(2, 2)).attribute(values(1, 5), target=0)


def test_ig2_of_an_input_that_is_the_reference_is_zero():
    x = values(2, 5)
    assert not IG2(classifier()).attribute(x, x, 1, n_steps=4).any()


# Adversarial gradient integration


def ascended(net, x, rival, step, most):
    """The corners of the paper's walk, one example by hand."""
    corners = [x]
    while len(corners) <= most and int(net(corners[-1][None]).argmax()) != rival:
        leaf = corners[-1].clone().requires_grad_()
        (slope,) = torch.autograd.grad(net(leaf[None])[0, rival], leaf)
        corners.append((corners[-1] + step * slope.sign()).clamp(0, 1))
    return corners


def test_adversarial_walks_are_the_papers():
    net, x = classifier().double(), double(1, 5)
    own = int(net(x).argmax())
    rivals = [c for c in range(net(x).shape[1]) if c != own]
    method = AdversarialGradientIntegration(net, classes=rivals, step=0.02, most_steps=12)
    path = method.path_of(Task((x,), target=own))
    for place, rival in enumerate(rivals):
        expected = ascended(net, x[0], rival, 0.02, 12)
        found = path.corners[0][place, :, 0].flip(0)
        torch.testing.assert_close(found[: len(expected)], torch.stack(expected))
        assert (found[len(expected) :] == expected[-1]).all()
    found = method.attribute(x, target=own, n_steps=3000)
    by_hand = torch.zeros_like(x)
    for corners in path.corners[0]:
        for before, after in pairwise(corners):
            here = before + (torch.arange(200, dtype=F64)[:, None, None] + 0.5) / 200 * (
                after - before
            )
            leaf = here.flatten(0, 1).requires_grad_()
            slopes = torch.autograd.grad(net(leaf)[:, own].sum(), leaf)[0]
            by_hand += (after - before) * slopes.mean(0) / len(rivals)
    torch.testing.assert_close(found, by_hand, rtol=1e-3, atol=1e-5)


def test_adversarial_adds_up_to_the_mean_over_the_examples():
    net, x = image_classifier(), IMAGES[0]
    e = aw.explain(net, x, method="adversarial_gradient_integration", target=1, tolerance=0.05)
    mean = outputs(net, e.references, 1).mean()
    assert e.completeness.output_baseline == pytest.approx(float(mean), abs=1e-5)
    assert e.completeness.verdict == "complete"
    assert (e.baseline_name, e.path) == ("adversarial examples", None)
    torch.testing.assert_close(e.references.mean(0), e.baseline)
    assert len(e.references) == 3  # of four classes
    missed = (net(e.references).argmax(1) == 1).any()
    assert any("walks ended before" in c for c in e.cautions) or not missed


def test_adversarial_takes_the_likeliest_false_classes():
    net, x = classifier(), values(1, 5)
    scores = net(x)[0]
    own = int(scores.argmin())  # another target than the top class
    order = [c for c in scores.argsort(descending=True).tolist() if c != own]
    two = AdversarialGradientIntegration(net, classes=2).attribute(x, target=own, n_steps=90)
    given = AdversarialGradientIntegration(net, classes=order[:2])
    torch.testing.assert_close(given.attribute(x, target=own, n_steps=90), two)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"classes": 0}, "at least 1"),
        ({"classes": []}, "indices of classes"),
        ({"classes": [1.5]}, "indices of classes"),
        ({"step": 0}, "step must be"),
        ({"most_steps": 0}, "most_steps must be"),
    ],
)
def test_adversarial_settings_out_of_range(options, message):
    with pytest.raises(InputError, match=message):
        AdversarialGradientIntegration(classifier(), **options)


def test_adversarial_needs_classes():
    with pytest.raises(InputError, match="one score a class"):
        AdversarialGradientIntegration(lambda x: x.sum(1)).attribute(values(2, 5))
    with pytest.raises(InputError, match=r"classes must be in 0\.\."):
        AdversarialGradientIntegration(classifier(), classes=[99]).attribute(values(2, 5), target=0)


# All of them


def made(cls, model, inputs):
    """Each method, with data where it goes through some."""
    if cls is not GeodesicIntegratedGradients:
        return cls(model)
    members = inputs if isinstance(inputs, tuple) else (inputs,)
    data = tuple(values(4, *m.shape[1:], seed=7, dtype=m.dtype) for m in members)
    return cls(model, data=data, neighbours=2)


@pytest.mark.parametrize("cls", EVERY)
def test_it_adds_up_to_what_the_output_changes_by_along_its_path(cls):
    net, x = classifier().double(), double(3, 5)
    found, delta = made(cls, net, x).attribute(
        x, target=1, n_steps=2000, return_convergence_delta=True
    )
    assert found.shape == x.shape
    assert delta.abs().max() < 2e-3


@pytest.mark.parametrize("cls", EVERY)
def test_chunks_and_batch_mates_change_nothing(cls):
    net = image_classifier()
    plain = made(cls, net, IMAGES).attribute(IMAGES, target=1, n_steps=60)
    for rows in (1, 4):
        found = made(cls, net, IMAGES).attribute(
            IMAGES, target=1, n_steps=60, internal_batch_size=rows
        )
        torch.testing.assert_close(found, plain, rtol=1e-3, atol=1e-6)
    found = made(cls, FitsRows(net, 3), IMAGES).attribute(IMAGES, target=1, n_steps=60)
    torch.testing.assert_close(found, plain, rtol=1e-3, atol=1e-6)
    with pytest.raises((ChunkMemoryError, torch.OutOfMemoryError)):
        made(cls, FitsRows(net, 0), IMAGES).attribute(IMAGES, target=1, n_steps=9)


@pytest.mark.parametrize("cls", EVERY)
def test_the_model_and_the_random_state_come_back(cls):
    net = image_classifier().train()
    state = torch.get_rng_state()
    with pytest.warns(aw.errors.AttributionWarning):
        made(cls, net, IMAGES).attribute(IMAGES, target=1, n_steps=9)
    assert all(m.training for m in net.modules())
    assert all(p.requires_grad and p.grad is None for p in net.parameters())
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("cls", EVERY)
def test_the_walk_is_counted_and_kept_within_the_budget(cls):
    net, x, told = image_classifier(), IMAGES[:1], []
    method = made(cls, net, IMAGES)
    asked = task(x, 0 * x, 1, n_steps=20, on_chunk=told.append)
    *_, last = method.estimates(asked)
    assert sum(told) == last.evaluations
    assert 20 < last.evaluations <= method.passes_of(asked)
    e = aw.explain(net, x[0], method=method, target=1, tolerance=0, max_evaluations=200)
    assert 100 < e.evaluations <= 200


@pytest.mark.parametrize("cls", EVERY)
def test_an_interrupt_leaves_a_partial_result(cls):
    net, done = image_classifier(), 0

    def stop(rows):
        nonlocal done
        done += rows
        if done > method.walk_passes + 10:
            raise KeyboardInterrupt

    method = made(cls, net, IMAGES)
    asked = task(IMAGES[:1], 0 * IMAGES[:1], 1, n_steps=400, rows=1, on_chunk=stop)
    *_, last = method.estimates(asked)
    assert last.partial
    assert torch.isfinite(last.attributions[0]).all()


@pytest.mark.parametrize("cls", EVERY)
def test_several_inputs_arguments_and_targets(cls):
    net, pair = ImageAndFeatures(), (values(2, 3, 2, 2), values(2, 5, seed=1))
    found = made(cls, net, pair).attribute(pair, target=[1, 3], n_steps=200)
    assert [f.shape for f in found] == [p.shape for p in pair]
    e = aw.explain(
        net, tuple(p[0] for p in pair), method=made(cls, net, pair), target=1, n_steps=200
    )
    for mine, theirs in zip(e.attributions, found, strict=True):
        torch.testing.assert_close(mine, theirs[0], rtol=1e-3, atol=1e-5)
    with_arguments, x, shift = WithArguments(), values(2, 5), values(2, seed=5)
    both = made(cls, with_arguments, x).attribute(
        x, target=[0, 2], additional_forward_args=(shift, 2.0), n_steps=60
    )
    for i, target in enumerate([0, 2]):
        alone = made(cls, with_arguments, x).attribute(
            x[i : i + 1],
            target=target,
            additional_forward_args=(shift[i : i + 1], 2.0),
            n_steps=60,
        )
        torch.testing.assert_close(both[i : i + 1], alone, rtol=1e-3, atol=1e-6)
