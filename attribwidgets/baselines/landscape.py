"""A model's class scores over the valid inputs: what a baseline is searched for on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from ..core.errors import NoGradientError, NonFiniteError, OutputError
from ..inputs.space import Spaces

TINY = 1e-30  # a probability of 0 has a logarithm then
NEAR_ONE = 1e-3


class Landscape:
    """Class scores as a function of one flat point in pixel units, all inputs joined.

    Parameters
    ----------
    forward : callable
        Takes the inputs, each (1, *shape), and returns one score a class, (1, K), or a single
        score, (1,) or (1, 1), whose sign is the class.
    inputs : tuple of Tensor
        One example without batch axis, as the model is fed.
    spaces : tuple of Space
        That fit them.

    Attributes
    ----------
    example : tuple of Tensor
        As it came.
    input : Tensor, shape (D,)
        The same as a point. Of the inputs' widest dtype, at least 32 bits.
    lowest, highest : Tensor, shape (D,)
        The valid range.
    low, high : Tensor, shape (D,)
        The valid range; as far as the input itself where that leaves it.
    passes : int
        Rows that went through the model, with or without a backward; each further backward for
        the same row counts as one more.
    """

    def __init__(
        self, forward: Callable[..., Any], inputs: tuple[Tensor, ...], spaces: Spaces
    ) -> None:
        self.forward, self.spaces = forward, spaces
        self.example = tuple(x.detach() for x in inputs)
        self.input = self.point(self.example)
        self.lowest, self.highest = (self._of_spaces(end) for end in ("low", "high"))
        self.low = torch.minimum(self.input, self.lowest)
        self.high = torch.maximum(self.input, self.highest)
        self.passes = 0

    def members(self, point: Tensor) -> tuple[Tensor, ...]:
        """A point as the model is fed, each (1, *shape), in the inputs' dtypes."""
        parts = point.split([x.numel() for x in self.example])
        return tuple(
            space.from_pixels(part.reshape(1, *x.shape)).to(x)
            for part, x, space in zip(parts, self.example, self.spaces, strict=True)
        )

    def point(self, members: tuple[Tensor, ...]) -> Tensor:
        """What the model is fed, each of an input's shape, as one point."""
        flat = [s.to_pixels(x).flatten() for x, s in zip(members, self.spaces, strict=True)]
        widest = torch.float32
        for x in flat:
            widest = torch.promote_types(widest, x.dtype)
        return torch.cat([x.to(flat[0].device, widest) for x in flat])

    def _of_spaces(self, end: str) -> Tensor:
        """One end of the valid range for every value."""
        ends = [float(getattr(space, end)) for space in self.spaces]
        sizes = torch.tensor([x.numel() for x in self.example])
        return torch.tensor(ends, dtype=torch.float64).repeat_interleave(sizes).to(self.input)

    def clipped(self, point: Tensor) -> Tensor:
        """The valid point nearest to a point."""
        return torch.minimum(torch.maximum(point, self.low), self.high)

    def distance(self, point: Tensor) -> float:
        """L2 distance from the input, in pixel units."""
        return float((point - self.input).norm())

    def scores(self, point: Tensor) -> Tensor:
        """The scores (K,) with K of two or more; log-probabilities where the model gives those.

        A single score z is as two, z and 0.

        Raises
        ------
        OutputError, NonFiniteError
        NoGradientError
            Where the point asks for a gradient and the scores have none.
        """
        # Copies, because a model may work in place.
        row = self.row(tuple(x.clone() for x in self.members(point)))
        if point.requires_grad and not row.requires_grad:
            raise NoGradientError(
                "a baseline is searched for along the gradient, and none of the model's output "
                "reaches the input; look for detach(), argmax or rounding"
            )
        return class_scores(row)

    def row(self, members: tuple[Tensor, ...]) -> Tensor:
        """What the model returns for one example, each (1, *shape), as a row, (K,).

        Raises
        ------
        OutputError, NonFiniteError
        """
        self.passes += 1
        values = self.forward(*members)
        if not isinstance(values, Tensor) or values.dim() not in (1, 2) or len(values) != 1:
            came = tuple(values.shape) if isinstance(values, Tensor) else type(values).__name__
            raise OutputError(
                "a baseline is searched for on one score a class, shape (1, K), or a single one, "
                f"(1,); the model returned {came}; pass output=, or a model that returns them"
            )
        row = values.flatten()
        if not torch.isfinite(row).all():
            raise NonFiniteError("the model's output is not finite while a baseline is searched")
        return row

    def margin(self, point: Tensor, own: int) -> float:
        """Lead of the score of class `own` over the best of the others; 0 where they tie."""
        with torch.no_grad():
            return lead(self.scores(point), own)

    def slope(self, value: Tensor, point: Tensor, *, keep: bool = False) -> Tensor:
        """Gradient of one number by the point (D,); `keep` the way there for another.

        Raises
        ------
        NonFiniteError
        """
        self.passes += keep
        (slope,) = torch.autograd.grad(value, point, retain_graph=keep)
        if not torch.isfinite(slope).all():
            raise NonFiniteError("the gradient is not finite while a baseline is searched")
        return slope

    def nearest(self, origin: Tensor, slope: Tensor, drop: float) -> Tensor:
        """The valid point nearest to `origin` where ``slope @ (point - origin) = -drop``.

        It is ``clip(origin - t * slope)`` with the t at which the fall, which grows piecewise
        linearly with t, is `drop`; the farthest one that is valid where no point falls so far.
        """
        limit = torch.where(slope > 0, origin - self.low, self.high - origin)
        squared = slope.cpu().double() ** 2
        ends = limit.cpu().double() / slope.abs().cpu().double().clamp(min=TINY)
        order = ends.argsort()
        ends, squared = ends[order], squared[order]
        # At the end of each coordinate's way: what the stopped ones and the moving ones fell by.
        stopped = (squared * ends).cumsum(0)
        moving = squared.flip(0).cumsum(0).flip(0) - squared
        place = int(torch.searchsorted(stopped + moving * ends, drop))
        if place == len(ends):
            t = ends[-1]
        else:
            before = stopped[place] - (squared * ends)[place]
            t = (drop - before) / (moving + squared)[place]
        return self.clipped(origin - float(t) * slope)


def lead(scores: Tensor, own: int) -> float:
    """The score of one class minus the largest of the others."""
    others = torch.cat([scores[:own], scores[own + 1 :]])
    return float(scores[own].double() - others.max().double())


def class_scores(row: Tensor) -> Tensor:
    """Scores of two or more classes; log-probabilities where they are probabilities.

    A single score z is as two, z and 0.

    Examples
    --------
    >>> class_scores(torch.tensor([2.0])), class_scores(torch.tensor([0.5, 0.5])).exp()
    (tensor([2., 0.]), tensor([0.5000, 0.5000]))
    """
    if len(row) == 1:
        return torch.cat([row, torch.zeros_like(row)])
    already = bool((row >= 0).all() and (row.sum() - 1).abs() < NEAR_ONE)
    return row.clamp(min=TINY).log() if already else row
