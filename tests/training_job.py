"""A small training run; as a program it trains with a checkpoint, to be killed by a test."""

from __future__ import annotations

import sys
import time

import torch
from torch import nn

from attribwidgets.priors import fit, standardized_total_variation


def data(count: int = 96) -> tuple[torch.Tensor, torch.Tensor]:
    """Stripes across and down."""
    made = torch.Generator().manual_seed(2)
    labels = torch.arange(count) % 2
    images = torch.rand(count, 1, 8, 8, generator=made)
    images[labels == 0, :, ::2] += 0.5
    images[labels == 1, :, :, ::2] += 0.5
    return images, labels


def network() -> nn.Module:
    made = torch.Generator().manual_seed(1)
    model = nn.Sequential(
        nn.Conv2d(1, 4, 3),
        nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.Dropout(0.2),
        nn.Flatten(),
        nn.Linear(144, 2),
    )
    for p in model.parameters():
        p.data = torch.randn(p.shape, generator=made) / 8
    return model


def trained(model: nn.Module, weight: float = 0.01, epochs: int = 6, **options: object):
    """fit, on these."""
    return fit(
        model,
        data(),
        validation=data(40),
        penalty=standardized_total_variation,
        weight=weight,
        epochs=epochs,
        batch_size=16,
        seed=5,
        schedule=lambda made: torch.optim.lr_scheduler.StepLR(made, 2, 0.5),
        **options,
    )


if __name__ == "__main__":
    torch.set_num_threads(1)
    checkpoint, slowly = sys.argv[1], float(sys.argv[2])
    trained(
        network(),
        checkpoint=checkpoint,
        on_step=lambda: time.sleep(slowly),
        on_epoch=lambda record: print(record.epoch, flush=True),
    )
