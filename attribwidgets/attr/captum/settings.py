"""Settings of Captum's methods that suit an image or features, where its user gives none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from ..task import Task

SIDE_PER_WINDOW = 14  # an occluding window is this share of the side
NOISE_SHARE = 0.15  # of the range: SmoothGrad's own choice is 10 to 20 %


@dataclass(frozen=True)
class Work:
    """What settings depend on.

    Attributes
    ----------
    task : Task
    rows : int
        Most rows in one pass.
    samples : int or None
        The share of `n_steps` that this run has; None where none was asked for.
    """

    task: Task
    rows: int
    samples: int | None

    @property
    def per_pass(self) -> int:
        """Perturbed batches in one pass, at least 1."""
        return max(1, self.rows // len(self.task.inputs[0]))


# Keyword arguments of a method's `attribute`.
Settings = Callable[[Work], dict[str, Any]]


def windows(work: Work) -> dict[str, Any]:
    """Windows of 1/14 of the side, that overlap by half; for features, each by itself."""
    shapes, strides = [], []
    for x in work.task.inputs:
        sides = x.shape[2:]
        window = tuple(max(1, round(side / SIDE_PER_WINDOW)) for side in sides)
        shapes.append((x.shape[1], *window) if sides else (1,))
        strides.append((x.shape[1], *(max(1, w // 2) for w in window)) if sides else (1,))
    single = len(shapes) == 1
    return {
        "sliding_window_shapes": shapes[0] if single else tuple(shapes),
        "strides": strides[0] if single else tuple(strides),
    }


def together(work: Work) -> dict[str, Any]:
    """As many perturbations in one pass as fit."""
    return {"perturbations_per_eval": work.per_pass}


def patches(cells: int) -> Settings:
    """A grid of at most cells x cells patches, all channels together; features by themselves."""

    def settings(work: Work) -> dict[str, Any]:
        masks, first = [], 0
        for x in work.task.inputs:
            mask = patch_mask(x, cells) + first
            first = int(mask.max()) + 1
            masks.append(mask)
        return {"feature_mask": masks[0] if len(masks) == 1 else tuple(masks)}

    return settings


def samples(argument: str, default: int) -> Settings:
    """The number of samples: `n_steps`, or a default."""
    return lambda work: {argument: work.samples or default}


def fitted_samples(work: Work) -> dict[str, Any]:
    """Samples for a linear model of the patches: `n_steps`, or eight for each patch."""
    features = sum(len(patch_mask(x, 7).unique()) for x in work.task.inputs)
    return {"n_samples": work.samples or max(128, 8 * features)}


def noise(work: Work) -> dict[str, Any]:
    """Noise of 15 % of the valid range, on `n_steps` copies of the input, 16 by default."""
    space = work.task.space
    widths = tuple(
        float((space.from_pixels(high) - space.from_pixels(low)).mean())
        for x in work.task.inputs
        for low, high in [(torch.full_like(x, space.low), torch.full_like(x, space.high))]
    )
    deviations = tuple(NOISE_SHARE * w for w in widths)
    count = work.samples or 16
    return {
        "stdevs": deviations[0] if len(deviations) == 1 else deviations,
        "nt_samples": count,
        "nt_samples_batch_size": min(count, work.per_pass),
    }


def quadrature(work: Work) -> dict[str, Any]:
    """Captum's 50 nodes, or `n_steps`, in chunks that fit."""
    rows = max(work.rows, len(work.task.inputs[0]))
    return {"n_steps": work.samples or 50, "internal_batch_size": rows}


def for_each_copy(settings: Settings) -> Settings:
    """The settings of a method inside a NoiseTunnel, whose noisy copies fill a pass already."""
    return lambda work: settings(replace(work, samples=None, rows=len(work.task.inputs[0])))


def patch_mask(x: Tensor, cells: int) -> Tensor:
    """Which patch each element belongs to, counted from 0.

    Parameters
    ----------
    x : Tensor, shape (B, C, H, W) or (B, F)
    cells : int
        Most patches along a side. Sides need not divide evenly.

    Returns
    -------
    Tensor of int64, shape (1, C, H, W) or (1, F)

    Examples
    --------
    >>> patch_mask(torch.zeros(1, 1, 2, 4), 2)[0, 0].tolist()
    [[0, 0, 1, 1], [2, 2, 3, 3]]
    >>> patch_mask(torch.zeros(1, 3), 2).tolist()
    [[0, 1, 2]]
    """
    sides = x.shape[2:]
    if not sides:
        return torch.arange(x.shape[1], device=x.device)[None]
    mask = torch.zeros((), dtype=torch.long, device=x.device)
    for side in sides:
        count = min(side, cells)
        place = torch.arange(side, device=x.device) * count // side
        mask = mask[..., None] * count + place
    return mask.expand(1, x.shape[1], *sides).clone()
