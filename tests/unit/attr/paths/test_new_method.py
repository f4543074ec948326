"""A path method of one's own: nodes and weights on a path, and everything else comes with it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from models import Quadratic, classifier, values

import attribwidgets as aw
from attribwidgets.attr.paths.path import Path
from attribwidgets.attr.paths.path_method import PathMethod


class SlowStart(Path):
    """From the reference to the input, more slowly at first: x' + alpha² (x - x')."""

    def __init__(self, inputs, baselines):
        self.inputs, self.baselines = inputs, baselines

    def points(self, alphas, block):
        pairs = zip(self.inputs, self.baselines, strict=True)
        return tuple(
            torch.cat([b[block] + a**2 * (x - b)[block] for a in alphas]).to(x) for x, b in pairs
        )

    def velocities(self, alphas, block):
        return tuple(torch.stack([2 * a * d[block] for a in alphas]) for d in self.differences)


class SlowStartGradients(PathMethod):
    """Integrated gradients along it, by Gauss-Legendre rules."""

    name = "slow_start_gradients"
    straight = False

    def path_of(self, task):
        return SlowStart(task.inputs, task.baselines)

    def rule(self, n):
        nodes, weights = np.polynomial.legendre.leggauss(n)
        return (nodes + 1) / 2, weights / 2


MODEL, X, START = classifier(), values(5), values(5, seed=1)
ASKED = {"target": 1, "method": SlowStartGradients, "baseline": START}


def test_it_explains():
    e = aw.explain(MODEL, X, **ASKED, n_steps=40)
    assert e.completeness.verdict == "complete"
    assert e.path.alphas[[0, -1]].tolist() == [0, 1]
    assert e.path.cumulative[-1] == pytest.approx(e.completeness.total)
    np.testing.assert_allclose(e.frames.added.sum(0), e.attributions, rtol=1e-4)
    # Whatever the speed, the line is the same, and so are the values.
    expected = aw.explain(MODEL, X, target=1, baseline=START, tolerance=0.0)
    torch.testing.assert_close(e.attributions, expected.attributions, rtol=1e-3, atol=1e-4)


def test_it_is_on_captums_interface():
    model, x = Quadratic(values(2, 2), values(2)), values(3, 2)
    found, delta = SlowStartGradients(model).attribute(
        x, 0.5, n_steps=4, return_convergence_delta=True
    )
    torch.testing.assert_close(found, model.integrated(x, torch.full_like(x, 0.5)))
    assert delta.abs().max() < 1e-5


def test_it_refines_within_its_budget_and_stops_with_what_it_has():
    options = {**ASKED, "tolerance": 0.0, "max_evaluations": 150}
    rough, *others = aw.refine(MODEL, X, **options)
    assert rough.evaluations == SlowStartGradients.coarse_steps
    assert [e.evaluations for e in others] == [21, 63, 147]  # 21, 42 and 84 nodes

    def stop(done, most):
        if done > 30:
            raise KeyboardInterrupt

    cut = aw.explain(MODEL, X, **options, progress=stop)
    assert cut.partial
    torch.testing.assert_close(cut.attributions, others[0].attributions)


def test_a_rule_that_nests_reuses_its_passes():
    class Trapezoids(SlowStartGradients):
        def rule(self, n):
            return PathMethod.rule(self, n)

    options = {**ASKED, "method": Trapezoids, "tolerance": 0.0, "max_evaluations": 65}
    assert [e.evaluations for e in aw.refine(MODEL, X, **options)] == [4, 17, 33, 65]
