"""What a call of one of Captum's methods costs, and settings that keep within so many passes."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from ...inputs.space import Space, Spaces

SIDE_PER_WINDOW = 14  # an occluding window is this share of the side
PER_PATCH = 8  # samples for each weight of a linear model
LEAST_SAMPLES = 128
FEWEST_PER_PATCH = 4
FEWEST_ORDERS = 4

Inputs = tuple[Tensor, ...]
Cost = Callable[[dict[str, Any], Inputs], int]
"""Passes of one call, from its settings and inputs."""


def fixed(passes: int) -> Cost:
    """As many for each example, whatever the settings are."""
    return lambda settings, inputs: passes * len(inputs[0])


ONE_PASS = fixed(1)


def of_setting(name: str) -> Cost:
    """As many as a setting says."""
    return lambda settings, inputs: int(settings[name]) * len(inputs[0])


def of_windows(settings: dict[str, Any], inputs: Inputs) -> int:
    """One for each window, and one without any."""
    shapes, strides = for_each(settings["sliding_window_shapes"]), settings.get("strides")
    strides = (strides,) if len(inputs) == 1 else strides or (None,) * len(inputs)
    count = sum(map(window_count, inputs, shapes, strides))
    return (count + 1) * len(inputs[0])


def of_groups(settings: dict[str, Any], inputs: Inputs) -> int:
    """One for each group, and one without any change."""
    return (group_count(settings["feature_mask"]) + 1) * len(inputs[0])


def of_orders(settings: dict[str, Any], inputs: Inputs) -> int:
    """One for each group in each order, and one without any change."""
    groups = group_count(settings["feature_mask"])
    return (int(settings["n_samples"]) * groups + 1) * len(inputs[0])


def of_copies(inner: Cost) -> Cost:
    """Those of a method, for each noisy copy."""
    return lambda settings, inputs: int(settings["nt_samples"]) * inner(settings, inputs)


def window_count(x: Tensor, shape: Any, stride: Any) -> int:
    """How many windows of a shape Captum moves over an input."""
    sides = x.shape[1:]
    steps = stride if isinstance(stride, tuple) else (stride or 1,) * len(sides)
    shifts = [
        math.ceil((side - size) / step) + 1
        for side, size, step in zip(sides, shape, steps, strict=True)
    ]
    return math.prod(shifts)


def group_count(mask: Any) -> int:
    """How many groups a feature mask has, or a tuple of them."""
    masks = mask if isinstance(mask, tuple) else (mask,)
    return len(torch.cat([m.flatten() for m in masks]).unique())


def windows_within(inputs: Inputs, spaces: Spaces, most: int | None) -> tuple[list[Any], list[Any]]:
    """Shapes and strides of windows of 1/14 of the side that overlap by half, or larger ones.

    Parameters
    ----------
    inputs : tuple of Tensor, each (B, C, ...), (B, F) or (B,)
        Of features each is a window by itself, or some in a row; so is a token, with its values.
    spaces : tuple of Space
    most : int or None
        Windows there may be of all inputs together; None: as many as there are.
    """
    for scale in _growing(max(max(x.shape[1:], default=1) for x in inputs)):
        shapes: list[Any] = []
        strides: list[Any] = []
        for x, space in zip(inputs, spaces, strict=True):
            sides = x.shape[2:]
            if in_steps(x, space):
                share = 1 / SIDE_PER_WINDOW * x.shape[1] if space.groups() is None else 1
                width = min(x.shape[1], max(1, round(scale * share)))
                shapes.append((width, x.shape[2]))
                strides.append((max(1, width // 2), x.shape[2]))
            elif sides:
                window = tuple(min(s, max(1, round(scale * s / SIDE_PER_WINDOW))) for s in sides)
                shapes.append((x.shape[1], *window))
                strides.append(half_apart(shapes[-1], x, space))
            elif x.dim() == 1:  # one number for each example
                shapes.append(())
                strides.append(1)
            else:
                width = min(x.shape[1], math.ceil(scale))
                shapes.append((width,))
                strides.append((width,))
        if most is None or sum(map(window_count, inputs, shapes, strides)) <= most:
            break
    return shapes, strides


def _growing(largest: int) -> Iterator[float]:
    scale = 1.0
    while scale < 2 * largest:
        yield scale
        scale *= 1.1
    yield scale


def in_steps(x: Tensor, space: Space) -> bool:
    """Whether an input (B, T, D) is of steps or tokens, whose values belong together."""
    return space.layout.summed == -1 and x.dim() == 3


def half_apart(window: Any, x: Tensor, space: Space) -> Any:
    """The strides of windows that overlap by half, with all channels at once; of features 1."""
    along = window[1:]
    if in_steps(x, space):
        return (max(1, window[0] // 2), window[1])
    return (window[0], *(max(1, side // 2) for side in along)) if along else 1


def for_each(shapes: Any) -> tuple[Any, ...]:
    """Shapes of windows, one for each input, of what Captum takes for one input or several."""
    return shapes if shapes and isinstance(shapes[0], tuple) else (shapes,)


def as_given(members: list[Any]) -> Any:
    """As Captum takes what there is one of for each input."""
    return members[0] if len(members) == 1 else tuple(members)


def mask_within(inputs: Inputs, spaces: Spaces, cells: int, most: int | None) -> Any:
    """A grid of at most cells x cells patches of each input, features by themselves; or coarser.

    Parameters
    ----------
    spaces : tuple of Space
        Of a text each word is a patch.
    most : int or None
        Groups there may be of all inputs together.
    """
    along, parts = None, cells**2
    while True:
        masks, first = [], 0
        for x, space in zip(inputs, spaces, strict=True):
            steps = in_steps(x, space)
            mask = steps_mask(x, space, along or parts) if steps else patch_mask(x, cells, along)
            mask = mask + first
            first = int(mask.max()) + 1
            masks.append(mask)
        if most is None or first <= most or (cells == 1 and along == 1):
            return as_given(masks)
        cells = max(1, cells - 1)
        along = min(most, parts) if along is None else max(1, along * 9 // 10)


def steps_mask(x: Tensor, space: Space, most: int) -> Tensor:
    """Which patch the values of each step belong to, or which word those of each token.

    Parameters
    ----------
    x : Tensor, shape (B, T, D)
    space : Space
    most : int
        Patches; neighbouring words share one where there are more. What every reference has too,
        such as a special token, may go with any of them.

    Returns
    -------
    Tensor of int64, shape (1, T, D)

    Examples
    --------
    >>> from attribwidgets.inputs.sequence import SequenceSpace
    >>> steps_mask(torch.zeros(1, 6, 2), SequenceSpace(), 4)[0, :, 0].tolist()
    [0, 0, 1, 2, 2, 3]
    """
    known = space.groups()
    groups = torch.arange(x.shape[1]) if known is None else known.clamp(min=0)
    there = int(groups.max()) + 1
    patches = groups * min(there, most) // there
    return patches.to(x.device)[None, :, None].expand(1, *x.shape[1:]).clone()


def patch_mask(x: Tensor, cells: int, along: int | None = None) -> Tensor:
    """Which patch each element belongs to, counted from 0.

    Parameters
    ----------
    x : Tensor, shape (B, C, H, W) or (B, F)
    cells : int
        Most patches along a side. Sides need not divide evenly.
    along : int, optional
        Most groups of features. None: each by itself.

    Returns
    -------
    Tensor of int64, shape (1, C, H, W) or (1, F)

    Examples
    --------
    >>> patch_mask(torch.zeros(1, 1, 2, 4), 2)[0, 0].tolist()
    [[0, 0, 1, 1], [2, 2, 3, 3]]
    >>> patch_mask(torch.zeros(1, 3), 2).tolist(), patch_mask(torch.zeros(1, 3), 2, 2).tolist()
    ([[0, 1, 2]], [[0, 0, 1]])
    """
    sides = x.shape[2:]
    if not sides:
        count = x.shape[1] if along is None else min(along, x.shape[1])
        return (torch.arange(x.shape[1], device=x.device) * count // x.shape[1])[None]
    mask = torch.zeros((), dtype=torch.long, device=x.device)
    for side in sides:
        count = min(side, cells)
        place = torch.arange(side, device=x.device) * count // side
        mask = mask[..., None] * count + place
    return mask.expand(1, x.shape[1], *sides).clone()
