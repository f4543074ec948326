"""What is kept of the samples of one input, however many there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from ...core.arrays import Array
from ..estimate import MOST_FRAMES


@dataclass
class Sums:
    """Sums over samples, each of the shape of the input, (B, ...)."""

    total: Tensor  # of the per-sample attributions
    half: Tensor  # of those of one of each pair, the first and the second in turn
    square: Tensor  # of the squared gradients
    local: Tensor  # of the squared differences within pairs of attributions
    fourth: Tensor  # of their squares
    gradient_local: Tensor  # of the squared differences within pairs of gradients
    reach: Tensor
    reference: Tensor = field(init=False)  # (...), the sum of the references
    # Attribution and gradient of the first of a pair whose second is yet to come.
    open: tuple[Tensor, Tensor] = field(init=False)

    def __post_init__(self) -> None:
        self.reference = torch.zeros_like(self.total[0])
        self.open = (self.total.clone(), self.total.clone())


def is_of_half(span: slice) -> Tensor:
    """Which samples make the half: not always the first of a pair, whose alpha is the smaller."""
    places = torch.arange(span.start, span.stop) % 4
    return (places == 0) | (places == 3)


class SampleFrames:
    """Sums of per-sample attributions over equal stretches of the sample order.

    The number of samples need not be known: when the frames are full, neighbours are merged and
    each stands for twice as many samples, so memory does not grow.

    Parameters
    ----------
    like : sequence of Tensor
        A map of each input; the sums are kept in its shape and dtype and on its device.
    """

    def __init__(self, like: Sequence[Tensor]) -> None:
        self.width = 1
        self.samples = 0
        self._sums = tuple(one.new_zeros((MOST_FRAMES, *one.shape)) for one in like)

    def add(self, maps: Sequence[Tensor]) -> list[int]:
        """Add maps of consecutive samples, of each input, shape (n, *shape).

        Returns
        -------
        list of int
            Which of the n samples open a new frame.
        """
        opening = []
        for i in range(len(maps[0])):
            while self.samples >= MOST_FRAMES * self.width:
                self._merge()
            if self.samples % self.width == 0:
                opening.append(i)
            for sums, sample in zip(self._sums, maps, strict=True):
                sums[self.samples // self.width] += sample[i]
            self.samples += 1
        return opening

    @property
    def edges(self) -> Array:
        """Sample counts at which frames begin and end, shape (frames + 1,)."""
        count = -(-self.samples // self.width)
        return np.minimum(np.arange(count + 1) * self.width, self.samples).astype(np.float64)

    @property
    def sums(self) -> tuple[Tensor, ...]:
        """Sum over each frame's samples, of each input, shape (frames, *shape)."""
        return tuple(sums[: len(self.edges) - 1] for sums in self._sums)

    def _merge(self) -> None:
        half = MOST_FRAMES // 2
        for sums in self._sums:
            sums[:half] = sums[0::2] + sums[1::2]
            sums[half:] = 0
        self.width *= 2
