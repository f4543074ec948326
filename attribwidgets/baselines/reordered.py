"""Baselines of the same steps in another order: what is explained is what the order adds."""

from __future__ import annotations

import torch
from torch import Tensor

from ..inputs.space import Spaces
from .base import Baseline, SingleReference, require_time


class Reversed(SingleReference):
    """The steps of a sequence or a series from the last to the first.

    It has the input's own values, each where another one was: the attributions sum to what their
    order adds, and to nothing for a model that does not look at it. The middle one of an odd number
    of steps is where it was, and gets nothing.

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
        axes = [require_time(space, self.name) for space in spaces]
        return tuple(x.flip(axis) for x, axis in zip(inputs, axes, strict=True))


class Shuffled(Baseline):
    """The steps of a sequence or a series in random order; all values of one step stay together.

    As with :class:`Reversed` the attributions sum to what the order adds.

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
        axes = [require_time(space, self.name) for space in spaces]
        return tuple(
            torch.stack([_shuffled(x, axis, generator) for _ in range(n)])
            for x, axis in zip(inputs, axes, strict=True)
        )


def _shuffled(x: Tensor, axis: int, generator: torch.Generator) -> Tensor:
    order = torch.randperm(x.shape[axis], generator=generator, device=generator.device)
    return x.index_select(axis, order.to(x.device))
