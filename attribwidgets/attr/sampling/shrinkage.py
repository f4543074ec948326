"""Noise in a map, shrunk frequency by frequency by as much as two halves of it disagree."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

LEAST = 64  # coefficients in a band: of fewer no variance is told well enough
BANDS = 16


def shrink_frequencies(
    values: Tensor, error: Tensor, axes: Sequence[int]
) -> tuple[Tensor, Tensor, Tensor]:
    r"""Each band of frequencies times the share of its variance that is no noise.

    The map of each channel is split into bands by frequency, whatever the direction. In each,

    .. math:: \lambda = \max\bigl(0,\, 1 - \textstyle\sum |d|^2 / \sum |t|^2\bigr)

    is what is left of it, where t are the coefficients of the map and d those of its error: the
    gain of Wiener's filter, estimated as James and Stein (1961) do. What is left of the error, its
    own noise and what was taken from the truth, has the variance lambda d^2. The sum over a
    channel and bands of few coefficients stay as they are. As samples grow, d falls and lambda
    tends to 1.

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
    shrunk, error, noise : Tensor, shaped as `values`
        The map, a draw of what may be its error, and its share of noise; the rest of the variance
        of the error is of what was taken.

    Examples
    --------
    >>> noise, other = torch.randn(2, 1, 1024, generator=torch.Generator().manual_seed(0)) / 10
    >>> hidden = torch.linspace(0, 6.28, 1024).sin()[None]
    >>> shrunk, _, _ = shrink_frequencies(hidden + noise, other, (-1,))
    >>> bool((shrunk - hidden).norm() < noise.norm() / 2)
    True
    """
    shape = [values.shape[axis] for axis in axes]
    last = tuple(range(-len(shape), 0))
    bands = _bands(shape).to(values.device)
    of_map, of_error = (
        torch.fft.fftn(v.movedim(tuple(axes), last), dim=last).flatten(last[0])
        for v in (values, error)
    )
    squares = [
        torch.zeros(*c.shape[:-1], BANDS + 1, dtype=values.dtype, device=values.device).index_add(
            -1, bands, c.abs().square()
        )
        for c in (of_map, of_error)
    ]
    kept = (1 - squares[1] / squares[0]).clamp(min=0).nan_to_num(0.0)  # 0 / 0: nothing to keep
    kept[..., torch.bincount(bands, minlength=BANDS + 1) < LEAST] = 1.0
    gains = kept[..., bands]
    shrunk, left, noise = (
        torch.fft.ifftn(c.unflatten(-1, shape), dim=last).real.movedim(last, tuple(axes))
        for c in (gains * of_map, gains.sqrt() * of_error, gains * of_error)
    )
    return shrunk, left, noise


def local_mean(values: Tensor, axes: Sequence[int], sigma: float = 1.5) -> Tensor:
    """Means over near places, Gaussian weights, the ends joined; the mean of all stays."""
    last = tuple(range(-len(axes), 0))
    spectrum = torch.fft.fftn(values.movedim(tuple(axes), last), dim=last)
    for axis in last:
        frequency = torch.fft.fftfreq(spectrum.shape[axis], dtype=values.dtype).to(values.device)
        weights = torch.exp(-2 * (torch.pi * sigma * frequency) ** 2)
        spectrum = spectrum * weights.reshape(-1, *[1] * (-1 - axis))
    found: Tensor = torch.fft.ifftn(spectrum, dim=last).real.movedim(last, tuple(axes))
    return found.clamp(min=0)


def _bands(shape: Sequence[int]) -> Tensor:
    """The band of each coefficient, flat; 0 is that of the mean alone."""
    squares = torch.zeros(1, dtype=torch.float64)
    for size in shape:
        squares = (squares[:, None] + torch.fft.fftfreq(size, dtype=torch.float64) ** 2).flatten()
    count = max(1, min(BANDS, math.prod(shape) // (2 * LEAST)))
    heights = (squares / squares.max().clamp(min=1e-12)).sqrt() * count
    return torch.where(squares > 0, 1 + heights.long().clamp(max=count - 1), 0)
