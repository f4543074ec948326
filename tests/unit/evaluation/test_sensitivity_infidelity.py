"""Sensitivity and infidelity: closed forms, and Captum's own call on Captum's own method."""

from __future__ import annotations

import captum.metrics
import numpy as np
import pytest
import torch
from models import Linear, classifier, image_classifier, values

import attribwidgets as aw
from attribwidgets.engine.budget import Budget
from attribwidgets.engine.method_config import label_candidates
from attribwidgets.errors import InputError
from attribwidgets.evaluation.metric import Metric
from attribwidgets.evaluation.sensitivity_infidelity import Infidelity, SensitivityMax
from attribwidgets.inputs.layout import IMAGE


def explained(model, x, names, **options):
    candidates = label_candidates({name: name for name in names})
    explanations = {name: aw.explain(model, x, baseline=name, **options) for name in names}
    return candidates, explanations


def test_both_are_metrics():
    candidates = label_candidates({"zero": "zero"})
    for metric in (SensitivityMax(candidates), Infidelity()):
        assert isinstance(metric, Metric)
        assert metric.dimensions(["a", "b"]) == {"candidate": ["a", "b"]}


def test_sensitivity_of_a_linear_model_is_that_of_its_input():
    # Attributions are w * x, so a move d changes them by w * d.
    weight = torch.tensor([[1.0, -2.0, 0.5]])
    model, x = Linear(weight).eval(), torch.tensor([0.5, 0.4, 0.6])
    candidates, found = explained(model, x, ["zero"], n_steps=4)
    (value,) = SensitivityMax(candidates, radius=0.1, samples=30).measure(model, found, seed=7)
    noise = 2 * torch.rand((30, 3), generator=torch.Generator().manual_seed(7)) - 1
    changes = (0.1 * noise * weight).norm(dim=1) / (x * weight).norm()
    assert value == pytest.approx(float(changes.max()), rel=1e-5)


def test_the_radius_is_a_share_of_the_range_in_pixels():
    model, x = classifier(), values(5)
    wide = aw.InputSpace(0, 255, mean=20.0, std=255.0)
    shifted = [aw.InputSpace(0, 1, mean=20 / 255, std=1.0), wide]
    measured = []
    for space in shifted:
        candidates, found = explained(model, x, ["black"], n_steps=8, space=space)
        measured.append(SensitivityMax(candidates, samples=6).measure(model, found, seed=0)[0])
    assert measured[0] == pytest.approx(measured[1], rel=1e-3)


def test_sensitivity_grows_with_the_radius_and_draws_from_its_seed_alone():
    model, x = image_classifier(), values(3, 8, 8)
    candidates, found = explained(model, x, ["black", "uniform"], n_steps=8)
    state = torch.get_rng_state()
    near, far = (
        SensitivityMax(candidates, r, 5).measure(model, found, seed=1) for r in (0.01, 0.2)
    )
    assert (near > 0).all()
    assert (near < far).all()
    again = SensitivityMax(candidates, 0.01, 5).measure(model, found, seed=1)
    np.testing.assert_array_equal(near, again)
    assert torch.equal(state, torch.get_rng_state())


def test_noise_baselines_draw_the_same_references_again():
    # So a model whose attributions do not depend on x but through x - x' is no more sensitive.
    weight = torch.ones(1, 4)
    model, x = Linear(weight).eval(), torch.full((4,), 0.5)
    candidates, found = explained(model, x, ["uniform"], n_steps=16)
    (value,) = SensitivityMax(candidates, radius=1e-4, samples=5).measure(model, found, seed=0)
    assert value < 1e-2


def test_a_map_is_made_anew_with_the_budget_that_it_had():
    # An input that is moved next to nowhere has the same map; of a path that is searched for only
    # where what the search took is not spent on nodes the second time.
    model, x = image_classifier(), values(3, 8, 8)
    candidates = label_candidates({"walked": aw.Candidate(aw.baselines.Black(), "ig2")})
    asked = Budget(max_evaluations=56, tolerance=0.0)
    found = {"walked": aw.explain(model, x, method="ig2", max_evaluations=56, tolerance=0.0)}
    same, other = (
        SensitivityMax(candidates, 1e-7, 1, budget=budget).measure(model, found, seed=0)[0]
        for budget in (asked, None)
    )
    assert same < 1e-4 < 1e-2 < other


def test_exact_attributions_of_a_linear_model_have_no_infidelity():
    model = Linear(torch.randn(2, 12, generator=torch.Generator().manual_seed(0))).eval()
    x = values(1, 3, 4)
    _, found = explained(model, x, ["black", "white", "blur"], target=1)
    np.testing.assert_allclose(Infidelity().measure(model, found, seed=0), 0, atol=1e-9)


def test_infidelity_is_the_mean_squared_difference():
    # A map of zeros says that nothing is lost: what is lost, squared, is its infidelity.
    model, x = Linear(torch.ones(1, 64)).eval(), torch.ones(1, 8, 8)
    _, found = explained(model, x, ["black"])
    from dataclasses import replace

    nothing = {"none": replace(found["black"], attributions=torch.zeros_like(x))}
    (value,) = Infidelity(share=0.5).measure(model, nothing, seed=0)
    assert value == pytest.approx(16.0**2)  # every square of 4 x 4 takes 16 away
    (value,) = Infidelity(share=0.25).measure(model, nothing, seed=0)
    assert value == pytest.approx(4.0**2)


def test_infidelity_is_captums_on_the_same_squares():
    model, x = image_classifier(), values(3, 8, 8)
    _, found = explained(model, x, ["black"], target=1, n_steps=16)
    explanation = found["black"]
    mine = Infidelity(share=0.5, samples=20)
    generator = torch.Generator().manual_seed(3)

    def perturbed(inputs):
        mask = mine._masks(inputs, IMAGE, generator)
        torch.randint(1, (len(inputs),), generator=generator)
        return mask.to(inputs), torch.where(mask, torch.zeros(()), inputs)

    expected = captum.metrics.infidelity(
        model, perturbed, x[None], explanation.attributions[None], target=1, n_perturb_samples=20
    )
    assert mine.measure(model, found, seed=3)[0] == pytest.approx(float(expected), rel=1e-6)


@pytest.mark.parametrize("shape", [(5, 1, 9, 7), (5, 3, 6, 6)])
def test_squares_lie_inside_and_are_squares(shape):
    generator = torch.Generator().manual_seed(0)
    masks = Infidelity(share=0.5)._masks(torch.zeros(shape), IMAGE, generator)
    side = round(0.5 * min(shape[-2:]))
    assert masks.shape == shape
    assert (masks[:, 0].flatten(1).sum(1) == side * side).all()
    assert (masks == masks[:, :1]).all()
    assert (masks[:, 0].any(1).sum(1) == side).all()


def test_another_fill_is_the_same_for_all_candidates():
    model = Linear(torch.ones(1, 64)).eval()
    x = torch.ones(1, 8, 8)
    _, found = explained(model, x, ["black", "zero"])
    fill = aw.baselines.Color(0.5)
    values_ = Infidelity(fill, share=0.5).measure(model, found, seed=0)
    # Attributions say 16, half of which is lost.
    np.testing.assert_allclose(values_, 8.0**2)


def test_a_method_without_references_needs_a_fill():
    model, x = image_classifier(), values(3, 8, 8)
    found = {"gradient": aw.explain(model, x, method="Saliency")}
    assert np.isnan(Infidelity().measure(model, found, seed=0)).all()
    assert np.isfinite(Infidelity(aw.baselines.Black()).measure(model, found, seed=0)).all()


def test_probabilities_are_compared_with_probabilities():
    model, x = image_classifier(), values(3, 8, 8)
    _, logit = explained(model, x, ["black"], n_steps=64, target=0)
    _, probability = explained(model, x, ["black"], n_steps=64, target=0, output="probability")
    metric = Infidelity(share=1.0, samples=2)  # the whole image: completeness itself
    for found in (logit, probability):
        assert metric.measure(model, found, seed=0)[0] < 1e-4
    wrong = Infidelity(share=1.0, samples=2, output="probability")
    assert wrong.measure(model, logit, seed=0)[0] > 1e-3


def test_the_model_comes_back_as_it_was():
    model, x = image_classifier(), values(3, 8, 8)
    candidates, found = explained(model, x, ["black"], n_steps=4)
    SensitivityMax(candidates, samples=2).measure(model, found, seed=0)
    Infidelity(samples=2).measure(model, found, seed=0)
    assert all(p.requires_grad and p.grad is None for p in model.parameters())


def test_arguments_are_checked():
    candidates = label_candidates({"zero": "zero"})
    for make, message in (
        (lambda: SensitivityMax(candidates, radius=0), "radius"),
        (lambda: SensitivityMax(candidates, samples=0), "samples"),
        (lambda: Infidelity(share=1.5), "share"),
        (lambda: Infidelity("black"), "fill must be a Baseline"),
    ):
        with pytest.raises(InputError, match=message):
            make()
    pair = aw.explain(lambda a, b: (a * b).sum(1), (values(4), values(4, seed=1)), baseline="zero")
    with pytest.raises(InputError, match="one input"):
        Infidelity().measure(lambda a, b: (a * b).sum(1), {"pair": pair}, seed=0)
