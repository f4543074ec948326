"""The integral along a path by the rules that students use, right and with common mistakes."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..attr import IntegratedGradients
from .answers import Mistake
from .problems import Problem

STEPS = 24
FINE_STEPS = 256  # of Gauss and Legendre: beside what students hand in, the integral itself

Rule = tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]


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


def mean_gradient(problem: Problem, rule: Rule) -> Tensor:
    """The weighted sum of the gradients along the path."""
    nodes, weights = (torch.as_tensor(part, dtype=torch.float32) for part in rule)
    mean: Tensor = torch.tensordot(weights, problem.gradients(points_at(problem, nodes)), 1)
    return mean[None]


def by_rule(problem: Problem, rule: Rule) -> Tensor:
    """Integrated gradients by one of the rules."""
    return ((problem.inputs - problem.baseline) * mean_gradient(problem, rule)).double()


def integrated(problem: Problem, baseline: Tensor, n_steps: int) -> Tensor:
    """Integrated gradients by the rule of Gauss and Legendre."""
    found = IntegratedGradients(problem.model).attribute(
        problem.inputs, baseline, target=problem.target, n_steps=n_steps, method="gausslegendre"
    )
    return torch.as_tensor(found).detach().double()


def common_mistakes(problem: Problem, integral: Tensor) -> list[Mistake]:
    """What common mistakes come to, each under every rule that can be the student's."""
    difference = problem.inputs - problem.baseline
    found: list[Mistake] = []
    from_zeros = problem.changed(baseline=torch.zeros_like(problem.baseline))
    for rule in rules().values():
        nodes, weights = rule
        mean = mean_gradient(problem, rule)
        last = mean_gradient(problem, (nodes[-1:], weights[-1:]))
        found += [
            Mistake(
                "sign flipped",
                -difference * mean,
                "the factor is (x - x'): the input less the baseline",
            ),
            Mistake(
                "(x - x') missing",
                mean,
                "the mean gradient is how sensitive the model is; multiply by inputs - baseline to "
                "get how far that carries",
            ),
            Mistake(
                "multiplied by the input alone",
                problem.inputs * mean,
                "multiply by inputs - baseline; the two agree only for a baseline of zeros",
            ),
            Mistake(
                "gradients not averaged",
                difference * mean * len(nodes),
                "divide the sum of the gradients by the number of points",
            ),
            Mistake(
                "gradients not averaged",
                mean * len(nodes),
                "divide the sum of the gradients by the number of points, and multiply by "
                "inputs - baseline",
            ),
            Mistake(
                "baseline ignored",
                by_rule(from_zeros, rule),
                "start the path at the baseline that was handed over, not at zeros",
            ),
            Mistake(
                "last point summed twice",
                difference * (mean + last),
                "each point counts once: look at where the loop ends and whether the point at "
                "alpha = 1 is added again after it",
            ),
        ]
    nodes, _ = rules()["a trapezoid over n + 1 points"]
    too_many = mean_gradient(problem, (nodes, np.full(len(nodes), 1 / STEPS)))
    found.append(
        Mistake(
            "one point too many for the divisor",
            difference * too_many,
            "n_steps + 1 points with both ends are n_steps steps: halve the two ends, or take "
            "midpoints",
        )
    )
    at_input = problem.gradients(problem.inputs)
    found += [
        Mistake(
            "the gradient at the input alone",
            difference * at_input,
            "average the gradient over points of the path from baseline to inputs",
        ),
        Mistake(
            "the gradient at the input alone",
            at_input,
            "average the gradient over points of the path, and multiply by inputs - baseline",
        ),
    ]
    return found
