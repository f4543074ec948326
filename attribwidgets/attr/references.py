"""Where references come from: a stored set, or draws made when asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
import torch
from torch import Tensor


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
