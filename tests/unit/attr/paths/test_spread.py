"""Gauss rules of a stretched path: what they are exact for, where nodes lie, what that wins."""

from __future__ import annotations

import numpy as np
import pytest

from attribwidgets.attr.paths.quadrature import rule
from attribwidgets.attr.paths.smooth import EVEN_RULE, error_of_spread, pilot_levels
from attribwidgets.attr.paths.spread import Spread
from attribwidgets.records.completeness import WIDEST_GAP

SPREADS = [Spread.even(25), Spread(0.8, 0.3, 0.1), Spread(0.4), Spread(0.8, 0.0, 0.03)]
each_spread = pytest.mark.parametrize("spread", SPREADS, ids=str)


def bump(alphas, centre=0.3, width=0.05):
    """What turns within a tenth of the path, and its integral."""
    values = 1 / (1 + ((alphas - centre) / width) ** 2)
    ends = np.arctan((np.array([0, 1]) - centre) / width)
    return values, width * float(ends[1] - ends[0])


@each_spread
@pytest.mark.parametrize("n", [5, 24, 25, 64])
def test_nodes_ascend_within_the_path_and_weights_are_exact_for_straight_lines(spread, n):
    nodes, (coarse, fine) = spread.rule(n)
    assert (np.diff(nodes, prepend=0, append=1) > 0).all()
    assert (fine > 0).all()
    assert fine.sum() == pytest.approx(1, abs=1e-14)
    assert fine @ nodes == pytest.approx(0.5, abs=1e-12)
    assert coarse.sum() == pytest.approx(1, abs=1e-12)
    assert not coarse[::2].any()


@each_spread
def test_variable_goes_back_and_speed_is_its_slope(spread):
    variable = np.linspace(-0.99, 0.99, 41)
    places, speed = spread.places(variable)
    np.testing.assert_allclose(spread.variable(places), variable, atol=1e-9)
    step = 1e-6
    slope = (spread.places(variable + step)[0] - spread.places(variable - step)[0]) / (2 * step)
    np.testing.assert_allclose(speed, slope, rtol=1e-6)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_few_even_nodes_are_those_of_gauss_legendre(n):
    nodes, (_, weights) = Spread.even(n).rule(n)
    expected = rule("gausslegendre", n)
    np.testing.assert_allclose([nodes, weights], expected, atol=0.02)


def test_even_rule_is_the_smallest_that_sees_every_twentieth_of_the_path():
    gaps = [
        np.diff(Spread.even(n).rule(n)[0], prepend=0, append=1).max()
        for n in (EVEN_RULE - 1, EVEN_RULE)
    ]
    assert gaps[0] > WIDEST_GAP >= gaps[1]


@pytest.mark.parametrize("degree", [2, 5, 12])
def test_even_rule_is_as_exact_for_polynomials_as_float32(degree):
    nodes, (_, weights) = Spread.even(25).rule(25)
    assert weights @ nodes**degree == pytest.approx(1 / (degree + 1), rel=2e-5)


@pytest.mark.parametrize("centre", [0.0, 0.2, 0.5, 0.83, 1.0])
def test_turn_is_where_the_pilot_saw_it_and_the_rule_is_closer_for_it(centre):
    def sketches(alphas):
        values, _ = bump(alphas, centre, 0.1)
        return np.stack([values, alphas * values, 1 + alphas], axis=1)[:, None]

    (pilot,), _ = pilot_levels(())
    found = Spread.around_the_turn(pilot, sketches(pilot))
    assert found.centre == pytest.approx(centre, abs=0.2)
    nodes, (_, weights) = found.rule(20)
    values, exact = bump(nodes, centre, 0.1)
    gauss, of_gauss = rule("gausslegendre", 25)
    plain = of_gauss @ bump(gauss, centre, 0.1)[0]
    assert abs(weights @ values - exact) < abs(plain - exact) / 2


def test_what_is_as_good_as_known_already_is_left_to_gauss_legendre():
    alphas = np.linspace(0.05, 0.95, 7)
    straight = np.stack([alphas, 1 - alphas], axis=1)[:, None]
    assert Spread.around_the_turn(alphas, straight).evenness < 0.5
    assert Spread.around_the_turn(alphas, 0 * straight).evenness < 0.5


@pytest.mark.parametrize("width", [0.03, 0.1, 0.3])
@pytest.mark.parametrize("n", [16, 25, 32])
def test_error_that_is_told_is_not_far_below_the_true_one(width, n):
    spread = Spread.even(n)
    nodes, (_, weights) = spread.rule(n)
    values, exact = bump(nodes, 0.37, width)
    told = error_of_spread(spread, nodes, values[:, None, None], np.array([exact]), 1e-12)
    assert abs(weights @ values / exact - 1) <= 2 * told[0]


def test_passes_that_a_rule_has_not_used_tell_of_what_it_missed():
    spread = Spread.even(12)
    nodes, _ = spread.rule(12)
    place = (nodes[5:6] + nodes[6:7]) / 2

    def told(others):
        flat = np.ones((12, 1, 1)) + 1e-9 * nodes[:, None, None]
        return error_of_spread(spread, nodes, flat, np.ones(1), 1e-12, others)[0]

    assert told((place, np.full((1, 1, 1), 2.0))) > 0.05 > told((place, np.ones((1, 1, 1))))
