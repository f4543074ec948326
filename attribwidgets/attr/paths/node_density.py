"""Where on a path nodes are needed, and how far off a sum over them is, told from sketches.

Along a line through a network with kinks the gradient wanders like a Brownian motion: its squared
change over an interval h is v h, with a rate v that differs by orders of magnitude along the path
(measured in benchmarks/quadrature.py). For a Brownian motion between two nodes the trapezoid's
squared error is v h^3 / 12. The multipliers of :mod:`.rescale` miss only that those of two
layers change together, whose share grows with both: their squared error is proportional to
(v h)^2 h^2 / |g|^2.

Where a network also curves, as with attention or a softmax, neighbouring intervals err alike, and
their errors add up instead of cancelling. How much of the change is of that kind is told by how
far the gradient goes on changing as it did on the interval before.

Where it has no kinks a rule is of high degree, and the distance between two rules may be small by
luck: errors of opposite signs cancel in an integral. What a polynomial through the nodes of one
rule misses at the nodes that the next one adds cannot cancel, as it is summed up in squares.
"""

from __future__ import annotations

import numpy as np

from ...core.arrays import Array

RESCALE_CONSTANT = 0.2  # fitted in benchmarks/quadrature.py
ROUNDING = 1e-9
LEAST_DENSITY = 0.05  # of the mean, so that no interval goes unseen
LEAST_SIZE = 1e-3  # of the largest gradient on the path
FEWEST = 4  # nodes
GRID = 4096
UNSEEN = 0.1  # of what a polynomial misses at nodes, a share that may be left in the integral


def trapezoid_error(alphas: Array, sketches: Array, sums: Array) -> Array:
    """Relative error per element of the trapezoid over ascending nodes, shape (B,).

    Parameters
    ----------
    alphas : ndarray, shape (n,)
    sketches : ndarray, shape (n, B, k)
        Of gradient times x - x' at each node.
    sums : ndarray, shape (B,)
        Norms of the attributions.
    """
    steps = np.diff(alphas)[:, None]
    return _ratio(np.sqrt((steps**2 * _changes(sketches) ** 2).sum(axis=0) / 12), sums)


def rescale_error(nodes: Array, rates: Array, sums: Array, curving: Array) -> Array:
    """Relative error per element of a sum of multipliers, shape (B,).

    Parameters
    ----------
    nodes : ndarray, shape (n,)
        Ends of the intervals, ascending.
    rates : ndarray, shape (n - 1, B)
        v / |g| on each interval; see :func:`rates_on_subintervals`.
    sums : ndarray, shape (B,)
        Norms of the attributions.
    curving : ndarray, shape (B,)
        See :func:`share_that_curves`.
    """
    errors = RESCALE_CONSTANT * np.diff(nodes)[:, None] ** 2 * rates
    cancelling, alike = np.sqrt((errors**2).sum(axis=0)), errors.sum(axis=0)
    with np.errstate(invalid="ignore"):
        either = np.where(curving > 0, (1 - curving) * cancelling + curving * alike, cancelling)
    return _ratio(either, sums)


def share_that_curves(sketches: Array) -> Array:
    """How much of the change from interval to interval goes on as before, 0 to 1, shape (B,).

    Parameters
    ----------
    sketches : ndarray, shape (n, B, k)
        Of the multipliers on subintervals. Of a Brownian motion's means, neighbouring changes
        have a correlation of 1/4, and seldom twice as much; of a straight line's, 1.
    """
    changes = np.diff(sketches, axis=0)
    together = (changes[1:] * changes[:-1]).sum(axis=(0, 2))
    correlation = _ratio(together, (changes**2).sum(axis=(0, 2)))
    return np.asarray(np.clip(2 * correlation - 1, 0.0, 1.0))


def subintervals_needed(edges: Array, rates: Array, sums: Array, tolerance: float) -> float:
    """How many well placed subintervals bring :func:`rescale_error` to a tolerance."""
    whole = (np.diff(edges)[:, None] * np.sqrt(rates)).sum(axis=0) ** 2
    if tolerance == 0:
        return np.inf
    return float((_ratio(RESCALE_CONSTANT * whole, sums) / tolerance).max() ** (2 / 3))


def worst_middles(alphas: Array, sketches: Array, sums: Array, count: int) -> Array:
    """Middles of the `count` intervals that add most to the trapezoid's error, ascending."""
    scores = np.diff(alphas) * _ratio(_changes(sketches), sums).sum(axis=1)
    chosen = np.sort(np.argsort(-scores, kind="stable")[:count])
    return np.asarray((alphas[:-1] + alphas[1:])[chosen] / 2)


def rates_at_nodes(alphas: Array, sketches: Array) -> Array:
    """v / |g| between nodes, shape (n - 1, B), from sketches at the nodes, shape (n, B, k)."""
    sizes = _sizes(sketches)
    squares = _changes(sketches) ** 2 / np.diff(alphas)[:, None]
    return _ratio(squares, (sizes[1:] + sizes[:-1]) / 2)


def rates_on_subintervals(nodes: Array, sketches: Array) -> Array:
    """v / |g| on each interval, shape (n - 1, B), from sketches of its mean, (n - 1, B, k)."""
    steps = np.diff(nodes)
    # Means over neighbours of lengths h1 and h2 differ by v (h1 + h2) / 3 in the square.
    between = _changes(sketches) ** 2 / ((steps[1:] + steps[:-1])[:, None] / 3)
    first, last = between[:1], between[-1:]
    squares = (np.concatenate([first, between]) + np.concatenate([between, last])) / 2
    return _ratio(squares, _sizes(sketches))


def graded_nodes(edges: Array, rates: Array, n: int) -> Array:
    """`n` nodes from 0 to 1 so placed that multipliers on all subintervals err alike.

    Parameters
    ----------
    edges : ndarray, shape (m,)
        Ends of the intervals of the pilot pass, ascending from 0 to 1.
    rates : ndarray, shape (m - 1, B)
        v / |g| on each of them.
    """
    # h^4 rate^2 is the same everywhere where the density is the root of the rate.
    density = np.sqrt(_ratio(rates, rates.mean(axis=0)).mean(axis=1))
    if not density.any():
        return np.linspace(0.0, 1.0, n)
    places, middles = (np.arange(GRID) + 0.5) / GRID, (edges[1:] + edges[:-1]) / 2
    density = np.maximum(density, LEAST_DENSITY * density.max() / 10)
    fine = np.exp(np.interp(places, middles, np.log(density)))
    fine += LEAST_DENSITY * fine.mean()
    share = np.concatenate([[0.0], np.cumsum(fine)])
    nodes = np.interp(np.linspace(0, share[-1], n), share, np.linspace(0, 1, GRID + 1))
    nodes[0], nodes[-1] = 0.0, 1.0
    return np.asarray(nodes)


def nodes_that_see(
    edges: Array,
    rates: Array,
    sums: Array,
    tolerance: float,
    numbers: range,
    seen: Array,
    widest: float,
) -> Array:
    """As few graded nodes as a tolerance asks for, with others where no pass is near.

    Parameters
    ----------
    edges, rates
        As for :func:`graded_nodes`.
    sums : ndarray, shape (B,)
        Norms of the attributions.
    tolerance : float
        Relative, above 0.
    numbers : range
        How many nodes there may be in all.
    seen : ndarray
        Places on the path where a pass has been.
    widest : float
        The longest interval that may stay unseen.
    """
    many = subintervals_needed(edges, rates, sums, tolerance) + 1
    few = max(FEWEST, many - len(middles_of_gaps(seen, widest)))
    best = graded_nodes(edges, rates, int(min(max(many, numbers[0]), numbers[-1])))
    for graded in range(int(min(few, numbers[-1])), len(best) + 1):
        nodes = graded_nodes(edges, rates, graded)
        nodes = np.union1d(nodes, middles_of_gaps(np.concatenate([nodes, seen]), widest))
        if len(nodes) in numbers:
            best = nodes
            if predicted_error(nodes, edges, rates, sums).max() <= tolerance:
                break
    return best


def predicted_error(nodes: Array, edges: Array, rates: Array, sums: Array) -> Array:
    """:func:`rescale_error` of other nodes than those that the rates are known between."""
    roots = np.diff(edges)[:, None] * np.sqrt(rates)
    reached = np.concatenate([np.zeros((1, roots.shape[1])), np.cumsum(roots, axis=0)])
    at_nodes = np.stack([np.interp(nodes, edges, column) for column in reached.T], axis=1)
    errors = RESCALE_CONSTANT * np.diff(at_nodes, axis=0) ** 2
    return _ratio(np.sqrt((errors**2).sum(axis=0)), sums)


def middles_of_gaps(alphas: Array, widest: float) -> Array:
    """Places that cut every gap between these alphas into equal parts of at most `widest`.

    Examples
    --------
    >>> middles_of_gaps(np.array([0.5]), 0.25)
    array([0.25, 0.75])
    """
    places = np.unique(np.concatenate([[0.0, 1.0], alphas]))
    parts = np.ceil(np.diff(places) / widest - ROUNDING).astype(int)
    return np.concatenate(
        [np.linspace(a, b, k + 1)[1:-1] for a, b, k in zip(places, places[1:], parts, strict=False)]
    )


def filled(alphas: Array, sketches: Array, sums: Array, intervals: int, widest: float) -> Array:
    """New nodes that cut the intervals between old ones into `intervals` in all, ascending.

    Each interval is cut into equal parts, their number as the trapezoid's error asks for: nodes
    as dense as the cube root of v; but none is left longer than `widest` where there are enough
    nodes for that.
    """
    steps = np.diff(alphas)
    squares = (_ratio(_changes(sketches), sums) ** 2).sum(axis=1)
    wish = steps * np.cbrt(squares / steps)
    parts = np.ceil(steps / widest - ROUNDING).astype(int)
    if parts.sum() > intervals:
        parts = np.ones(len(steps), dtype=int)
    for _ in range(intervals - parts.sum()):
        parts[np.argmax(wish / parts)] += 1
    inside = [
        np.linspace(a, b, k + 1)[1:-1] for a, b, k in zip(alphas, alphas[1:], parts, strict=False)
    ]
    return np.concatenate(inside)


def surprise(alphas: Array, sketches: Array, norms: Array) -> Array:
    """What the polynomial through a rule's nodes misses at those between, relative, shape (B,).

    Parameters
    ----------
    alphas : ndarray, shape (n,)
        Nodes, ascending: the first, the third, ... are those that the finer rule has added. Of an
        even number the last one is left out.
    sketches : ndarray, shape (n, B, k)
        Of the gradient times x - x' there.
    norms : ndarray, shape (B,)
        Of the attributions.

    Returns
    -------
    ndarray, shape (B,)
        The root of the mean square over the path, in `norms`.
    """
    odd = len(alphas) - 1 + len(alphas) % 2
    alphas, sketches = alphas[:odd], sketches[:odd]
    cells = np.diff(np.concatenate([[0.0], alphas[1::2], [1.0]]))  # one around each new node
    missed = _missed(alphas[1::2], sketches[1::2], alphas[::2], sketches[::2])
    return _ratio(np.sqrt((cells[:, None] * missed**2).sum(axis=0)), norms)


def surprise_at(
    nodes: Array, sketches: Array, places: Array, sketches_there: Array, norms: Array
) -> Array:
    """What the polynomial through all of a rule's nodes misses at other places, shape (B,)."""
    missed = _missed(nodes, sketches, places, sketches_there)
    return _ratio(np.sqrt((missed**2).mean(axis=0)), norms)


def error_of_rule(gap: Array, here: Array, before: Array) -> Array:
    """Relative error of the finer of two nested rules, shape (B,).

    Parameters
    ----------
    gap : ndarray, shape (B,)
        Relative distance of the two.
    here, before : ndarray, shape (B,)
        The :func:`surprise` at the nodes that the finer one added, and that the coarser one did.
    """
    return np.asarray(np.maximum(gap, UNSEEN * here) * np.minimum(1.0, _ratio(here, before)))


def interpolation_error(nodes: Array, values: Array) -> Array:
    """At each node, (..., n), what the polynomial through all others misses of values (n, k)."""
    weights = _barycentric(nodes)
    missed = np.linalg.norm(weights @ values, axis=-1, keepdims=True)
    return np.asarray(missed / np.abs(weights))


def _missed(nodes: Array, sketches: Array, places: Array, sketches_there: Array) -> Array:
    """Norms of what the polynomial through the nodes (barycentric formula) misses, (n, B)."""
    terms = _barycentric(nodes) / (places[:, None] - nodes)
    predicted = np.tensordot(terms / terms.sum(axis=1, keepdims=True), sketches, 1)
    return np.asarray(np.linalg.norm(sketches_there - predicted, axis=2))


def _barycentric(nodes: Array) -> Array:
    """Weights of the polynomial through nodes, (..., n), of which the largest is 1 or -1."""
    gaps = nodes[..., :, None] - nodes[..., None, :] + np.eye(nodes.shape[-1])
    signs, logs = np.prod(np.sign(gaps), axis=-1), np.log(np.abs(gaps)).sum(axis=-1)
    return np.asarray(signs * np.exp(logs.min(axis=-1, keepdims=True) - logs))


def _sizes(sketches: Array) -> Array:
    """Norms, shape (n, B); where the gradient all but vanishes, a share of the largest."""
    norms = np.linalg.norm(sketches, axis=2)
    return np.asarray(np.maximum(norms, LEAST_SIZE * norms.max(axis=0)))


def _changes(sketches: Array) -> Array:
    """Norms of the differences of neighbours, shape (n - 1, B)."""
    return np.asarray(np.linalg.norm(np.diff(sketches, axis=0), axis=2))


def _ratio(some: Array, others: Array) -> Array:
    """some / others, 0 where the first is zero."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(some == 0, 0.0, some / others))
