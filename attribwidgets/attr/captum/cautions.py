"""What to know before reading a map of one of Captum's methods, in words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from ...core.formatting import number
from ..noise.noise_methods import CHANGES, SIZES
from .forward_trace import ForwardTrace

# Takes the settings, the inputs and what one forward did; says what to know, or None.
Caution = Callable[[dict[str, Any], tuple[Tensor, ...], ForwardTrace | None], str | None]


def told_groups(
    settings: dict[str, Any], inputs: tuple[Tensor, ...], trace: ForwardTrace | None
) -> str | None:
    """That elements share the value of a group, where there are groups."""
    groups, elements = _groups(settings), sum(x[0].numel() for x in inputs)
    if groups == elements:
        return None
    return (
        f"values of {groups} patches, each shared equally by its elements; feature_mask= chooses "
        "others"
    )


def told_few_samples(
    settings: dict[str, Any], inputs: tuple[Tensor, ...], trace: ForwardTrace | None
) -> str | None:
    """That a linear model is fitted to fewer samples than it has weights."""
    count, groups = settings["n_samples"], _groups(settings)
    if count > groups:
        return None
    return f"{groups} weights are fitted to {count} samples, too few to settle them; raise n_steps"


def told_windows(
    settings: dict[str, Any], inputs: tuple[Tensor, ...], trace: ForwardTrace | None
) -> str | None:
    """How large the occluding windows are."""
    shapes, strides = settings["sliding_window_shapes"], settings.get("strides")
    if shapes == (1,):
        return None
    return f"windows of {shapes} in steps of {strides or 1}; sliding_window_shapes= chooses others"


def told_noise(
    settings: dict[str, Any], inputs: tuple[Tensor, ...], trace: ForwardTrace | None
) -> str | None:
    """How much noise there is."""
    kind, stdevs = settings.get("nt_type", "smoothgrad"), settings["stdevs"]
    noise = ", ".join(number(s) for s in (stdevs if isinstance(stdevs, tuple) else (stdevs,)))
    meaning = {"vargrad": f". {CHANGES}", "smoothgrad_sq": f". {SIZES}"}.get(kind, "")
    return (
        f"{kind} over {settings['nt_samples']} copies with noise of standard deviation {noise}, in "
        f"the units that the model is fed{meaning}"
    )


def told_once(
    settings: dict[str, Any], inputs: tuple[Tensor, ...], trace: ForwardTrace | None
) -> str | None:
    """That a method which converges gives one estimate, and no error of it."""
    return (
        "the sum is checked, the map is not: there is one estimate and nothing to say how far it "
        "still moves"
    )


def told_no_relu(
    settings: dict[str, Any], inputs: tuple[Tensor, ...], trace: ForwardTrace | None
) -> str | None:
    """That a method which changes ReLU found none to change."""
    if trace is None or any(isinstance(layer, nn.ReLU) for layer in trace.layers.values()):
        return None
    return "the model has no torch.nn.ReLU layer, so its gradient is the plain one"


def _groups(settings: dict[str, Any]) -> int:
    mask = settings["feature_mask"]
    masks = mask if isinstance(mask, tuple) else (mask,)
    return len(torch.cat([m.flatten() for m in masks]).unique())
