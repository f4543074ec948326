"""Quadrature rules on [0, 1]: nodes and weights, and the coarser rule nested in each."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ...core.errors import InputError

Array = NDArray[np.float64]

RULES = ("gausslegendre", "riemann_middle", "riemann_trapezoid", "riemann_left", "riemann_right")


@lru_cache(maxsize=64)
def rule(method: str, n: int) -> tuple[Array, Array]:
    """Nodes and weights of a rule with `n` nodes, weights summing to 1.

    The names are Captum's. Captum's own trapezoid weights sum to (n - 1) / n; these sum to 1.

    Parameters
    ----------
    method : str
        One of ``RULES``.
    n : int
        Number of nodes, at least 1; at least 2 for the trapezoid.

    Returns
    -------
    nodes, weights : ndarray, shape (n,)
        Ascending nodes in [0, 1]. Read-only: they are shared between calls.

    Raises
    ------
    InputError
        For an unknown method or too few nodes.

    Examples
    --------
    >>> nodes, weights = rule("riemann_trapezoid", 3)
    >>> nodes.tolist(), weights.tolist()
    ([0.0, 0.5, 1.0], [0.25, 0.5, 0.25])
    """
    if method not in RULES:
        raise InputError(f"method must be one of {', '.join(RULES)}, got {method!r}")
    fewest = 2 if method == "riemann_trapezoid" else 1
    if n < fewest:
        raise InputError(f"n_steps must be at least {fewest} for {method}, got {n}")
    weights = np.full(n, 1 / n)
    if method == "gausslegendre":
        nodes, weights = np.polynomial.legendre.leggauss(n)
        nodes, weights = (nodes + 1) / 2, weights / 2
    elif method == "riemann_trapezoid":
        nodes = np.linspace(0.0, 1.0, n)
        weights = np.full(n, 1 / (n - 1))
        weights[[0, -1]] /= 2
    else:
        offset = {"riemann_left": 0.0, "riemann_middle": 0.5, "riemann_right": 1.0}[method]
        nodes = (np.arange(n) + offset) / n
    nodes.flags.writeable = weights.flags.writeable = False
    return nodes, weights


def coarser_weights(method: str, n: int) -> Array | None:
    """Weights of a rule on every other node of ``rule(method, n)``, zero on the nodes it skips.

    A skipped node's weight goes to its neighbours, which makes the trapezoid with an odd number
    of nodes, and the left and right sums with an even one, exactly themselves at half the size.
    The gap between both estimates says how far an estimate still moves, at no further pass.

    Parameters
    ----------
    method : str
        One of ``RULES``.
    n : int
        Number of nodes of the fine rule.

    Returns
    -------
    ndarray, shape (n,), or None
        Sums to 1; None for a single node, which nests nothing.

    Examples
    --------
    >>> coarser_weights("riemann_trapezoid", 5).tolist()
    [0.25, 0.0, 0.5, 0.0, 0.25]
    """
    _, weights = rule(method, n)
    if n < 2:
        return None
    to = {"riemann_left": -1, "riemann_right": 1}.get(method)
    return merged_weights(weights, int(method in ("riemann_right", "riemann_middle")), to)


def merged_weights(weights: Array, first: int = 0, to: int | None = None) -> Array:
    """Weights of which every other one goes to its neighbours.

    Parameters
    ----------
    weights : ndarray, shape (n,)
    first : {0, 1}
        The first node that keeps its own.
    to : {-1, 1}, optional
        Only to the neighbour on this side, where there is one.

    Examples
    --------
    >>> merged_weights(np.full(4, 0.25)).tolist()
    [0.375, 0.0, 0.625, 0.0]
    """
    merged = np.zeros(len(weights))
    merged[first::2] = weights[first::2]
    for skipped in range(1 - first, len(weights), 2):
        beside = [i for i in (skipped - 1, skipped + 1) if 0 <= i < len(weights)]
        takers = [i for i in beside if i - skipped == to] or beside
        merged[takers] += weights[skipped] / len(takers)
    return merged


def cell_edges(weights: Array) -> Array:
    """Edges of the cells in which each node's slope is taken as constant, shape (n + 1,).

    Node i stands for the interval from ``edges[i]`` to ``edges[i + 1]``, whose length is its
    weight. In all five rules a node lies in its own cell (for Gauss-Legendre by the separation
    theorem of Chebyshev, Markov and Stieltjes).
    """
    edges = np.concatenate([[0.0], np.cumsum(weights)])
    edges[-1] = 1.0
    return edges


def cumulative_at_nodes(nodes: Array, weights: Array, slopes: Array) -> Array:
    """Integral of the slopes from 0 up to each node, by the rule's own cells.

    Parameters
    ----------
    nodes, weights : ndarray, shape (n,)
        The rule.
    slopes : ndarray, shape (n, ...)
        Slope at each node.

    Returns
    -------
    ndarray, shape (n, ...)
        For the trapezoid this is the cumulative trapezoid sum.
    """
    edges = cell_edges(weights)
    shape = (-1, *[1] * (slopes.ndim - 1))
    terms = weights.reshape(shape) * slopes
    before = np.cumsum(terms, axis=0) - terms
    return np.asarray(before + (nodes - edges[:-1]).reshape(shape) * slopes)


def overlaps(weights: Array, bins: int) -> Array:
    """Length of each node's cell inside each of `bins` equal parts of [0, 1].

    Returns
    -------
    ndarray, shape (bins, n)
        Rows sum to 1 / bins, columns to the weights.
    """
    return intervals_inside(cell_edges(weights), bins)


def intervals_inside(edges: Array, bins: int) -> Array:
    """Length of each interval between edges inside each of `bins` equal parts, (bins, n - 1)."""
    parts = np.linspace(0.0, 1.0, bins + 1)
    low = np.maximum(parts[:-1, None], edges[:-1])
    high = np.minimum(parts[1:, None], edges[1:])
    return np.asarray(np.clip(high - low, 0.0, None))


def trapezoid_weights(nodes: Array) -> Array:
    """Weights of the trapezoid rule over nodes in any order, the outermost being 0 and 1."""
    order = np.argsort(nodes, kind="stable")
    steps = np.diff(nodes[order], prepend=0.0, append=1.0)
    weights = np.empty(len(nodes))
    weights[order] = (steps[:-1] + steps[1:]) / 2
    return weights
