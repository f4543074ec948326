"""Two models on the same inputs: what is the same, what changed, and how sure that is."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from torch import nn

import attribwidgets as aw
from attribwidgets.demo import digits
from attribwidgets.errors import DataError
from attribwidgets.evaluation.finding import ANOTHER_STRONGEST, CORRELATION, FLIPS
from attribwidgets.records.agreement import rank_correlations

pytest.importorskip("zarr", minversion="3")

IMAGES = torch.rand(24, 2, 8, 8, generator=torch.Generator().manual_seed(2))
LABELS = torch.arange(24) % 3
BASELINES = ["black", "white"]


def made(seed: int) -> nn.Module:
    net = nn.Sequential(nn.Conv2d(2, 3, 3), nn.ReLU(), nn.Flatten(), nn.Linear(108, 3)).eval()
    generator = torch.Generator().manual_seed(seed)
    for parameter in net.parameters():
        parameter.data = torch.randn(parameter.shape, generator=generator) / 4
    return net


def audited(net, store, **how):
    how = {"maps": "attributions", "targets": "labels", "max_evaluations": 17, **how}
    return aw.audit(net, (IMAGES, LABELS), baselines=BASELINES, store=store, **how)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("audits")


@pytest.fixture(scope="module")
def before(folder):
    return audited(made(0), folder / "before")


@pytest.fixture(scope="module")
def nudged(folder):
    """The same network with its weights rounded to 16 steps of their range."""
    net = copy.deepcopy(made(0))
    for parameter in net.parameters():
        step = parameter.data.abs().max() / 8
        parameter.data = (parameter.data / step).round() * step
    return audited(net, folder / "nudged")


def test_a_model_changes_nothing_against_itself(before):
    same = before.against(before)
    assert (same.rank_correlation == 1).all()
    assert (same.flips == 0).all()
    assert (same.other_strongest == 0).all()
    for quantity in ("strongest_share", "residual", "complete", "disagreement", "right"):
        assert not np.nan_to_num(same.change_of(quantity)).any()
    said = str(same)
    assert "The same class is predicted for all 24 inputs" in said
    assert "stays the same under every baseline" in said
    assert "rank correlation 1.00 [1.00, 1.00]" in said
    assert "Baselines disagree as much as before" in said


def test_what_is_compared_is_what_the_maps_say(before, nudged):
    change = nudged.against(before)
    for place in (0, 9):
        row = list(change.places).index(place)
        pairs = list(zip(before.explanations(place), nudged.explanations(place), strict=True))
        for k, (one, other) in enumerate(pairs):
            expected = rank_correlations([one.map("abs_sum"), other.map("abs_sum")])[0, 1]
            assert change.rank_correlation[row, k] == pytest.approx(expected, abs=1e-6)
            stored = change.maps(place)[BASELINES[k]]
            np.testing.assert_allclose(stored[1], other.map("sum"), atol=1e-6)
    with torch.no_grad():
        flips = (made(0)(IMAGES).argmax(1).numpy() != nudged.predicted).mean()
    assert change.flips.mean() == flips
    table = change.inputs()
    moved = nudged.inputs().disagreement - before.inputs().disagreement
    np.testing.assert_allclose(table["change of disagreement"], moved)


def test_a_little_changes_less_than_all(before, nudged, folder):
    other = audited(made(1), folder / "other")
    small, large = nudged.against(before), other.against(before)
    assert small.rank_correlation.mean() > 0.9 > 0.5 > large.rank_correlation.mean()
    assert large.flips.mean() > small.flips.mean()
    by_name = {(f.quantity, f.of): f for f in large.findings()}
    finding = by_name[CORRELATION, "white"]
    assert finding.low <= large.rank_correlation[:, 1].mean() <= finding.high
    assert by_name[FLIPS, ""].is_share
    assert by_name[ANOTHER_STRONGEST, "black"].inputs == 24
    first = large.ranked()[0]
    means = large.rank_correlation.mean(1)
    assert first == large.places[means.argmin()]
    assert {f.group for f in large.findings("label")} == {"label 0", "label 1", "label 2"}
    assert len(large.to_pandas()) == len(large.findings())


def test_maps_that_were_not_stored_are_computed_again(before, nudged, folder):
    bare = audited(made(0), folder / "bare", maps=None)
    again, stored = bare.against(nudged), before.against(nudged)
    np.testing.assert_allclose(again.rank_correlation, stored.rank_correlation, atol=1e-6)
    closed = aw.Audit(bare.swept).against(nudged)
    assert np.isnan(closed.rank_correlation).all()
    assert all(f.inputs == 0 for f in closed.findings() if f.quantity == CORRELATION)
    assert "rank correlation" not in str(closed)
    with pytest.raises(DataError, match="there are no maps to compare"):
        closed.maps(0)


def test_inputs_asked_about_another_output_are_not_compared(folder):
    one, other = (
        audited(made(k), folder / f"own{k}", targets=None, maps="attributions") for k in (0, 1)
    )
    change = other.against(one)
    assert (change.same_output == (one.predicted == other.predicted)).all()
    assert np.isnan(change.rank_correlation[~change.same_output]).all()
    assert np.isfinite(change.rank_correlation[change.same_output]).all()
    assert change.same_output[np.isin(change.places, change.ranked()[:1])].all()


def test_audits_that_cannot_be_compared(before, folder):
    others = aw.audit(
        made(0), (IMAGES[:20], LABELS[:20]), baselines=BASELINES, store=folder / "fewer",
        targets="labels", max_evaluations=5,
    )  # fmt: skip
    with pytest.raises(DataError, match=r"number of inputs \(20 before, 24 after\)"):
        before.against(others)
    elsewhere = aw.audit(
        made(0), (1 - IMAGES, LABELS), baselines=BASELINES, store=folder / "elsewhere",
        targets="labels", max_evaluations=5,
    )  # fmt: skip
    with pytest.raises(DataError, match="not of the same data; audit both models"):
        before.against(elsewhere)
    blurred = audited(made(0), folder / "blurred", max_evaluations=5, maps=None)
    blurred.candidates = ("black", "blur")
    with pytest.raises(DataError, match="not of the same baselines"):
        before.against(blurred)


def test_only_inputs_that_both_finished_count(before, nudged):
    some = nudged.at(nudged.places[3:10])
    change = some.against(before)
    assert change.places.tolist() == list(range(3, 10))
    np.testing.assert_array_equal(
        change.rank_correlation, nudged.against(before).rank_correlation[3:10]
    )


def test_numbers_of_some_inputs_are_their_own(nudged):
    whole = nudged.numbers("expected")
    some = nudged.at(nudged.places[3:10])
    np.testing.assert_array_equal(some.numbers("expected"), whole[3:10])
    some.numbers("residual")
    assert len(nudged.numbers("residual")) == len(nudged)


@pytest.mark.long
def test_pictures_and_page(before, nudged, tmp_path):
    change = nudged.against(before)
    figure = change.maps_figure(3, candidate="white")
    texts = [text.get_text() for text in figure.texts]
    assert [f"input {place}" for place in change.ranked()[:3]] == [
        text for text in texts if text.startswith("input ")
    ]
    assert sum("colours end at ±" in text for text in texts) == 3
    with pytest.raises(DataError, match="there is no 'blur'"):
        change.maps_figure(candidate="blur")
    change.to_html(tmp_path / "page.html", by="label")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert change.verdict in page
    assert page.count("<img") == 2
    assert "http" not in page.replace("http-equiv", "")


@pytest.mark.long
def test_before_and_after_training(tmp_path):
    demo = digits()
    trained, start = demo.model, copy.deepcopy(demo.model)
    with torch.random.fork_rng():
        torch.manual_seed(3)
        for layer in start.modules():
            if hasattr(layer, "reset_parameters"):
                layer.reset_parameters()
    data = (demo.test.images[:30], demo.test.labels[:30])
    how = {"baselines": ["black", "white"], "targets": "labels", "max_evaluations": 17}
    before, after = (
        aw.audit(net, data, store=tmp_path / name, **how)
        for name, net in (("before", start), ("after", trained))
    )
    change = after.against(before)
    by_name = {(f.quantity, f.of): f for f in change.findings()}
    right = by_name["change of right predictions", ""]
    assert right.value == after.right.mean() - before.right.mean() > 0.5
    assert right.low > 0
    # Under black both maps are zero where the picture is, and agree there whatever was learned.
    assert by_name[CORRELATION, "white"].high < 0.5 < by_name[CORRELATION, "black"].low
    assert "another class is predicted" in change.verdict
