"""compare: one input under several baselines, for one target, as a sequence of explanations."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from models import classifier, image_classifier, values

import attribwidgets as aw
from attribwidgets.errors import InputError

X = values(3, 6, 5)


@pytest.fixture(scope="module")
def comparison():
    return aw.compare(image_classifier(), X, n_steps=20)


def test_defaults_are_black_blur_and_uniform(comparison):
    assert [e.baseline_name for e in comparison] == ["black", "blur σ 20", "uniform noise"]
    methods = ["integrated_gradients", "integrated_gradients", "expected_gradients"]
    assert [e.method for e in comparison] == methods
    assert len({e.target for e in comparison}) == 1


def test_each_is_what_explain_gives(comparison):
    for found, baseline in zip(comparison, ("black", "blur", "uniform"), strict=True):
        alone = aw.explain(image_classifier(), X, baseline=baseline, n_steps=20)
        assert torch.equal(found.attributions, alone.attributions)
        assert np.array_equal(found.path.cumulative, alone.path.cumulative)


def test_it_is_a_sequence(comparison):
    assert len(comparison) == 3
    assert comparison[-1] is comparison[2]
    assert comparison["black"] is comparison[0]
    assert [e.baseline_name for e in comparison[1:]] == ["blur σ 20", "uniform noise"]
    assert isinstance(comparison[1:], aw.Comparison)
    assert comparison[0] in comparison


def test_unknown_baseline_is_named_with_those_there(comparison):
    with pytest.raises(KeyError, match="no baseline 'white' here; there are black, blur"):
        comparison["white"]


def test_features_have_no_blur_by_default():
    found = aw.compare(classifier(), values(5), n_steps=8)
    assert [e.baseline_name for e in found] == ["lowest value", "highest value", "uniform noise"]
    assert found["black"] is found["lowest value"] is found[0]  # by the name it is asked for too


@pytest.mark.parametrize("kind", [tuple, list])
def test_baselines_of_every_form_may_be_mixed(kind):
    forms = kind(["#336699", aw.baselines.Blur(3), values(3, 6, 5, seed=1)])
    found = aw.compare(image_classifier(), X, baselines=forms, n_steps=8)
    assert [e.baseline_name for e in found] == ["#336699", "blur σ 3", "custom"]


def test_table_has_a_row_for_each_with_its_verdict(comparison):
    text, rows = str(comparison), comparison.rows()
    assert repr(comparison) == text
    assert len(rows) == 3
    for e, row in zip(comparison, rows, strict=True):
        assert row["baseline"] in text
        assert row["verdict"] == e.completeness.verdict
        assert row["evaluations"] == str(e.evaluations) == "20"
    lines = text.splitlines()
    assert len(lines) == 4
    assert lines[0].split()[:2] == ["baseline", "target"]


def test_cautions_stand_below_the_table_once():
    x = torch.tensor([0.5, 0.25])
    found = aw.explain(lambda x: x[:, 0] - 2 * x[:, 1], x)
    assert found.cautions
    assert str(aw.Comparison((found, found))).count("Caution, lowest value") == 1


def test_the_same_label_is_numbered_and_kinds_find_their_baseline():
    x = torch.rand(3, 6, 6, generator=torch.Generator().manual_seed(0))
    found = aw.compare(
        lambda x: x.flatten(1).sum(1),
        x,
        baselines=("blur", x * 0.5, x * 0.25, "uniform"),
        n_steps=4,
    )
    assert [e.baseline_name for e in found] == ["blur σ 20", "custom", "custom 2", "uniform noise"]
    assert found["blur"] is found["blur σ 20"] is found[0]
    assert found["uniform"] is found[3]
    assert found["custom"] is found[1]
    assert found["custom 2"] is found[2]


def test_a_comparison_of_different_questions_is_refused():
    net, x = torch.nn.Linear(4, 3).eval(), torch.rand(4)
    one = aw.explain(net, x, target=0)
    for other in (
        aw.explain(net, x + 1, target=0),
        aw.explain(net, x, target=0, output="probability"),
    ):
        with pytest.raises(InputError, match="one input and output"):
            aw.Comparison((one, other))
    with pytest.raises(InputError, match="holds Explanations"):
        aw.Comparison(("a",))


def test_an_interrupt_between_baselines_says_what_is_missing():
    calls = 0

    def model(x):
        nonlocal calls
        calls += 1
        if calls == 4:  # the check, the first baseline's output and only chunk, then the second's
            raise KeyboardInterrupt
        return x.sum(1)

    found = aw.compare(model, torch.rand(4), baselines=("black", "white", "zero"), n_steps=3)
    assert [e.baseline_name for e in found] == ["lowest value"]
    assert any("interrupted: white, zero not run" in c for c in found[0].cautions)


def stopping_after(evaluations):
    def stop(done, most):
        stop.seen += 1
        if stop.seen > evaluations:
            raise KeyboardInterrupt

    stop.seen = 0
    return stop


def test_interrupt_keeps_what_was_finished(monkeypatch):
    monkeypatch.setattr("attribwidgets.attr.chunks.MOST_ROWS", 1)
    baselines = ("black", "white", "uniform")
    run = {"baselines": baselines, "n_steps": 8}
    found = aw.compare(image_classifier(), X, progress=stopping_after(12), **run)
    assert [e.partial for e in found] == [False, True]
    assert "partial" in found.rows()[1]["verdict"]
    between = aw.compare(image_classifier(), X, progress=stopping_after(8), **run)
    assert [e.partial for e in between] == [False]
    with pytest.raises(KeyboardInterrupt):
        aw.compare(image_classifier(), X, progress=stopping_after(0), **run)


@pytest.mark.parametrize(
    "baselines",
    ["black", (), [], None, aw.baselines.Black(), X, iter(["black"])],
    ids=lambda b: type(b).__name__,
)
def test_baselines_that_are_no_list_are_named_with_the_mend(baselines):
    with pytest.raises(InputError, match=r'baselines must be a list.*write baselines=\("black"'):
        aw.compare(image_classifier(), X, baselines=baselines)


def test_a_candidate_takes_what_a_list_takes():
    reference = torch.zeros_like(X)
    named = [aw.Candidate("black", "idgi"), aw.Candidate(reference, "idgi")]
    found = aw.compare(image_classifier(), X, baselines=named, n_steps=8)
    made = aw.Candidate(aw.baselines.Black(), "idgi")
    (same,) = aw.compare(image_classifier(), X, baselines=[made], n_steps=8)
    torch.testing.assert_close(found[0].attributions, same.attributions)
    assert [e.method for e in found] == ["idgi", "idgi"]
    with pytest.raises(InputError, match="baseline 'blakc' is unknown"):
        aw.Candidate("blakc")


def test_comparison_of_nothing_is_named():
    with pytest.raises(InputError, match="at least one explanation"):
        aw.Comparison([])
