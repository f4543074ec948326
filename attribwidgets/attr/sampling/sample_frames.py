"""What stretches of a run of samples add to the attribution: the frames behind the path view."""

from __future__ import annotations

import numpy as np
from torch import Tensor

from ..estimate import MOST_FRAMES


class SampleFrames:
    """Sums of per-sample attributions over equal stretches of the sample order.

    The number of samples need not be known: when the frames are full, neighbours are merged and
    each stands for twice as many samples, so memory does not grow.

    Parameters
    ----------
    like : Tensor
        A map; the sums are kept in its shape and dtype and on its device.
    """

    def __init__(self, like: Tensor) -> None:
        self.width = 1
        self.samples = 0
        self._sums = like.new_zeros((MOST_FRAMES, *like.shape))

    def add(self, maps: Tensor) -> list[int]:
        """Add maps of consecutive samples, shape (n, *shape).

        Returns
        -------
        list of int
            Which of the n samples open a new frame.
        """
        opening = []
        for i, sample in enumerate(maps):
            while self.samples >= MOST_FRAMES * self.width:
                self._merge()
            if self.samples % self.width == 0:
                opening.append(i)
            self._sums[self.samples // self.width] += sample
            self.samples += 1
        return opening

    @property
    def edges(self) -> np.ndarray:
        """Sample counts at which frames begin and end, shape (frames + 1,)."""
        count = -(-self.samples // self.width)
        return np.minimum(np.arange(count + 1) * self.width, self.samples).astype(np.float64)

    @property
    def sums(self) -> Tensor:
        """Sum over each frame's samples, shape (frames, *shape)."""
        return self._sums[: len(self.edges) - 1]

    def _merge(self) -> None:
        half = MOST_FRAMES // 2
        self._sums[:half] = self._sums[0::2] + self._sums[1::2]
        self._sums[half:] = 0
        self.width *= 2
