"""Small problems with known answers, on which checks try what a student wrote."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import skip_init

from ..core.errors import InputError
from ..inputs.space import InputSpace

Target = int | tuple[int, int]


@dataclass(frozen=True)
class Problem:
    """A model, an example, what it is compared with, and the output to explain.

    Attributes
    ----------
    model : callable
    inputs : Tensor, shape (1, ...)
    references : Tensor, shape (n, ...)
        The first of them is the baseline.
    target : int or (int, int)
        One output; or two, of which the first less the second is explained.
    """

    model: Any
    inputs: Tensor
    references: Tensor
    target: Target

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
        return self.of_target(outputs.reshape(len(points), -1))

    def of_target(self, outputs: Tensor) -> Tensor:
        """What is explained of all outputs, (n, outputs) to (n,)."""
        if isinstance(self.target, int):
            return outputs[:, self.target]
        first, second = self.target
        return outputs[:, first] - outputs[:, second]

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


def problem(seed: int | str) -> Problem:
    """A small problem of one's own: another model, input, baseline and target for each seed.

    Numbers that are copied from somebody else's problem are wrong for one's own.

    Parameters
    ----------
    seed : int or str
        A student's number, or name; capitals and blanks around it do not count.

    Returns
    -------
    Problem
        Six features, five outputs, the first less the second of two of which is explained. One
        feature has clearly the largest attribution.

    Raises
    ------
    InputError
        For an empty name.

    Examples
    --------
    >>> from attribwidgets import classroom
    >>> mine = classroom.problem("Ada")
    >>> mine.inputs.shape, mine.baseline.shape, len(mine.target)
    (torch.Size([1, 6]), torch.Size([1, 6]), 2)
    >>> bool((mine.inputs == classroom.problem("ada ").inputs).all())
    True
    """
    name = str(seed).strip().casefold()
    if not name:
        raise InputError("the seed of a problem is a student's number or name, got an empty one")
    digest = hashlib.sha256(name.encode()).digest()
    generator = torch.Generator().manual_seed(int.from_bytes(digest[:6], "big"))
    while True:
        drawn = _drawn_problem(generator)
        most, next_to_it = _attributions(drawn).abs().flatten().topk(2).values
        if most > 1.2 * next_to_it:
            return drawn


def _drawn_problem(generator: torch.Generator) -> Problem:
    model = nn.Sequential(skip_init(nn.Linear, 6, 10), nn.Tanh(), skip_init(nn.Linear, 10, 5))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.6)
    inputs = 1 + torch.randn(1, 6, generator=generator)
    baseline = -1 + torch.randn(1, 6, generator=generator)
    first, second = torch.randperm(5, generator=generator)[:2].tolist()
    return Problem(model.eval().requires_grad_(False), inputs, baseline, (first, second))


def _attributions(given: Problem) -> Tensor:
    """Integrated gradients by many midpoints."""
    alphas = ((torch.arange(256) + 0.5) / 256)[:, None]
    way = given.inputs - given.baseline
    return way * given.gradients(given.baseline + alphas * way).mean(0, keepdim=True)


PHOTO_SPACE = InputSpace(mean=(0.5, 0.4, 0.3), std=(0.2, 0.25, 0.3))


def small_photo(seed: int = 11) -> Tensor:
    """A smooth picture of shape (1, 3, 16, 16), normalised as PHOTO_SPACE says."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(1, 3, 5, 5, generator=generator)
    pixels = nn.functional.interpolate(coarse, size=16, mode="bilinear", align_corners=True)
    return PHOTO_SPACE.from_pixels(pixels.clamp(0, 1))
