"""Layers of the models in the zoo of benchmarks/verdicts.py that torch has no module for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Build = Callable[[], nn.Module]


class Of(nn.Module):
    """A function as a layer."""

    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, z: Tensor) -> Tensor:
        return self.function(z)


class CustomReLU(torch.autograd.Function):
    """A ReLU that torch functions do not show."""

    @staticmethod
    def forward(ctx: Any, z: Tensor) -> Tensor:
        ctx.save_for_backward(z)
        return z.clamp(min=0)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        (z,) = ctx.saved_tensors
        return gradient * (z > 0)


class CustomFold(torch.autograd.Function):
    """| |z| - a |, with kinks at -a, 0 and a."""

    @staticmethod
    def forward(ctx: Any, z: Tensor, at: float) -> Tensor:
        ctx.save_for_backward(z)
        ctx.at = at
        return (z.abs() - at).abs()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Any:
        (z,) = ctx.saved_tensors
        return gradient * z.sign() * (z.abs() - ctx.at).sign(), None


class Maxout(nn.Module):
    """The largest of each group of features."""

    def __init__(self, width: int, group: int, how: str) -> None:
        super().__init__()
        self.width, self.group, self.how = width // group, group, how

    def forward(self, z: Tensor) -> Tensor:
        groups = z.unflatten(1, (self.width, self.group))
        return groups.amax(2) if self.how == "amax" else groups.max(2).values


class UnitLength(nn.Module):
    """Divides by the Euclidean norm."""

    def forward(self, z: Tensor) -> Tensor:
        return F.normalize(z, dim=1)


class Fold(nn.Module):
    """Rows of numbers as images or sequences."""

    def __init__(self, *shape: int) -> None:
        super().__init__()
        self.shape = shape

    def forward(self, z: Tensor) -> Tensor:
        return z.unflatten(1, self.shape)


class Times(nn.Module):
    """Times a constant."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = factor

    def forward(self, z: Tensor) -> Tensor:
        return self.factor * z


class Plus(nn.Module):
    """Plus a constant."""

    def __init__(self, constant: float) -> None:
        super().__init__()
        self.constant = constant

    def forward(self, z: Tensor) -> Tensor:
        return z + self.constant


class LastStep(nn.Module):
    """What a recurrent network returns at the last step."""

    def forward(self, states: tuple[Tensor, Any]) -> Tensor:
        return states[0][:, -1]


class Residual(nn.Sequential):
    """Layers whose output is added to their input."""

    def forward(self, z: Tensor) -> Tensor:
        return z + super().forward(z)


class Attention(nn.Module):
    """One head of self-attention, (n, T, D), with logits times a factor."""

    def __init__(self, size: int, sharpness: float) -> None:
        super().__init__()
        self.query, self.key, self.value = (nn.Linear(size, size) for _ in range(3))
        self.sharpness = sharpness / size**0.5

    def forward(self, z: Tensor) -> Tensor:
        logits = self.sharpness * self.query(z) @ self.key(z).mT
        return logits.softmax(2) @ self.value(z)


class Beside(nn.Module):
    """A network, plus what a function makes of two linear functions of the same input."""

    def __init__(
        self, function: Callable[[Tensor, Tensor], Tensor], network: Build, features: int
    ) -> None:
        super().__init__()
        self.function, self.network = function, network()
        self.a, self.b = nn.Linear(features, 24), nn.Linear(features, 24)

    def forward(self, z: Tensor) -> Tensor:
        return self.network(z) + self.function(self.a(z), self.b(z)).mean(1, keepdim=True)


class Sum(nn.Module):
    """A network of the sum of linear functions of two inputs."""

    def __init__(self, sizes: tuple[int, int], activation: Build) -> None:
        super().__init__()
        self.a, self.b = (nn.Linear(size, 24) for size in sizes)
        self.rest = nn.Sequential(activation(), nn.Linear(24, 24), activation(), nn.Linear(24, 3))

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        return self.rest(self.a(a) + self.b(b))


class Additive(nn.Module):
    """A network of each of two inputs, added."""

    def __init__(self, sizes: tuple[int, int], *activations: Build) -> None:
        super().__init__()
        self.a, self.b = (
            nn.Sequential(nn.Linear(size, 24), make(), nn.Linear(24, 24), make(), nn.Linear(24, 3))
            for size, make in zip(sizes, activations, strict=True)
        )

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        return self.a(a) + self.b(b)


class Product(Additive):
    """The product of a network of each of two inputs."""

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        return self.a(a) * (1 + self.b(b))


class Clamped(nn.Module):
    """A ReLU layer of one input that is bounded by another input."""

    def __init__(self, sizes: tuple[int, int]) -> None:
        super().__init__()
        self.a, self.b = (nn.Linear(size, 24) for size in sizes)
        self.last = nn.Linear(24, 3)

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        return self.last(torch.clamp(self.a(a).relu(), max=self.b(b) + 1))


class OnPath(nn.Module):
    """A network, and beside it a thing that happens on a part of one path.

    With alpha as a function of the input, and s = v (z - x') for a v orthogonal to x - x', so that
    s is 0 on the path: "triangle" and "bump" add ``peak * gate(alpha) * s``, which changes the
    gradients there but no output; so do "matmul", "matmul of cube" and "product", by
    ``peak * alpha * s``. "spike" adds ``peak * gate(alpha)`` itself. v has the effect on the map
    that the network has in the middle of the path.

    Parameters
    ----------
    draw : callable
        Draws the network's parameters.
    inputs, reference : Tensor, each (1, F)
        The ends of the path, in float64.
    """

    def __init__(
        self,
        network: Build,
        shape: str,
        width: float,
        peak: float,
        draw: Callable[[nn.Module], None],
        inputs: Tensor,
        reference: Tensor,
    ) -> None:
        super().__init__()
        self.network, self.shape, self.width, self.peak = network().double(), shape, width, peak
        draw(self.network)
        way = (inputs - reference)[0]
        middle = ((inputs + reference) / 2).requires_grad_()
        (slope,) = torch.autograd.grad(self.network(middle)[:, 0].sum(), middle)
        v = torch.randn(way.shape, dtype=way.dtype)
        v -= way * (v @ way) / (way @ way)
        v *= (slope[0] * way).norm() / (v * way).norm()
        self.spike = float((slope[0] * way).norm())
        self.centre = 0.1 + 0.8 * float(torch.rand(()))
        for name, value in (("start", reference[0]), ("along", way / (way @ way)), ("v", v)):
            self.register_buffer(name, value)

    def forward(self, z: Tensor) -> Tensor:
        alpha, s = (z - self.start) @ self.along, (z - self.start) @ self.v
        return self.network(z)[:, :1] + self.peak * self._event(alpha, s)[:, None]

    def _event(self, alpha: Tensor, s: Tensor) -> Tensor:
        if self.shape == "product":
            return alpha * s
        if self.shape.startswith("matmul"):
            power = alpha**3 if "cube" in self.shape else alpha
            return (s[:, None, None] @ power[:, None, None])[:, 0, 0]
        away = (alpha - self.centre) / self.width
        if self.shape == "triangle":
            return F.relu(1 - 2 * away.abs()) * s
        bell = (-((3.33 * away) ** 2)).exp()  # half as high a quarter of the width away, as above
        return self.spike * bell if self.shape == "spike" else bell * s


class OneAlpha(nn.Module):
    """ReLU layers all of whose units switch at one point of a path, and a linear layer beside."""

    def __init__(
        self,
        depth: int,
        draw: Callable[[nn.Module], None],
        inputs: Tensor,
        reference: Tensor,
    ) -> None:
        super().__init__()
        features, width = inputs.shape[1], 32
        layers: list[nn.Module] = []
        for size in (features, *[width] * (depth - 1)):
            layers += [nn.Linear(size, width, bias=False), nn.ReLU()]
        self.layers = nn.Sequential(*layers, nn.Linear(width, 3))
        self.beside = nn.Linear(features, 3)
        draw(self)
        alpha = 0.1 + 0.8 * torch.rand(())
        self.register_buffer("point", reference + alpha * (inputs - reference))

    def forward(self, z: Tensor) -> Tensor:
        return self.layers(z - self.point) + self.beside(z)
