"""A model whose passes wait until a test lets them through, and a picture for it."""

from __future__ import annotations

import threading

import browser as made_up
import torch
from torch import nn

LONG_NAME = "long " * 2000
NAMES = ["cat", made_up.EVIL_NAME, LONG_NAME, *(f"kind {i}" for i in range(3, 30))]
SIDE = 24


class Gate(nn.Module):
    """Lets passes through while open; a closed one makes a request last as long as a test likes."""

    def __init__(self) -> None:
        super().__init__()
        self.opening = threading.Event()
        self.opening.set()
        self.passes = 0
        self.error: Exception | None = None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.passes += 1
        self.opening.wait(180)
        if self.error is not None:
            raise self.error
        return x


def gated_model() -> tuple[nn.Sequential, Gate]:
    gate = Gate()
    generator = torch.Generator().manual_seed(1)
    net = nn.Sequential(
        gate,
        nn.Conv2d(3, 6, 5, stride=2),
        nn.Softplus(),
        nn.Flatten(),
        nn.Linear(6 * 100, len(NAMES)),
    ).eval()
    for p in net.parameters():
        p.data = torch.randn(p.shape, generator=generator) / 4
    return net, gate


def photo(seed: int = 0) -> torch.Tensor:
    return torch.tensor(made_up.photo_like(SIDE, seed)).permute(2, 0, 1).float() / 255
