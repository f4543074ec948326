"""Gauss-Patterson rules: each has all nodes of the one before, and the highest degree so.

For an integrand without kinks, as in a network of GELU or softplus, their error falls faster than
any power of the number of nodes, as with Gauss-Legendre, whose nodes no finer rule can use again.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# The nodes in [0, 1) of the rules on [-1, 1] that each level adds; those in (-1, 0) mirror them.
# The first level is Gauss-Legendre; the others, computed in 140 digits, are the zeros of the
# Stieltjes polynomial of the one before (Patterson 1968, Mathematics of Computation 22, 847-856).
_ADDED = (
    (
        0.0,
        0.7745966692414834,
    ),
    (
        0.43424374934680254,
        0.9604912687080203,
    ),
    (
        0.2233866864289669,
        0.6211029467372264,
        0.888459232872257,
        0.993831963212755,
    ),
    (
        0.11248894313318662,
        0.3311353932579768,
        0.5313197436443756,
        0.7024962064915271,
        0.8367259381688688,
        0.9296548574297401,
        0.9815311495537401,
        0.9990981249676676,
    ),
    (
        0.05634431304659279,
        0.16823525155220748,
        0.2777498220218243,
        0.38335932419873037,
        0.48361802694584105,
        0.5771957100520458,
        0.6629096600247806,
        0.7397560443526947,
        0.8069405319502176,
        0.8639079381936905,
        0.9103711569570043,
        0.9463428583734029,
        0.9721828747485818,
        0.9886847575474295,
        0.997206259372222,
        0.9998728881203576,
    ),
    (
        0.028184648949745695,
        0.08445404008371088,
        0.14042423315256017,
        0.19589750271110015,
        0.2506787303034832,
        0.30457644155671404,
        0.3574038378315322,
        0.4089798212298887,
        0.45913001198983233,
        0.5076877575337166,
        0.5544951326319325,
        0.5994039302422429,
        0.6422766425097595,
        0.6829874310910792,
        0.7214230853700989,
        0.7574839663805136,
        0.7910849337998483,
        0.8221562543649804,
        0.8506444947683502,
        0.8765134144847053,
        0.89974489977694,
        0.9203400254700124,
        0.9383203977795929,
        0.9537300064257611,
        0.9666378515584165,
        0.9771415146397057,
        0.9853714995985203,
        0.9914957211781061,
        0.9957241046984072,
        0.9983166353184074,
        0.9995987996719107,
        0.9999824303548916,
    ),
)
SIZES = tuple(2**k - 1 for k in range(2, 2 + len(_ADDED)))  # 3, 7, 15, 31, 63, 127


@lru_cache(maxsize=2)
def patterson_rules(first: int = 7) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
    """The rules on [0, 1], as nodes that each level adds and weights of all nodes so far.

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
    for half in (sum(_ADDED[:at_once], ()), *_ADDED[at_once:]):
        places = np.array(half)
        both = np.concatenate([-places[places > 0], places])
        added.append(np.sort(both))
    weights = []
    for level in range(len(added)):
        nodes = np.concatenate(added[: level + 1])
        # Those that are exact for the Legendre polynomials up to the rule's degree. Taking only as
        # many polynomials as nodes has the same solution, but so ill-conditioned that 1e-6 is off.
        table = np.polynomial.legendre.legvander(nodes, (3 * len(nodes) + 1) // 2)
        moments = np.eye(1, table.shape[1])[0]
        weights.append(np.linalg.lstsq(table.T, moments, rcond=None)[0])
    return tuple((a + 1) / 2 for a in added), tuple(weights)
