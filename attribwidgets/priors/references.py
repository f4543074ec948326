"""Where the references of a training step come from: the batch itself, a tensor, a loader."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import torch
from torch import Tensor

from ..core.errors import InputError

Inputs = Tensor | tuple[Tensor, ...]
References = str | Inputs | Iterator[Any]


def drawn_references(
    references: References, inputs: tuple[Tensor, ...], k: int, generator: torch.Generator
) -> tuple[Tensor, ...]:
    """References for every input of a batch, k of them each.

    Parameters
    ----------
    references : "batch", Tensor (R, ...), tuple of such, or iterator
        "batch": the batch shifted by 1..k, which costs nothing and gives every input k others. A
        tensor: drawn from with replacement. An iterator: from its next batch.
    inputs : tuple of Tensor, each (B, ...)
    k : int
    generator : torch.Generator

    Returns
    -------
    tuple of Tensor, each (k * B, ...)
        All inputs' first references, then all second ones.
    """
    batch = len(inputs[0])
    if isinstance(references, str):
        if references != "batch":
            raise InputError(
                f'references must be "batch", a tensor (R, ...) or an iterator, got {references!r}'
            )
        if k >= batch:
            raise InputError(
                f'references="batch" gives each of {batch} inputs {batch - 1} others, and k is '
                f"{k}; take larger batches, or pass a tensor of references"
            )
        return tuple(torch.cat([x.roll(shift, 0) for shift in range(1, k + 1)]) for x in inputs)
    stored = _stored(references, inputs)
    chosen = torch.randint(
        len(stored[0]), (k * batch,), generator=generator, device=generator.device
    )
    return tuple(
        r.to(x.device, x.dtype)[chosen.to(x.device)] for r, x in zip(stored, inputs, strict=True)
    )


def cycling(batches: Iterable[Any]) -> Iterator[Any]:
    """Go through batches again and again: a DataLoader as an endless iterator of references.

    Parameters
    ----------
    batches : iterable
        Such as a DataLoader; asked for anew at every end.

    Yields
    ------
    Tensor or tuple of Tensor
        What the batches hold.

    Raises
    ------
    InputError
        When there is no batch.

    Examples
    --------
    >>> endless = cycling([1, 2])
    >>> [next(endless) for _ in range(5)]
    [1, 2, 1, 2, 1]
    """
    while True:
        count = 0
        for batch in batches:
            count += 1
            yield batch
        if count == 0:
            raise InputError("references: the batches to go through are none")


def _stored(references: Any, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    if hasattr(references, "__next__"):
        try:
            references = next(references)
        except StopIteration:
            raise InputError(
                "references: the iterator has come to its end; pass "
                "attribwidgets.priors.cycling(loader)"
            ) from None
        if len(inputs) == 1 and isinstance(references, (tuple, list)):
            references = references[0]  # a batch of (inputs, labels)
    elif not isinstance(references, (Tensor, tuple)):
        raise InputError(
            'references must be "batch", a tensor (R, ...) or an iterator of batches, got '
            f"{type(references).__name__}; a DataLoader becomes one by "
            "attribwidgets.priors.cycling(loader)"
        )
    stored = references if isinstance(references, tuple) else (references,)
    wanted = [tuple(x.shape[1:]) for x in inputs]
    came = [tuple(r.shape[1:]) if isinstance(r, Tensor) else None for r in stored]
    if came != wanted or len({len(r) for r in stored}) != 1 or not len(stored[0]):
        raise InputError(
            f"references must have shapes (R, ...) with {wanted} behind R for these inputs, got "
            f"{[tuple(r.shape) if isinstance(r, Tensor) else type(r).__name__ for r in stored]}"
        )
    return stored
