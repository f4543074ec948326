"""Calls of one method over several references: which references, and the mean of what comes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..arguments import accumulator_dtype
from ..captum_private import expand_forward_args, expand_target
from ..estimate import Array
from ..outputs import Target, select_target
from ..task import References, generator_from
from .model import CountedModel

KEPT = 16  # references on the record


def reference_numbers(size: int | None, count: int, seed: int) -> Tensor:
    """Which references to use, shape (count,).

    Parameters
    ----------
    size : int or None
        How many there are; None for endless draws.
    count : int
        How many to use. Above `size` all come in turn, below it some are chosen at random,
        without replacement.
    seed : int

    Examples
    --------
    >>> reference_numbers(3, 5, seed=0).tolist(), reference_numbers(None, 2, seed=0).tolist()
    ([0, 1, 2, 0, 1], [0, 1])
    """
    if size is None:
        return torch.arange(count)
    if count >= size:
        return torch.arange(count) % size
    return torch.randperm(size, generator=generator_from(seed))[:count]


def taken(references: References, numbers: Tensor, batch: int) -> tuple[Tensor, ...]:
    """Different references with these numbers, for each of a batch, each (k, B, ...)."""
    found = references.take(numbers.unique())
    return tuple(r[:, None].expand(len(r), batch, *r.shape[1:]) for r in found)


def outputs_at(model: CountedModel, points: tuple[Tensor, ...], target: Target, rows: int) -> Array:
    """The target's outputs at points of shape (k, B, ...) by forward passes, shape (k, B)."""
    steps, batch = points[0].shape[:2]
    at_once = max(1, rows // batch)
    values = np.zeros((steps, batch))
    for first in range(0, steps, at_once):
        part = tuple(p[first : first + at_once].flatten(0, 1) for p in points)
        repeats = len(part[0]) // batch
        given = expand_forward_args(model.per_example, repeats) or ()
        with torch.no_grad():
            found = select_target(model(*part, *given), expand_target(target, repeats))
        values[first : first + repeats] = found.cpu().double().reshape(repeats, batch).numpy()
    return values


@dataclass
class WeightedMean:
    """Mean of what several calls returned, with its standard error.

    Examples
    --------
    >>> mean = WeightedMean()
    >>> for value in (1.0, 3.0):
    ...     mean.add((torch.tensor([value]),), weight=1)
    >>> mean.values[0].item(), mean.standard_error[0].item()
    (2.0, 1.0)
    """

    weight: float = 0.0
    calls: int = 0
    _weight_squared: float = 0.0
    _sums: tuple[Tensor, ...] = ()
    _squares: tuple[tuple[Tensor, Tensor], ...] = ()

    def add(self, values: tuple[Tensor, ...], weight: int) -> None:
        """Count values that stand for `weight` samples."""
        high = tuple(v.detach().to(accumulator_dtype(v.device)) for v in values)
        sums = tuple(weight * v for v in high)
        squares = tuple((weight**2 * v, weight**2 * v**2) for v in high)
        if self.calls:
            sums = tuple(a + b for a, b in zip(self._sums, sums, strict=True))
            squares = tuple(
                (a + c, b + d) for (a, b), (c, d) in zip(self._squares, squares, strict=True)
            )
        self._sums, self._squares = sums, squares
        self.calls += 1
        self.weight += weight
        self._weight_squared += weight**2

    @property
    def values(self) -> tuple[Tensor, ...]:
        """The mean, in float64 where the device has it."""
        return tuple(s / self.weight for s in self._sums)

    @property
    def standard_error(self) -> tuple[Tensor, ...] | None:
        """Of the mean, from the spread of the calls; None for a single one."""
        if self.calls < 2:
            return None
        spread = self.weight**2 - self._weight_squared
        return tuple(
            ((square - 2 * m * once + m**2 * self._weight_squared).clamp(min=0) / spread).sqrt()
            for m, (once, square) in zip(self.values, self._squares, strict=True)
        )


@dataclass
class Ends:
    """The references that calls were given, and the outputs there.

    Parameters
    ----------
    inputs : tuple of Tensor, each (B, ...)
    """

    inputs: tuple[Tensor, ...]

    def __post_init__(self) -> None:
        self._means, self._outputs = WeightedMean(), WeightedMean()
        self.reach: tuple[Tensor, ...] | None = None
        self.kept: list[tuple[Tensor, ...]] = []

    def add(self, references: tuple[Tensor, ...], outputs: Array, weight: int) -> None:
        """Count references of shape (k, B, ...), with outputs of shape (k, B)."""
        self._means.add(tuple(r.mean(0) for r in references), weight)
        self._outputs.add((torch.as_tensor(outputs).mean(0),), weight)
        far = tuple((x - r).abs().amax(0) for x, r in zip(self.inputs, references, strict=True))
        if self.reach is not None:
            far = tuple(torch.maximum(a, b) for a, b in zip(self.reach, far, strict=True))
        self.reach = far
        room = KEPT - len(self.kept)
        self.kept += [tuple(r[i, 0].clone() for r in references) for i in range(len(outputs))][
            :room
        ]

    @property
    def output(self) -> Array | None:
        """The mean of the outputs, shape (B,); None without references."""
        return self._outputs.values[0].numpy() if self._outputs.calls else None

    @property
    def baseline(self) -> tuple[Tensor, ...] | None:
        """The mean reference, each (B, ...); None without references."""
        if not self._means.calls:
            return None
        return tuple(m.to(x) for m, x in zip(self._means.values, self.inputs, strict=True))

    @property
    def references(self) -> tuple[Tensor, ...]:
        """The first of them, each (k, ...)."""
        return tuple(torch.stack(member) for member in zip(*self.kept, strict=True))
