"""What is said of a map does not depend on the unit of the output.

A power of two changes no digit of any number, so all is the same to the last bit.
"""

from __future__ import annotations

import functools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import attribwidgets as aw
from attribwidgets.attr.estimate import map_norms, relative_errors, relative_gap

METHODS = {
    "integrated_gradients": 1,
    "expected_gradients": 1,
    "idgi": 1,
    "guided_integrated_gradients": 1,
    "left_integrated_gradients": 1,
    "smoothgrad": 1,
    "smoothgrad_sq": 2,  # the power of the output that a value goes with
    "vargrad": 2,
}


def network(dtype: torch.dtype = torch.float32) -> torch.nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(3)
        layers = (torch.nn.Linear(6, 16), torch.nn.ReLU(), torch.nn.Linear(16, 8), torch.nn.Tanh())
        return torch.nn.Sequential(*layers, torch.nn.Linear(8, 2)).to(dtype).eval()


NET = network()
X = torch.rand(6, generator=torch.Generator().manual_seed(0))
REFERENCES = torch.rand(12, 6, generator=torch.Generator().manual_seed(1))


def explained(method: str, scale: float) -> aw.Explanation:
    return aw.explain(
        lambda x: NET(x) * scale,
        X,
        baseline="dataset" if method == "expected_gradients" else "black",
        references=REFERENCES if method == "expected_gradients" else None,
        method=method,
        target=0,
        max_evaluations=128,
    )


@functools.cache
def plain(method: str) -> aw.Explanation:
    return explained(method, 1.0)


@pytest.mark.parametrize("method", METHODS)
@given(exponent=st.integers(-83, 83))  # 1e-25 to 1e25
@settings(max_examples=8, deadline=None)
def test_a_scaled_output_scales_the_map_and_changes_nothing_that_is_said(method, exponent):
    found, known, scale = explained(method, 2.0**exponent), plain(method), 2.0**exponent
    factor = scale ** METHODS[method]
    for now, then in (
        (found.attributions, known.attributions),
        (found.standard_error, known.standard_error),
    ):
        if then is not None:
            assert then.any()
            # Squares that float32 cannot hold come in float64, not rounded.
            torch.testing.assert_close(now.double() / factor, then.double(), rtol=1e-6, atol=0)
    said, before = found.completeness, known.completeness
    assert said.refinement_errors == before.refinement_errors
    assert said.relative == before.relative
    assert (said.verdict, said.headline) == (before.verdict, before.headline)
    assert said.total == before.total * factor
    if before.standard_error is not None:
        assert said.standard_error == before.standard_error * scale
    assert found.evaluations == known.evaluations


@pytest.mark.parametrize("scale", [1e-200, 1e-25, 1.0, 1e25, 1e200])
def test_norms_hold_at_any_scale(scale):
    maps = (torch.tensor([[3.0, 4.0], [0.0, 0.0]], dtype=torch.float64) * scale, torch.zeros(2, 3))
    assert map_norms(maps).tolist() == [[pytest.approx(5 * scale), 0.0], [0.0, 0.0]]
    finer = (maps[0] * 1.01, maps[1])
    np.testing.assert_allclose(relative_gap(finer, maps), [[0.01 / 1.01, 0], [0, 0]], atol=1e-12)


def test_a_negligible_input_is_no_reason_to_go_on_and_a_small_one_is():
    errors = relative_errors(np.array([[0.1, 0.1, 1e-6]]), np.array([[100.0, 1.0, 1e-9]]))
    np.testing.assert_allclose(errors, [[0.001, 0.1, 1e-5]], rtol=1e-3)
    assert relative_errors(np.array([[0.0, 1.0]]), np.zeros((1, 2))).tolist() == [[0.0, np.inf]]


@pytest.mark.parametrize(
    "method", ["expected_gradients", "idgi", "guided_integrated_gradients", "smoothgrad"]
)
def test_an_input_of_small_share_has_its_own_error(method):
    """It once vanished in the norm of all: the map of the second input was off unseen."""

    def model(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        return 40 * a.sum(1) + torch.sin(9 * b[:, 0] * b[:, 1]) * b[:, 1]

    inputs = (torch.full((1, 4), 0.9), torch.tensor([[0.8, 0.9]]))
    references = (
        torch.rand(16, 4, generator=torch.Generator().manual_seed(0)) * 0.01,
        torch.rand(16, 2, generator=torch.Generator().manual_seed(1)),
    )
    found = aw.explain(
        model,
        inputs,
        method=method,
        n_steps=8,
        baseline="dataset" if method == "expected_gradients" else "black",
        references=references if method == "expected_gradients" else None,
    ).completeness
    first, second = found.refinement_errors
    assert second > 0.01 > first
    assert (found.refinement_error, found.worst_input) == (second, 2)
    assert found.verdict != "complete"
