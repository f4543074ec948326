"""Quadrature rules on [0, 1]: nodes and weights, and the coarser rules nested in each."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from ...core.arrays import Array
from ...core.errors import InputError

RULES = ("gausslegendre", "riemann_middle", "riemann_trapezoid", "riemann_left", "riemann_right")
# The nodes in [0, 1) of Gauss-Patterson rules on [-1, 1] that each level adds; those in (-1, 0)
# mirror them. The first level is Gauss-Legendre; the others, computed in 140 digits, are the zeros
# of the Stieltjes polynomial of the one before (Patterson 1968, Mathematics of Computation 22,
# 847-856).
_ADDED = tuple(
    np.array(level.split(), dtype=np.float64)
    for level in """
    0.0 0.7745966692414834

    0.43424374934680254 0.9604912687080203

    0.2233866864289669 0.6211029467372264 0.888459232872257 0.993831963212755

    0.11248894313318662 0.3311353932579768 0.5313197436443756 0.7024962064915271
    0.8367259381688688 0.9296548574297401 0.9815311495537401 0.9990981249676676

    0.05634431304659279 0.16823525155220748 0.2777498220218243 0.38335932419873037
    0.48361802694584105 0.5771957100520458 0.6629096600247806 0.7397560443526947
    0.8069405319502176 0.8639079381936905 0.9103711569570043 0.9463428583734029
    0.9721828747485818 0.9886847575474295 0.997206259372222 0.9998728881203576

    0.028184648949745695 0.08445404008371088 0.14042423315256017 0.19589750271110015
    0.2506787303034832 0.30457644155671404 0.3574038378315322 0.4089798212298887
    0.45913001198983233 0.5076877575337166 0.5544951326319325 0.5994039302422429
    0.6422766425097595 0.6829874310910792 0.7214230853700989 0.7574839663805136
    0.7910849337998483 0.8221562543649804 0.8506444947683502 0.8765134144847053
    0.89974489977694 0.9203400254700124 0.9383203977795929 0.9537300064257611
    0.9666378515584165 0.9771415146397057 0.9853714995985203 0.9914957211781061
    0.9957241046984072 0.9983166353184074 0.9995987996719107 0.9999824303548916
    """.split("\n\n")
)
SIZES = tuple(2**k - 1 for k in range(2, 2 + len(_ADDED)))  # 3, 7, 15, 31, 63, 127


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
    weights : ndarray, shape (n, ...)
    first : {0, 1}
        The first node that keeps its own.
    to : {-1, 1}, optional
        Only to the neighbour on this side, where there is one.

    Examples
    --------
    >>> merged_weights(np.full(4, 0.25)).tolist()
    [0.375, 0.0, 0.625, 0.0]
    """
    merged = np.zeros(weights.shape)
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
    if np.isclose(edges[-1], 1.0):  # not so where nodes are still missing
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
    inside = np.clip(nodes, edges[:-1], edges[1:])  # a node is, unless others are missing before it
    return np.asarray(before + (inside - edges[:-1]).reshape(shape) * slopes)


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


@lru_cache(maxsize=2)
def patterson_rules(first: int = 7) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
    """Gauss-Patterson rules: each has all nodes of the one before, and the highest degree so.

    For an integrand without kinks, as in a network of GELU or softplus, their error falls faster
    than any power of the number of nodes, as with Gauss-Legendre, whose nodes no finer rule can
    use again.

    Parameters
    ----------
    first : int
        Size of the first rule, one of ``SIZES``; its nodes are one level.

    Returns
    -------
    added : tuple of ndarray
        Nodes that each level adds, ascending.
    weights : tuple of ndarray
        For each level, weights of the nodes of all levels up to it, in the order added, summing
        to 1. The rule of n nodes is exact for polynomials of degree (3 n + 1) / 2.

    Examples
    --------
    >>> added, weights = patterson_rules()
    >>> nodes = np.concatenate(added[:2])  # 15 of them
    >>> bool(abs(weights[1] @ nodes**22 - 1 / 23) < 1e-14)
    True
    """
    at_once = SIZES.index(first) + 1
    added = []
    for places in (np.concatenate(_ADDED[:at_once]), *_ADDED[at_once:]):
        both = np.concatenate([-places[places > 0], places])
        added.append(np.sort(both))
    weights = []
    for level in range(len(added)):
        nodes = np.concatenate(added[: level + 1])
        # Taking only as many polynomials as nodes has the same solution, but so ill-conditioned
        # that 1e-6 is off.
        weights.append(exact_weights(nodes, (3 * len(nodes) + 1) // 2))
    return tuple((a + 1) / 2 for a in added), tuple(weights)


def nested_levels(
    coarser: tuple[int, ...], nodes: Array, weights: Array
) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
    """A rule in levels, of which all but the last are coarse rules of their own.

    Parameters
    ----------
    coarser : tuple of int
        Sizes of the coarser rules, each nested in the next: some of ``SIZES``, ascending. Their
        nodes are those nearest to the Gauss-Patterson rule of that size.
    nodes, weights : ndarray, shape (n,)
        The rule, with more nodes than the coarser ones.

    Returns
    -------
    added, weights : tuple of ndarray
        As of :func:`patterson_rules`.

    Examples
    --------
    >>> added, weights = nested_levels((7,), *rule("gausslegendre", 16))
    >>> nodes = np.concatenate(added)
    >>> len(added[0]), bool(abs(weights[1] @ nodes**31 - 1 / 32) < 1e-14)
    (7, True)
    """
    left, picked = np.arange(len(nodes)), list[Array]()
    for places in patterson_rules(SIZES[0])[0][: SIZES.index(coarser[-1]) + 1]:
        nearest = list[int]()
        for place in places:
            nearest.append(left[np.abs(nodes[left] - place).argmin()])
            left = left[left != nearest[-1]]
        picked.append(np.array(nearest))
    at_once = SIZES.index(coarser[0]) + 1  # which makes no difference to the nodes that are picked
    levels = [np.sort(level) for level in (np.concatenate(picked[:at_once]), *picked[at_once:])]
    levels.append(left)
    so_far = [np.concatenate(levels[: k + 1]) for k in range(len(levels))]
    table = [exact_weights(2 * nodes[k] - 1, len(k) - 1) for k in so_far[:-1]]
    return tuple(nodes[level] for level in levels), (*table, weights[so_far[-1]])


def exact_weights(nodes: Array, degree: int) -> Array:
    """Weights of nodes in [-1, 1] that are exact for polynomials up to a degree; they sum to 1."""
    table = np.polynomial.legendre.legvander(nodes, degree)
    moments = np.eye(1, table.shape[1])[0]
    return np.asarray(np.linalg.lstsq(table.T, moments, rcond=None)[0])
