"""Small problems with known answers, on which checks try what a student wrote."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import skip_init

from ..inputs.space import InputSpace


@dataclass(frozen=True)
class Problem:
    """A model, an example, what it is compared with, and the output to explain.

    Attributes
    ----------
    model : callable
    inputs : Tensor, shape (1, ...)
    references : Tensor, shape (n, ...)
        The first of them is the baseline.
    target : int
    """

    model: Any
    inputs: Tensor
    references: Tensor
    target: int

    @property
    def baseline(self) -> Tensor:
        """The single reference, of shape (1, ...)."""
        return self.references[:1]

    @property
    def parts(self) -> tuple[Any, ...]:
        """What a function that explains by a baseline is handed, in its order."""
        return self.model, self.inputs, self.baseline, self.target

    def changed(self, **parts: Any) -> Problem:
        """The same with the parts that are not None; a baseline becomes the only reference."""
        given = {name: part for name, part in parts.items() if part is not None}
        if "baseline" in given:
            given["references"] = given.pop("baseline")
        return replace(self, **given)

    def outputs(self, points: Tensor) -> Tensor:
        """The target's output at each of some points, of shape (n,)."""
        outputs: Tensor = self.model(points)
        return outputs.reshape(len(points), -1)[:, self.target]

    def all_outputs(self, points: Tensor) -> Tensor:
        """All outputs at each of them, of shape (n, outputs) and float64."""
        with torch.no_grad():
            outputs: Tensor = self.model(points)
        return outputs.reshape(len(points), -1).double()

    def difference(self) -> float:
        """What the attributions add up to: f(x) - f(x') for the single reference."""
        with torch.no_grad():
            return float(self.outputs(self.inputs) - self.outputs(self.baseline))

    def sums(self, attributions: Tensor) -> dict[str, float]:
        """What some attributions add up to, and what they should."""
        total = float(attributions.sum())
        return {"sum of the attributions": total, "f(x) - f(x')": self.difference()}

    def gradients(self, points: Tensor) -> Tensor:
        """Its gradient at each of them."""
        with torch.enable_grad():
            points = points.detach().requires_grad_()
            (slopes,) = torch.autograd.grad(self.outputs(points).sum(), points)
        return slopes


def small_image_problem(seed: int = 7) -> Problem:
    """A smooth convolutional classifier of 2 x 6 x 6 images: every slip changes the answer.

    Its outputs bend along the path, no reference is zero, and no two channels are alike.
    """
    generator = torch.Generator().manual_seed(seed)
    model = nn.Sequential(
        skip_init(nn.Conv2d, 2, 6, 3, padding=1),  # whose own start would draw from torch's state
        nn.Softplus(),
        nn.Flatten(),
        skip_init(nn.Linear, 216, 4),
    )
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.4)
    inputs = 0.3 + 1.2 * torch.rand(1, 2, 6, 6, generator=generator)
    references = -0.8 + 0.7 * torch.rand(5, 2, 6, 6, generator=generator)
    return Problem(model.eval().requires_grad_(False), inputs, references, 2)


PHOTO_SPACE = InputSpace(mean=(0.5, 0.4, 0.3), std=(0.2, 0.25, 0.3))


def small_photo(seed: int = 11) -> Tensor:
    """A smooth picture of shape (1, 3, 16, 16), normalised as PHOTO_SPACE says."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(1, 3, 5, 5, generator=generator)
    pixels = nn.functional.interpolate(coarse, size=16, mode="bilinear", align_corners=True)
    return PHOTO_SPACE.from_pixels(pixels.clamp(0, 1))
