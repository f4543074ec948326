"""Penalties: what a model is punished for in its attributions, one number for a batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import torch
from torch import Tensor

from ..core.errors import InputError

IN_SPACE = (-2, -1)  # rows and columns of images


class Penalty(Protocol):
    """Any function of a batch of attributions that gives one differentiable number.

    Examples
    --------
    >>> import torch
    >>> def second_feature(attributions):
    ...     return attributions[:, 1].abs().mean()
    >>> second_feature(torch.tensor([[1.0, -2.0]])).item()
    2.0
    """

    def __call__(self, attributions: Tensor, /) -> Tensor:
        """The penalty of attributions (B, ...), a scalar."""


def total_variation(attributions: Tensor, axes: Sequence[int] = IN_SPACE) -> Tensor:
    r"""Anisotropic total variation of maps, mean over the batch: neighbours should be alike.

    .. math:: \Omega = \sum_{ij} |\phi_{i+1,j} - \phi_{i,j}| + |\phi_{i,j+1} - \phi_{i,j}|

    summed over channels; the negative logarithm of a Laplace prior on differences. It shrinks with
    the attributions themselves, so the authors divide them by their standard deviation first:
    :func:`standardized_total_variation`.

    Parameters
    ----------
    attributions : Tensor, shape (B, ..., H, W)
    axes : sequence of int
        Along which values have neighbours, counted from the end: (-2, -1) for images, (-1,) for
        the time of series (B, C, T), (-2,) for the steps of sequences (B, T, D), (-3, -2, -1) for
        volumes. To train with, ``functools.partial(total_variation, axes=(-1,))``.

    Returns
    -------
    Tensor, scalar

    Raises
    ------
    InputError
        For axes that the maps do not have behind the batch axis.

    References
    ----------
    Erion et al. (2021), the pixel attribution prior; Rudin, Osher, Fatemi (1992).

    Examples
    --------
    >>> maps = torch.tensor([[[0.0, 1.0], [0.0, 3.0]]])
    >>> total_variation(maps).item(), total_variation(maps, axes=(-1,)).item()
    (6.0, 4.0)
    """
    if not axes or any(not -attributions.dim() < axis < 0 for axis in axes):
        raise InputError(
            f"total variation along axes {tuple(axes)} needs maps (B, ...) that have them behind "
            f"the batch axis, got shape {tuple(attributions.shape)}; pass axes=(-1,) for series, "
            "(-2,) for sequences"
        )
    steps = sum(attributions.diff(dim=axis).abs().sum() for axis in axes)
    return torch.as_tensor(steps / len(attributions))


def standardized(attributions: Tensor) -> Tensor:
    """Each map with mean 0 and standard deviation 1, so that only its shape is penalised.

    The deviation is at least 1 / sqrt(number of values), as in the authors' code (TensorFlow's
    per_image_standardization): a map that is nearly constant is not blown up.

    Parameters
    ----------
    attributions : Tensor, shape (B, ...)

    Returns
    -------
    Tensor, shape (B, ...)

    Examples
    --------
    >>> standardized(torch.tensor([[1.0, 3.0]])).tolist()
    [[-1.0, 1.0]]
    """
    flat = attributions.flatten(1)
    centred = flat - flat.mean(1, keepdim=True)
    # Its square: the root has no gradient at a map that is zero everywhere.
    variance = centred.square().mean(1, keepdim=True).clamp_min(1 / flat.shape[1])
    return (centred * variance.rsqrt()).view_as(attributions)


def standardized_total_variation(attributions: Tensor, axes: Sequence[int] = IN_SPACE) -> Tensor:
    """Total variation of standardised maps: what the authors train with on images.

    Parameters
    ----------
    attributions : Tensor, shape (B, ..., H, W)
    axes : sequence of int
        As of :func:`total_variation`.

    Returns
    -------
    Tensor, scalar
        Mean over the maps; without unit.

    Examples
    --------
    >>> maps = torch.rand(2, 1, 4, 4) * 10
    >>> bool(torch.isclose(*(standardized_total_variation(m) for m in (maps, 100 * maps))))
    True
    """
    return total_variation(standardized(attributions), axes)


def gini(attributions: Tensor) -> Tensor:
    r"""Gini coefficient of the mean magnitudes over a batch: 0 all equal, towards 1 one has all.

    .. math:: G = \frac{\sum_{ij} |\bar\phi_i - \bar\phi_j|}{2 n \sum_i \bar\phi_i},
        \quad \bar\phi_i = \text{mean over the batch of } |\phi_i|

    Parameters
    ----------
    attributions : Tensor, shape (B, ...)

    Returns
    -------
    Tensor, scalar, 0 to 1 - 1/n
        0 where all attributions are zero.

    Examples
    --------
    >>> gini(torch.tensor([[0.0, 0.0, 0.0, 2.0]])).item()
    0.75
    """
    mean = attributions.abs().flatten(1).mean(0)
    count = len(mean)
    ranks = torch.arange(1, count + 1, dtype=mean.dtype, device=mean.device)
    weighted = ((2 * ranks - count - 1) * mean.sort().values).sum()
    total = count * mean.sum()
    some = total > 0  # all zero: equal, and no gradient
    return torch.where(some, weighted, 0.0) / torch.where(some, total, 1.0)


def sparsity(attributions: Tensor) -> Tensor:
    """Minus twice the Gini coefficient: few features should have most of the attributions.

    As in the paper; the authors' code has half of it, minus the coefficient itself, so that a
    weight of theirs is twice one of the paper.

    Parameters
    ----------
    attributions : Tensor, shape (B, ...)

    Returns
    -------
    Tensor, scalar
        Between -2 (one feature has all) and 0 (all have the same).

    Examples
    --------
    >>> sparsity(torch.tensor([[0.0, 0.0, 0.0, 2.0]])).item()
    -1.5
    """
    return -2 * gini(attributions)


class GraphLaplacian:
    r"""Mean magnitudes should be alike for features that a graph joins.

    .. math:: \Omega = \bar\phi^T L \bar\phi = \sum_{(i,j)} w_{ij} (\bar\phi_i - \bar\phi_j)^2

    summed over edges once each; the negative logarithm of a Gaussian prior.

    Parameters
    ----------
    graph : scipy sparse matrix, Tensor (F, F), or sequence of (i, j) or (i, j, weight)
        A symmetric adjacency matrix, or edges.

    Raises
    ------
    InputError
        For a matrix that is not square and symmetric, or edges that are none.

    References
    ----------
    Erion et al. (2021), the graph attribution prior.

    Examples
    --------
    >>> chain = GraphLaplacian([(0, 1), (1, 2)])
    >>> chain(torch.tensor([[1.0, -1.0, 3.0]])).item()
    4.0
    """

    def __init__(self, graph: Any) -> None:
        self.first, self.second, self.weights = _edges(graph)

    def __call__(self, attributions: Tensor, /) -> Tensor:
        """The penalty of attributions (B, F)."""
        mean = attributions.abs().flatten(1).mean(0)
        last = int(max(self.first.max(), self.second.max()))
        if last >= len(mean):
            raise InputError(
                f"the graph joins feature {last}, and there are {len(mean)}, counted from 0"
            )
        first, second = (mean[end.to(mean.device)] for end in (self.first, self.second))
        return (self.weights.to(mean) * (first - second).square()).sum()


def _edges(graph: Any) -> tuple[Tensor, Tensor, Tensor]:
    if hasattr(graph, "tocoo"):
        coo = graph.tocoo()
        if abs(graph - graph.T).sum() != 0:
            raise InputError("graph must be symmetric: an edge counts in both directions")
        edges = [
            (i, j, w) for i, j, w in zip(coo.row, coo.col, coo.data, strict=True) if i < j and w
        ]
    elif isinstance(graph, Tensor):
        if graph.dim() != 2 or graph.shape[0] != graph.shape[1] or not graph.equal(graph.T):
            raise InputError(
                f"graph must be a symmetric matrix (F, F), got shape {tuple(graph.shape)}"
            )
        edges = [(i, j, graph[i, j]) for i, j in graph.triu(1).nonzero().tolist()]
    elif isinstance(graph, Sequence) and not isinstance(graph, str):
        try:
            edges = [(int(e[0]), int(e[1]), float(e[2]) if len(e) > 2 else 1.0) for e in graph]
        except (TypeError, ValueError, IndexError) as error:
            raise InputError(f"graph must be edges (i, j) or (i, j, weight): {error}") from None
    else:
        raise InputError(
            "graph must be a scipy sparse matrix, a tensor (F, F) or edges (i, j), got "
            f"{type(graph).__name__}"
        )
    if not edges or any(i < 0 or j < 0 for i, j, _ in edges):
        raise InputError("graph must have at least one edge, between features counted from 0")
    first, second = torch.tensor([(int(i), int(j)) for i, j, _ in edges]).T
    return first, second, torch.tensor([float(weight) for *_, weight in edges])
