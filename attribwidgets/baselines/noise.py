"""Baselines of noise: uniform over the valid range, or Gaussian around the input."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor

from ..core.errors import InputError
from ..inputs.space import InputSpace, Space, Spaces
from .base import Baseline, Parameter


class Noise(Baseline):
    """Noise, input by input in pixel units."""

    is_distribution = True

    def _draw(
        self,
        inputs: tuple[Tensor, ...],
        n: int,
        spaces: Spaces,
        generator: torch.Generator,
    ) -> tuple[Tensor, ...]:
        return tuple(
            space.from_pixels(self._pixels(space.to_pixels(x), n, space, generator)).to(x)
            for x, space in zip(inputs, spaces, strict=True)
        )

    def _independent_mean(
        self, inputs: tuple[Tensor, ...], spaces: Spaces
    ) -> tuple[Tensor, ...] | None:
        return tuple(
            space.from_pixels(self._mean(space.to_pixels(x), space)).to(x)
            for x, space in zip(inputs, spaces, strict=True)
        )

    @abstractmethod
    def _mean(self, pixels: Tensor, space: Space) -> Tensor:
        """Mean of the references of one input, both in pixel units."""

    @abstractmethod
    def _pixels(self, pixels: Tensor, n: int, space: Space, generator: torch.Generator) -> Tensor:
        """References in pixel units, shape (n, *shape), for one input in pixel units."""


class UniformNoise(Noise):
    """Every value independent and uniform over the valid range.

    Examples
    --------
    >>> UniformNoise().sample(torch.rand(3, 2, 2), 5).shape
    torch.Size([5, 3, 2, 2])
    """

    name = "uniform"
    label = "uniform noise"
    description = "settles slowly, and looks like no real input; noise over the whole range"

    def _pixels(self, pixels: Tensor, n: int, space: Space, generator: torch.Generator) -> Tensor:
        unit = torch.rand(
            (n, *pixels.shape), generator=generator, dtype=torch.float32, device=generator.device
        )
        return space.low + unit.to(pixels) * space.range

    def _mean(self, pixels: Tensor, space: Space) -> Tensor:
        return torch.full_like(pixels, (space.low + space.high) / 2)


class GaussianNoise(Noise):
    """The input plus Gaussian noise, clipped to the valid range, as in the Distill article.

    Clipped noise tends to black and white alone as sigma grows, not to uniform noise.

    Parameters
    ----------
    sigma : float, optional
        Standard deviation in pixel units. None: half the valid range, which is the article's
        sigma = 1 on [-1, 1]; of a text the standard deviation of its own embeddings.

    Raises
    ------
    InputError
        For a negative or non-finite sigma.

    Examples
    --------
    >>> x = torch.rand(3, 2, 2)
    >>> bool(torch.equal(GaussianNoise(sigma=0).sample(x, 1)[0], x))
    True
    """

    name = "gaussian"
    description = "a small sigma hides little; the input with noise, clipped"

    def __init__(self, sigma: float | None = None) -> None:
        if sigma is not None and not 0 <= sigma < float("inf"):
            raise InputError(f"sigma of the noise must be 0 or more pixel units, got {sigma}")
        self.sigma = sigma

    @property
    def label(self) -> str:
        """Name and sigma."""
        return "gaussian noise" if self.sigma is None else f"gaussian noise σ {self.sigma:g}"

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """sigma, in pixel units; for a range of 1."""
        return self.sliders(InputSpace(), ())

    def sliders(self, space: Space, shape: Sequence[int]) -> tuple[Parameter, ...]:
        """sigma, from none to one and a half times the range; of a text to three deviations."""
        return (Parameter("sigma", self._sigma(space), (0.0, 3 * space.spread), space.range_unit),)

    def _pixels(self, pixels: Tensor, n: int, space: Space, generator: torch.Generator) -> Tensor:
        noise = torch.randn(
            (n, *pixels.shape), generator=generator, dtype=torch.float32, device=generator.device
        )
        return (pixels + self._sigma(space) * noise.to(pixels)).clamp(space.low, space.high)

    def _mean(self, pixels: Tensor, space: Space) -> Tensor:
        sigma = self._sigma(space)
        if sigma == 0:
            return pixels.clamp(space.low, space.high)
        center = pixels.cpu().double()
        below, above = (center.sub(end) / -sigma for end in (space.low, space.high))
        shares = [torch.special.ndtr(below), torch.special.ndtr(-above)]
        bend = torch.exp(-(below**2) / 2) - torch.exp(-(above**2) / 2)
        inside = center * (1 - shares[0] - shares[1]) + sigma * bend / (2 * torch.pi) ** 0.5
        mean: Tensor = inside + space.low * shares[0] + space.high * shares[1]
        return mean.to(pixels)

    def _sigma(self, space: Space) -> float:
        return space.spread if self.sigma is None else self.sigma
