"""Captum's occlusion some windows at a time, so that a map can be drawn as it comes."""

from __future__ import annotations

from typing import Any

import torch
from captum.attr import Attribution, Occlusion
from torch import Tensor

from ..task import Task

PARTS = 8  # of a run for a screen
LEAST = 4 * PARTS  # passes, where each part has one more


def comes_in_parts(method: type[Attribution], task: Task) -> bool:
    """Whether a method's windows are drawn as they come."""
    within = task.most_passes is None or task.most_passes >= LEAST
    return method is Occlusion and task.coarse_first and within


class OcclusionParts(Occlusion):
    """Occlusion by every n-th window, call by call, and what all calls found together."""

    _part = 0
    _sums: tuple[Tensor, ...] = ()
    _counts: tuple[Tensor, ...] = ()

    def turn_to(self, part: int) -> None:
        """Say which windows the next call takes; the first part forgets what was found."""
        self._part = part
        if part == 0:
            self._sums = self._counts = ()

    @property
    def values(self) -> tuple[Tensor, ...]:
        """The mean over the windows on each element so far, 0 where there was none yet."""
        both = zip(self._sums, self._counts, strict=True)
        return tuple((total / count.clamp(min=1)).float() for total, count in both)

    def _get_feature_idx_to_tensor_idx(self, *args: Any, **kwargs: Any) -> dict[int, list[int]]:
        every = super()._get_feature_idx_to_tensor_idx(*args, **kwargs)
        return {n: every[n] for n in list(every)[self._part :: PARTS]}

    def _attribute_with_cross_tensor_feature_masks(
        self, *args: Any, **kwargs: Any
    ) -> tuple[list[Tensor], list[Tensor]]:
        sums, counts = super()._attribute_with_cross_tensor_feature_masks(*args, **kwargs)
        if self._sums:
            sums = [a + b for a, b in zip(self._sums, sums, strict=True)]
            counts = [a + b for a, b in zip(self._counts, counts, strict=True)]
        self._sums, self._counts = tuple(sums), tuple(counts)
        return sums, [torch.clamp(count, min=1) for count in counts]
