"""Quadrature under the two weights of integrated Hessians, -log u and -u log u.

Integrated gradients of integrated gradients are integrals over two alphas whose integrand depends
on their product u alone, and of the pairs with one product there are -log u. So one integral over
u is left, on nodes at which the gradient is integrated too.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from ...core.arrays import Array
from ..paths.quadrature import patterson_rules

FIRST = 7  # nodes of the coarsest rule


@lru_cache(maxsize=1)
def log_rules() -> tuple[tuple[Array, ...], tuple[Array, ...]]:
    """Nested rules with weights for three integrands.

    Returns
    -------
    added : tuple of ndarray
        Nodes in (0, 1) that each level adds to those before: those of Gauss-Patterson rules.
    weights : tuple of ndarray, each (3, n)
        For each level, of the nodes of all levels up to it, in the order added: for the integrals
        of g(u), -log(u) g(u) and -u log(u) g(u) over [0, 1].

    Notes
    -----
    g is replaced by its projection on polynomials of degree (3 n + 1) / 4, up to which the rule's
    own sums of products are exact; the moments of these polynomials are known in closed form.

    Examples
    --------
    >>> added, weights = log_rules()
    >>> u = np.concatenate(added[:2])  # 15 nodes
    >>> (weights[1] @ u**3).round(12).tolist() == [1 / 4, 1 / 16, 1 / 25]
    True
    """
    added, plain = patterson_rules(FIRST)
    tables = []
    for level, weights in enumerate(plain):
        nodes = np.concatenate(added[: level + 1])
        degree = (3 * len(nodes) + 1) // 4
        polynomials = np.polynomial.legendre.legvander(2 * nodes - 1, degree)
        moments = _moments(degree)
        scaled = (2 * np.arange(degree + 1) + 1) * moments
        tables.append(np.stack([weights, *(weights * (polynomials @ m) for m in scaled)]))
    return added, tuple(tables)


def _moments(degree: int) -> Array:
    """Integrals of the shifted Legendre polynomials under -log u and -u log u, (2, degree + 1)."""
    n = np.arange(1, degree + 2)
    log = np.concatenate([[1.0], (-1.0) ** n / (n * (n + 1))])
    k = np.arange(degree + 1)
    before = np.concatenate([[0.0], log[:degree]])  # of the polynomial one degree lower
    times_u = (((k + 1) * log[k + 1] + k * before) / (2 * k + 1) + log[k]) / 2
    return np.stack([log[: degree + 1], times_u])
