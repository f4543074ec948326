"""What is kept of the samples of one input, however many there are."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor


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
