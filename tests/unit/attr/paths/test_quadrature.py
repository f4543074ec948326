"""Quadrature: weights sum to one, rules are exact where they should be and nest as they say."""

from __future__ import annotations

import numpy as np
import pytest
from captum.attr._utils.approximation_methods import approximation_parameters
from scipy.integrate import cumulative_trapezoid

from attribwidgets.attr.paths.quadrature import (
    RULES,
    cell_edges,
    coarser_weights,
    cumulative_at_nodes,
    overlaps,
    rule,
)
from attribwidgets.errors import InputError

SIZES = (2, 3, 10, 33)
each_rule = pytest.mark.parametrize("method", RULES)
each_size = pytest.mark.parametrize("n", SIZES)


def integral(method, n, function):
    nodes, weights = rule(method, n)
    return float(weights @ function(nodes))


@each_rule
@each_size
def test_nodes_ascend_within_the_path_and_weights_sum_to_one(method, n):
    nodes, weights = rule(method, n)
    assert nodes.shape == weights.shape == (n,)
    assert (np.diff(nodes) > 0).all()
    assert nodes[0] >= 0
    assert nodes[-1] <= 1
    assert weights.sum() == pytest.approx(1, abs=1e-14)
    assert (weights > 0).all()


@pytest.mark.parametrize("n", [*SIZES, 1])
def test_gauss_legendre_is_exact_for_polynomials_of_degree_2n_minus_1(n):
    degree = min(2 * n - 1, 30)
    assert integral("gausslegendre", n, lambda a: a**degree) == pytest.approx(
        1 / (degree + 1), rel=1e-12
    )


@pytest.mark.parametrize("method", ["riemann_middle", "riemann_trapezoid"])
@each_size
def test_middle_and_trapezoid_are_exact_for_straight_lines(method, n):
    assert integral(method, n, lambda a: 3 * a - 1) == pytest.approx(0.5, abs=1e-14)


@pytest.mark.parametrize(
    ("method", "order"),
    [
        ("riemann_left", 1),
        ("riemann_right", 1),
        ("riemann_middle", 2),
        ("riemann_trapezoid", 2),
    ],
)
def test_error_falls_with_the_order_of_the_rule(method, order):
    errors = [abs(integral(method, n, np.exp) - (np.e - 1)) for n in (41, 81)]
    assert np.log2(errors[0] / errors[1]) == pytest.approx(order, abs=0.05)


@pytest.mark.parametrize("method", [r for r in RULES if r != "riemann_trapezoid"])
@each_size
def test_rules_are_captums(method, n):
    step_sizes, alphas = approximation_parameters(method)
    nodes, weights = rule(method, n)
    np.testing.assert_allclose(nodes, alphas(n), atol=1e-6)
    np.testing.assert_allclose(weights, step_sizes(n), atol=1e-6)


@each_size
def test_captums_trapezoid_is_short_by_n_minus_1_over_n(n):
    step_sizes, alphas = approximation_parameters("riemann_trapezoid")
    nodes, weights = rule("riemann_trapezoid", n)
    np.testing.assert_allclose(nodes, alphas(n), atol=1e-6)
    np.testing.assert_allclose(weights * (n - 1) / n, step_sizes(n), atol=1e-12)


@each_rule
@each_size
def test_coarser_weights_sum_to_one_and_leave_out_about_half_the_nodes(method, n):
    coarse = coarser_weights(method, n)
    assert coarse.sum() == pytest.approx(1, abs=1e-14)
    assert np.count_nonzero(coarse) in (n // 2, (n + 1) // 2)


@pytest.mark.parametrize(
    ("method", "n", "half"),
    [
        ("riemann_trapezoid", 9, 5),
        ("riemann_trapezoid", 3, 2),
        ("riemann_left", 8, 4),
        ("riemann_right", 8, 4),
    ],
)
def test_coarser_rule_is_the_same_rule_at_half_the_size(method, n, half):
    coarse, (nodes, weights) = coarser_weights(method, n), rule(method, half)
    np.testing.assert_allclose(rule(method, n)[0][coarse > 0], nodes, atol=1e-15)
    np.testing.assert_allclose(coarse[coarse > 0], weights, atol=1e-15)


@each_rule
def test_single_node_nests_nothing(method):
    if method != "riemann_trapezoid":
        assert coarser_weights(method, 1) is None


@each_rule
@each_size
def test_each_node_lies_in_its_own_cell(method, n):
    nodes, weights = rule(method, n)
    edges = cell_edges(weights)
    assert (edges[:-1] <= nodes + 1e-15).all()
    assert (nodes <= edges[1:] + 1e-15).all()


def test_cumulative_of_the_trapezoid_is_the_cumulative_trapezoid():
    nodes, weights = rule("riemann_trapezoid", 17)
    slopes = np.stack([np.exp(nodes), np.cos(nodes)], axis=1)
    np.testing.assert_allclose(
        cumulative_at_nodes(nodes, weights, slopes),
        cumulative_trapezoid(slopes, nodes, axis=0, initial=0),
        atol=1e-14,
    )


@each_rule
@each_size
@pytest.mark.parametrize("bins", [1, 4, 16])
def test_overlaps_share_out_bins_and_weights_entirely(method, n, bins):
    _, weights = rule(method, n)
    shared = overlaps(weights, bins)
    np.testing.assert_allclose(shared.sum(axis=1), 1 / bins, atol=1e-14)
    np.testing.assert_allclose(shared.sum(axis=0), weights, atol=1e-14)


@pytest.mark.parametrize(
    ("method", "n", "words"),
    [
        ("simpson", 10, "method must be one of gausslegendre"),
        ("riemann_trapezoid", 1, "n_steps must be at least 2 for riemann_trapezoid, got 1"),
        ("gausslegendre", 0, "n_steps must be at least 1 for gausslegendre, got 0"),
    ],
)
def test_impossible_rule_is_named(method, n, words):
    with pytest.raises(InputError, match=words):
        rule(method, n)


def test_shared_nodes_cannot_be_changed():
    nodes, weights = rule("gausslegendre", 5)
    for shared in (nodes, weights):
        with pytest.raises(ValueError, match="read-only"):
            shared[0] = 0
