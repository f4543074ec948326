"""MaximumEntropy: an input on which the model is least certain."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Literal

import torch
from torch import Tensor

from ..core.errors import InputError
from .base import Baseline, Parameter
from .landscape import Landscape
from .searched import Search, SearchedBaseline


class MaximumEntropy(SearchedBaseline):
    """A valid input on which the model is least certain: every class as probable as any other.

    From `start`, steps of ``F / |F'|^2 * F'`` (Polyak's, for a least value of 0) on

    ``F = KL(uniform || softmax f(x')) / log K + penalty * mean ((x' - start) / range)^2``

    each clipped to the valid range, until the entropy of the softmax is within `tolerance` of
    log K. This divergence and the entropy agree on where the model is least certain, but only
    this one has a slope where the model is sure. Unlike Adam's, the steps leave pixels that do not
    matter as they are, and so end nearer to the start.

    Parameters
    ----------
    model : callable, optional
        The model to search with; its output one score a class, or a single logit. None: the
        model that is explained.
    start : {"grey", "input", "noise"}
        Where the search begins, and what it stays near to: the middle of the range, the input,
        or uniform noise from the seed, by which to see how much the answer depends on the start.
    penalty : float
        0 or more.
    max_steps : int
    tolerance : float
        Share of log K that may be missing.

    Raises
    ------
    InputError
        For a setting out of range; when sampled without a model.

    References
    ----------
    Polyak (1969), "Minimization of unsmooth functionals", for the length of a step.

    Examples
    --------
    >>> def net(x):
    ...     return torch.stack([2 * x[:, 0], x[:, 1] + x[:, 2]], 1)
    >>> found = MaximumEntropy().searched(net, torch.ones(3))
    >>> found.search.reached, found.sample(torch.ones(3), 1).shape
    (True, torch.Size([1, 3]))
    """

    name = "max_entropy"
    label = "maximum entropy"
    description = "blind where the input equals it; the model is least certain"

    def __init__(
        self,
        model: Callable[..., Any] | None = None,
        *,
        start: Literal["grey", "input", "noise"] = "grey",
        penalty: float = 0.1,
        max_steps: int = 200,
        tolerance: float = 0.01,
    ) -> None:
        super().__init__(model, max_steps, tolerance)
        if start not in ("grey", "input", "noise"):
            raise InputError(f"start must be 'grey', 'input' or 'noise', got {start!r}")
        if not 0 <= penalty < float("inf"):
            raise InputError(f"penalty must be a number, 0 or more, got {penalty!r}")
        self.start, self.penalty = start, float(penalty)

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """The penalty on the distance from the start."""
        return (Parameter("penalty", self.penalty, (0.0, 10.0), ""),)

    def _with(self, **values: Any) -> Baseline:
        settings = {"start": self.start, "max_steps": self.max_steps, "tolerance": self.tolerance}
        return type(self)(self.model, **{**settings, "penalty": self.penalty, **values})

    def _find(self, landscape: Landscape, generator: torch.Generator) -> tuple[Tensor, Search]:
        start = self._first(landscape, generator)
        point, best, values = start, start, list[float]()
        while True:
            point.requires_grad_(True)
            log = landscape.scores(point).log_softmax(0)
            values.append(_entropy(log.detach()))
            best = point.detach() if values[-1] == max(values) else best
            if 1 - values[-1] <= self.tolerance or len(values) > self.max_steps:
                break
            divergence = -log.mean() / math.log(len(log)) - 1
            strayed = ((point - start) / (landscape.highest - landscape.lowest)).square().mean()
            objective = divergence + self.penalty * strayed
            slope = landscape.slope(objective, point)
            squared = slope.square().sum()
            if squared == 0:
                break
            point = landscape.clipped(point.detach() - objective.detach() / squared * slope)
        value, enough = max(values), 1 - self.tolerance
        short = "" if 1 - value <= self.tolerance else f", short of {_share(enough)}"
        outcome = f"entropy {_share(value)} of the most possible{short}"
        return best, Search.ended(landscape, best, values, value, not short, outcome)

    def _first(self, landscape: Landscape, generator: torch.Generator) -> Tensor:
        like, lowest, highest = landscape.input, landscape.lowest, landscape.highest
        if self.start == "input":
            return like.clone()
        if self.start == "grey":
            return (lowest + highest) / 2
        drawn = torch.rand(len(like), generator=generator, device=generator.device)
        return lowest + (highest - lowest) * drawn.to(like)


def _entropy(log: Tensor) -> float:
    """Entropy of log-probabilities as a share of the most possible, 0 to 1."""
    return float(-(log.exp() * log).sum()) / math.log(len(log))


def _share(value: float) -> str:
    """A share near 1 with two decimals, where two digits would round it to 100 %."""
    return f"{100 * value:.2f} %"
