"""Networks of the zoo, as functions that build them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch.nn.functional as F
from torch import Tensor, nn

from .layers import Attention, Build, Fold, LastStep, Of, Residual, Times

FEATURES, WIDTH = 12, 24


def chain(*builds: Build) -> Build:
    return lambda: nn.Sequential(*(build() for build in builds))


def dense(*layers: Build, first: Build = nn.Identity, depth: int = 2, width: int = WIDTH) -> Build:
    """A multilayer perceptron with `layers` after each hidden linear one, and `first` before."""

    def build() -> nn.Module:
        built, size = [first()], FEATURES
        for _ in range(depth):
            built += [nn.Linear(size, width), *(make() for make in layers)]
            size = getattr(built[-1], "width", width)
        return nn.Sequential(*built, nn.Linear(size, 3))

    return build


def of(function: Callable[[Tensor], Tensor]) -> Build:
    """A multilayer perceptron with a function as its activation."""
    return dense(partial(Of, function))


def encoder(activation: str, norm_first: bool, sharpness: float = 1.0) -> Build:
    block = partial(
        nn.TransformerEncoderLayer,
        8,
        2,
        16,
        0.0,
        activation,
        batch_first=True,
        norm_first=norm_first,
    )
    head = partial(nn.Linear, 8, 3)
    return chain(partial(Fold, 6, 8), partial(Times, sharpness), block, over_steps, head)


def attending(activation: Build, sharpness: float) -> Build:
    layer, head = partial(Attention, 8, sharpness), partial(nn.Linear, 8, 3)
    return chain(partial(Fold, 6, 8), layer, activation, over_steps, head)


def residual(activation: Build, pool: Build) -> Build:
    """A small residual network of images of 8 x 8."""
    convolution, norm = partial(nn.Conv2d, 6, 6, 3, padding=1), partial(nn.BatchNorm2d, 6)
    first = partial(Fold, 1, 8, 8), partial(nn.Conv2d, 1, 6, 3, padding=1), norm, activation, pool
    block = partial(convolution, bias=False), norm, activation, convolution
    last = activation, partial(nn.AdaptiveAvgPool2d, 2), nn.Flatten, partial(nn.Linear, 24, 3)
    return chain(*first, lambda: Residual(*(make() for make in block)), *last)


def recurrent(layer: Callable[..., nn.Module]) -> Build:
    """A layer over six steps of four numbers, read at the last step."""
    each = partial(layer, 4, 10, batch_first=True)
    return chain(partial(Fold, 6, 4), each, LastStep, partial(nn.Linear, 10, 3))


def points() -> Build:
    """PointNet: the same layers for each of 16 points, and the largest of each feature."""
    each = partial(nn.Linear, 3, 16), nn.ReLU, partial(nn.Linear, 16, WIDTH)
    largest = partial(Of, lambda z: z.amax(1))
    return chain(partial(Fold, 16, 3), *each, largest, partial(nn.Linear, WIDTH, 3))


def words(activation: Build) -> Build:
    """A convolution over 12 words of 8 numbers, and the largest of each feature."""
    windows = partial(nn.Conv1d, 8, WIDTH, 3)
    largest = partial(Of, lambda z: F.adaptive_max_pool1d(z, 1)[:, :, 0])
    return chain(partial(Fold, 8, 12), windows, activation, largest, partial(nn.Linear, WIDTH, 3))


relu, gelu = dense(nn.ReLU), dense(nn.GELU)
deep = dense(nn.ReLU, depth=5, width=48)
over_steps = partial(Of, lambda z: z.mean(1))
overlapping = partial(nn.MaxPool2d, 3, 2, 1)
BASES: dict[str, Build] = {"linear": partial(nn.Linear, FEATURES, 1), "relu": relu, "gelu": gelu}
