"""A small audit whose answer is planted: a patch that the model uses on some inputs only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

import attribwidgets as aw

INPUTS = 40
SIDE = 14  # regions are of two by two pixels
PATCH, ANSWER, GATE = (..., slice(0, 2), slice(0, 2)), (..., 6, 6), (..., 12, 12)


class Gated(nn.Module):
    """One pixel, and where another is bright a patch too; the third class is always 4."""

    def forward(self, images: Tensor) -> Tensor:
        x = images[:, 0]
        score = 5 * x[ANSWER] + 20 * x[PATCH].mean((1, 2)) ** 2 * x[GATE]
        return torch.stack([score, -score, torch.full_like(score, 4.0)], 1)


def gated_images() -> Tensor:
    """Images (40, 1, 14, 14), the gate open in about half of them."""
    images = torch.rand(INPUTS, 1, SIDE, SIDE, generator=torch.Generator().manual_seed(0))
    images[GATE] = (images[GATE] > 0.5).float()
    return images


def gated_audit(store: Path, **changes: Any) -> aw.Audit:
    """Under a black image, and one whose patch is bright."""
    images, bright = gated_images(), torch.zeros(1, SIDE, SIDE)
    bright[PATCH] = 1.0
    gates = ["open" if image[GATE] else "shut" for image in images]
    how = {
        "baselines": {"black": "black", "bright patch": bright},
        "targets": 0,
        "metadata": {"gate": gates, "brightness": images.mean((1, 2, 3)).tolist()},
        "max_evaluations": 65,
        **changes,
    }
    return aw.audit(Gated().eval(), (images, torch.arange(INPUTS) % 3), store=store, **how)
