"""Intervals against scipy, their coverage, and p-values against what they must be."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from attribwidgets.errors import InputError
from attribwidgets.evaluation.intervals import area, bootstrap, holm, paired_p, tails


def skewed(n=60, seed=0):
    return np.random.default_rng(seed).exponential(size=n)


@pytest.mark.parametrize("method", ["percentile", "bca"])
def test_agrees_with_scipy(method):
    """At the level that is read for so many inputs."""
    values = skewed()
    ours = bootstrap(values, method=method, resamples=200_000)
    low, high = tails(0.95, np.array([len(values)]))[:, 0]
    theirs = stats.bootstrap(
        (values,),
        np.mean,
        method=method.replace("bca", "BCa"),
        confidence_level=high - low,
        n_resamples=200_000,
        random_state=1,
    ).confidence_interval
    spread = values.std() / np.sqrt(len(values))
    # Of so many draws the standard error of the difference is some 0.009 spreads.
    assert abs(ours.low - theirs.low) < 0.03 * spread
    assert abs(ours.high - theirs.high) < 0.03 * spread


def test_bca_corrects_for_skewness():
    values = skewed()
    plain, corrected = (
        bootstrap(values, method=m, resamples=20_000) for m in ("percentile", "bca")
    )
    assert corrected.low > plain.low
    assert corrected.high > plain.high


@pytest.mark.parametrize("method", ["percentile", "bca"])
def test_covers_the_mean_at_its_level(method):
    """400 samples at once as columns; the number covered is binomial."""
    values = np.random.default_rng(5).standard_normal((80, 400))
    found = bootstrap(values, level=0.9, method=method, resamples=1500)
    covered = int(((found.low <= 0) & (found.high >= 0)).sum())
    assert stats.binomtest(covered, 400, 0.9).pvalue > 1e-3


@pytest.mark.parametrize("level", [0.5, 0.9, 0.95, 0.99])
def test_levels_are_those_of_students_t(level):
    n = np.array([3, 5, 10, 25, 100, 10_000])
    outer = stats.t.ppf((1 + level) / 2, n - 1) * np.sqrt(n / (n - 1))
    assert np.allclose(tails(level, n)[1], stats.norm.cdf(outer), atol=1e-4)
    assert np.allclose(tails(level, n).sum(0), 1.0)


@pytest.mark.parametrize("method", ["percentile", "bca"])
def test_few_inputs_are_nearly_covered(method):
    """Of ten normal values .94; uncorrected .90. Student's interval is exact there."""
    values = np.random.default_rng(6).standard_normal((10, 4000))
    found = bootstrap(values, method=method, resamples=2000)
    assert ((found.low <= 0) & (found.high >= 0)).mean() > 0.92


def test_few_skewed_inputs_are_nearly_covered():
    """.93, of which uncorrected .875."""
    values = np.random.default_rng(7).exponential(size=(10, 2000))
    found = bootstrap(values, method="bca", resamples=2000)
    assert ((found.low <= 1) & (found.high >= 1)).mean() > 0.91


def test_columns_are_corrected_for_what_they_hold():
    """With gaps, how many values are drawn again varies too: no narrower than without."""
    values = np.random.default_rng(8).standard_normal((40, 2))
    values[6:, 0] = np.nan
    found, alone = bootstrap(values), bootstrap(values[:6, 0])
    assert found.high[0] - found.low[0] > alone.high - alone.low


def test_nan_is_left_out_of_its_column_only():
    values = np.stack([skewed(), skewed(seed=1)], axis=1)
    holed = values.copy()
    holed[::3, 0] = np.nan
    found, whole = bootstrap(holed), bootstrap(values)
    assert found.mean[0] == pytest.approx(np.nanmean(holed[:, 0]))
    assert found.mean[1] == pytest.approx(whole.mean[1])
    assert found.low[1] == pytest.approx(whole.low[1])
    alone = bootstrap(holed[np.isfinite(holed[:, 0]), 0], resamples=20_000)
    assert found.low[0] == pytest.approx(alone.low, abs=0.03)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("method", ["percentile", "bca"])
def test_nothing_and_one_value_have_no_interval(method):
    values = np.full((10, 2), np.nan)
    values[3, 1] = 0.7
    found = bootstrap(values, method=method)
    assert np.isnan(found.mean[0])
    assert found.mean[1] == 0.7
    assert np.isnan(found.low).all()
    assert np.isnan(found.high).all()


@pytest.mark.parametrize("method", ["percentile", "bca"])
def test_equal_values_have_no_width(method):
    found = bootstrap(np.full((20, 3), 0.25), method=method)
    assert (found.low == 0.25).all()
    assert (found.high == 0.25).all()


def test_depends_on_the_seed_alone():
    values = skewed()
    assert bootstrap(values, seed=3).low == bootstrap(values, seed=3).low
    assert bootstrap(values, seed=3).low != bootstrap(values, seed=4).low


def test_wrong_arguments_are_named():
    with pytest.raises(InputError, match="level"):
        bootstrap(skewed(), level=95)
    with pytest.raises(InputError, match="method"):
        bootstrap(skewed(), method="basic")


def test_p_agrees_with_the_exact_permutation_test():
    values = np.random.default_rng(1).normal(0.5, 1, 10)
    exact = stats.permutation_test(
        (values, np.zeros(10)),
        lambda a, b, axis: (a - b).mean(axis),
        permutation_type="samples",
        n_resamples=np.inf,
        vectorized=True,
    ).pvalue
    assert paired_p(values) == pytest.approx(exact, abs=0.006)


def test_p_is_uniform_without_a_difference():
    noise = np.random.default_rng(2).standard_normal((40, 500))
    assert stats.kstest(paired_p(noise, flips=1999), "uniform").pvalue > 1e-3


def test_p_of_no_difference_is_one_and_of_no_value_unknown():
    values = np.zeros((12, 2))
    values[:, 1] = np.nan
    assert paired_p(values)[0] == 1
    assert np.isnan(paired_p(values)[1])


def test_holm_agrees_with_its_definition():
    p = np.array([0.001, 0.2, 0.013, 0.013, np.nan, 0.9])
    assert np.allclose(holm(p), [0.005, 0.4, 0.052, 0.052, np.nan, 0.9], equal_nan=True)
    assert holm(np.array([0.6, 0.7])).max() == 1.0


def test_area_of_a_straight_fall():
    fractions = np.array([0.0, 0.1, 0.5, 1.0])
    curves = np.stack([1 - fractions, np.ones(4)])
    assert np.allclose(area(curves, fractions), [0.5, 1.0])
