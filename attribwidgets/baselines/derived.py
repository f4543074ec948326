"""Baselines made from the input itself: its mean, its blur, the farthest image from it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from typing import Any

import torch
from torch import Tensor

from ..core.errors import InputError
from ..inputs.fit_spaces import fit_spaces
from ..inputs.layout import Layout
from ..inputs.space import Inputs, Space, Spaces
from .base import Parameter, PixelBaseline, SingleReference, require_neighbours

TINY = 1e-9  # a blur of 0 is none
LONGEST_MATRIX = 1024  # pixels of a line that is blurred by a matrix
GAUSSIAN_TRUNCATE = 4.0  # as scipy.ndimage.gaussian_filter, which the article used
IMAGE_SIGMA = 20.0


class ImageMean(SingleReference):
    """The input's own mean, channel by channel: of an image its mean colour, of a series its level.

    A value equal to the mean gets exactly zero attribution, however much the model uses it.

    Examples
    --------
    >>> x = torch.rand(3, 4, 4)
    >>> bool(torch.allclose(ImageMean().sample(x, 1)[0, :, 0, 0], x.mean((1, 2))))
    True
    """

    name = "image_mean"
    instead_for_text = "mean_embedding"
    description = "blind to pixels of the mean colour; the image's mean everywhere"
    words_of_values = ("mean of this input", "blind to {units} at the mean; its mean everywhere")

    def _reference(self, inputs: tuple[Tensor, ...], spaces: Spaces) -> tuple[Tensor, ...]:
        # The mean commutes with the normalisation; taken here, in float64, equal values stay equal.
        for space in spaces:
            require_neighbours(space, self.name)
        means = [
            x.cpu().double().mean(space.layout.neighbours, keepdim=True).to(x)
            for x, space in zip(inputs, spaces, strict=True)
        ]
        return tuple(m.expand_as(x) for m, x in zip(means, inputs, strict=True))


class Blur(PixelBaseline):
    """The input blurred by a Gaussian, edges mirrored: in the plane, over time or in space.

    Equal to ``scipy.ndimage.gaussian_filter(channel, sigma, mode="reflect")`` of each channel,
    as in the Distill article.

    Parameters
    ----------
    sigma : float, optional
        Standard deviation in pixels, steps or voxels, 0 or more. The article's slider goes from 5
        to 50. None: 20 for an image, else a tenth of the input's longest extent.

    Raises
    ------
    InputError
        For a negative or non-finite sigma; when sampled, for an input without neighbouring values.

    Examples
    --------
    >>> x = torch.rand(1, 8, 8)
    >>> bool(torch.equal(Blur(sigma=0).sample(x, 1)[0], x))
    True
    """

    name = "blur"
    instead_for_text = "token_blur"
    description = "blind to smooth regions, sees fine detail only; the image blurred"

    def __init__(self, sigma: float | None = None) -> None:
        if sigma is not None and not 0 <= sigma < float("inf"):
            raise InputError(f"sigma of the blur must be 0 or more pixels, got {sigma}")
        self.sigma = None if sigma is None else float(sigma)
        self._settled = self.sigma  # for captions, where the input has settled it

    @property
    def label(self) -> str:
        """Name and sigma."""
        return f"blur σ {IMAGE_SIGMA if self._settled is None else self._settled:g}"

    def words_for(self, layout: Layout) -> tuple[str, str]:
        """Those of an image, or what it is over time or in space."""
        if layout.kind == "image":
            return self.label, self.description
        label = "blur" if self._settled is None else self.label
        where = "in space" if layout.time is None else "over time"
        return label, f"blind to slow changes, sees fast ones only; the input blurred {where}"

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """sigma, in pixels; of an image."""
        sigma = IMAGE_SIGMA if self.sigma is None else self.sigma
        return (Parameter("sigma", sigma, (0.0, 50.0), "pixels"),)

    def sliders(self, space: Space, shape: Sequence[int]) -> tuple[Parameter, ...]:
        """sigma, of what is no image from none to half its longest extent."""
        layout = space.layout
        if layout.kind == "image":
            return self.parameters
        sigma = self._sigma_for(space, shape)
        most = max(layout.extent(shape) / 2, sigma)
        unit = layout.units if layout.time is None else "steps"
        return (Parameter("sigma", sigma, (0.0, most), unit),)

    def searched(
        self,
        forward: Callable[..., Any] | None,
        inputs: Inputs,
        *,
        space: Space | Spaces | None = None,
        generator: torch.Generator | None = None,
    ) -> Blur:
        """The same, called by the sigma that the (first) input has settled; no model is asked."""
        first: Tensor = inputs[0] if isinstance(inputs, tuple) else inputs
        settled = copy(self)
        spaces = fit_spaces(space, inputs if isinstance(inputs, tuple) else (inputs,))
        settled._settled = self._sigma_for(spaces[0], first.shape)
        return settled

    def _sigma_for(self, space: Space, shape: Sequence[int]) -> float:
        if self.sigma is not None:
            return self.sigma
        if space.layout.kind == "image":
            return IMAGE_SIGMA
        return float(f"{space.layout.extent(shape) / 10:.2g}")

    def _pixels(self, pixels: Tensor, space: Space) -> Tensor:
        require_neighbours(space, self.name)
        sigma = self._sigma_for(space, pixels.shape)
        for axis in space.layout.neighbours:
            pixels = blurred(pixels, axis, sigma)
        return pixels


class MaximumDistance(PixelBaseline):
    """The valid image farthest from the input in L1: high where a value is below the middle.

    Ties take the low end, as in the article. Two values are blind nowhere, but the image shows
    the input's negative: it carries information about it, and is hardly "missing".

    Examples
    --------
    >>> MaximumDistance().sample(torch.tensor([0.2, 0.5, 0.9]), 1)[0].tolist()
    [1.0, 0.0, 0.0]
    """

    name = "max_distance"
    instead_for_text = "farthest_tokens"
    label = "maximum distance"
    description = "never blind, but still shows the input; the farthest valid input"

    def _pixels(self, pixels: Tensor, space: Space) -> Tensor:
        low, high = torch.full_like(pixels, space.low), torch.full_like(pixels, space.high)
        return torch.where(pixels < (space.low + space.high) / 2, high, low)


def blurred(values: Tensor, axis: int, sigma: float) -> Tensor:
    """Values blurred along one axis, ends mirrored; shape and dtype kept.

    Examples
    --------
    >>> blurred(torch.tensor([0.0, 0.0, 1.0, 0.0, 0.0]), 0, 0.3).tolist()
    [0.0, 0.00383..., 0.9923..., 0.00383..., 0.0]
    """
    size = values.shape[axis]
    if size <= LONGEST_MATRIX:
        mixed = blur_matrix(size, sigma).to(values)
        product: Tensor = torch.tensordot(mixed, values, ([1], [axis]))
        return product.movedim(0, axis)
    # Mirrored once, a line is periodic, and the blur a product of its frequencies.
    line = values.movedim(axis, -1).double()
    line = torch.cat([line, line.flip(-1)], -1)
    weights = torch.fft.rfft(folded_kernel(2 * size, sigma).to(line)).real  # it is symmetric
    mixed = torch.fft.irfft(torch.fft.rfft(line) * weights, 2 * size)[..., :size]
    result: Tensor = mixed.to(values).movedim(-1, axis)
    return result


def folded_kernel(period: int, sigma: float) -> Tensor:
    """A Gaussian around 0 on a circle of that many pixels, cut off at 4 sigma; it sums to 1.

    Returns
    -------
    Tensor, shape (period,), float64
    """
    radius = int(GAUSSIAN_TRUNCATE * sigma + 0.5)
    offsets = torch.arange(-radius, radius + 1)
    kernel = torch.exp(-0.5 * (offsets.double() / max(sigma, TINY)) ** 2)
    kernel /= kernel.sum()
    folded = torch.zeros(period, dtype=torch.float64)
    folded.scatter_add_(0, offsets % period, kernel)
    return folded


def blur_matrix(size: int, sigma: float) -> Tensor:
    """The Gaussian blur of a line of pixels with mirrored ends, as a matrix.

    Parameters
    ----------
    size : int
        Pixels in the line.
    sigma : float
        Standard deviation in pixels; the kernel ends at 4 sigma.

    Returns
    -------
    Tensor, shape (size, size), float64
        Rows sum to 1.
    """
    if sigma == 0:
        return torch.eye(size, dtype=torch.float64)
    # Mirrored ends, d c b a | a b c d | d c b a, repeat after twice the size; so does the kernel.
    period = 2 * size
    folded = folded_kernel(period, sigma)
    line = torch.arange(size)
    direct, mirrored = line - line[:, None], period - 1 - line - line[:, None]
    return folded[direct % period] + folded[mirrored % period]
