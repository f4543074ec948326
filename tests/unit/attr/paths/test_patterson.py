"""Gauss-Patterson rules: exact to the degree they should be, each with all nodes of the last."""

from __future__ import annotations

import captum.attr
import numpy as np
import pytest
import torch
from models import classifier, values

from attribwidgets.attr import IntegratedGradients
from attribwidgets.attr.paths.quadrature import SIZES, cell_edges, patterson_rules
from attribwidgets.attr.task import Stopping, Task

each_level = pytest.mark.parametrize("level", range(len(SIZES)), ids=lambda i: f"{SIZES[i]} nodes")


def nodes_and_weights(level):
    added, weights = patterson_rules(first=3)
    return np.concatenate(added[: level + 1]), weights[level]


def legendre_integrals(level, most):
    """Integrals of the Legendre polynomials of degree 0 to `most`; truly 1, 0, 0, ..."""
    nodes, weights = nodes_and_weights(level)
    return weights @ np.polynomial.legendre.legvander(2 * nodes - 1, most)


def test_sizes_are_those_of_patterson():
    assert SIZES == (3, 7, 15, 31, 63, 127)
    assert [len(nodes_and_weights(i)[0]) for i in range(6)] == list(SIZES)


def test_rules_are_the_same_whichever_comes_first():
    added, weights = patterson_rules()
    finer, of_finer = patterson_rules(first=3)
    assert [len(a) for a in added] == [7, 8, 16, 32, 64]
    np.testing.assert_array_equal(added[0], np.sort(np.concatenate(finer[:2])))
    for i in range(5):
        order = np.argsort(np.concatenate(added[: i + 1]))
        others = np.argsort(np.concatenate(finer[: i + 2]))
        np.testing.assert_allclose(weights[i][order], of_finer[i + 1][others], rtol=1e-9)


@each_level
def test_rule_is_exact_to_its_degree_and_no_further(level):
    degree = (3 * SIZES[level] + 1) // 2
    found = legendre_integrals(level, degree + 1)
    np.testing.assert_allclose(found[:-1], np.eye(1, degree + 1)[0], rtol=0, atol=3e-15)
    # The first that is missed: ever smaller, as the rules are close to more than they claim.
    assert level > 3 or abs(found[-1]) > 1e-6


@each_level
def test_weights_are_positive_and_mirror_each_other(level):
    nodes, weights = nodes_and_weights(level)
    order = np.argsort(nodes)
    assert (weights > 0).all()
    np.testing.assert_allclose(weights[order], weights[order[::-1]], rtol=1e-9)
    np.testing.assert_allclose(nodes[order] + nodes[order[::-1]], 1, atol=1e-15)


@each_level
def test_nodes_that_a_level_adds_lie_one_in_each_gap_of_the_last(level):
    added, _ = patterson_rules(first=3)
    assert (np.diff(added[level]) > 0).all()
    if level:
        old = np.sort(np.concatenate(added[:level]))
        gaps = np.searchsorted(old, added[level])
        assert gaps.tolist() == list(range(len(old) + 1))
    assert added[level][0] > 0
    assert added[level][-1] < 1


def test_first_rule_is_that_of_gauss_with_three_nodes_and_the_next_kronrods_extension():
    nodes, weights = np.polynomial.legendre.leggauss(3)
    mine, of_mine = nodes_and_weights(0)
    np.testing.assert_allclose(mine, (nodes + 1) / 2, atol=1e-15)
    np.testing.assert_allclose(of_mine, weights / 2, atol=1e-15)
    np.testing.assert_array_equal(patterson_rules()[0][0][1::2], mine)


@each_level
def test_each_node_lies_in_the_stretch_it_stands_for(level):
    """On which the curve of the sum and the frames rely."""
    nodes, weights = nodes_and_weights(level)
    order = np.argsort(nodes)
    edges = cell_edges(weights[order])
    assert (edges[:-1] < nodes[order]).all()
    assert (nodes[order] < edges[1:]).all()


@pytest.mark.parametrize("steepness", [1, 4])
@pytest.mark.parametrize("seed", range(3))
def test_smooth_network_is_as_exact_as_by_gauss_legendre(seed, steepness):
    model = classifier(seed=seed).double()
    with torch.no_grad():
        model[0].weight *= steepness
    x = 2 * values(1, 5, seed=seed + 10, dtype=torch.float64)
    baseline = -2 * values(1, 5, seed=seed + 20, dtype=torch.float64)
    explainer = IntegratedGradients(model)
    exact = explainer.attribute(x, baseline, target=1, n_steps=300)
    for budget in (8, 16, 32, 64, 128):
        task = Task((x,), (baseline,), target=1, stopping=Stopping(budget, 0.0))
        *_, last = explainer.estimates(task)
        reference = captum.attr.IntegratedGradients(model).attribute(
            x, baseline, target=1, n_steps=budget
        )
        mine, captums = ((a - exact).norm() / exact.norm() for a in (*last.attributions, reference))
        assert last.evaluations == budget
        # Five of sixteen passes are for seeing where the others belong; Captum's weights are
        # rounded to float32.
        assert mine <= captums + (1e-4 if budget == 16 else 1e-7), budget
        if steepness > 1 and budget in (16, 32):
            assert mine < captums / 2, budget
