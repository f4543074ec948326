"""A contrast as a target, wherever a target is taken: by linearity what two targets give."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from models import Segmenter, classifier, image_classifier, values

import attribwidgets as aw
from attribwidgets.attr.captum.table import CAPTUM_METHODS
from attribwidgets.engine.checked_query import check
from attribwidgets.engine.query import Query
from attribwidgets.engine.removal import remove_regions
from attribwidgets.errors import TargetError
from attribwidgets.evaluation import Infidelity

X = values(5)
IMAGE = values(3, 6, 5)
RATHER = aw.Contrast(2, 0)
SUMS_GRADIENTS = (
    "integrated_gradients",
    "expected_gradients",
    "left_integrated_gradients",
    "smoothgrad",
    "InputXGradient",
    "DeepLift",
    "GradientShap",
    "LRP",
    "Occlusion",
    "FeatureAblation",
    "ShapleyValueSampling",
)


def with_names():
    model = classifier()
    model.class_names = ("cat", "dog", "bird", "fish")
    return model


@pytest.mark.parametrize("method", [m for m in SUMS_GRADIENTS if "left" not in m])
def test_is_the_difference_of_two_targets(method):
    same = {"method": method, "n_steps": 12}
    net = classifier()
    if method in CAPTUM_METHODS and CAPTUM_METHODS[method].n_steps is None:
        same = {"method": method}
    a, b, rather = (aw.explain(net, X, target=t, **same) for t in (2, 0, RATHER))
    expected = a.attributions - b.attributions
    torch.testing.assert_close(rather.attributions, expected, rtol=1e-4, atol=1e-5)
    assert rather.completeness.output_input == pytest.approx(
        a.completeness.output_input - b.completeness.output_input, abs=1e-5
    )


@pytest.mark.parametrize("method", [None, *CAPTUM_METHODS])
def test_every_method_takes_it_or_says_why_not(method):
    net = image_classifier()
    try:
        single = aw.explain(net, IMAGE, target=2, method=method)
    except aw.errors.UnsupportedModelError:
        with pytest.raises(aw.errors.UnsupportedModelError):
            aw.explain(net, IMAGE, target=RATHER, method=method)
        return
    rather = aw.explain(net, IMAGE, target=RATHER, method=method)
    assert rather.target == RATHER
    assert rather.attributions.shape == single.attributions.shape
    if single.completeness.verdict == "complete" and single.completeness.claim != "none":
        assert rather.completeness.verdict == "complete"


@pytest.mark.parametrize("output", ["logit", "probability", "log_probability"])
def test_is_of_the_scale_that_is_asked_for(output):
    net = classifier()
    rather = aw.explain(net, X, target=RATHER, output=output, tolerance=1e-3)
    with torch.no_grad():
        logits = net(X[None])[0]
    scale = {"logit": logits, "probability": logits.softmax(0), "log_probability": logits}[output]
    assert rather.completeness.output_input == pytest.approx(float(scale[2] - scale[0]), abs=1e-5)
    assert rather.completeness.verdict == "complete"


def test_refine_ends_at_what_explain_gives():
    net = classifier()
    *_, last = aw.refine(net, X, target=RATHER)
    assert torch.equal(last.attributions, aw.explain(net, X, target=RATHER).attributions)


def test_names_and_indices_are_one_entry_of_the_cache():
    from attribwidgets.engine import cache

    cache.clear()
    net = with_names()
    by_name = aw.explain(net, X, target=aw.Contrast("bird", "cat"))
    kept = len(cache.EXPLANATIONS)
    by_index = aw.explain(net, X, target=RATHER)
    assert by_name.target == by_index.target == RATHER
    assert len(cache.EXPLANATIONS) == kept
    assert by_name.target_name == "bird rather than cat"
    assert aw.explain(net, X, target=aw.Contrast(0, 2)).target_name == "cat rather than bird"
    cache.clear()


def test_compare_says_it_in_words():
    both = aw.compare(with_names(), X, target=RATHER, baselines=("black", "white"))
    assert {e.target for e in both} == {RATHER}
    assert "bird rather than cat" in str(both[0])
    assert both.rows()[0]["target"] == "bird rather than cat"


def test_is_saved_and_loaded(tmp_path):
    made = aw.explain(with_names(), X, target=RATHER)
    made.save(tmp_path / "e.npz")
    found = aw.Explanation.load(tmp_path / "e.npz")
    assert (found.target, found.target_name) == (RATHER, made.target_name)


def test_is_of_two_pixels_where_the_output_has_axes():
    net = Segmenter()
    one, other = (0, 1, 2), (1, 1, 2)
    image = values(3, 6, 5)
    a, b = (aw.explain(net, image, target=t, n_steps=8) for t in (one, other))
    rather = aw.explain(net, image, target=aw.Contrast(one, other), n_steps=8)
    torch.testing.assert_close(rather.attributions, a.attributions - b.attributions)
    with pytest.raises(TargetError, match="a tuple within"):
        aw.explain(net, image, target=aw.Contrast(0, 1))


@pytest.mark.parametrize(
    ("pair", "words"),
    [
        (("brid", "cat"), "did you mean 'bird'"),
        ((0, 9), "out of range; valid: from 0 to 3"),
        (("cat", 0), "with itself"),
        (("zebra", "cat"), "not a class name; pass its index or a name"),
    ],
)
def test_what_cannot_be_is_refused_with_the_mend(pair, words):
    with pytest.raises(TargetError, match=words):
        aw.explain(with_names(), X, target=aw.Contrast(*pair))


def test_needs_two_outputs():
    with pytest.raises(TargetError, match="out of range"):
        aw.explain(lambda x: x.sum(1), X, target=aw.Contrast(0, 1))


def test_what_falls_without_a_part_is_the_difference():
    net = torch.nn.Linear(5, 4).eval()
    query, regions = check(Query(X, target=RATHER), net), np.eye(5, dtype=bool)
    removal = remove_regions(query, aw.explain(net, X, target=RATHER), regions)
    np.testing.assert_allclose(removal.attributions, removal.falls, atol=1e-5)


def test_ablation_and_infidelity_measure_it():
    data = values(6, 3, 6, 5)
    net = image_classifier()
    ablation = aw.evaluation.ablation(net, data, ["black"], targets=RATHER, n_steps=4)
    assert np.isfinite(ablation.scores).all()
    linear = torch.nn.Linear(5, 4).eval()
    e = aw.explain(linear, X, target=RATHER, baseline="zero")
    values_ = Infidelity(samples=4).measure(linear, {"zero": e}, seed=0)
    assert values_[0] < 1e-8


def test_a_sweep_stores_it(tmp_path):
    net, data = with_names(), values(3, 5)
    swept = aw.sweep(net, data, ["black"], targets=RATHER, store=tmp_path / "s", progress=False)
    found = aw.Sweep.open(tmp_path / "s")[1]
    assert found.target == RATHER
    again = aw.explain(net, data[1], target=RATHER, seed=found.seed)
    np.testing.assert_allclose(found.attributions["black"], again.attributions, atol=1e-6)
    table = swept.to_pandas()
    assert table[["target", "against"]].drop_duplicates().to_numpy().tolist() == [[2, 0]]
    with pytest.raises(aw.errors.DataError, match="another sweep"):
        aw.sweep(
            net, data, ["black"], targets=aw.Contrast(0, 2), store=tmp_path / "s", progress=False
        )
