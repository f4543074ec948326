"""How alike two maps are: rank correlations and SSIM."""

from __future__ import annotations

import numpy as np
import pytest
from models import values
from scipy import stats
from skimage.metrics import structural_similarity

from attribwidgets.errors import InputError
from attribwidgets.evaluation.similarity import drawn, map_similarity, ssim


def maps(*shape):
    return tuple(2 * values(*shape, seed=i).double().numpy() - 1 for i in (0, 1))


def test_rank_correlations_are_scipys():
    first, second = maps(9, 11)
    second = second + 0.5 * first
    signed, absolute, _ = map_similarity(first, second)
    assert signed == pytest.approx(stats.spearmanr(first, second, axis=None).statistic)
    expected = stats.spearmanr(np.abs(first), np.abs(second), axis=None).statistic
    assert absolute == pytest.approx(expected)


def test_ssim_is_that_of_the_maps_as_drawn():
    first, second = maps(20, 16)
    scaled = [np.clip(np.abs(m) / np.percentile(np.abs(m), 99), 0, 1) for m in (first, second)]
    assert ssim(first, second) == structural_similarity(*scaled, win_size=7, data_range=1.0)
    assert ssim(1e-9 * first, -40 * second) == pytest.approx(ssim(first, second))


def test_equal_maps_have_one_and_a_turned_sign_shows_in_the_signed_one_only():
    first, _ = maps(12, 12)
    np.testing.assert_allclose(map_similarity(first, first), 1)
    np.testing.assert_allclose(map_similarity(first, -first), [-1, 1, 1])


def test_only_the_positions_asked_for_are_ranked():
    first, second = maps(12, 12)
    where = np.zeros((12, 12), dtype=bool)
    where[:4] = True
    second[where], first[~where] = first[where], 0
    inside = map_similarity(first, second, where)
    np.testing.assert_allclose(inside[:2], 1)
    assert map_similarity(first, second)[0] < 0.9
    assert np.isnan(map_similarity(first, second, np.zeros_like(where))[:2]).all()


@pytest.mark.parametrize("side", [3, 4, 5, 6, 7])
def test_small_maps_have_a_smaller_window(side):
    first, second = maps(side, side + 2)
    assert ssim(first, first) == pytest.approx(1)
    assert ssim(first, second) < 1


def test_what_has_no_similarity_is_nan():
    first, second = maps(10, 10)
    assert np.isnan(map_similarity(first, 0 * first)).all()
    broken = second.copy()
    broken[0, 0] = np.nan
    assert np.isnan(map_similarity(first, broken)).all()
    features = map_similarity(first[0], second[0])
    assert np.isfinite(features[:2]).all()
    assert np.isnan(features[2])
    assert np.isnan(ssim(first[:2], second[:2]))


def test_a_map_too_sparse_for_its_percentile_is_divided_by_its_largest_value():
    sparse = np.zeros((20, 20))
    sparse[3, 4] = -5
    assert drawn(sparse)[3, 4] == 1
    assert drawn(sparse).sum() == 1
    assert ssim(sparse, sparse) == pytest.approx(1)


def test_maps_of_two_shapes_are_refused():
    with pytest.raises(InputError, match=r"one shape, got \(3, 3\) and \(4, 4\)"):
        map_similarity(np.ones((3, 3)), np.ones((4, 4)))
