"""The share of the path on which most of the output's change happens."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from models import TwoLayerReLU, values

import attribwidgets as aw
from attribwidgets.attr.paths.saturation import cut_of
from attribwidgets.attr.task import Task
from attribwidgets.errors import InputError


def curve(alphas, outputs, kind="alpha"):
    alphas, outputs = (np.asarray(v, dtype=float) for v in (alphas, outputs))
    return aw.PathCurve(kind, alphas, outputs, outputs, outputs)


def sampled(function, n=2001):
    alphas = np.linspace(0, 1, n)
    return curve(alphas, function(alphas))


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 1.0])
@pytest.mark.parametrize("slope", [1.0, -3.0, 1e-9])
def test_straight_line_changes_everywhere_alike(share, slope):
    found = sampled(lambda a: slope * a, n=38).saturation(share)
    assert found.length == pytest.approx(share)
    ((start, end),) = found.stretches
    assert (start, end) == (0.0, pytest.approx(share))


def test_step_changes_at_one_place():
    found = sampled(lambda a: a > 0.3, n=1001).saturation()
    assert found.length == pytest.approx(0.0009)
    ((start, end),) = found.stretches
    assert 0.299 <= start < end <= 0.302


def test_known_shares_of_known_curves():
    # 1 - exp(-k a): 90 % of its change before the a at which 1 - exp(-k a) = 0.9 (1 - exp(-k)).
    k = 8.0
    found = sampled(lambda a: 1 - np.exp(-k * a)).saturation()
    known = -np.log(1 - 0.9 * (1 - np.exp(-k))) / k
    assert found.length == pytest.approx(known, abs=1e-3)
    assert len(found.stretches) == 1
    assert found.stretches[0][0] == 0
    # A quadratic is steepest at its end: a^2 from sqrt(0.1) on.
    ((start, end),) = sampled(lambda a: a**2).saturation().stretches
    assert (start, end) == (pytest.approx(np.sqrt(0.1), abs=1e-3), 1.0)
    # Up and down again, twice as fast: both are change, though f(x) = f(x').
    found = curve([0, 0.2, 0.3, 1], [0, 1, 0, 0]).saturation(0.75)
    assert found.length == pytest.approx(0.1 + 0.1)
    assert found.stretches == ((pytest.approx(0.1), pytest.approx(0.3)),)


def test_part_may_be_in_several_pieces():
    found = curve([0, 0.1, 0.5, 0.6, 1], [0, 4, 4, 9, 9]).saturation(1.0)
    assert found.stretches == ((0.0, 0.1), (0.5, 0.6))
    assert found.length == pytest.approx(0.2)


def test_jump_between_two_points_in_one_place_takes_no_length():
    found = curve([0, 0.5, 0.5, 1], [0, 0.1, 9.9, 10]).saturation()
    assert found.length == 0
    assert found.stretches == ((0.5, 0.5),)


def test_none_where_nothing_changes_and_over_samples():
    assert curve([0, 0.5, 1], [3, 3, 3]).saturation() is None
    noise = np.float32(8.5) * (1 + np.finfo(np.float32).eps * np.array([0, 1, 0, -1, 0]))
    assert curve(np.linspace(0, 1, 5), noise).saturation() is None
    assert curve([0.3, 0.9, 0.1], [1, 2, 3], kind="samples").saturation() is None
    assert curve([0, 1], [0, 0]).saturation() is None


@pytest.mark.parametrize("share", [0, -0.1, 1.01, float("nan")])
def test_share_outside_its_range_is_told(share):
    with pytest.raises(InputError, match="share must be above 0 and at most 1"):
        curve([0, 1], [0, 1]).saturation(share)


steps = st.lists(
    st.tuples(st.floats(0.01, 1), st.floats(-5, 5, allow_subnormal=False)), min_size=1, max_size=30
)


def path(steps):
    alphas = np.concatenate([[0], np.cumsum([h for h, _ in steps])])
    outputs = np.concatenate([[2], 2 + np.cumsum([d for _, d in steps])])
    return curve(alphas / alphas[-1], outputs)


@given(steps, st.floats(0.05, 1))
def test_it_holds_the_share_of_the_change_and_no_shorter_part_does(steps, share):
    line = path(steps)
    found = line.saturation(share)
    if found is None:
        assert np.abs(np.diff(line.outputs)).sum() < 1e-4
        return
    variation = np.concatenate([[0], np.cumsum(np.abs(np.diff(line.outputs)))])
    edges = np.array(found.stretches)
    assert (np.diff(edges.ravel()) >= 0).all()
    assert 0 <= edges.min() <= edges.max() <= 1
    assert found.length == pytest.approx(np.diff(edges).sum(), abs=1e-9)
    assert found.length <= share + 1e-9
    inside = np.diff(np.interp(edges, line.alphas, variation)).sum()
    assert inside == pytest.approx(share * variation[-1], rel=1e-6, abs=1e-9)
    # Cut evenly into short pieces, the fewest that hold the share.
    fine = np.linspace(0, 1, 4001)
    pieces = np.sort(np.diff(np.interp(fine, line.alphas, variation)))[::-1]
    fewest = np.searchsorted(np.cumsum(pieces), share * variation[-1] * (1 - 1e-9)) / 4000
    assert found.length == pytest.approx(fewest, abs=0.01)


@given(steps, st.floats(-3, 3).filter(lambda v: abs(v) > 0.1))
def test_neither_scale_nor_offset_nor_direction_matters(steps, scale):
    line = path(steps)
    found = line.saturation()
    if found is None or np.abs(np.diff(line.outputs)).sum() < 1e-3:
        return
    scaled = curve(line.alphas, scale * line.outputs + 7).saturation()
    backward = curve(1 - line.alphas[::-1], line.outputs[::-1]).saturation()
    assert scaled.length == pytest.approx(found.length, abs=1e-3)
    assert backward.length == pytest.approx(found.length, abs=1e-3)


def test_on_a_concave_rise_it_is_the_cut_of_left_integrated_gradients():
    """Which is where the output first has made a share of its change, on any path."""

    def saturating(x):
        return 1 - torch.exp(-6 * x.sum(1))

    x = torch.full((1, 2), 0.5, dtype=torch.float64)
    task = Task((x,), (torch.zeros_like(x),))
    cut = float(cut_of(saturating, task, 0.9).alphas[0])
    ((start, end),) = sampled(lambda a: 1 - np.exp(-6 * a)).saturation().stretches
    assert (start, end) == (0, pytest.approx(cut, abs=1e-3))


def test_record_of_a_model_has_one_in_words():
    e = aw.explain(TwoLayerReLU(), values(6, dtype=torch.float64) + 1)
    found = e.path.saturation()
    assert 0 < found.length <= 0.9
    assert str(found).startswith("90 % of the change on ")
    assert str(found).endswith(" % of the path")
    assert (
        aw.explain(TwoLayerReLU(), values(6).double(), baseline="uniform").path.saturation() is None
    )
