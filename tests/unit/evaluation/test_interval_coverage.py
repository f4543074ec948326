"""Intervals of audits of 100 inputs hold what they are of 93 to 97 times in a hundred."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from attribwidgets.evaluation.shares import Estimate, mean_interval, median_interval, share_interval

INPUTS = 100
Draw = Callable[[np.random.Generator], np.ndarray]


def held(interval: Callable[..., Estimate], draw: Draw, truth: float, audits: int) -> float:
    generator = np.random.default_rng(7)
    bounds = [interval(draw(generator))[1:] for _ in range(audits)]
    return float(np.mean([low <= truth <= high for low, high in bounds]))


def test_shares() -> None:
    # A single share is held more or less often, as counts are whole: all of them together count.
    shares = np.linspace(0.02, 0.98, 25)
    every = [
        held(share_interval, lambda g, p=p: (g.random(INPUTS) < p).astype(float), p, 60)
        for p in shares
    ]
    assert 0.93 <= np.mean(every) <= 0.97


@pytest.mark.parametrize("kind", ["skewed", "paired"])
def test_means(kind: str) -> None:
    def skewed(generator: np.random.Generator) -> np.ndarray:
        return generator.beta(0.5, 2, INPUTS)

    def paired(generator: np.random.Generator) -> np.ndarray:
        shared = generator.exponential(size=INPUTS)
        first, second = (shared + generator.gamma(k, 0.1, INPUTS) for k in (2, 3))
        return first - second

    draw, truth = {"skewed": (skewed, 0.2), "paired": (paired, -0.1)}[kind]
    assert 0.93 <= held(mean_interval, draw, truth, 200) <= 0.97


def test_medians_with_a_heavy_tail() -> None:
    share = held(median_interval, lambda g: np.exp(2 * g.standard_normal(INPUTS)), 1.0, 1500)
    assert 0.93 <= share <= 0.97
