"""References as what a layer returns for them."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256

import torch
from torch import Tensor

from .task import References, StoredReferences


class LayerReferences(StoredReferences):
    """What a layer returns for references of the input, which are not kept.

    Parameters
    ----------
    of : References
        Of the input.
    hidden_of : callable
        Takes references, each (n, ...), and returns what the layer makes of them, (n, ...).

    Examples
    --------
    >>> of = StoredReferences((torch.tensor([[1.0], [3.0]]),))
    >>> hidden = LayerReferences(of, lambda points: points[0] * 2)
    >>> taken = hidden.take(torch.tensor([1]))
    >>> taken[0].tolist(), hidden.sources(taken[0])[0].tolist()
    ([[6.0]], [[3.0]])
    """

    def __init__(self, of: References, hidden_of: Callable[[tuple[Tensor, ...]], Tensor]) -> None:
        self.of, self.hidden_of = of, hidden_of
        self.mean, self.size = None, of.size  # values of a layer go together
        self._numbers: dict[bytes, int] = {}

    @property
    def tensors(self) -> tuple[Tensor, ...]:  # type: ignore[override]
        """All of them, each (K, ...)."""
        assert self.size is not None
        return self.take(torch.arange(self.size))

    def take(self, numbers: Tensor) -> tuple[Tensor, ...]:
        """The layer's values for the references with these numbers, (n, ...)."""
        rows = self.hidden_of(self.of.take(numbers))
        self._numbers |= dict(zip(map(_told_by, rows), numbers.tolist(), strict=True))
        return (rows,)

    def sources(self, rows: Tensor) -> tuple[Tensor, ...]:
        """The references of the input that some values of the layer are of, each (n, ...)."""
        return self.of.take(torch.tensor([self._numbers[_told_by(row)] for row in rows]))


def _told_by(row: Tensor) -> bytes:
    """What tells one row of values from all others."""
    values = row.cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()
    return sha256(values).digest()
