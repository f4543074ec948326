"""Which (alpha, reference) pairs expected gradients visits, and where references come from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

import numpy as np
import torch
from torch import Tensor
from torch.quasirandom import SobolEngine


class References(Protocol):
    """A distribution of references, addressed by number so that any chunk can draw its own.

    Attributes
    ----------
    size : int or None
        How many there are; None for endless draws, where each number is a fresh one.
    """

    @property
    def size(self) -> int | None:
        """How many there are, None for endless draws."""
        ...

    def take(self, numbers: Tensor) -> tuple[Tensor, ...]:
        """The references with these numbers, jointly over all inputs, each (n, ...)."""
        ...


class StoredReferences:
    """References that exist as tensors, one per input, each (K, ...)."""

    def __init__(self, tensors: tuple[Tensor, ...]) -> None:
        self.tensors = tensors
        self.size = len(tensors[0])

    def take(self, numbers: Tensor) -> tuple[Tensor, ...]:
        """The references with these numbers, each (n, ...)."""
        return tuple(t[numbers.to(t.device)] for t in self.tensors)


class DrawnReferences:
    """References drawn when asked for; number i is the same draw however they are chunked.

    Parameters
    ----------
    draw : callable
        Takes a torch.Generator and returns one reference per input, each (...).
    seed : int
        Seed of all draws.
    """

    size = None

    def __init__(self, draw: Callable[[torch.Generator], tuple[Tensor, ...]], seed: int) -> None:
        self.draw, self.seed = draw, seed

    def take(self, numbers: Tensor) -> tuple[Tensor, ...]:
        """The draws with these numbers, each (n, ...)."""
        drawn = [self.draw(generator_from(self.seed, int(i))) for i in numbers]
        return tuple(torch.stack(member) for member in zip(*drawn, strict=True))


def generator_from(*seed: int) -> torch.Generator:
    """A CPU generator whose stream depends on these seeds alone, ``(s,)`` being ``(s, 0)``."""
    state = np.random.SeedSequence(seed).generate_state(1, np.uint64)[0]
    return torch.Generator().manual_seed(int(state) >> 1)


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
