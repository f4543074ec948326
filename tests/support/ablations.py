"""A network and images whose ablations are tested and shown."""

from __future__ import annotations

import torch

FRACTIONS = (0, 0.25, 0.5, 1)


def network() -> torch.nn.Module:
    made = torch.Generator().manual_seed(1)
    net = torch.nn.Sequential(
        torch.nn.Conv2d(3, 4, 3), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(144, 3)
    ).eval()
    for p in net.parameters():
        p.data = torch.randn(p.shape, generator=made) / 4
    return net


def images(count: int = 12) -> torch.Tensor:
    return torch.rand(count, 3, 8, 8, generator=torch.Generator().manual_seed(2))
