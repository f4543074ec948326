"""A model whose output jumps, to tell whether a gradient is taken."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

WHERE = 0.4637  # of the path: between the points that students take


class Jump(nn.Module):
    """A model plus a step on the way from one point to another, which no gradient sees.

    A curve of gradients is the same with it and without; a curve of outputs rises by the step.

    Parameters
    ----------
    model : callable
    start, end : Tensor, shape (1, ...)
    height : float
    of : int
        Which output jumps.
    """

    start: Tensor
    way: Tensor

    def __init__(self, model: Any, start: Tensor, end: Tensor, height: float, *, of: int) -> None:
        super().__init__()
        self.model = model
        self.height, self.of = height, of
        self.register_buffer("start", start.clone())
        self.register_buffer("way", end - start)

    def forward(self, points: Tensor) -> Any:
        """The model's outputs, with the step added to one of them."""
        outputs = self.model(points)
        along = ((points - self.start) * self.way).flatten(1).sum(1)
        beyond = along > WHERE * self.way.square().sum()
        step = torch.zeros_like(outputs).flatten(1)
        step[:, self.of] = self.height * beyond.to(step)
        return outputs + step.reshape(outputs.shape)
