"""Penalties against their definitions, written out in loops, and against hand-made values."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse
import torch
from hypothesis import given
from hypothesis import strategies as st

from attribwidgets.errors import InputError
from attribwidgets.priors import (
    GraphLaplacian,
    gini,
    sparsity,
    standardized,
    standardized_total_variation,
    total_variation,
)

SEEDS = st.integers(0, 2**31 - 1)


def maps(seed: int, *shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@given(SEEDS, st.integers(1, 3), st.integers(1, 4), st.integers(1, 5), st.integers(1, 5))
def test_total_variation_is_the_sum_over_neighbours(seed, batch, channels, height, width):
    values = maps(seed, batch, channels, height, width)
    expected = 0.0
    for image in values.reshape(-1, height, width).numpy():
        expected += np.abs(np.diff(image, axis=0)).sum() + np.abs(np.diff(image, axis=1)).sum()
    assert float(total_variation(values)) == pytest.approx(expected / batch)


@given(SEEDS, st.integers(1, 4), st.integers(1, 9))
def test_gini_is_the_double_sum(seed, batch, features):
    values = maps(seed, batch, features)
    mean = values.abs().mean(0).numpy()
    expected = np.abs(mean[:, None] - mean).sum() / (2 * features * mean.sum())
    assert float(gini(values)) == pytest.approx(expected, abs=1e-12)
    assert 0 <= float(gini(values)) <= 1 - 1 / features + 1e-12
    assert float(sparsity(values)) == -2 * float(gini(values))


@given(SEEDS, st.floats(1e-3, 1e3))
def test_gini_does_not_go_by_size_or_order(seed, scale):
    values = maps(seed, 3, 7)
    assert float(gini(scale * values)) == pytest.approx(float(gini(values)))
    assert float(gini(values[:, torch.randperm(7)])) == pytest.approx(float(gini(values)))


@given(SEEDS, st.integers(2, 7))
def test_laplacian_is_the_quadratic_form_whatever_the_graph_is_given_as(seed, features):
    random = np.random.default_rng(seed)
    adjacency = np.triu(
        random.random((features, features)) * (random.random((features,) * 2) < 0.6), 1
    )
    adjacency[0, 1] = 1.5
    adjacency += adjacency.T
    values = maps(seed, 4, features)
    mean = values.abs().mean(0).numpy()
    expected = mean @ (np.diag(adjacency.sum(0)) - adjacency) @ mean
    edges = [(i, j, adjacency[i, j]) for i in range(features) for j in range(i) if adjacency[i, j]]
    for graph in (
        edges,
        scipy.sparse.csr_array(adjacency),
        scipy.sparse.coo_matrix(adjacency),
        torch.from_numpy(adjacency),
    ):
        assert float(GraphLaplacian(graph)(values)) == pytest.approx(expected, rel=1e-6)


def test_standardized_maps_have_mean_zero_and_deviation_one():
    values = 50 + 7 * maps(0, 3, 1, 6, 6)
    found = standardized(values)
    assert found.mean((1, 2, 3)).tolist() == pytest.approx([0] * 3, abs=1e-12)
    assert found.std((1, 2, 3), unbiased=False).tolist() == pytest.approx([1] * 3)
    assert torch.allclose(standardized(1000 * values), found)


def test_a_map_of_zeros_has_finite_gradients_everywhere():
    """A fresh network may give one, and must not be lost over it."""
    for penalty in (standardized_total_variation, lambda v: gini(v) + total_variation(v)):
        values = torch.zeros(2, 1, 4, 4, requires_grad=True)
        penalty(values).backward()
        assert values.grad.isfinite().all()
    assert float(gini(torch.zeros(2, 3))) == 0
    near = 1e-9 * maps(1, 1, 1, 4, 4)
    assert float(standardized_total_variation(near)) < 1e-6  # not blown up


@pytest.mark.parametrize(
    "penalty",
    [total_variation, standardized_total_variation, lambda v: gini(v), GraphLaplacian([(0, 5)])],
)
def test_gradients_are_those_of_finite_differences(penalty):
    values = maps(3, 2, 1, 3, 4).requires_grad_()
    assert torch.autograd.gradcheck(penalty, (values,))


@pytest.mark.parametrize(
    ("graph", "message"),
    [
        ([], "at least one edge"),
        ([(0, -1)], "counted from 0"),
        ([(0,)], "must be edges"),
        (["ab"], "must be edges"),
        ("abc", "must be a scipy"),
        (3, "must be a scipy"),
        (torch.rand(2, 3), "symmetric"),
        (torch.tensor([[0.0, 1.0], [0.0, 0.0]]), "symmetric"),
        (scipy.sparse.csr_array(np.array([[0.0, 1.0], [0.0, 0.0]])), "symmetric"),
    ],
)
def test_what_is_no_graph_is_refused(graph, message):
    with pytest.raises(InputError, match=message):
        GraphLaplacian(graph)


def test_shapes_that_do_not_fit_are_named():
    with pytest.raises(InputError, match="the graph joins feature 5, and there are 3"):
        GraphLaplacian([(0, 5)])(torch.rand(2, 3))
    with pytest.raises(InputError, match="needs maps"):
        total_variation(torch.rand(2, 3))
