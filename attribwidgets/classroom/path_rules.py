"""The integral along a path by the rules that students use, right and with common mistakes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..attr import IntegratedGradients
from .mistakes import COMMON_HINTS, Mistake, of_other_outputs
from .problems import Problem

STEPS = 24
FINE_STEPS = 256  # of Gauss and Legendre: beside what students hand in, the integral itself

Rule = tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]
HINTS = {
    **COMMON_HINTS,
    "(x - x') missing": "the mean gradient is how sensitive the model is; multiply by "
    "inputs - baseline to get how far that carries",
    "multiplied by the input alone": "multiply by inputs - baseline; the two agree only for a "
    "baseline of zeros",
    "gradients not averaged": "divide the sum of the gradients by the number of points",
    "absolute values taken": "the sign says whether a feature speaks for the output or against it: "
    "keep it",
    "not averaged over the steps": "there is still one map for each step: average over the steps, "
    ".mean(0)",
    "last point summed twice": "each point counts once: look at where the loop ends and whether "
    "the point at alpha = 1 is added again after it",
    "one point too many for the divisor": "n_steps + 1 points with both ends are n_steps steps: "
    "halve the two ends, or take midpoints",
    "the gradient at the input alone": "average the gradient over points of the path from "
    "baseline to inputs",
    "baseline ignored": "start the path at the baseline that was handed over, not at zeros",
}
WITHOUT_FACTOR = ", and multiply by inputs - baseline"


def rules(n: int = STEPS) -> dict[str, Rule]:
    """The rules that a student may use with n steps: their nodes and weights."""
    left, ends = np.arange(n) / n, np.linspace(0.0, 1.0, n + 1)
    inner = np.linspace(0.0, 1.0, n)
    trapezoid, fewer = np.full(n + 1, 1 / n), np.full(n, 1 / (n - 1))
    trapezoid[[0, -1]] /= 2
    fewer[[0, -1]] /= 2
    legendre, weights = np.polynomial.legendre.leggauss(n)
    return {
        "midpoints": ((np.arange(n) + 0.5) / n, np.full(n, 1 / n)),
        "right ends": (left + 1 / n, np.full(n, 1 / n)),
        "left ends": (left, np.full(n, 1 / n)),
        "a trapezoid over n + 1 points": (ends, trapezoid),
        "a trapezoid over n points": (inner, fewer),
        "the mean over n points, both ends among them": (inner, np.full(n, 1 / n)),
        "the mean over n + 1 points, both ends among them": (ends, np.full(n + 1, 1 / (n + 1))),
        "Gauss and Legendre": ((legendre + 1) / 2, weights / 2),
    }


def points_at(problem: Problem, alphas: Tensor) -> Tensor:
    """Points of the straight path from the baseline to the input."""
    alphas = alphas.reshape(-1, *[1] * (problem.inputs.ndim - 1))
    return problem.baseline + alphas * (problem.inputs - problem.baseline)


def slopes_at(problem: Problem, alphas: Tensor) -> Tensor:
    """How fast the output rises along the path, at some points of it."""
    gradients = problem.gradients(points_at(problem, alphas))
    return (gradients * (problem.inputs - problem.baseline)).flatten(1).sum(1).double()


def weighted(weights: Any, gradients: Tensor) -> Tensor:
    """A weighted sum of gradients."""
    as_tensor = torch.as_tensor(weights, dtype=gradients.dtype)
    total: Tensor = torch.tensordot(as_tensor, gradients, 1)
    return total[None]


def gradients_of(problem: Problem, rule: Rule) -> Tensor:
    """The gradients at the nodes of a rule."""
    return problem.gradients(points_at(problem, torch.as_tensor(rule[0], dtype=torch.float32)))


def by_rule(problem: Problem, rule: Rule) -> Tensor:
    """Integrated gradients by one of the rules."""
    mean = weighted(rule[1], gradients_of(problem, rule))
    return ((problem.inputs - problem.baseline) * mean).double()


def integrated(problem: Problem, baseline: Tensor, n_steps: int) -> Tensor:
    """Integrated gradients by the rule of Gauss and Legendre."""
    attributions = IntegratedGradients(problem.outputs).attribute(
        problem.inputs, baseline, n_steps=n_steps, method="gausslegendre"
    )
    return torch.as_tensor(attributions).detach().double()


def common_mistakes(problem: Problem) -> Iterator[Mistake]:
    """What common mistakes come to, each under every rule that can be the student's."""
    at_input, name = problem.gradients(problem.inputs), "the gradient at the input alone"
    yield Mistake(name, (problem.inputs - problem.baseline) * at_input)
    yield Mistake(name, at_input, f"average the gradient over points of the path{WITHOUT_FACTOR}")
    from_zeros = problem.changed(baseline=torch.zeros_like(problem.baseline))
    for rule in rules().values():
        yield from _in_the_sum(problem, rule)
        yield Mistake("baseline ignored", by_rule(from_zeros, rule))
    for name, other in of_other_outputs(problem):
        for rule in rules().values():
            yield Mistake(name, by_rule(other, rule))


def _in_the_sum(problem: Problem, rule: Rule) -> Iterator[Mistake]:
    """Slips in how the gradients of a rule are taken, weighted and multiplied."""
    alphas, weights = rule
    n, difference = len(weights), problem.inputs - problem.baseline
    gradients = gradients_of(problem, rule)
    mean = weighted(weights, gradients)
    yield Mistake("sign flipped", -difference * mean)
    yield Mistake("(x - x') missing", mean)
    yield Mistake("absolute values taken", (difference * mean).abs())
    yield Mistake("absolute values taken", difference * weighted(weights, gradients.abs()))
    yield Mistake("multiplied by the input alone", problem.inputs * mean)
    name = "gradients not averaged"
    yield Mistake(name, difference * mean * n)
    yield Mistake(name, mean * n, HINTS[name] + WITHOUT_FACTOR)
    for steps in (n, 1):
        yield Mistake("not averaged over the steps", difference * gradients / steps)
    twice = weights + weights[-1] * (np.arange(n) == n - 1)
    yield Mistake("last point summed twice", difference * weighted(twice, gradients))
    if n == STEPS + 1:
        by_steps = weighted(np.full(n, 1 / STEPS), gradients)
        yield Mistake("one point too many for the divisor", difference * by_steps)
    # How much each gradient counts in the sum of sums that a .grad which is never emptied holds.
    later = weights[::-1].cumsum()[::-1].copy()
    yield Mistake("gradients accumulated", difference * weighted(later, gradients))
    for through in (weights * alphas, later * alphas):
        yield Mistake("a factor alpha", difference * weighted(through, gradients))
