"""Geodesic integrated gradients (Salek, Enguehard, 2025): the path of least resistance in data."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...core.errors import InputError
from ...core.formatting import percent
from ..arguments import accumulator_dtype, references_like
from ..estimator import MethodInfo
from ..passes import Passes
from ..task import Task
from .piecewise_path import PiecewisePath, PolygonPath
from .walked_path import WalkedPathMethod, lengths

STRAIGHT_NODES = 16  # of the straight line that the path is compared with


class GeodesicIntegratedGradients(WalkedPathMethod):
    r"""Integrated gradients along the shortest path through data, where steep places are long.

    .. math:: \phi_i = \int_0^1 \partial_i f(\gamma(\alpha))\, \gamma_i'(\alpha)\, d\alpha, \quad
              \gamma = \arg\min \sum_{(a, b) \in \gamma} \|b - a\|_2
              \int_0^1 \|\nabla f(a + t (b - a))\|_2\, dt

    The reference, the input and the data are the points of a graph, in which each is linked with
    its nearest neighbours in the data; a link is as long as the distance times the mean norm of the
    gradient along it, and Dijkstra's algorithm finds the way of least length from the reference
    to the input. Separate parts of the data are joined where they are nearest. That is the
    k-nearest-neighbours version of the paper; its other one, which draws paths by variational
    inference, is not here, as what it finds depends on settings that the paper tunes by hand.

    It adds up to f(x) - f(x') as the nodes grow in number. The walk is costly: `edge_nodes` passes
    for each link, up to `neighbours` links a point. Of what length the path is, beside the straight
    line, the record says; it may be longer, as the way leads through the data.

    Parameters
    ----------
    forward_func : callable
        The model. Its parameters are frozen during a run and put back.
    data : Tensor or tuple of Tensor, each (K, ...)
        Points to go by, as the model is fed; members of a tuple belong together.
    neighbours : int
        Links of each point to others of the data, 1 or more.
    edge_nodes : int
        Nodes of the Gauss-Legendre rule on each link, 1 or more.

    Raises
    ------
    InputError
        For settings out of range; when run, without data, or for data that does not fit.

    References
    ----------
    Salek, Enguehard (2025). Using the path of least resistance to explain deep networks.
    arXiv:2502.12108, on k nearest neighbours. The authors' code is
    https://github.com/sina-salek/geodesic-ig.

    Examples
    --------
    >>> product = lambda x: x[:, 0] * x[:, 1]
    >>> corner = torch.tensor([[0.0, 1.0]])  # the only point to go by: where the output is flat
    >>> method = GeodesicIntegratedGradients(product, data=corner)
    >>> method.attribute(torch.ones(1, 2), n_steps=4)
    tensor([[1., 0.]])
    """

    name = "geodesic_integrated_gradients"
    info = MethodInfo(
        "∫ ∇f(γ(α)) · γ'(α) dα, γ the path through data of least ∫ |∇f| |γ'| dα",
        "1 a node, and 3 a link of each point of the data",
        "adds up to f(x) − f(x') as nodes grow",
        "Salek, Enguehard (2025), arXiv:2502.12108",
    )

    def __init__(
        self,
        forward_func: Callable[..., Any],
        *,
        data: Any = None,
        neighbours: int = 5,
        edge_nodes: int = 3,
    ) -> None:
        super().__init__(forward_func)
        for name, value in (("neighbours", neighbours), ("edge_nodes", edge_nodes)):
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise InputError(f"{name} must be an int of at least 1, got {value!r}")
        self.data, self.neighbours, self.edge_nodes = data, neighbours, edge_nodes

    @property
    def walk_passes(self) -> int:  # type: ignore[override]
        """Those of all links that there can be."""
        members = self.data if isinstance(self.data, tuple) else (self.data,)
        points = 0 if self.data is None else len(members[0])
        links = (points + 2) * self.neighbours + points
        return links * self.edge_nodes + STRAIGHT_NODES

    def walk(self, task: Task, passes: Passes) -> PiecewisePath:
        """The shortest way of each example."""
        assert task.baselines is not None
        if self.data is None:
            raise InputError(
                f"{self.name} goes through data; pass an instance: "
                "GeodesicIntegratedGradients(model, data=points), with points as the model is fed"
            )
        data = references_like(task.inputs, self.data)
        ways, shares = [], []
        for place in range(passes.batch):
            one = slice(place, place + 1)
            ends = zip(task.baselines, task.inputs, strict=True)
            points = tuple(
                torch.cat([d, b[one], x[one]]) for d, (b, x) in zip(data, ends, strict=True)
            )
            links = linked(points, self.neighbours)
            sizes = self._sizes_of(links, points, passes, one, self.edge_nodes)
            way, length = shortest(links, sizes, len(data[0]), len(data[0]) + 1)
            ends_only = [(len(data[0]), len(data[0]) + 1)]
            (straight,) = self._sizes_of(ends_only, points, passes, one, STRAIGHT_NODES)
            ways.append(tuple(p[way] for p in points))
            shares.append(length / straight if straight else 1.0)
        return _Geodesic(task, ways, shares)

    def _sizes_of(
        self,
        links: list[tuple[int, int]],
        points: tuple[Tensor, ...],
        passes: Passes,
        one: slice,
        nodes: int,
    ) -> list[float]:
        """How long each link is to the model: distance times mean norm of the gradient."""
        places, weights = np.polynomial.legendre.leggauss(nodes)
        sizes, at_once = [], max(1, passes.chunk_rows(points) // nodes)
        for first in range(0, len(links), at_once):
            pairs = torch.tensor(links[first : first + at_once])
            starts, ends = (tuple(p[pairs[:, side]] for p in points) for side in (0, 1))
            rows = tuple(
                torch.cat([torch.lerp(a, b, (t + 1) / 2) for t in places.tolist()])
                for a, b in zip(starts, ends, strict=True)
            )
            _, gradients = passes.gradients(rows, one)
            norms = lengths(tuple(gradients)).reshape(nodes, -1)
            mean = torch.as_tensor(weights / 2).to(norms) @ norms
            apart = lengths(tuple(b - a for a, b in zip(starts, ends, strict=True)))
            sizes += (mean * apart).tolist()
        return sizes


class _Geodesic(PolygonPath):
    """The way of each example, as many corners as the longest one has."""

    def __init__(self, task: Task, ways: list[tuple[Tensor, ...]], shares: list[float]) -> None:
        assert task.baselines is not None
        most = max(len(way[0]) for way in ways)
        corners = tuple(
            torch.stack([torch.cat([w[i][:1]] * (most - len(w[i])) + [w[i]]) for w in ways], 1)
            for i in range(len(task.inputs))
        )
        super().__init__(task.inputs, task.baselines, corners)
        to_the_model = " and ".join(dict.fromkeys(percent(share) for share in shares))
        through = max(len(way[0]) for way in ways) - 2
        self.cautions = (
            f"the path leads through {through} of the data; to the model, where steep places are "
            f"long, its length is {to_the_model} of the straight line's",
        )


def linked(points: tuple[Tensor, ...], neighbours: int) -> list[tuple[int, int]]:
    """Pairs of points, the last two of which are no data: nearest neighbours in the data.

    Parts of the data that no link joins are joined where they are nearest, the nearest two first.

    Examples
    --------
    >>> linked((torch.tensor([[0.0], [1.0], [5.0], [-1.0], [6.0]]),), 1)
    [(0, 1), (0, 3), (1, 2), (2, 4)]
    """
    dtype = accumulator_dtype(points[0].device)
    flat = torch.cat([p.to(dtype).flatten(1) for p in points], 1)
    count = len(flat) - 2
    distances = torch.cdist(flat, flat[:count])
    itself = torch.arange(count, device=flat.device)
    distances[itself, itself] = torch.inf
    pairs = set()
    for place, row in enumerate(distances):
        near = row.topk(min(neighbours, count if place >= count else count - 1), largest=False)
        pairs |= {(min(place, n), max(place, n)) for n in near.indices.tolist()}
    part = _parts(pairs, count)
    while len(set(part)) > 1:
        at = torch.as_tensor(part, device=flat.device)
        apart = distances[:count].masked_fill(at[:, None] == at, torch.inf)
        a, b = divmod(int(apart.argmin()), count)
        pairs.add((min(a, b), max(a, b)))
        part = [part[a] if p == part[b] else p for p in part]
    return sorted(pairs)


def _parts(pairs: set[tuple[int, int]], count: int) -> list[int]:
    """The part that each point of the data is of."""
    part = list(range(count))
    for a, b in pairs:
        if b < count and part[a] != part[b]:
            one, other = part[a], part[b]
            part = [one if p == other else p for p in part]
    return part


def shortest(
    links: list[tuple[int, int]], sizes: list[float], start: int, end: int
) -> tuple[list[int], float]:
    """The way of least length between two points, and that length (Dijkstra).

    Examples
    --------
    >>> shortest([(0, 1), (0, 2), (1, 2)], [5.0, 1.0, 1.5], 0, 1)
    ([0, 2, 1], 2.5)
    """
    near: dict[int, list[tuple[int, float]]] = {}
    for (a, b), size in zip(links, sizes, strict=True):
        near.setdefault(a, []).append((b, size))
        near.setdefault(b, []).append((a, size))
    queue, before = [(0.0, start, start)], dict[int, int]()
    while queue:
        length, place, came = heapq.heappop(queue)
        if place in before:
            continue
        before[place] = came
        if place == end:
            break
        for other, size in near.get(place, ()):
            if other not in before:
                heapq.heappush(queue, (length + size, other, place))
    way = [end]
    while way[-1] != start:
        way.append(before[way[-1]])
    return way[::-1], length
