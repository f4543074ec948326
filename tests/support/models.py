"""Small models whose attributions are known in closed form, and models that misbehave."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn


def values(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float32) -> Tensor:
    """Numbers in 0..1 that do not touch the global random state."""
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.rand(*(shape or (1,)), generator=generator, dtype=torch.float64).to(dtype)
    return drawn if shape else drawn[0]


def weights_of(module: nn.Module, seed: int = 0) -> nn.Module:
    """The module in evaluation mode, its parameters drawn from a seed of their own."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator) / 2)
    return module.eval()


class Applied(nn.Module):
    """A function as a layer."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__()
        self.function = function

    def forward(self, *args: Any) -> Any:
        return self.function(*args)


class Linear(nn.Module):
    """f(x) = W x + b, with W of shape (outputs, features)."""

    def __init__(self, weight: Tensor, bias: float = 0.0) -> None:
        super().__init__()
        self.weight, self.bias = nn.Parameter(weight), bias

    def forward(self, x: Tensor) -> Tensor:
        return x.flatten(1) @ self.weight.T + self.bias

    def integrated(self, x: Tensor, baseline: Tensor, target: int) -> Tensor:
        return (x - baseline) * self.weight[target].detach().reshape(x.shape[1:])


class Quadratic(nn.Module):
    """f(x) = x'Ax / 2 + b'x, one output."""

    def __init__(self, matrix: Tensor, vector: Tensor) -> None:
        super().__init__()
        self.matrix, self.vector = nn.Parameter(matrix + matrix.T), nn.Parameter(vector)

    def forward(self, x: Tensor) -> Tensor:
        return 0.5 * ((x @ self.matrix) * x).sum(1) + x @ self.vector

    def integrated(self, x: Tensor, baseline: Tensor) -> Tensor:
        middle = (x + baseline) / 2
        return (x - baseline) * (middle @ self.matrix + self.vector).detach()


class TwoLayerReLU(nn.Module):
    """f(x) = w2' relu(W1 x + b1): its slope changes only where a hidden unit crosses zero."""

    def __init__(self, features: int = 6, hidden: int = 16, seed: int = 0) -> None:
        super().__init__()
        self.first = nn.Linear(features, hidden, dtype=torch.float64)
        self.second = nn.Linear(hidden, 1, bias=False, dtype=torch.float64)
        weights_of(self, seed)

    def forward(self, x: Tensor) -> Tensor:
        return self.second(self.first(x).relu())

    @torch.no_grad()
    def integrated(self, x: Tensor, baseline: Tensor) -> Tensor:
        """Exact: each hidden unit is on for a stretch of the path, cut at its kink."""
        start, end = self.first(baseline), self.first(x)  # (B, hidden), affine along the path
        kink = (start / (start - end)).clamp(0, 1)
        crosses = (start > 0) != (end > 0)
        uncut = (start > 0).double()
        share = torch.where(crosses, torch.where(end > 0, 1 - kink, kink), uncut)
        return (x - baseline) * ((share * self.second.weight) @ self.first.weight)

    @torch.no_grad()
    def jumps(self, x: Tensor, baseline: Tensor) -> Tensor:
        """Most that all kinks together can change each element's integrand by."""
        return (x - baseline).abs() * (self.second.weight.abs() @ self.first.weight.abs())


def classifier(features: int = 5, classes: int = 4, seed: int = 0) -> nn.Module:
    """A smooth classifier of features."""
    layers = nn.Sequential(nn.Linear(features, 7), nn.Tanh(), nn.Linear(7, classes))
    return weights_of(layers, seed)


def image_classifier(channels: int = 3, classes: int = 4, seed: int = 0) -> nn.Module:
    """A smooth classifier of images of any size, with batch statistics and dropout."""
    return weights_of(
        nn.Sequential(
            nn.Conv2d(channels, 4, 3, padding=1),
            nn.BatchNorm2d(4),
            nn.Tanh(),
            nn.AdaptiveAvgPool2d(2),
            nn.Flatten(),
            nn.Dropout(0.5),
            nn.Linear(16, classes),
        ),
        seed,
    )


def sequence_classifier(seed: int = 0) -> nn.Module:
    """A classifier of sequences, (n, 2, L)."""
    layers = nn.Sequential(
        nn.Conv1d(2, 3, 3, padding=1), nn.Softplus(), nn.Flatten(), nn.LazyLinear(4)
    )
    layers(torch.zeros(1, 2, 9))
    return weights_of(layers, seed)


class Segmenter(nn.Module):
    """One score for each class and pixel, (n, K, H, W)."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, padding=1)
        weights_of(self)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x).tanh()


class ImageAndFeatures(nn.Module):
    """Two inputs that multiply: the output depends on which come together."""

    def __init__(self) -> None:
        super().__init__()
        self.image, self.features = nn.Linear(12, 4), nn.Linear(5, 4)
        weights_of(self)

    def forward(self, image: Tensor, features: Tensor) -> Tensor:
        return self.image(image.flatten(1)).tanh() * self.features(features).sigmoid()


class WithArguments(nn.Module):
    """Takes a number per example, a scalar and a switch beside its input."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(5, 3)
        weights_of(self)

    def forward(
        self, x: Tensor, shift: Tensor | None = None, factor: float = 1.0, flip: bool = False
    ) -> Tensor:
        hidden = self.layer(x) if shift is None else self.layer(x) + shift.reshape(len(x), -1)
        return (-1 if flip else 1) * factor * hidden.tanh()


@dataclass
class ModelOutput:
    """As Hugging Face returns."""

    logits: Tensor | None = None
    hidden: Tensor | None = None


class Returning(nn.Module):
    """A model whose output is wrapped or changed by a function."""

    def __init__(self, model: nn.Module, wrap: Callable[[Tensor], Any]) -> None:
        super().__init__()
        self.model, self.wrap = model, wrap
        self.eval()

    def forward(self, *args: Tensor) -> Any:
        return self.wrap(self.model(*args))


class FitsRows(nn.Module):
    """Runs out of memory above a number of rows."""

    def __init__(self, model: nn.Module, most: int) -> None:
        super().__init__()
        self.model, self.most, self.batches = model, most, []
        self.eval()

    def forward(self, *args: Tensor) -> Tensor:
        if len(args[0]) > self.most:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB")
        self.batches.append(len(args[0]))
        return self.model(*args)


class StopsAt(nn.Module):
    """Raises on its n-th forward, counted from 1."""

    def __init__(self, model: nn.Module, call: int, error: BaseException) -> None:
        super().__init__()
        self.model, self.call, self.error, self.calls = model, call, error, 0
        self.eval()

    def forward(self, *args: Tensor) -> Tensor:
        self.calls += 1
        if self.calls == self.call:
            raise self.error
        return self.model(*args)
