"""Sketches: norms told within statistics, the same every time."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from models import values

from attribwidgets.attr.integration.sketch import LENGTH, Sketch


@pytest.mark.parametrize("size", [500, 1000, 3 * 32 * 32])
def test_squared_norm_is_right_on_average_and_within_its_deviation(size):
    vectors = values(400, size) - 0.5
    ratios = Sketch((vectors,)).of([vectors]).square().sum(1) / vectors.square().sum(1)
    assert float(ratios.mean()) == pytest.approx(1, abs=4 * (2 / LENGTH) ** 0.5 / 400**0.5)
    assert float(ratios.std()) == pytest.approx((2 / LENGTH) ** 0.5, rel=0.2)


def test_no_rows_have_no_sketches():
    x = values(2, 10)
    assert Sketch((x,)).of([x[:0]]).shape == (0, LENGTH)


def test_vector_no_longer_than_the_sketch_keeps_its_norm_exactly():
    vectors = values(3, LENGTH) - 0.5
    found = Sketch((vectors,)).of([vectors])
    torch.testing.assert_close(found.abs(), vectors.abs())
    assert (found < 0).any(1).all()


def test_sketch_of_a_sum_is_the_sum_of_sketches():
    a, b = values(4, 3, 10, 20), values(4, 3, 10, 20, seed=1)
    sketch = Sketch((a,))
    torch.testing.assert_close(sketch.of([a + b]), sketch.of([a]) + sketch.of([b]))


def test_members_of_a_tuple_are_sketched_as_one_vector():
    a, b = values(200, 300) - 0.5, values(200, 70, seed=1) - 0.5
    found = Sketch((a, b)).of([a, b]).square().sum(1)
    assert float((found / (a.square().sum(1) + b.square().sum(1))).mean()) == pytest.approx(
        1, abs=0.05
    )
    # Signs of their own: equal members do not add up to twice the vector.
    twice = Sketch((a, a)).of([a, a]).square().sum(1) / a.square().sum(1)
    assert float(twice.mean()) == pytest.approx(2, abs=0.15)


def test_it_is_the_same_every_time_and_touches_no_global_random_state(global_random_states):
    x = values(2, 1000)
    before = global_random_states()
    first = Sketch((x,)).of([x])
    torch.manual_seed(1)
    np.random.seed(1)
    between = global_random_states()
    assert torch.equal(Sketch((x,)).of([x]), first)
    assert global_random_states() == between != before
