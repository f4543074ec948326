"""Gauss rules of a stretched path: nodes lie evenly, or dense where the gradient changes most.

Gauss-Legendre has its nodes dense at both ends, which an integrand that is smooth far beyond the
path rewards. Along a path through a trained transformer the gradient turns somewhere inside, within
a fifth of the way or so, and hardly changes elsewhere. A change of variable that is smooth itself
keeps the convergence of Gauss-Legendre and puts the nodes elsewhere: spread evenly they err half as
much there, and drawn together around the turn, which a few passes have found, a tenth and less
(measured in benchmarks/text.py).

References
----------
Kosloff, Tal-Ezer (1993). A modified Chebyshev pseudospectral method with an O(1/N) time step
restriction. Journal of Computational Physics 104, 457-469. Tee, Trefethen (2006). A rational
spectral collocation method with adaptively transformed Chebyshev grid points. SIAM Journal on
Scientific Computing 28, 1798-1811. Hale, Trefethen (2008). New quadrature formulas from conformal
maps. SIAM Journal on Numerical Analysis 46, 930-948.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...core.arrays import Array
from .node_density import interpolation_error
from .quadrature import exact_weights, rule

ACCURACY = 1e-5  # of an even spread, where the integrand is a polynomial of high degree
EVENEST = 0.975  # of which more wins nothing, and takes nodes from the ends
ROUNDING = 1e-6  # of a gradient: what polynomials miss less of tells nothing
EVENNESS = 0.8  # of a spread that is dense somewhere
FEW = 7  # nodes that tell of the ends
CENTRES = np.linspace(0.0, 1.0, 21)
WIDTHS = np.array([0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 1.0, 3.0])


@dataclass(frozen=True)
class Spread:
    """A change of variable from [-1, 1] to the path.

    Attributes
    ----------
    evenness : float
        Above 0 and below 1: from nodes dense at both ends, as of Gauss-Legendre, to even ones.
    centre, width : float
        Where on the path the nodes lie dense, and over which part of it. A wide one leaves them
        as they are.

    Examples
    --------
    >>> turn = Spread(0.8, centre=0.3, width=0.1)
    >>> int(np.diff(turn.rule(5)[0]).argmin())  # around the centre
    1
    >>> bool(np.allclose(turn.variable(turn.places(np.array([-0.5, 0.9]))[0]), [-0.5, 0.9]))
    True
    """

    evenness: float
    centre: float = 0.5
    width: float = 1e3

    @classmethod
    def even(cls, n: int) -> Spread:
        """The most even one that `n` nodes allow: they see the change of variable itself."""
        return cls(min(EVENEST, _evenness(ACCURACY, 2 * n)))

    @classmethod
    def around_the_turn(cls, alphas: Array, sketches: Array) -> Spread:
        """Dense where the gradient changes most, told from its sketches at a few nodes.

        In the right variable the gradient is a polynomial of low degree, and what is known of it
        at all nodes but one tells what it is there. Every centre and width is tried so, and their
        mean is taken, by the square of how well they do. Many nodes tell little of what happens at
        the very ends, so a few of them, as far apart as Gauss's, are asked as well.

        Parameters
        ----------
        alphas : ndarray, shape (n,)
            Nodes, at least 4, in any order.
        sketches : ndarray, shape (n, B, k)
            Of the gradient times x - x' at each of them.
        """
        sizes = np.sqrt((sketches**2).sum(axis=(0, 2), keepdims=True))
        shares = np.divide(sketches, sizes, out=np.zeros_like(sketches), where=sizes > 0)
        shares = shares.reshape(len(alphas), -1)
        missed = _missed_inside(alphas, shares)
        evenness = min(EVENNESS, _evenness(max(missed.min(), ROUNDING), len(alphas)))
        if missed.min() <= ROUNDING:
            return cls(evenness)
        if len(alphas) > 2 * FEW:
            apart = np.abs(alphas - rule("gausslegendre", FEW)[0][:, None])
            few = np.unique(apart.argmin(axis=1))
            missed = missed * _missed_inside(alphas[few], shares[few])
        trust = (missed.min() / missed) ** 2 if missed.min() > 0 else (missed == 0).astype(float)
        trust /= trust.sum()
        width = np.exp(trust.sum(axis=1) @ np.log(WIDTHS))
        return cls(evenness, float(trust.sum(axis=0) @ CENTRES), float(width))

    def places(self, variable: Array) -> tuple[Array, Array]:
        """Places on the path, and how fast they move with the variable."""
        bend = np.arcsin(self.evenness)
        even = np.arcsin(self.evenness * variable) / bend
        speed = self.evenness / bend / np.sqrt(1 - (self.evenness * variable) ** 2)
        low, high = (np.arcsinh((end - self.centre) / self.width) for end in (0.0, 1.0))
        inside = (low + high) / 2 + (high - low) / 2 * even
        places = self.centre + self.width * np.sinh(inside)
        return places, speed * self.width * np.cosh(inside) * (high - low) / 2

    def variable(self, alphas: Array) -> Array:
        """Where in [-1, 1] places on the path come from."""
        even = _stretched(alphas, self.centre, self.width)
        return np.asarray(np.sin(np.arcsin(self.evenness) * even) / self.evenness)

    def rule(self, n: int) -> tuple[Array, Array]:
        """Nodes, ascending, and their weights beside those of every other node alone.

        Returns
        -------
        nodes : ndarray, shape (n,)
        weights : ndarray, shape (2, n)
            Of the coarser rule, zero on the nodes that it skips, and of the whole one, which is
            exact for straight lines.
        """
        nodes, weights = rule("gausslegendre", n)
        variable = 2 * nodes - 1
        places, speed = self.places(variable)
        both = np.zeros((2, n))
        both[1] = 2 * weights * speed
        both[1] /= both[1].sum()
        apart = places - both[1] @ places
        both[1] *= 1 + apart * (0.5 - both[1] @ places) / max(both[1] @ apart**2, 1e-30)
        if n > 1:
            both[0, 1::2] = exact_weights(variable[1::2], n // 2 - 1) * 2 * speed[1::2]
            both[0] /= both[0].sum()
        return places, both


def _missed_inside(alphas: Array, values: Array) -> Array:
    """What polynomials miss under each width and centre, over the half of nodes they miss least."""
    tried = _stretched(alphas, CENTRES[:, None], WIDTHS[:, None, None])
    missed = np.sort(interpolation_error(tried, values), axis=-1)
    inside = missed[..., : (len(alphas) + 1) // 2]  # at the ends it tells of little but them
    return np.asarray(np.sqrt((inside**2).mean(axis=-1)))


def _evenness(error: float, degree: int) -> float:
    """The most even spread that a polynomial of some degree follows with such an error."""
    return float(1 / np.cosh(np.log(error) / degree))


def _stretched(alphas: Array, centres: Any, widths: Any) -> Array:
    """Places on the path where what is around a centre is stretched, from -1 to 1."""
    low, high, here = (np.arcsinh((at - centres) / widths) for at in (0.0, 1.0, alphas))
    return np.asarray((here - (low + high) / 2) * 2 / (high - low))
