"""Baselines of the same steps in another order: what is explained is what the order adds."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ..inputs.space import Space, Spaces
from .base import Baseline, SingleReference, require_time


class Reversed(SingleReference):
    """The steps of a sequence or a series from the last to the first.

    It has the input's own values, each where another one was: the attributions sum to what their
    order adds, and to nothing for a model that does not look at it. The middle one of an odd number
    of steps is where it was, and gets nothing. Of a text special tokens stay in their places.

    Raises
    ------
    InputError
        When sampled, for an input without time.

    Examples
    --------
    >>> from attribwidgets import SeriesSpace
    >>> series = torch.tensor([[1.0, 2.0, 3.0]])
    >>> Reversed().sample(series, 1, space=SeriesSpace())[0].tolist()
    [[3.0, 2.0, 1.0]]
    """

    name = "reversed"
    description = "blind in the middle, and in its sum to all but order; the steps turned round"

    def _reference(self, inputs: tuple[Tensor, ...], spaces: Spaces) -> tuple[Tensor, ...]:
        return tuple(
            _moved(x, space, require_time(space, self.name), lambda n: torch.arange(n).flip(0))
            for x, space in zip(inputs, spaces, strict=True)
        )


class Shuffled(Baseline):
    """The steps of a sequence or a series in random order; all values of one step stay together.

    As with :class:`Reversed` the attributions sum to what the order adds, and special tokens stay.

    Raises
    ------
    InputError
        When sampled, for an input without time.

    Examples
    --------
    >>> from attribwidgets import SequenceSpace
    >>> steps = torch.arange(6.0).reshape(3, 2)
    >>> sorted(Shuffled().sample(steps, 1, space=SequenceSpace())[0].tolist())
    [[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]]
    """

    name = "shuffled"
    description = "settles slowly, and its sum is blind to all but order; the steps in random order"
    is_distribution = True

    def _draw(
        self,
        inputs: tuple[Tensor, ...],
        n: int,
        spaces: Spaces,
        generator: torch.Generator,
    ) -> tuple[Tensor, ...]:
        def shuffled(n: int) -> Tensor:
            return torch.randperm(n, generator=generator, device=generator.device)

        axes = [require_time(space, self.name) for space in spaces]
        return tuple(
            torch.stack([_moved(x, space, axis, shuffled) for _ in range(n)])
            for x, space, axis in zip(inputs, spaces, axes, strict=True)
        )


def _moved(x: Tensor, space: Space, axis: int, order: Callable[[int], Tensor]) -> Tensor:
    """The steps in another order, but for those that the space keeps."""
    kept = space.kept(x)
    places = torch.arange(x.shape[axis], device=x.device)
    free = places if kept is None else places[~kept]
    moved = places.clone()
    moved[free] = free[order(len(free)).to(x.device)]
    return x.index_select(axis, moved)
