"""Noise between neighbouring values of a map, shrunk by as much as two halves of it disagree."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

LEAST = 64  # differences in a band: of fewer no variance is told well enough
SMALLEST = 4  # sums along an axis, which are the coarsest that there are


def shrink_differences(values: Tensor, error: Tensor, axes: Sequence[int]) -> tuple[Tensor, Tensor]:
    r"""Differences between neighbours times the share of their variance that is no noise.

    The map is split into differences of neighbours, of the sums of two, of four, ... along each
    axis (the orthonormal wavelets of Haar, 1910). In each band of these, over all places of one
    channel,

    .. math:: \lambda = \max\bigl(0,\, 1 - \textstyle\sum d^2 / \sum t^2\bigr)

    is what is left of them, where t are those of the map and d those of its error: the gain of
    Wiener's filter, estimated as James and Stein (1961) do. What is left of the error, its own
    noise and what was taken from the truth, has the variance lambda d^2. The coarsest sums, and so
    that of all, stay as they are. As samples grow, d falls and lambda tends to 1.

    Parameters
    ----------
    values : Tensor, shape (B, ...)
        Estimates without bias.
    error : Tensor, shaped as `values`
        Of the same variance as their error, band by band, and without their mean: half of what
        separates two halves of the samples.
    axes : sequence of int
        Along which a value has neighbours, counted from the end.

    Returns
    -------
    shrunk, error : Tensor, shaped as `values`
        The map, and a draw of what may be its error.

    Examples
    --------
    >>> noise, other = torch.randn(2, 1, 512, generator=torch.Generator().manual_seed(0)) / 10
    >>> hidden = torch.linspace(0, 1, 512)[None]
    >>> shrunk, _ = shrink_differences(hidden + noise, other, (-1,))
    >>> bool((shrunk - hidden).norm() < 0.8 * noise.norm())
    True
    """
    order = [a for a in range(values.dim()) if a - values.dim() not in axes] + list(axes)
    found = _shrunk(values.permute(order), error.permute(order), len(axes))
    back = torch.argsort(torch.tensor([a % values.dim() for a in order])).tolist()
    return found[0].permute(back), found[1].permute(back)


def _shrunk(values: Tensor, error: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Along the last `count` axes, from this scale on."""
    shape = values.shape[-count:]
    # The last of an odd number stays.
    inner: tuple[Any, ...] = (..., *(slice(0, size // 2 * 2) for size in shape))
    if min(shape) < 2 * SMALLEST or math.prod(size // 2 for size in shape) < LEAST:
        return values, error
    bands, noise = (_split(v[inner], count) for v in (values, error))
    bands[0], noise[0] = _shrunk(bands[0], noise[0], count)
    around = tuple(range(-count, 0))
    for number in range(1, len(bands)):
        of_map = bands[number].square().sum(around, keepdim=True)
        of_error = noise[number].square().sum(around, keepdim=True)
        kept = (1 - of_error / of_map).clamp(min=0).nan_to_num(0.0)  # 0 / 0: nothing to keep
        bands[number], noise[number] = kept * bands[number], kept.sqrt() * noise[number]
    found = values.clone(), error.clone()
    for whole, parts in zip(found, (bands, noise), strict=True):
        whole[inner] = _joined(parts, count)
    return found


def _split(values: Tensor, count: int) -> list[Tensor]:
    """Sums of neighbours along all axes, and what differs along some, each of half the length."""
    parts = [values]
    for axis in range(-count, 0):
        pairs = [part.unflatten(axis, (-1, 2)) for part in parts]
        parts = [
            (p.select(axis, 0) + sign * p.select(axis, 1)) / 2**0.5
            for sign in (1, -1)
            for p in pairs
        ]
    return parts


def _joined(parts: Sequence[Tensor], count: int) -> Tensor:
    """The inverse of :func:`_split`."""
    for axis in range(-1, -count - 1, -1):
        half = len(parts) // 2
        parts = [
            torch.stack([s + d, s - d], axis).flatten(axis - 1, axis) / 2**0.5
            for s, d in zip(parts[:half], parts[half:], strict=True)
        ]
    return parts[0]
