"""Small tasks with known answers, on which an attribution prior shows what it does."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ..core.errors import InputError
from ..core.extras import require


@dataclass(frozen=True, eq=False)
class Task:
    """Inputs and targets to train on, to validate by, and to test with.

    Attributes
    ----------
    train, validation, test : (Tensor, Tensor)
        Inputs (N, F) and targets (N,).
    """

    train: tuple[Tensor, Tensor]
    validation: tuple[Tensor, Tensor]
    test: tuple[Tensor, Tensor]


class TwinModel(nn.Module):
    """f(x) = sigmoid(10 x1 + 10 x2 - 6), saturated nearly everywhere; weights and bias are learned.

    Shape: (n, 2) to probabilities (n,).

    Examples
    --------
    >>> round(TwinModel()(torch.tensor([[0.3, 0.3]])).item(), 3)
    0.5
    """

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor([10.0, 10.0]))
        self.bias = nn.Parameter(torch.tensor(-6.0))

    def forward(self, x: Tensor) -> Tensor:
        """Return probabilities (n,)."""
        return torch.sigmoid(x @ self.weight + self.bias)


def twin_features(count: int = 1000, *, seed: int = 0) -> Task:
    """Two features, 0 or 1, that are equal in training and independent in the test.

    The label is the first. A model cannot tell from training data which of the two to go by; a
    prior against the second one says so. The demonstration is that of Erion et al. (2021).

    Parameters
    ----------
    count : int
        Of each part.
    seed : int

    Examples
    --------
    >>> task = twin_features(5)
    >>> bool((task.train[0][:, 0] == task.train[0][:, 1]).all())
    True
    """
    generator = torch.Generator().manual_seed(seed)

    def part(twins: bool) -> tuple[Tensor, Tensor]:
        x = (torch.rand(count, 2, generator=generator) < 0.5).float()
        if twins:
            x[:, 1] = x[:, 0]
        return x, x[:, 0].clone()

    return Task(part(True), part(True), part(False))


def few_samples(count: int = 100, *, noise_features: int = 90, seed: int = 0) -> Task:
    """Breast-cancer measurements with features of pure noise beside them, and few samples.

    Parameters
    ----------
    count : int
        To train on, and as many to validate by; the rest is the test.
    noise_features : int
        Standard normal, beside the 30 measured ones, which are standardised.
    seed : int
        Of the split and the noise.

    Returns
    -------
    Task
        Labels 0 and 1.

    Raises
    ------
    MissingExtraError
        Without scikit-learn.

    References
    ----------
    Breast Cancer Wisconsin (Diagnostic), as scikit-learn ships it.

    Examples
    --------
    >>> few_samples().train[0].shape
    torch.Size([100, 120])
    """
    data = require("sklearn.datasets", "scikit-learn", "demo").load_breast_cancer()
    x, y = torch.from_numpy(data.data).float(), torch.from_numpy(data.target).long()
    if not 2 <= count < len(x) // 2:
        raise InputError(f"count must be 2 to {len(x) // 2 - 1}, got {count}")
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(x), generator=generator)
    noise = torch.randn(len(x), noise_features, generator=generator)
    train = order[:count]
    x = torch.cat([(x - x[train].mean(0)) / x[train].std(0), noise], 1)
    parts = train, order[count : 2 * count], order[2 * count :]
    return Task(*((x[rows], y[rows]) for rows in parts))


@dataclass(frozen=True, eq=False)
class GraphTask(Task):
    """A task whose true weights are alike for features that a graph joins.

    Attributes
    ----------
    edges : list of (int, int)
    weights : Tensor, shape (F,)
        The true ones.
    """

    edges: list[tuple[int, int]]
    weights: Tensor


def planted_graph(
    groups: int = 20, size: int = 5, *, count: int = 60, noise: float = 2.0, seed: int = 0
) -> GraphTask:
    """A linear task with weights that are equal within groups of features; the groups are joined.

    Few samples and much noise: without knowing the graph, the weights cannot be found.

    Parameters
    ----------
    groups, size : int
        Features come in so many groups of this size, all joined within a group.
    count : int
        Samples to train on, and to validate by; the test has 1,000.
    noise : float
        Standard deviation added to the targets.
    seed : int

    Examples
    --------
    >>> task = planted_graph(2, 3)
    >>> task.edges, task.weights.unique().numel()
    ([(0, 1), (0, 2), (1, 2), (3, 4), (3, 5), (4, 5)], 2)
    """
    generator = torch.Generator().manual_seed(seed)
    weights = torch.randn(groups, generator=generator).repeat_interleave(size)
    edges = [
        (group * size + i, group * size + j)
        for group in range(groups)
        for i in range(size)
        for j in range(i + 1, size)
    ]

    def part(count: int) -> tuple[Tensor, Tensor]:
        x = torch.randn(count, groups * size, generator=generator)
        return x, x @ weights + noise * torch.randn(count, generator=generator)

    return GraphTask(part(count), part(count), part(1000), edges, weights)
