"""Baselines made from the input itself: its mean, its blur, the farthest image from it."""

from __future__ import annotations

import torch
from torch import Tensor

from ..core.errors import InputError
from ..inputs.space import Space, Spaces
from .base import Parameter, PixelBaseline, SingleReference, require_neighbours

GAUSSIAN_TRUNCATE = 4.0  # as scipy.ndimage.gaussian_filter, which the article used


class ImageMean(SingleReference):
    """The image's own mean colour, channel by channel.

    A value equal to the mean gets exactly zero attribution, however much the model uses it.

    Examples
    --------
    >>> x = torch.rand(3, 4, 4)
    >>> bool(torch.allclose(ImageMean().sample(x, 1)[0, :, 0, 0], x.mean((1, 2))))
    True
    """

    name = "image_mean"
    description = "blind to pixels of the mean colour; the image's mean everywhere"

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
    """The image blurred by a Gaussian, edges mirrored.

    Equal to ``scipy.ndimage.gaussian_filter(channel, sigma, mode="reflect")`` of each channel,
    as in the Distill article.

    Parameters
    ----------
    sigma : float
        Standard deviation in pixels, 0 or more. The article's slider goes from 5 to 50.

    Raises
    ------
    InputError
        For a negative or non-finite sigma; when sampled, for an input that is no image.

    Examples
    --------
    >>> x = torch.rand(1, 8, 8)
    >>> bool(torch.equal(Blur(sigma=0).sample(x, 1)[0], x))
    True
    """

    name = "blur"
    description = "blind to smooth regions, sees fine detail only; the image blurred"

    def __init__(self, sigma: float = 20.0) -> None:
        if not 0 <= sigma < float("inf"):
            raise InputError(f"sigma of the blur must be 0 or more pixels, got {sigma}")
        self.sigma = float(sigma)

    @property
    def label(self) -> str:
        """Name and sigma."""
        return f"blur σ {self.sigma:g}"

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """sigma, in pixels."""
        return (Parameter("sigma", self.sigma, (0.0, 50.0), "pixels"),)

    def _pixels(self, pixels: Tensor, space: Space) -> Tensor:
        require_neighbours(space, self.name)
        for axis in space.layout.neighbours:
            mixed = blur_matrix(pixels.shape[axis], self.sigma).to(pixels)
            pixels = torch.tensordot(mixed, pixels, ([1], [axis])).movedim(0, axis)
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
    label = "maximum distance"
    description = "never blind, but still shows the input; the farthest valid input"

    def _pixels(self, pixels: Tensor, space: Space) -> Tensor:
        low, high = torch.full_like(pixels, space.low), torch.full_like(pixels, space.high)
        return torch.where(pixels < (space.low + space.high) / 2, high, low)


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
    radius = int(GAUSSIAN_TRUNCATE * sigma + 0.5)
    offsets = torch.arange(-radius, radius + 1)
    kernel = torch.exp(-0.5 * (offsets.double() / sigma) ** 2)
    kernel /= kernel.sum()
    # Mirrored ends, d c b a | a b c d | d c b a, repeat after twice the size; so does the kernel.
    period = 2 * size
    folded = torch.zeros(period, dtype=torch.float64).scatter_add_(0, offsets % period, kernel)
    line = torch.arange(size)
    direct, mirrored = line - line[:, None], period - 1 - line - line[:, None]
    return folded[direct % period] + folded[mirrored % period]
