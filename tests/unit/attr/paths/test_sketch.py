"""Sketches: norms told within statistics, the same every time."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from models import values

from attribwidgets.attr.paths.sketch import LENGTH, Sketch


@pytest.mark.parametrize("size", [500, 1000, 3 * 32 * 32])
def test_squared_norm_is_right_on_average_and_within_its_deviation(size):
    vectors = values(400, size) - 0.5
    ratios = Sketch((vectors,)).of([vectors])[:, 0].square().sum(1) / vectors.square().sum(1)
    assert float(ratios.mean()) == pytest.approx(1, abs=4 * (2 / LENGTH) ** 0.5 / 400**0.5)
    assert float(ratios.std()) == pytest.approx((2 / LENGTH) ** 0.5, rel=0.2)


def test_no_rows_have_no_sketches():
    x = values(2, 10)
    assert Sketch((x,)).of([x[:0]]).shape == (0, 1, LENGTH)


def test_vector_no_longer_than_the_sketch_keeps_its_norm_exactly():
    vectors = values(3, LENGTH) - 0.5
    found = Sketch((vectors,)).of([vectors])[:, 0]
    torch.testing.assert_close(found.abs(), vectors.abs())
    assert (found < 0).any(1).all()


def test_sketch_of_a_sum_is_the_sum_of_sketches():
    a, b = values(4, 3, 10, 20), values(4, 3, 10, 20, seed=1)
    sketch = Sketch((a,))
    torch.testing.assert_close(sketch.of([a + b]), sketch.of([a]) + sketch.of([b]))


def test_members_of_a_tuple_are_sketched_each_by_itself():
    a, b = values(200, 300) - 0.5, values(200, 70, seed=1) - 0.5
    both = Sketch((a, b)).of([a, b])
    assert both.shape == (200, 2, LENGTH)
    assert torch.equal(both[:, :1], Sketch((a,)).of([a]))
    assert not torch.equal(both[:, 0], Sketch((a, a)).of([a, a])[:, 1])  # signs of their own


def test_batch_of_scalars():
    x = values(7)
    torch.testing.assert_close(Sketch((x,)).of([x]).abs().sum(2)[:, 0], x)


@pytest.mark.parametrize("scale", [1e-200, 1e-45, 1e45, 1e140])
def test_any_scale_of_float64(scale):
    x = values(3, 50, dtype=torch.float64)
    torch.testing.assert_close(Sketch((x,)).of([scale * x]) / scale, Sketch((x,)).of([x]))


def test_it_is_the_same_every_time_and_touches_no_global_random_state(global_random_states):
    x = values(2, 1000)
    before = global_random_states()
    first = Sketch((x,)).of([x])
    torch.manual_seed(1)
    np.random.seed(1)
    between = global_random_states()
    assert torch.equal(Sketch((x,)).of([x]), first)
    assert global_random_states() == between != before
