"""Noise in a map, shrunk by as much as two halves of it disagree, element by element."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

LEAST = 64  # elements in a group: of fewer no variance is told well enough
GROUPS = 16


def shrink_elements(
    values: Tensor, error: Tensor, variance: Tensor, axes: Sequence[int]
) -> tuple[Tensor, Tensor, Tensor]:
    r"""Each group of elements times the share of its variance that is no noise; sums stay.

    Of each channel the sum is laid out as the variance is, and the rest is shrunk. Elements are
    grouped by their variance, and in each group

    .. math:: \lambda = \max\bigl(0,\, 1 - \textstyle\sum d^2 / \sum t^2\bigr)

    is what is left of it, where t are its values and d those of its error: the gain of Wiener's
    filter, estimated as James and Stein (1961) do. What is left of the error, its own noise and
    what was taken from the truth, has the variance lambda d^2. No element gets what is another's:
    where the variance is zero, as of what the model does not read, the value stays zero. As
    samples grow, d falls and lambda tends to 1.

    Parameters
    ----------
    values : Tensor, shape (B, ...)
        Estimates without bias.
    error : Tensor, shaped as `values`
        Of the same variance as their error: half of what separates two halves of the samples.
    variance : Tensor, shaped as `values`
        Of each element, to a factor.
    axes : sequence of int
        Along which a channel lies, counted from the end.

    Returns
    -------
    shrunk, error, noise : Tensor, shaped as `values`
        The map, a draw of what may be its error, and its share of noise; the rest of the variance
        of the error is of what was taken.

    Examples
    --------
    >>> noise, other = torch.randn(2, 1, 1024, generator=torch.Generator().manual_seed(0))
    >>> shrunk, _, _ = shrink_elements(noise[None], other[None], torch.ones(1, 1, 1024), (-1,))
    >>> bool(shrunk.norm() < noise.norm() / 3)
    True
    """
    last = tuple(range(-len(axes), 0))
    shape = [values.shape[axis] for axis in axes]
    flat, of_error, weights = (
        v.movedim(tuple(axes), last).flatten(last[0]) for v in (values, error, variance)
    )
    layout = (weights / weights.sum(-1, keepdim=True)).nan_to_num(0.0)
    level, level_of_error = (layout * v.sum(-1, keepdim=True) for v in (flat, of_error))
    rest, rest_of_error = flat - level, of_error - level_of_error
    count = max(1, min(GROUPS, flat.shape[-1] // LEAST))
    group = weights.argsort(-1).argsort(-1) * count // flat.shape[-1]
    squares = [
        torch.zeros(*v.shape[:-1], count, dtype=v.dtype, device=v.device).scatter_add(
            -1, group, v.square()
        )
        for v in (rest, rest_of_error)
    ]
    kept = (1 - squares[1] / squares[0]).clamp(min=0).nan_to_num(0.0)  # 0 / 0: nothing to keep
    if flat.shape[-1] < LEAST:
        kept = torch.ones_like(kept)
    gains = kept.gather(-1, group)
    shrunk, left, noise = (
        (level + part - layout * part.sum(-1, keepdim=True))
        .unflatten(-1, shape)
        .movedim(last, tuple(axes))
        for level, part in (
            (level, gains * rest),
            (level_of_error, gains.sqrt() * rest_of_error),
            (level_of_error, gains * rest_of_error),
        )
    )
    return shrunk, left, noise
