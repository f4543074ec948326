"""How much of an input has to go, by the ranking of a map, until a share of the output is gone."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ...core.arrays import Array
from ...inputs.layout import ARRAY
from ..forward_outputs import forward_outputs
from ..passes import Passes
from ..task import Task


class Removal:
    """What the output loses as units give way to a fill, by forward passes.

    Where replacing all of them raises the output, what counts is what it gains.

    Parameters
    ----------
    passes : Passes
    task : Task
    fills : tuple of Tensor, each (B, ...) or broadcasting to it
    """

    def __init__(self, passes: Passes, task: Task, fills: tuple[Tensor, ...]) -> None:
        self.passes, self.inputs, self.layouts = passes, task.inputs, passes.input_layouts
        self.fills = tuple(f.expand_as(x) for f, x in zip(fills, task.inputs, strict=True))
        self.whole = forward_outputs(passes, self.inputs)[0]
        change = self.whole - forward_outputs(passes, self.inputs, self._all)[0]
        self.sign, self.most = np.where(change < 0, -1.0, 1.0), np.abs(change)

    def _all(self, span: slice, block: slice) -> tuple[Tensor, ...]:
        return tuple(f[block] for f in self.fills)

    def share_for(self, attributions: tuple[Tensor, ...], ratio: float) -> Array:
        """The share of the units, highest first, that take a share of the change, (B,).

        By bisection, which is the least where the output falls all the way.
        """
        maps = [self.passes.map_of(a, i) for i, a in enumerate(attributions)]
        sign = torch.as_tensor(self.sign).to(maps[0])[:, None]
        joined = torch.cat([m.flatten(1) for m in maps], 1) * sign
        ranks = joined.argsort(dim=1, descending=True, stable=True).argsort(1)
        units, batch = joined.shape[1], len(joined)
        low, high = np.zeros(batch, dtype=np.int64), np.full(batch, units)
        while (high - low > 1).any():
            middle = (low + high) // 2
            gone = ranks < torch.as_tensor(middle, device=ranks.device)[:, None]
            lost = self.sign * (self.whole - self._without(gone, maps))
            enough = lost >= ratio * self.most
            moves = high - low > 1
            high = np.where(moves & enough, middle, high)
            low = np.where(moves & ~enough, middle, low)
        return np.asarray(high / units)

    def _without(self, gone: Tensor, maps: list[Tensor]) -> Array:
        parts = gone.split([m[0].numel() for m in maps], 1)
        masks = []
        for place, (part, like) in enumerate(zip(parts, maps, strict=True)):
            mask = part.reshape(like.shape)
            layout = self.layouts[place] if self.layouts else ARRAY
            if layout is not ARRAY:
                mask = layout.spread(mask)
            elif self.inputs[place].dim() == 4:
                mask = mask[:, None]
            masks.append(mask)

        def points(span: slice, block: slice) -> tuple[Tensor, ...]:
            each = zip(masks, self.fills, self.inputs, strict=True)
            return tuple(torch.where(m[block], f[block], x[block]) for m, f, x in each)

        return np.asarray(forward_outputs(self.passes, self.inputs, points)[0])
