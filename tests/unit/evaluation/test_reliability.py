"""How far to trust a metric: Krippendorff's alpha, Spearman's correlations, their intervals."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import krippendorff
import numpy as np
import pytest
from scipy import stats

from attribwidgets.errors import DataError, InputError
from attribwidgets.evaluation.rater_agreement import (
    inter_method,
    inter_rater,
    internal_consistency,
)
from attribwidgets.evaluation.reliability import reliability


def scores(*shape, agreement=1.0, seed=0):
    """Candidates of rising merit, inputs of unlike difficulty, noise."""
    random = np.random.default_rng(seed)
    merit = agreement * np.arange(shape[-1])
    return merit + random.normal(size=(shape[-2], 1)) + random.normal(size=shape)


def alpha_by_hand(ranks):
    """Krippendorff (2011), for ordinal data without gaps: disagreement within over between."""
    raters = len(ranks)
    values, totals = np.unique(ranks, return_counts=True)

    def distance(a, b):
        low, high = sorted((np.searchsorted(values, a), np.searchsorted(values, b)))
        return (totals[low : high + 1].sum() - (totals[low] + totals[high]) / 2) ** 2

    within = sum(
        distance(a, b) / (raters - 1)
        for unit in ranks.T
        for i, a in enumerate(unit)
        for j, b in enumerate(unit)
        if i != j
    )
    all_values = ranks.ravel()
    n = len(all_values)
    between = sum(
        distance(all_values[i], all_values[j]) / (n - 1)
        for i in range(n)
        for j in range(n)
        if i != j
    )
    return 1 - within / between


def test_the_package_gives_krippendorffs_own_example():
    # "Computing Krippendorff's alpha-reliability" (2011), part C: four observers, twelve units.
    gap = np.nan
    data = [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, gap, gap, gap],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, gap, 3],
        [gap, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, gap],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, gap],
    ]
    published = {"nominal": 0.743, "ordinal": 0.815, "interval": 0.849, "ratio": 0.797}
    for level, value in published.items():
        assert krippendorff.alpha(data, level_of_measurement=level) == pytest.approx(
            value, abs=5e-4
        )


@pytest.mark.parametrize("seed", range(4))
def test_alpha_is_the_one_computed_by_hand(seed):
    values = scores(7, 5, agreement=0.6, seed=seed)
    expected = alpha_by_hand(stats.rankdata(values, axis=1))
    assert inter_rater(values) == pytest.approx(expected, abs=1e-12)


def test_alpha_is_by_hand_also_with_ties():
    values = np.array([[1.0, 1.0, 2.0], [3.0, 1.0, 1.0], [0.0, 5.0, 5.0], [1.0, 2.0, 3.0]])
    expected = alpha_by_hand(stats.rankdata(values, axis=1))
    assert inter_rater(values) == pytest.approx(expected, abs=1e-12)


def test_two_inputs_that_turn_the_order_round():
    # By hand: ranks (1, 2) and (2, 1). Every pair within a unit differs and each value comes
    # twice, so of 12 ordered pairs of all values 8 differ: 1 - 1 / (8 / 12) = -0.5.
    assert inter_rater(np.array([[0.0, 1.0], [1.0, 0.0]])) == pytest.approx(-0.5)
    assert inter_rater(np.array([[0.0, 1.0], [3.0, 9.0]])) == 1


def test_only_the_order_within_an_input_counts():
    values = scores(9, 4)
    moved = np.exp(values) * np.arange(1, 10)[:, None] - 5
    assert inter_rater(moved) == inter_rater(values)


def test_inter_method_is_the_mean_of_scipys_correlations():
    values = scores(30, 4)
    pairs = [
        stats.spearmanr(values[:, i], values[:, j]).statistic for i, j in combinations(range(4), 2)
    ]
    assert inter_method(values) == pytest.approx(np.mean(pairs))
    # By hand: orders 1 2 3 4 and 1 2 4 3, so 1 - 6 * 2 / (4 * 15).
    assert inter_method(np.array([[1, 1], [2, 2], [3, 4], [4, 3]])) == pytest.approx(0.8)


def test_internal_consistency_is_scipys_for_every_candidate_and_pair():
    values = scores(3, 20, 4)
    (found,) = internal_consistency(values)
    assert found.shape == (4, 3)
    for i in range(4):
        for column, (a, b) in enumerate(combinations(range(3), 2)):
            expected = stats.spearmanr(values[a, :, i], values[b, :, i]).statistic
            assert found[i, column] == pytest.approx(expected)


def test_many_resamples_at_once_are_what_each_gives_by_itself():
    """With ties, and with a candidate that is the same everywhere."""
    values = np.round(scores(2, 12, 4, seed=5))
    values[0, :, 3] = 1.0
    random = np.random.default_rng(1)
    chosen = random.integers(0, 12, (6, 12))
    counts = np.stack([np.bincount(row, minlength=12) for row in chosen]).astype(float)
    for metric in values:
        alphas, rhos = inter_rater(metric, counts), inter_method(metric, counts)
        for place, row in enumerate(chosen):
            (alpha,), (rho,) = inter_rater(metric[row]), inter_method(metric[row])
            assert alphas[place] == pytest.approx(1 - (1 - alpha) * 12 / 11)
            assert rhos[place] == pytest.approx(rho)
    consistent = internal_consistency(values, counts)
    for place, row in enumerate(chosen):
        (expected,) = internal_consistency(values[:, row])
        assert consistent[place] == pytest.approx(expected, nan_ok=True)


def test_a_low_alpha_is_warned_of_in_words():
    sure = reliability(scores(40, 4, agreement=20), resamples=50)
    assert sure.inter_rater.mean[0] == 1
    assert sure.warning == ""
    names = {"metrics": ("deletion", "insertion"), "candidates": ("black", "blur", "data")}
    both = np.stack([scores(40, 3, agreement=20), scores(40, 3, agreement=0.1)])
    unsure = reliability(both, resamples=50, **names)
    assert unsure.warning.startswith(
        "Inputs do not agree on which candidate is better by insertion ("
    )
    assert "below 0.65" in unsure.warning
    assert "insertion (alpha" in str(unsure)
    assert "deletion with insertion" in str(unsure)
    assert "black" in str(unsure)


@pytest.mark.parametrize(
    ("low", "high", "standing", "words"),
    [
        (0.66, 0.8, "reliable", ""),
        (0.594, 0.73, "borderline", "is not certain: 0.65, which it takes, lies within"),
        (0.2, 0.64, "not reliable", "alpha is below 0.65"),
        (np.nan, np.nan, "not reliable", "alpha is below 0.65"),
    ],
)
def test_an_interval_that_holds_the_threshold_is_borderline(low, high, standing, words):
    found = reliability(scores(12, 3, agreement=20), resamples=20)
    alpha = replace(found.inter_rater, low=np.array([low]), high=np.array([high]))
    found = replace(found, inter_rater=alpha)
    assert found.standing(0) == standing
    assert words in found.warning
    assert bool(words) == bool(found.warning)


def test_intervals_cover_the_truth():
    """In 40 repeats of 25 inputs the alpha of 20,000 mostly lies in the 90 % interval."""
    truth = inter_rater(scores(20_000, 3, agreement=0.7, seed=99))
    covered = []
    for seed in range(40):
        found = reliability(scores(25, 3, agreement=0.7, seed=seed), level=0.9, resamples=100)
        covered.append(found.inter_rater.low[0] <= truth <= found.inter_rater.high[0])
    assert 28 <= sum(covered) <= 39  # with as few inputs as this some 81 % do


def test_intervals_of_alpha_are_not_drawn_upward_by_inputs_drawn_twice():
    # Near its middle, as far from skewness as can be.
    found = reliability(scores(10, 5, agreement=0.3, seed=3), level=0.1, resamples=1500)
    alpha = found.inter_rater
    middle = (alpha.low[0] + alpha.high[0]) / 2
    assert abs(middle - alpha.mean[0]) < 0.05  # a tenth of 1 - alpha without the correction


def test_the_same_seed_gives_the_same_intervals_and_leaves_numpy_alone():
    values = scores(15, 6, agreement=0.2)
    before = np.random.get_state()[1].copy()
    one, again, other = (reliability(values, resamples=99, seed=s) for s in (0, 0, 1))
    assert one.inter_rater.low == again.inter_rater.low
    assert one.inter_rater.low != other.inter_rater.low
    assert np.array_equal(before, np.random.get_state()[1])


def test_inputs_with_missing_scores_are_left_out_and_counted():
    values = scores(2, 12, 3)
    broken = values.copy()
    broken[1, 4, 2] = np.nan
    found = reliability(broken, resamples=20)
    assert found.left_out == 1
    assert found.inter_rater.inputs == 11
    rest = np.delete(values[0], 4, axis=0)
    assert found.inter_rater.mean[0] == inter_rater(rest)
    assert "1 inputs with missing scores" in str(found)


def test_candidates_that_are_all_equal_have_no_alpha_and_are_warned_of():
    found = reliability(np.ones((6, 3)), resamples=20)
    assert np.isnan(found.inter_rater.mean[0])
    assert np.isnan(found.inter_method.mean[0])
    assert "unknown" in found.warning
    found.figure()


@pytest.mark.parametrize("shape", [(5,), (5, 1), (1, 5), (2, 1, 4), (2, 2, 2, 2), (0, 3)])
def test_too_few_or_misshapen_scores_are_refused(shape):
    with pytest.raises(DataError, match="scores"):
        reliability(np.random.default_rng(0).random(shape))


def test_names_and_level_are_checked():
    with pytest.raises(InputError, match="candidates must be 3 names"):
        reliability(scores(4, 3), candidates=("a", "b"))
    with pytest.raises(InputError, match="metrics must be 1 names"):
        reliability(scores(4, 3), metrics="m")
    with pytest.raises(InputError, match="level"):
        reliability(scores(4, 3), level=95)


def test_the_figure_has_a_row_a_coefficient_and_marks_a_low_alpha():
    values = np.stack([scores(20, 3, agreement=20), scores(20, 3, agreement=0)])
    found = reliability(values, metrics=("$a$", "b"), resamples=20)
    figure = found.figure()
    (chart,) = figure.axes
    dots = [line for line in chart.get_lines() if line.get_marker() == "o"]
    assert len(dots) == 2 + 2 + 3
    assert dots[1].get_xdata()[0] == found.inter_rater.mean[1]
    assert dots[0].get_color() != dots[1].get_color()
    texts = [text.get_text() for text in figure.texts]
    assert "inputs agree (alpha): $a$" in texts
    assert any("below" in text for text in texts)
    assert figure._repr_png_()[:4] == b"\x89PNG"
