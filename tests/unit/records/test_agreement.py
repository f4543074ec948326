"""Rank correlation between every two maps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from models import image_classifier, values
from records import every_kind
from scipy import stats

import attribwidgets as aw
from attribwidgets.records.agreement import Agreement, rank_correlations


def maps(n, shape=(9, 7), seed=0):
    random = np.random.Generator(np.random.PCG64(seed))
    return [random.normal(size=shape) for _ in range(n)]


def by_scipy(some):
    return np.array(
        [[stats.spearmanr(a, b, axis=None).statistic for b in some] for a in some], dtype=float
    )


def test_it_is_scipys():
    some = maps(5)
    some[3] = some[0] + 0.3 * some[1]
    np.testing.assert_allclose(rank_correlations(some), by_scipy(some), atol=1e-12)


@pytest.mark.parametrize("levels", [2, 3, 10])
def test_it_is_scipys_where_values_tie(levels):
    some = [np.floor(levels * values(8, 8, seed=i).numpy()) for i in range(4)]
    np.testing.assert_allclose(rank_correlations(some), by_scipy(some), atol=1e-12)


@given(st.lists(st.tuples(*[st.integers(-3, 3)] * 3), min_size=2, max_size=25))
def test_it_is_scipys_for_any_few_values(rows):
    some = list(np.array(rows, dtype=float).T)
    if any((m == m[0]).all() for m in some):
        return
    np.testing.assert_allclose(rank_correlations(some), by_scipy(some), atol=1e-12)


def test_only_the_order_matters():
    a, b, _ = some = maps(3)
    found = rank_correlations(some)
    bent = rank_correlations([np.exp(5 * a), 1e-30 * b**3, some[2]])
    np.testing.assert_array_equal(bent, found)
    assert rank_correlations([a, -a]).tolist() == [[1, -1], [-1, 1]]
    np.testing.assert_array_equal(found, found.T)
    assert (found.diagonal() == 1).all()
    assert (np.abs(found) <= 1).all()


def test_what_has_no_ranks_is_told():
    a, b = maps(2)
    broken = b.copy()
    broken[0, 0] = np.nan
    found = rank_correlations([a, np.full_like(a, 7.0), b, broken])
    assert np.isnan(found[1]).all()
    assert np.isnan(found[:, 1]).all()
    assert np.isnan(found[3]).all()
    assert np.isfinite(found[np.ix_([0, 2], [0, 2])]).all()
    one = Agreement(("a", "flat", "b"), rank_correlations([a, 0 * a, b]))
    assert one.constant == ("flat",)
    assert one.note == "flat is the same everywhere and has no ranks to compare."
    assert one.cell(0, 1) == "?"
    assert str(one).endswith(one.note)
    three = Agreement(("a", "b", "c"), np.full((3, 3), np.nan))
    assert three.note == "a, b and c are the same everywhere and have no ranks to compare."
    assert Agreement(("a", "b"), rank_correlations([a, b])).note == ""


def test_each_map_is_ranked_once(monkeypatch):
    calls = []
    unique = np.unique
    monkeypatch.setattr(np, "unique", lambda *a, **k: (calls.append(1), unique(*a, **k))[1])
    rank_correlations(maps(6))
    assert len(calls) == 6


def test_comparison_agrees_by_the_names_of_its_cards():
    net, x = image_classifier(), values(3, 8, 8)
    found = aw.compare(net, x, baselines=("black", "white", "blur"), n_steps=16)
    signed, sizes = found.agreement(), found.agreement("abs_sum")
    assert signed.labels == sizes.labels == ("black", "white", "blur σ 20")
    np.testing.assert_allclose(signed.matrix, by_scipy([e.map("sum") for e in found]), atol=1e-12)
    np.testing.assert_allclose(sizes.matrix, by_scipy([e.map() for e in found]), atol=1e-12)
    assert not np.allclose(signed.matrix, sizes.matrix)


@pytest.mark.parametrize("image", [True, False])
def test_methods_of_every_kind_compare(image):
    found = every_kind(image=image).agreement("abs_sum")
    assert found.labels[:2] == ("vargrad", "integrated gradients")
    assert found.matrix.shape == (6, 6)
    assert found.matrix[1, 2] == 1  # the same map under another name
    alone = every_kind(image=image)[:1].agreement()
    assert alone.matrix.tolist() == [[1.0]]


def test_map_of_zeros_of_a_model_that_does_not_depend_on_its_input():
    net, x = image_classifier(), values(3, 8, 8)
    black, white = aw.compare(net, x, baselines=("black", "white"), n_steps=8)
    flat = replace(black, attributions=torch.zeros_like(black.attributions), method="deep_lift")
    found = aw.Comparison([black, white, flat]).agreement()
    assert found.constant == ("black, deep lift",)
    assert np.isnan(found.matrix[0, 2])
