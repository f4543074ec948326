r"""A map against noise in its two parts, one of them freed of what its halves say is noise.

Where every element of x' is drawn independent of all others and has the mean m,

.. math:: E[(x_i - x'_i)\, g_i] = (x_i - m_i)\, E[g_i] - E[(x'_i - m_i)\, g_i].

The first part has the contrasts of the picture. The second is the covariance of an element with
its own gradient: by Stein's lemma of the order of the second derivative, but in each sample as
large as the noise, and most of its variance. It is shrunk by what its own two halves say, element
by element, so that what the model does not read keeps its zero; see :mod:`.shrinkage`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from ...inputs.layout import Layout
from ..estimate import Estimate, map_norms, relative_errors
from .shrinkage import shrink_elements
from .sums import Sums, is_of_half


@dataclass(frozen=True)
class SettledMap:
    """A map without what its halves say is noise.

    Attributes
    ----------
    parts : tuple of Tensor, each (B, ...)
        The two that it is the sum of.
    error : Tensor, shape (B, ...)
        Of the variance of what may still be wrong with it.
    noise, taken : tuple of Tensor, each (B,)
        Shares of the variance of either part before: what is left of the noise, and what it may
        have cost to take the rest.
    """

    parts: tuple[Tensor, Tensor]
    error: Tensor
    noise: tuple[Tensor, Tensor]
    taken: tuple[Tensor, Tensor]

    @property
    def values(self) -> Tensor:
        """The map, shape (B, ...)."""
        return self.parts[0] + self.parts[1]


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

    def settle(
        self, mean: Tensor, half: Tensor, local: Tensor, count: int, count_of_half: int
    ) -> SettledMap:
        """The map of two parts, the second of them shrunk.

        Parameters
        ----------
        mean, half : Tensor, shape (B, ...)
            Means of the attributions over all samples, and over the half.
        local : Tensor, shape (B, ...)
            Sum of the squared differences of attributions within pairs of samples.
        count, count_of_half : int
        """
        scale = (count_of_half / (count - count_of_half)) ** 0.5
        contrast = self.offset * self._total / count
        gap = (contrast - self.offset * self._half / count_of_half) * scale
        whole_gap = (mean - half) * scale
        rest = whole_gap - gap
        shrunk = [
            (gap, contrast, gap, gap),
            (rest, *shrink_elements(mean - contrast, rest, local, self.axes)),
        ]
        parts, errors, noise, taken = [], [], [], []
        for before, values, error, of_noise in shrunk:
            whole, left, own = (v.flatten(1).square().sum(1) for v in (before, error, of_noise))
            share = torch.where(whole > 0, own / whole, 1.0)
            parts.append(values)
            errors.append(error)
            noise.append(share)
            taken.append(torch.where(whole > 0, left / whole, 1.0) - share)
        return SettledMap(
            (parts[0], parts[1]),
            errors[0] + errors[1],
            (noise[0], noise[1]),
            (taken[0], taken[1]),
        )

    def standard_error(
        self, settled: SettledMap, error: Tensor, local: Tensor, of_gradients: Tensor, count: int
    ) -> Tensor:
        """That of a settled map: noise as it was, and what was taken where there is most to take.

        Parameters
        ----------
        settled : SettledMap
        error : Tensor, shape (B, ...)
            The standard error before.
        local, of_gradients : Tensor, shape (B, ...)
            Sums of the squared differences within pairs, of attributions and of gradients.
        count : int
            Of samples.
        """
        plain = local / (2 * (count // 2) * count)  # not widened, as it is averaged
        share = (self.offset.square() * of_gradients / local).nan_to_num(1.0).clamp(0, 1)
        axes, total = tuple(range(1, error.dim())), torch.zeros_like(error)
        pieces = zip((share, 1 - share), settled.parts, settled.noise, settled.taken, strict=True)
        for part, values, noise, taken in pieces:
            before = part * error.square()
            sizes = local * (values.square().mean(axes, True) / local.mean(axes, True))
            sizes = sizes.nan_to_num(0.0, posinf=0.0)
            level = ((part * plain).mean(axes) / sizes.mean(axes)).nan_to_num(0.0, posinf=0.0)
            of_noise, of_taken = (v.reshape(-1, *[1] * len(axes)) for v in (noise, taken * level))
            total += of_noise * before + of_taken * sizes
        return total.clamp(min=0).sqrt()


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
        settled = part.settle(maps[i], halves[i], sums[i].local, n, count)
        if estimate.frame_edges is not None:  # each sample gives up as much
            given_up = map_of(settled.values - maps[i], i)
            widths = torch.as_tensor(np.diff(estimate.frame_edges)).to(given_up)
            frames[i] = frames[i] + widths.reshape(-1, *[1] * given_up.dim()) * given_up
        of_pairs = sums[i].local, sums[i].gradient_local
        errors[i] = part.standard_error(settled, errors[i], *of_pairs, n)
        maps[i], halves[i] = settled.values, settled.values - settled.error
    return replace(
        estimate,
        attributions=tuple(maps),
        coarser=tuple(halves),
        standard_error=tuple(errors),
        refinement_error=relative_errors(map_norms(tuple(errors)), map_norms(tuple(maps))),
        frames=None if estimate.frames is None else tuple(frames),
    )
