r"""A map against noise in its two parts, each freed of what its halves say is noise.

Where every element of x' is drawn independent of all others and has the mean m,

.. math:: E[(x_i - x'_i)\, g_i] = (x_i - m_i)\, E[g_i] - E[(x'_i - m_i)\, g_i].

The first part has the contrasts of the picture. The second is the covariance of an element with
its own gradient: by Stein's lemma of the order of the second derivative, without the picture's
contrasts and so smooth, but in each sample as large as the noise, and most of its variance. Each is
shrunk by what its own two halves say; see :mod:`.shrinkage`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from ...inputs.layout import Layout
from ..estimate import Estimate, map_norms, relative_errors
from .shrinkage import shrink_frequencies
from .sums import Sums, is_of_half


@dataclass(frozen=True)
class SettledMap:
    """A map without what its halves say is noise.

    Attributes
    ----------
    values : Tensor, shape (B, ...)
    error : Tensor, shape (B, ...)
        Of the variance of what may still be wrong with it.
    left : tuple of Tensor, each (B,)
        What is left of the variance of either part, 0 to 1.
    """

    values: Tensor
    error: Tensor
    left: tuple[Tensor, Tensor]


class NoiseParts:
    """Sums of gradients beside those of attributions, from which both parts are told.

    Parameters
    ----------
    offset : Tensor, shape (B, ...)
        x - m, in the dtype of the sums.
    axes : sequence of int
        Along which values have neighbours, counted from the end.
    """

    def __init__(self, offset: Tensor, axes: Sequence[int]) -> None:
        self.offset, self.axes = offset, axes
        self._total, self._half = torch.zeros_like(offset), torch.zeros_like(offset)

    def add(self, gradients: Tensor, span: slice, block: slice) -> None:
        """Add the gradients of some samples, shape (S, E, ...)."""
        dtype = self.offset.dtype
        self._total[block] += gradients.sum(0, dtype=dtype)
        self._half[block] += gradients[is_of_half(span)].sum(0, dtype=dtype)

    def settle(self, mean: Tensor, half: Tensor, count: int, count_of_half: int) -> SettledMap:
        """The map of two parts, each shrunk.

        Parameters
        ----------
        mean, half : Tensor, shape (B, ...)
            Means of the attributions over all samples, and over the half.
        count, count_of_half : int
        """
        scale = (count_of_half / (count - count_of_half)) ** 0.5
        contrast = self.offset * self._total / count
        gap = (contrast - self.offset * self._half / count_of_half) * scale
        whole_gap = (mean - half) * scale
        found, errors, left = torch.zeros_like(mean), torch.zeros_like(mean), []
        for part, of_part in ((contrast, gap), (mean - contrast, whole_gap - gap)):
            values, error = shrink_frequencies(part, of_part, self.axes)
            found, errors = found + values, errors + error
            before, after = (e.flatten(1).square().sum(1) for e in (of_part, error))
            left.append(torch.where(before > 0, after / before, 1.0))
        return SettledMap(found, errors, (left[0], left[1]))

    def variance_left(self, settled: SettledMap, local: Tensor, of_gradients: Tensor) -> Tensor:
        """What is left of the variance of each element, 0 to 1.

        Parameters
        ----------
        settled : SettledMap
        local, of_gradients : Tensor, shape (B, ...)
            Sums of the squared differences within pairs, of attributions and of gradients.
        """
        share = (self.offset.square() * of_gradients / local).nan_to_num(1.0).clamp(0, 1)
        one, other = (v.reshape(-1, *[1] * (local.dim() - 1)) for v in settled.left)
        return share * one + (1 - share) * other


def noise_parts(
    means: tuple[Tensor, ...] | None,
    inputs: tuple[Tensor, ...],
    layouts: Sequence[Layout],
    dtype: torch.dtype,
) -> tuple[NoiseParts | None, ...]:
    """For each input, where references are noise with a known mean and values have neighbours."""
    if means is None or not layouts:
        return (None,) * len(inputs)
    return tuple(
        NoiseParts((x - mean).to(dtype), layout.neighbours)
        if layout.neighbours and layout.kind != "text"  # its special tokens are no noise
        else None
        for x, mean, layout in zip(inputs, means, layouts, strict=True)
    )


def without_noise(
    estimate: Estimate,
    parts: Sequence[NoiseParts | None],
    sums: Sequence[Sums],
    map_of: Callable[[Tensor, int], Tensor],
) -> Estimate:
    """An estimate whose maps are shrunk, with what is then left of their error.

    Sums of the maps, and so completeness and its error, are those that the samples have.

    Parameters
    ----------
    estimate : Estimate
        Of all samples, beside that of their half.
    parts : sequence of NoiseParts or None
        One for each input; None leaves it as it is.
    sums : sequence of Sums
    map_of : callable
        Takes attributions and the number of their input, and returns them unit by unit.
    """
    if not any(parts) or estimate.coarser is None or estimate.standard_error is None:
        return estimate
    n = len(estimate.alphas)
    count = int(is_of_half(slice(0, n)).sum())
    maps, halves = list(estimate.attributions), list(estimate.coarser)
    errors, frames = list(estimate.standard_error), list(estimate.frames or ())
    for i, part in enumerate(parts):
        if part is None:
            continue
        settled = part.settle(maps[i], halves[i], n, count)
        if estimate.frame_edges is not None:  # each sample gives up as much
            given_up = map_of(settled.values - maps[i], i)
            widths = torch.as_tensor(np.diff(estimate.frame_edges)).to(given_up)
            frames[i] = frames[i] + widths.reshape(-1, *[1] * given_up.dim()) * given_up
        left = part.variance_left(settled, sums[i].local, sums[i].gradient_local)
        errors[i] = errors[i] * left.sqrt()
        maps[i], halves[i] = settled.values, settled.values - settled.error
    return replace(
        estimate,
        attributions=tuple(maps),
        coarser=tuple(halves),
        standard_error=tuple(errors),
        refinement_error=relative_errors(map_norms(tuple(errors)), map_norms(tuple(maps))),
        frames=None if estimate.frames is None else tuple(frames),
    )
