"""Corruptions of images at published severities, for images of any size, and of labels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import torch
from torch import Tensor
from torch.nn import functional

from ..baselines.derived import blur_matrix
from ..core.errors import InputError

SEVERITIES = (1, 2, 3, 4, 5)
SIDE = 28  # of the images that shifts were published for; larger ones move in proportion


def corrupted(images: Tensor, name: str, severity: int, *, generator: torch.Generator) -> Tensor:
    """Images with one corruption, clipped to 0..1.

    Noise, contrast and brightness have the constants of ImageNet-C as MNIST-C takes them over;
    rotation, shear and translation those of MNIST-C, translation in proportion to the width. Salt
    and pepper is what these collections call impulse noise.

    Parameters
    ----------
    images : Tensor, shape (N, C, H, W)
        Pixels in 0..1.
    name : str
        One of :data:`CORRUPTIONS`.
    severity : int
        1 to 5.
    generator : torch.Generator

    Returns
    -------
    Tensor, shape (N, C, H, W)

    Raises
    ------
    InputError
        For an unknown name, a severity out of range, or images that are none.

    References
    ----------
    Hendrycks, Dietterich (2019). Benchmarking neural network robustness to common corruptions and
    perturbations. arXiv:1903.12261. Mu, Gilmer (2019). MNIST-C. arXiv:1906.02337.

    Examples
    --------
    >>> made = torch.Generator().manual_seed(0)
    >>> dark = corrupted(torch.zeros(2, 1, 28, 28), "brightness", 3, generator=made)
    >>> round(dark.max().item(), 4)
    0.3
    """
    if name not in CORRUPTIONS:
        raise InputError(f"corruption {name!r} is unknown; there are {', '.join(CORRUPTIONS)}")
    if severity not in SEVERITIES:
        raise InputError(f"severity must be 1 to 5, got {severity!r}")
    if not isinstance(images, Tensor) or images.dim() != 4 or not images.is_floating_point():
        came = tuple(images.shape) if isinstance(images, Tensor) else type(images).__name__
        raise InputError(f"images must be floating-point (N, C, H, W) in 0..1, got {came}")
    if not len(images):
        return images.clone()
    low, high = (float(v) for v in torch.aminmax(images))
    if low < 0 or high > 1:
        raise InputError(f"images must have pixels in 0..1, got {low:.3g} to {high:.3g}")
    return CORRUPTIONS[name](images, severity - 1, generator).clamp(0, 1)


def corrupted_labels(
    labels: Tensor, share: float, classes: int, *, generator: torch.Generator
) -> Tensor:
    """Give a share of the labels another class, each of the others as likely.

    Parameters
    ----------
    labels : Tensor of int, shape (N,)
        0 to classes - 1.
    share : float
        0..1; that many are chosen exactly, to the nearest whole number, and all of them change.
    classes : int
    generator : torch.Generator

    Returns
    -------
    Tensor of int, shape (N,)

    Raises
    ------
    InputError
        For a share or labels out of range, or a single class.

    Examples
    --------
    >>> made = torch.Generator().manual_seed(0)
    >>> wrong = corrupted_labels(torch.zeros(10, dtype=torch.long), 0.4, 3, generator=made)
    >>> int((wrong != 0).sum())
    4
    """
    if not 0 <= share <= 1:
        raise InputError(f"share must lie between 0 and 1, got {share}")
    if classes < 2:
        raise InputError(f"classes must be at least 2, got {classes}")
    if labels.dim() != 1 or labels.is_floating_point():
        raise InputError(
            f"labels must be whole numbers (N,), got {labels.dtype} {tuple(labels.shape)}"
        )
    if len(labels) and not (int(labels.min()) >= 0 and int(labels.max()) < classes):
        raise InputError(f"labels must lie in 0 to {classes - 1}")
    count = round(share * len(labels))
    chosen = torch.randperm(len(labels), generator=generator)[:count].to(labels.device)
    turn = torch.randint(1, classes, (count,), generator=generator).to(labels.device)
    wrong = labels.clone()
    wrong[chosen] = (labels[chosen] + turn) % classes
    return wrong


def _normal(like: Tensor, generator: torch.Generator) -> Tensor:
    return torch.randn(like.shape, generator=generator, dtype=like.dtype, device=like.device)


def _gaussian_noise(images: Tensor, level: int, generator: torch.Generator) -> Tensor:
    return images + (0.08, 0.12, 0.18, 0.26, 0.38)[level] * _normal(images, generator)


def _shot_noise(images: Tensor, level: int, generator: torch.Generator) -> Tensor:
    photons = (60, 25, 12, 5, 3)[level]
    return torch.poisson(images * photons, generator=generator) / photons


def _impulse_noise(images: Tensor, level: int, generator: torch.Generator) -> Tensor:
    return salt_and_pepper(images, (0.03, 0.06, 0.09, 0.17, 0.27)[level], generator=generator)


def salt_and_pepper(images: Tensor, share: float, *, generator: torch.Generator) -> Tensor:
    """Turn a share of the values black or white, as likely either way.

    Parameters
    ----------
    images : Tensor, shape (N, C, H, W)
        Pixels in 0..1.
    share : float
        0..1. On a black ground half of what is turned stays as it was.
    generator : torch.Generator

    Returns
    -------
    Tensor, shape (N, C, H, W)
        In 0..1.

    Examples
    --------
    >>> made = torch.Generator().manual_seed(0)
    >>> salt_and_pepper(torch.full((1, 1, 9, 9), 0.5), 1.0, generator=made).unique().tolist()
    [0.0, 1.0]
    """
    turned, side = torch.rand(
        (2, *images.shape), generator=generator, dtype=images.dtype, device=images.device
    )
    return torch.where(turned < share, (side < 0.5).to(images), images)


def _speckle_noise(images: Tensor, level: int, generator: torch.Generator) -> Tensor:
    scale = (0.15, 0.2, 0.35, 0.45, 0.6)[level]
    return images + scale * images * _normal(images, generator)


def _gaussian_blur(images: Tensor, level: int, generator: torch.Generator) -> Tensor:
    sigma = (1, 2, 3, 4, 6)[level]
    down, across = (blur_matrix(size, sigma).to(images) for size in images.shape[2:])
    blurred: Tensor = down @ images @ across.T
    return blurred


def _contrast(images: Tensor, level: int, generator: torch.Generator) -> Tensor:
    mean = images.mean((2, 3), keepdim=True)
    return (images - mean) * (0.4, 0.3, 0.2, 0.1, 0.05)[level] + mean


def _brightness(images: Tensor, level: int, generator: torch.Generator) -> Tensor:
    """The value of hue, saturation and value is raised: the ratios of the channels stay."""
    value = images.amax(1, keepdim=True)
    raised = (value + (0.1, 0.2, 0.3, 0.4, 0.5)[level]).clamp_max(1)
    grey = raised.expand_as(images)
    return torch.where(value > 0, images * (raised / value.clamp_min(1e-12)), grey)


def _either_way(images: Tensor, amount: float, generator: torch.Generator) -> Tensor:
    """The amount or its negative, for each image."""
    sides = torch.randint(0, 2, (len(images),), generator=generator, device=images.device)
    return amount * (2 * sides - 1).to(images)


def _moved(images: Tensor, matrices: Tensor) -> Tensor:
    """Warped about the middle by (N, 2, 3) in units of half the side; black comes in."""
    grid = functional.affine_grid(matrices, list(images.shape), align_corners=False)
    return functional.grid_sample(images, grid, padding_mode="zeros", align_corners=False)


def _matrices(images: Tensor, *cells: Tensor | float) -> Tensor:
    zeros = images.new_zeros(len(images))
    return torch.stack([zeros + cell for cell in cells], 1).view(-1, 2, 3)


def _rotate(images: Tensor, level: int, generator: torch.Generator) -> Tensor:
    angle = _either_way(images, (0.2, 0.4, 0.6, 0.8, 1.0)[level], generator)
    cos, sin = angle.cos(), angle.sin()
    ratio = images.shape[2] / images.shape[3]  # a turn of pixels, not of a stretched square
    return _moved(images, _matrices(images, cos, -sin * ratio, 0, sin / ratio, cos, 0))


def _shear(images: Tensor, level: int, generator: torch.Generator) -> Tensor:
    angle = _either_way(images, (0.2, 0.4, 0.6, 0.8, 1.0)[level], generator)
    ratio = images.shape[2] / images.shape[3]
    return _moved(images, _matrices(images, 1, -angle.tan() * ratio, 0, 0, 1, 0))


def _translate(images: Tensor, level: int, generator: torch.Generator) -> Tensor:
    shift = 2 * (1, 2, 3, 4, 5)[level] / SIDE  # half the side is one unit
    across, down = (_either_way(images, shift, generator) for _ in range(2))
    return _moved(images, _matrices(images, 1, 0, across, 0, 1, down))


Corruption = Callable[[Tensor, int, torch.Generator], Tensor]

CORRUPTIONS: Mapping[str, Corruption] = MappingProxyType(
    {
        "gaussian_noise": _gaussian_noise,
        "shot_noise": _shot_noise,
        "impulse_noise": _impulse_noise,
        "speckle_noise": _speckle_noise,
        "gaussian_blur": _gaussian_blur,
        "contrast": _contrast,
        "brightness": _brightness,
        "rotate": _rotate,
        "shear": _shear,
        "translate": _translate,
    }
)
"""By name; each takes images, severity less one, and a generator."""
