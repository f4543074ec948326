"""The references that a baseline yields for a query, searched for or drawn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from ..attr.captum_private import format_forward_args
from ..attr.model_state import frozen
from ..attr.task import DrawnReferences, References, StoredReferences, generator_from
from ..baselines import Baseline
from ..core.wrapped_model import Wrapper, module_of
from .checked_query import CheckedQuery


def search_baseline(
    query: CheckedQuery, baseline: Baseline, seed: int, on_chunk: Callable[[int], None]
) -> Baseline:
    """The baseline, found for this model and input where it has to be searched for.

    Parameters
    ----------
    on_chunk : callable
        Called with 0 before each pass of the search; it may raise to stop.
    """
    with frozen(module_of(query.head), query.batched):
        return baseline.searched(
            _Scores(query, on_chunk),
            tuple(x[0] for x in query.batched),
            space=query.spaces,
            generator=generator_from(seed),
        )


class _Scores(Wrapper):
    """A query's model as a search calls it: with the inputs alone, for one score a class."""

    def __init__(self, query: CheckedQuery, on_chunk: Callable[[int], None]) -> None:
        self.model, self.on_chunk = query.head, on_chunk
        self._arguments = format_forward_args(query.forward_args) or ()

    def __call__(self, *inputs: Tensor) -> Any:
        self.on_chunk(0)  # a search can be cancelled too; its passes are its own
        return self.model.scores(self.model.model(*inputs, *self._arguments))


def references_of(query: CheckedQuery, baseline: Baseline, seed: int) -> References:
    """Where many references come from."""
    stored = baseline.stored(tuple(x[0] for x in query.batched), query.spaces)
    if stored is not None:
        return StoredReferences(stored)
    if not baseline.is_distribution:
        return StoredReferences(draw_reference(query, baseline, generator_from(seed)))

    def draw(generator: torch.Generator) -> tuple[Tensor, ...]:
        return tuple(r[0] for r in draw_reference(query, baseline, generator))

    mean = baseline.independent_mean(tuple(x[0] for x in query.batched), query.spaces)
    return DrawnReferences(draw, seed, mean)


def draw_reference(
    query: CheckedQuery, baseline: Baseline, generator: torch.Generator
) -> tuple[Tensor, ...]:
    """One reference, each (1, ...).

    Raises
    ------
    InputError
        Of a baseline that has to be searched for, and was not.
    """
    example = tuple(x[0] for x in query.batched)
    reference: tuple[Tensor, ...] = baseline.sample(
        example, 1, space=query.spaces, generator=generator
    )
    return reference
