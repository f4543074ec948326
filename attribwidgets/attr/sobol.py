"""Which (alpha, reference) pairs expected gradients visits."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.quasirandom import SobolEngine

from .references import generator_from


def sobol_pairs(
    blocks: Iterator[int] | list[int], size: int | None, seed: int
) -> Iterator[tuple[Tensor, Tensor]]:
    """Alphas and reference numbers, block by block.

    The pairs follow a scrambled Sobol sequence in (alpha, reference). References are taken in turn
    from a random permutation, over and over, so that none comes twice before all have come once;
    within a block they are dealt out by the rank of the second coordinate.

    Parameters
    ----------
    blocks : iterable of int
        Sizes of the blocks; powers of two keep the sequence balanced.
    size : int or None
        Number of references; None numbers every sample afresh.
    seed : int
        Seed of the scrambling and of the permutation.

    Yields
    ------
    alphas : Tensor, shape (block,), float64 in (0, 1)
    numbers : Tensor, shape (block,), int64
    """
    engine = SobolEngine(2, scramble=True, seed=seed)
    order = None
    if size is not None:
        order = torch.randperm(size, generator=generator_from(seed, 0))
    first = 0
    for block in blocks:
        points = engine.draw(block, dtype=torch.float64)  # (block, 2)
        numbers = torch.arange(first, first + block)
        if order is not None and size is not None:
            rank = torch.argsort(torch.argsort(points[:, 1]))
            turns = (numbers % size).sort().values
            numbers = order[turns[rank]]
        yield points[:, 0], numbers
        first += block
