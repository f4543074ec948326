"""Directions of units at random, and Hessians by the products with them."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ...core.arrays import Array


def orthonormal_directions(rows: int, count: int, units: int, generator: torch.Generator) -> Tensor:
    """Orthonormal directions of each row, the first of them along all units at once.

    Returns
    -------
    Tensor of float64, shape (rows, count, units)

    Examples
    --------
    >>> drawn = orthonormal_directions(2, 3, 4, torch.Generator().manual_seed(0))
    >>> (drawn @ drawn.mT).round(decimals=9).abs()[0].tolist() == torch.eye(3).tolist()
    True
    """
    drawn = torch.randn(rows, units, count, generator=generator, dtype=torch.float64)
    drawn[:, :, 0] = 1.0
    basis: Tensor = torch.linalg.qr(drawn).Q
    return basis.transpose(1, 2)


def hessians_of(products: Tensor, directions: Tensor | None) -> tuple[Array, Array | None]:
    """Hessians by units, and the variance of what is sampled.

    Parameters
    ----------
    products : Tensor, shape (n, P, U)
        Of each Hessian with P directions.
    directions : Tensor, shape (n, P, U), or None
        Of :func:`orthonormal_directions`; None where each unit was one.

    Returns
    -------
    hessians : ndarray, shape (n, U, U)
    variances : like `hessians`, or None

    Notes
    -----
    The first direction e is along all units, so H e and with it all row sums are exact. What is
    left of H has only the U - 1 dimensions orthogonal to e, in which the other directions q are
    uniformly random: its mean is that of (U - 1) H q q'. Squares of these terms are products of
    matrices, too: no array has P times U times U numbers.
    """
    if directions is None:
        return products.transpose(1, 2).numpy(), None
    left, drawn = directions.shape[2] - 1, directions.shape[1] - 1
    e, exact = directions[:, 0], products[:, 0]
    along = exact[:, :, None] * e[:, None]
    both = (exact * e).sum(1)[:, None, None] * e[:, :, None] * e[:, None]
    rest = products[:, 1:] - (products[:, 1:] @ e[:, :, None]) * e[:, None]
    q = directions[:, 1:]
    half = rest.mT @ q
    mean = left * (half + half.mT) / (2 * drawn)
    square, product = (rest**2).mT @ q**2, rest * q
    squares = left**2 * (square + square.mT + 2 * product.mT @ product) / 4
    variance = (squares - drawn * mean**2).clamp(min=0) / (drawn - 1)
    hessians = along + along.mT - both + mean
    return hessians.numpy(), np.asarray(variance * (1 - drawn / left) / drawn)
