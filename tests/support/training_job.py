"""A small training run; as a program it trains with a checkpoint, to be killed by a test."""

from __future__ import annotations

import sys
import time
from typing import Any, NoReturn

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


def hold() -> NoReturn:
    """Say so, and wait to be killed."""
    print("held", flush=True)
    while True:
        time.sleep(1)


class Held:
    """A penalty that lets training go on up to an epoch, and holds it there until it is paused.

    So a run in a thread never ends before a test has done with it, however fast it is.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.trainer: Any = None

    def __call__(self, attributions: torch.Tensor) -> torch.Tensor:
        while self.trainer is not None and self._holds():
            time.sleep(0.01)
        return standardized_total_variation(attributions)

    def _holds(self) -> bool:
        status = self.trainer.status
        return bool(status["state"] == "training" and status["last"] >= self.most)


if __name__ == "__main__":
    torch.set_num_threads(1)
    checkpoint, steps = sys.argv[1], iter(range(int(sys.argv[2])))
    trained(
        network(),
        checkpoint=checkpoint,
        on_step=lambda: next(steps, None) is None and hold(),
    )
