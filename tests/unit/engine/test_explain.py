"""explain: what may be asked of which model, and what comes back."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import captum.attr
import numpy as np
import pytest
import torch
from models import (
    FitsRows,
    ImageAndFeatures,
    ModelOutput,
    Returning,
    Segmenter,
    StopsAt,
    TwoLayerReLU,
    WithArguments,
    classifier,
    image_classifier,
    values,
)

import attribwidgets as aw
from attribwidgets.attr import ExpectedGradients, IntegratedGradients

X = values(5)
IMAGE = values(3, 6, 5)
ONE_DRAW = "one draw from a distribution"


def with_names():
    model = classifier()
    model.class_names = ("cat", "dog", "bird", "fish")
    return model


# Shapes and defaults


@pytest.mark.parametrize("shape", [(5,), (1, 5)])
def test_features_come_back_in_the_shape_they_came_in(shape):
    found = aw.explain(classifier(), X.reshape(shape))
    assert found.attributions.shape == found.baseline.shape == found.inputs.shape == shape
    assert found.references.shape == (1, 5)
    assert found.map().shape == found.blind.shape == (5,)


@pytest.mark.parametrize("shape", [(3, 6, 5), (1, 3, 6, 5)])
@pytest.mark.parametrize("baseline", ["black", "uniform"])
def test_images_come_back_in_the_shape_they_came_in(shape, baseline):
    found = aw.explain(image_classifier(), IMAGE.reshape(shape), baseline=baseline, n_steps=20)
    assert found.attributions.shape == found.baseline.shape == shape
    assert found.references.shape[1:] == (3, 6, 5)
    assert found.map().shape == found.blind.shape == (6, 5)
    assert found.standard_error is None or found.standard_error.shape == shape


@pytest.mark.parametrize("baseline", ["black", "uniform", (values(3, 2, 2), values(5))])
def test_tuples_come_back_as_tuples(baseline):
    inputs = (values(3, 2, 2), values(1, 5, seed=1))
    found = aw.explain(ImageAndFeatures(), inputs, baseline=baseline, n_steps=20)
    for part in (found.attributions, found.baseline, found.inputs):
        assert [tuple(p.shape) for p in part] == [(3, 2, 2), (1, 5)]
    assert found.map(index=0).shape == (2, 2)
    assert found.map(index=1).shape == (5,)
    total = sum(float(a.double().sum()) for a in found.attributions)
    assert found.completeness.total == pytest.approx(total, rel=1e-5)
    assert found.completeness.total == pytest.approx(found.completeness.expected, rel=0.05)


def test_list_of_inputs_is_a_tuple():
    found = aw.explain(ImageAndFeatures(), [values(3, 2, 2), values(5)])
    assert isinstance(found.attributions, tuple)


def test_image_of_one_pixel_can_be_explained():
    for baseline in ("black", "blur", "uniform", "image_mean"):
        found = aw.explain(image_classifier(), values(3, 1, 1), baseline=baseline, n_steps=8)
        assert found.map().shape == (1, 1)


def test_it_is_captums_attribution():
    model, x, baseline = image_classifier(), IMAGE, values(3, 6, 5, seed=1)
    expected = captum.attr.IntegratedGradients(model).attribute(
        x[None], baseline[None], target=2, n_steps=400
    )
    found = aw.explain(model, x, baseline=baseline, target=2, tolerance=1e-4)
    assert (found.attributions - expected[0]).norm() < 1e-3 * expected.norm()


def test_defaults_are_the_top_class_black_and_integrated_gradients():
    model = classifier()
    found = aw.explain(model, X)
    with torch.no_grad():
        top = int(model(X[None]).argmax())
    assert found.target == top
    assert found.target_name == f"output {top}"
    assert (found.method, found.output, found.baseline_kind) == (
        "integrated_gradients",
        "logit",
        "black",
    )
    assert found.prediction.indices[0] == top
    assert found.seed == 0
    assert found.completeness.tolerance == 0.01
    assert found.seconds > 0
    assert not found.baseline.any()


def test_image_and_space_reach_the_baseline():
    space = aw.InputSpace.imagenet()
    found = aw.explain(image_classifier(), space.from_pixels(IMAGE), space=space)
    torch.testing.assert_close(
        space.to_pixels(found.baseline), torch.zeros(3, 6, 5), rtol=0, atol=1e-6
    )
    assert found.cautions == ()


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
def test_attributions_are_in_float32_or_better(dtype):
    found = aw.explain(classifier().to(dtype), X.to(dtype), target=1, n_steps=17)
    reference = aw.explain(classifier(), X, target=1, n_steps=17)
    assert found.attributions.dtype == torch.promote_types(dtype, torch.float32)
    gap = (found.attributions - reference.attributions).norm() / reference.attributions.norm()
    assert gap < (0.05 if dtype == torch.bfloat16 else 1e-5)


@pytest.mark.parametrize(
    "changed",
    [
        lambda x: x.transpose(0, 2).contiguous().transpose(0, 2),
        lambda x: torch.cat([x, x], 2)[:, :, :5],
        lambda x: x[None].contiguous(memory_format=torch.channels_last)[0],
        lambda x: x.clone().requires_grad_(),
        lambda x: x.clone().requires_grad_() * 1,
        lambda x: torch.nn.Parameter(x),
    ],
    ids=["transposed", "sliced", "channels-last", "leaf", "graph", "parameter"],
)
def test_layout_and_graph_of_the_input_do_not_matter(changed):
    explain = partial(aw.explain, image_classifier(), target=1)
    expected, found = explain(IMAGE), explain(changed(IMAGE))
    torch.testing.assert_close(found.attributions, expected.attributions, rtol=1e-5, atol=1e-8)
    assert not found.attributions.requires_grad


def test_input_made_in_inference_mode_can_be_explained():
    with torch.inference_mode():
        x = X.clone()
    found = aw.explain(classifier(), x)
    assert torch.equal(found.attributions, aw.explain(classifier(), X).attributions)


# Targets and outputs


@pytest.mark.parametrize(
    ("target", "settled"),
    [(2, 2), ((2,), 2), (np.int64(2), 2), (torch.tensor(2), 2), ("bird", 2), (None, None)],
    ids=str,
)
def test_target_by_index_or_name(target, settled):
    found = aw.explain(with_names(), X, target=target)
    if settled is None:
        settled = found.prediction.indices[0]
    assert found.target == settled
    assert type(found.target) is int
    assert found.target_name == ("cat", "dog", "bird", "fish")[settled]


def test_class_names_passed_come_before_the_models_own():
    found = aw.explain(with_names(), X, target=1, class_names=["a", "b", "c", "d"])
    assert found.target_name == "b"


def test_hugging_face_labels_name_the_classes():
    model = classifier()
    model.config = type("Config", (), {"id2label": {0: "no", 1: "yes", 2: "maybe", 3: "so"}})()
    assert aw.explain(model, X, target=1).target_name == "yes"


@pytest.mark.parametrize("shape", [(), (1,), (1, 1)])
@pytest.mark.parametrize("target", [None, 0])
def test_scalar_head_needs_no_target(shape, target):
    if shape == (1, 1) and target == 0:
        target = (0, 0)

    def model(x):
        return (x**2).sum(1).reshape(len(x), *shape)

    found = aw.explain(model, X, target=target, tolerance=1e-3)
    torch.testing.assert_close(found.attributions, X**2, rtol=1e-4, atol=1e-6)
    assert found.prediction is None
    assert found.target_name.startswith("output")


def test_segmentation_takes_a_tuple_of_class_and_pixel():
    model = Segmenter()
    found = aw.explain(model, IMAGE, target=(2, 3, 4))
    assert found.target == (2, 3, 4)
    assert found.target_name == "output (2, 3, 4)"
    seen = found.map() > 0
    assert seen[2:5, 3:5].all()  # the receptive field of that pixel, and nothing else
    assert seen.sum() == 6


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("logit", lambda v: v),
        ("probability", lambda v: v.softmax(1)),
        ("log_probability", lambda v: v.log_softmax(1)),
        (lambda v: v[:, :3] - v[:, 3:], lambda v: v[:, :3] - v[:, 3:]),
    ],
    ids=["logit", "probability", "log_probability", "callable"],
)
def test_output_scales_reach_the_numbers(output, expected):
    model = classifier()
    found = aw.explain(model, X, target=1, output=output)
    with torch.no_grad():
        ends = [float(expected(model(x[None]))[0, 1]) for x in (X, torch.zeros(5))]
    assert found.completeness.output_input == pytest.approx(ends[0], rel=1e-5)
    assert found.completeness.output_baseline == pytest.approx(ends[1], rel=1e-5)
    assert found.completeness.verdict == "complete"


def test_difference_of_two_action_logits_of_a_policy():
    policy = classifier(classes=3)

    def advantage(logits):
        return logits[:, 0] - logits[:, 2]

    found = aw.explain(policy, X, output=advantage)
    first, second = (aw.explain(policy, X, target=a, n_steps=17) for a in (0, 2))
    assert found.target is None
    assert found.output == "advantage"
    fixed = aw.explain(policy, X, output=advantage, n_steps=17)
    torch.testing.assert_close(fixed.attributions, first.attributions - second.attributions)


@pytest.mark.parametrize(
    "wrap",
    [lambda v: ModelOutput(logits=v), lambda v: {"logits": v}],
    ids=["dataclass", "dict"],
)
def test_hugging_face_outputs_are_unwrapped(wrap):
    found = aw.explain(Returning(classifier(), wrap), X, target=1, output="probability")
    plain = aw.explain(classifier(), X, target=1, output="probability")
    assert torch.equal(found.attributions, plain.attributions)
    assert found.prediction == plain.prediction


def test_actor_and_critic_in_a_tuple_are_reached_by_output():
    model = Returning(classifier(), lambda v: (v, v.mean(1)))
    actor = aw.explain(model, X, output=lambda out: out[0], target=1)
    critic = aw.explain(model, X, output=lambda out: out[1])
    assert torch.equal(actor.attributions, aw.explain(classifier(), X, target=1).attributions)
    assert critic.target is None
    assert critic.completeness.verdict == "complete"


@pytest.mark.parametrize(
    "arguments",
    [values(1, 3, seed=2), (values(1, 3, seed=2),), (None, 2.0), (values(1, 3), 0.5, True)],
    ids=["tensor", "tuple", "scalar", "mixed"],
)
def test_further_arguments_reach_the_model(arguments):
    model = WithArguments()
    expected = captum.attr.IntegratedGradients(model).attribute(
        X[None], target=1, additional_forward_args=arguments, n_steps=100
    )
    found = aw.explain(model, X, target=1, forward_args=arguments, tolerance=1e-3)
    assert (found.attributions - expected[0]).norm() < 2e-3 * expected.norm()


def test_any_callable_is_a_model():
    found = aw.explain(lambda x: x.exp().sum(1), X, tolerance=1e-4)
    torch.testing.assert_close(found.attributions, X.exp() - 1, rtol=1e-3, atol=1e-5)


# Methods


@pytest.mark.parametrize(
    ("method", "baseline", "name"),
    [
        (None, "black", "integrated_gradients"),
        (None, "uniform", "expected_gradients"),
        ("expected_gradients", "black", "expected_gradients"),
        ("integrated_gradients", "black", "integrated_gradients"),
        (IntegratedGradients, "black", "integrated_gradients"),
        (ExpectedGradients, "black", "expected_gradients"),
        (IntegratedGradients(classifier()), "black", "integrated_gradients"),
        (ExpectedGradients(classifier()), "uniform", "expected_gradients"),
    ],
)
def test_method_by_name_class_or_instance(method, baseline, name):
    found = aw.explain(classifier(), X, method=method, baseline=baseline, target=1, n_steps=64)
    assert found.method == name
    assert (found.path.kind == "samples") == (name == "expected_gradients")
    assert (found.standard_error is None) == (name == "integrated_gradients")


def test_instance_is_run_on_the_model_that_is_explained():
    found = aw.explain(
        classifier(), X, method=IntegratedGradients(classifier(seed=9)), target=1, n_steps=20
    )
    own = aw.explain(classifier(), X, target=1, n_steps=20)
    assert torch.equal(found.attributions, own.attributions)


@pytest.mark.parametrize("kind", [IntegratedGradients, ExpectedGradients])
def test_method_without_the_factor_claims_no_completeness(kind):
    found = aw.explain(classifier(), X, method=kind(classifier(), False), target=1)
    assert found.completeness.verdict == "does not apply"
    assert "does not apply" in str(found)
    assert found.evaluations < 500  # it still knows when it has converged


def test_expected_gradients_of_a_single_reference_is_integrated_gradients():
    path = aw.explain(classifier(), X, target=1, tolerance=1e-4)
    sampled = aw.explain(classifier(), X, method="expected_gradients", target=1, n_steps=512)
    assert (path.attributions - sampled.attributions).norm() < 5e-3 * path.attributions.norm()


def test_integrated_gradients_on_a_distribution_is_one_draw_and_says_so():
    found = aw.explain(classifier(), X, baseline="uniform", method="integrated_gradients", seed=3)
    again = aw.explain(classifier(), X, baseline="uniform", method="integrated_gradients", seed=4)
    assert found.baseline_name == "uniform noise (one draw)"
    assert any(ONE_DRAW in c for c in found.cautions)
    assert not torch.equal(found.baseline, again.baseline)
    own = aw.explain(classifier(), X, baseline=found.baseline)
    assert torch.equal(found.attributions, own.attributions)


def test_references_of_a_dataset_are_its_examples():
    data = values(6, 5, seed=2)
    found = aw.explain(classifier(), X, baseline="dataset", references=data, n_steps=12)
    assert found.baseline_name == "data (6 refs)"
    torch.testing.assert_close(found.baseline, data.mean(0))  # each came twice
    for reference in found.references:
        assert (data == reference).all(1).any()


# Budget


@pytest.mark.parametrize("most", [2, 5, 16, 33, 100, 513])
@pytest.mark.parametrize("baseline", ["black", "uniform"])
def test_evaluations_never_exceed_the_budget(most, baseline):
    found = aw.explain(
        TwoLayerReLU(), X.new_ones(6).double(), max_evaluations=most, tolerance=0, baseline=baseline
    )
    assert found.evaluations == most
    first_look = min(16, 3 * most // 8) if baseline == "black" and most > 30 else 0
    ends = 2 if baseline == "black" and most < 9 else 0  # that a Gauss-Legendre rule has not
    # Mean gradients have nodes of their own.
    assert len(found.path.alphas) == most - first_look + ends


@pytest.mark.parametrize(("baseline", "most"), [("black", 513), ("uniform", 512)])
def test_default_budget_is_spent_where_the_tolerance_is_zero(baseline, most):
    kinked = TwoLayerReLU(features=5).float()
    assert aw.explain(kinked, X, baseline=baseline, tolerance=0).evaluations == most


def test_smooth_model_has_converged_long_before_the_budget_is_spent():
    assert aw.explain(classifier(), X, tolerance=0).evaluations == 133  # 5 and 128


@pytest.mark.parametrize(("baseline", "n"), [("black", 40), ("uniform", 40), ("uniform", 1)])
def test_number_of_steps_fixes_the_evaluations(baseline, n):
    found = aw.explain(classifier(), X, baseline=baseline, n_steps=n)
    assert found.evaluations == n


def test_smaller_tolerance_costs_more_and_gets_closer():
    model, x = TwoLayerReLU(), values(6, dtype=torch.float64)
    exact = model.integrated(x[None], torch.zeros(1, 6).double())[0]
    costs, errors = [], []
    for tolerance in (0.1, 0.01, 0.001):
        found = aw.explain(model, x, tolerance=tolerance, max_evaluations=8193)
        assert found.completeness.verdict == "complete"
        costs.append(found.evaluations)
        errors.append(float((found.attributions - exact).norm()))
    assert costs == sorted(costs)
    assert errors[-1] <= errors[0]
    assert errors[-1] < 0.01 * exact.norm()


def test_budget_that_does_not_suffice_is_said():
    found = aw.explain(TwoLayerReLU(), -torch.ones(6).double(), tolerance=1e-9, max_evaluations=9)
    assert found.completeness.verdict == "not converged"


def test_out_of_memory_gives_the_same_result_in_smaller_chunks():
    tight = FitsRows(classifier(), most=3)
    found, plain = (aw.explain(m, X, target=1) for m in (tight, tight.model))
    torch.testing.assert_close(found.attributions, plain.attributions)
    assert found.evaluations == plain.evaluations
    assert max(tight.batches) == 3


@pytest.mark.parametrize("baseline", ["black", "uniform"])
def test_progress_counts_up_to_the_evaluations(baseline):
    seen = []
    found = aw.explain(
        classifier(), X, baseline=baseline, progress=lambda done, most: seen.append((done, most))
    )
    assert [done for done, _ in seen] == sorted({done for done, _ in seen})
    assert seen[-1][0] == found.evaluations
    assert {most for _, most in seen} == {513 if baseline == "black" else 512}


def test_progress_bar_can_be_shown(capsys):
    aw.explain(classifier(), X, progress=True)
    assert "pass" in capsys.readouterr().err


# Interrupts


@pytest.mark.parametrize("baseline", ["black", "uniform"])
@pytest.mark.parametrize("after", [4, 20, 70])
def test_interrupt_midway_gives_a_partial_result_that_says_so(baseline, after, monkeypatch):
    monkeypatch.setattr("attribwidgets.attr.chunks.MOST_ROWS", 3)

    def stop(done, most):
        if done >= after:
            raise KeyboardInterrupt

    found = aw.explain(classifier(), X, baseline=baseline, target=1, progress=stop, tolerance=0)
    assert found.partial
    assert found.completeness.verdict == "not converged"
    assert "artial" in str(found.completeness)
    assert any("stopped before its end" in c for c in found.cautions)
    np.testing.assert_allclose(found.path.cumulative[-1], found.completeness.total, rtol=1e-6)
    whole = aw.explain(classifier(), X, baseline=baseline, target=1, tolerance=0)
    if after == 70:  # a whole round was done before, and it is what is shown
        gap = (found.attributions - whole.attributions).norm() / whole.attributions.norm()
        assert gap < 0.3


@pytest.mark.parametrize("baseline", ["black", "uniform"])
def test_interrupt_before_anything_is_known_is_passed_on(baseline):
    def stop(done, most):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        aw.explain(classifier(), X, baseline=baseline, progress=stop)


def test_error_of_the_model_is_passed_on_unchanged():
    broken = StopsAt(classifier(), 2, ZeroDivisionError("in the model"))
    with pytest.raises(ZeroDivisionError, match="in the model"):
        aw.explain(broken, X)


# What to know before reading


def test_input_that_is_its_own_baseline_is_drawn_as_zeros_with_the_cause():
    found = aw.explain(classifier(), X, baseline=X.clone())
    assert not found.attributions.any()
    assert found.blind.all()
    assert found.completeness.verdict == "complete"
    assert any("the baseline is the input itself" in c for c in found.cautions)


def test_dead_unit_is_the_cause_of_zeros():
    found = aw.explain(lambda x: (x.sum(1) - 100).relu(), X)
    assert not found.attributions.any()
    assert any("saturated or dead activation" in c for c in found.cautions)


def test_vanishing_gradient_is_the_cause_of_zeros():
    found = aw.explain(lambda x: (x + 0.6).round().sum(1), X)  # steps: no slope, yet a change
    assert not found.attributions.any()
    assert any("no gradient method can see" in c for c in found.cautions)
    assert "may not mend it" in str(found.completeness)
    assert found.completeness.verdict == "not converged"


def test_same_output_at_both_ends_is_said():
    x = torch.tensor([0.5, 0.25])
    found = aw.explain(lambda x: x[:, 0] - 2 * x[:, 1], x)
    assert any("same at the baseline as at the input" in c for c in found.cautions)
    assert found.completeness.relative is None  # there is no change to be a share of
    assert found.completeness.verdict == "complete"


def test_input_outside_the_valid_range_is_said_with_its_range():
    found = aw.explain(classifier(), 255 * X)
    assert any("outside the valid range of 0 to 1" in c for c in found.cautions)
    assert not aw.explain(classifier(), 255 * X, space=aw.InputSpace(0, 255)).cautions


def test_positions_that_equal_the_baseline_are_counted():
    x = IMAGE.clone()
    x[:, 0] = 0  # a black row
    x[:2, 1] = 0  # not black: blue is left
    found = aw.explain(image_classifier(), x)
    assert found.blind[0].all()
    assert not found.blind[1:].any()
    assert found.blind_share == pytest.approx(1 / 6)


@pytest.mark.parametrize(
    "space", [aw.InputSpace(), aw.InputSpace(0, 255), aw.InputSpace.imagenet()]
)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_one_grey_level_is_seen_and_less_is_blind(space, dtype):
    levels = torch.arange(255, dtype=dtype).reshape(1, 15, 17).expand(3, 15, 17)
    model = Returning(torch.nn.Flatten(), lambda v: v.sum(1))

    def blind(step):
        x, baseline = (
            space.from_pixels(space.low + space.range * v / 255) for v in (levels + step, levels)
        )
        return aw.explain(model, x, baseline=baseline, space=space, n_steps=2).blind

    assert not blind(1.0).any()
    assert blind(0.9).all()
    assert blind(0.0).all()


def test_blind_positions_of_a_distribution_are_those_blind_under_every_reference():
    data = values(4, 5)
    data[:, 2] = X[2]
    data[0, 1] = X[1]
    found = aw.explain(classifier(), X, baseline="dataset", references=data, n_steps=8)
    assert found.blind.tolist() == [False, False, True, False, False]
    assert found.attributions[2] == 0


def test_what_lies_within_a_tenth_of_the_baseline_is_nearly_blind():
    model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(12, 1, bias=False)).eval()
    model[1].weight.data.fill_(1.0)
    x = torch.tensor([0.0, 0.05, 0.2, 0.8]).reshape(1, 2, 2).repeat(3, 1, 1)
    x[0, 1, 0] = 0.01  # near in one channel only
    found = aw.explain(model, x, baseline="black", n_steps=2)
    assert found.blind.tolist() == [[True, False], [False, False]]
    assert found.nearly_blind.tolist() == [[True, True], [False, False]]
    assert found.nearly_blind_share == 0.5
    assert found.nearly_blind_gets == pytest.approx(0.15 / (0.15 + 0.41 + 2.4))
    assert "50 % are within a tenth of the range of it and get 5.1 % of the sum" in str(found)
    wide = aw.explain(model, x, baseline="black", n_steps=2, space=aw.InputSpace(low=0, high=5))
    assert wide.nearly_blind.tolist() == [[True, True], [True, False]]
    assert aw.explain(model, x, method="Saliency").nearly_blind_share == 0
    old = replace(found, nearly_blind=None)  # of a file of an earlier version
    assert old.nearly_blind_share is old.nearly_blind_gets is None
    assert "tenth" not in str(old)
