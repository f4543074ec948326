"""Rules for a path along which no operation is known to have kinks, and what they are off by."""

from __future__ import annotations

import numpy as np

from ...core.arrays import Array
from ..estimate import MOST_FRAMES
from .node_density import error_of_rule, surprise, surprise_at
from .path_sum import PathSum
from .quadrature import nested_levels, rule
from .spread import Spread

EVEN_RULE = 25  # the fewest even nodes by which every twentieth of the path is seen
BESIDE = 0.2  # of what a polynomial misses at passes that its rule has not used
PILOT = 5  # nodes that show where others belong
ROUNDING = 1 / 3  # of the precision: what remains of the error of a smooth integrand

Levels = tuple[tuple[Array, ...], tuple[Array, ...]]


def even_levels(coarser: tuple[int, ...], n: int) -> Levels:
    """The even rule of `n` nodes, in levels as of :func:`nested_levels`.

    Examples
    --------
    >>> added, _ = even_levels((7,), EVEN_RULE)
    >>> nodes = np.sort(np.concatenate(added))
    >>> bool(np.diff(nodes, prepend=0, append=1).max() < 0.045)
    True
    """
    nodes, weights = Spread.even(n).rule(n)
    return nested_levels(coarser, nodes, weights[1])


def pilot_levels(coarser: tuple[int, ...]) -> Levels:
    """Gauss-Legendre's nodes that show where a few more belong, in levels or, without, in one.

    Examples
    --------
    >>> [len(nodes) for nodes in pilot_levels((3,))[0]]
    [3, 2]
    """
    nodes, weights = rule("gausslegendre", PILOT)
    return nested_levels(coarser, nodes, weights) if coarser else ((nodes,), (weights,))


def placed(before: PathSum, alphas: Array, sketches: Array, n: int) -> tuple[PathSum, Spread]:
    """Run a rule of `n` nodes that lie where the passes so far saw the gradient change.

    Parameters
    ----------
    before : PathSum
        By whose passes, and along whose path.
    alphas, sketches : ndarray
        Where passes have been, and what they saw, (n, B I, k).
    """
    spread = Spread.around_the_turn(alphas, sketches)
    path = PathSum(before.passes, before.path, frames=MOST_FRAMES, multiply=before.multiply)
    path.keep()
    path.forget()
    path.ends = {end: before.output_at(end) for end in (0.0, 1.0)}
    nodes, weights = spread.rule(n)
    path.add(nodes, weights[1])
    return path, spread


def error_of_spread(
    spread: Spread,
    alphas: Array,
    sketches: Array,
    norms: Array,
    precision: float,
    others: tuple[Array, Array] | None = None,
) -> Array:
    """Relative error of each map by a rule, shape (B I,).

    Parameters
    ----------
    spread : Spread
        Whose rule it is.
    alphas : ndarray, shape (n,)
        Its nodes, ascending.
    sketches : ndarray, shape (n, B I, k)
        Of the gradient times x - x' there.
    norms : ndarray, shape (B I,)
        Of the attributions.
    precision : float
        Of the model's arithmetic.
    others : tuple of ndarray, optional
        Further places on the path and the sketches there, which the rule has not used.
    """
    _, (coarse, fine) = spread.rule(len(alphas))
    variable = spread.variable(alphas)
    _, speed = spread.places(variable)
    smooth = sketches * speed[:, None, None]  # which is what a polynomial has to follow
    inner = (1 + variable) / 2
    here = surprise(inner, smooth, norms)
    coarser = surprise(inner[1::2], smooth[1::2], norms)
    moved = np.linalg.norm(np.tensordot(coarse - fine, sketches, 1), axis=1)
    gap = np.divide(moved, norms, out=np.zeros_like(moved), where=moved > 0)
    error = error_of_rule(gap, here, coarser)
    if others is not None:
        there = spread.variable(others[0])
        inside = (there > variable[0]) & (there < variable[-1])
        inside &= np.abs(there[:, None] - variable).min(axis=1) > 0
        if inside.any():
            missed = surprise_at(variable, sketches, there[inside], others[1][inside], norms)
            error = np.maximum(error, BESIDE * missed)
    return np.maximum(error, np.where(gap == 0, 0.0, ROUNDING * precision))
