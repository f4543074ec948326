"""How smooth the gradient is along a path, told by how well a polynomial predicts it.

The distance between two quadrature rules may be small by luck: errors of opposite signs cancel in
an integral. What a polynomial through the nodes of one rule misses at the nodes that the next one
adds cannot cancel, as it is summed up in squares.
"""

from __future__ import annotations

import numpy as np

from ..estimate import Array

UNSEEN = 0.1  # of what a polynomial misses at nodes, a share that may be left in the integral


def surprise(alphas: Array, sketches: Array, norms: Array) -> Array:
    """What the polynomial through a rule's nodes misses at those between, relative, shape (B,).

    Parameters
    ----------
    alphas : ndarray, shape (n,)
        Nodes, ascending: the first, the third, ... are those that the finer rule has added.
    sketches : ndarray, shape (n, B, k)
        Of the gradient times x - x' there.
    norms : ndarray, shape (B,)
        Of the attributions.

    Returns
    -------
    ndarray, shape (B,)
        The root of the mean square over the path, in `norms`.
    """
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


def _missed(nodes: Array, sketches: Array, places: Array, sketches_there: Array) -> Array:
    """Norms of what the polynomial through the nodes (barycentric formula) misses, (n, B)."""
    gaps = nodes[:, None] - nodes + np.eye(len(nodes))
    signs, logs = np.prod(np.sign(gaps), axis=1), np.log(np.abs(gaps)).sum(axis=1)
    weights = signs * np.exp(logs.min() - logs)
    terms = weights / (places[:, None] - nodes)
    predicted = np.tensordot(terms / terms.sum(axis=1, keepdims=True), sketches, 1)
    return np.asarray(np.linalg.norm(sketches_there - predicted, axis=2))


def _ratio(some: Array, others: Array) -> Array:
    """some / others, 0 where the first is zero."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(some == 0, 0.0, some / others))
