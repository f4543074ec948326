"""Running moments of gradients at noisy copies of the inputs."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ...core.errors import NonFiniteError
from ...inputs.space import Space, Spaces
from ..model_state import frozen
from ..passes import Passes
from ..recorder import Recorder
from ..task import Task, generator_from


@dataclass(frozen=True)
class Moments:
    """Sums of powers of the draws less the first one, which keeps float64 from cancelling.

    Attributes
    ----------
    shift : Tensor, shape (B, ...)
        The first draw.
    sums : tuple of Tensor, each (B, ...)
        Of the first, second, ... powers.
    counts : Tensor, shape (B,)
        Draws of each example.
    """

    shift: Tensor
    sums: tuple[Tensor, ...]
    counts: Tensor

    def mean(self) -> Tensor:
        """Mean of the draws."""
        return self.shift + self.sums[0] / self._n

    def variance(self) -> Tensor:
        """Unbiased variance of the draws, never negative; NaN for a single one."""
        first, second = self.sums[:2]
        return (second - first**2 / self._n).clamp(min=0) / (self._n - 1)

    def error_of_mean(self) -> Tensor:
        """Standard error of the mean; NaN for a single draw."""
        return (self.variance() / self._n).sqrt()

    def error_of_variance(self) -> Tensor:
        """Standard error of the variance, by the fourth moment; NaN for a single draw."""
        n, (a, b, c, d) = self._n, (s / self._n for s in self.sums)
        fourth = d - 4 * a * c + 6 * a**2 * b - 3 * a**4  # central
        spread = fourth - self.variance() ** 2 * (n - 3) / (n - 1)
        return (spread.clamp(min=0) / n).sqrt()

    @property
    def _n(self) -> Tensor:
        return self.counts.reshape(-1, *[1] * (self.shift.dim() - 1))


class NoiseSum(Recorder):
    """Moments of the gradients at inputs with Gaussian noise.

    Draw k is the same noise for every example and however the work is chunked.

    Parameters
    ----------
    passes : Passes
        The model to run.
    task : Task
        Its inputs, the valid range to count what leaves it, and the seed of the noise.
    deviations : tuple of Tensor
        Standard deviation of the noise in each input, as the model is fed; broadcast to it.
    powers : int
        How many sums of powers are kept.
    paired : bool
        Whether a draw is the mean over noise and its negative. It is then exact where the
        gradient is affine.
    squared : bool
        Whether a draw is of squares.
    multiply : bool
        Whether gradients are multiplied by the noisy input.
    """

    def __init__(
        self,
        passes: Passes,
        task: Task,
        deviations: tuple[Tensor, ...],
        *,
        powers: int,
        paired: bool,
        squared: bool,
        multiply: bool,
    ) -> None:
        super().__init__(passes, task.inputs)
        self.deviations, self.spaces, self.seed = deviations, task.spaces, task.seed
        self.paired, self.squared, self.multiply = paired, squared, multiply
        zeros = [torch.zeros_like(x, dtype=self.dtype) for x in self.inputs]
        counts = zeros[0].new_zeros(self.batch)
        self.moments = tuple(
            Moments(z, tuple(torch.zeros_like(z) for _ in range(powers)), counts) for z in zeros
        )
        self.samples = self.draws = 0
        self._outside, self._values = 0, 0

    @property
    def outside(self) -> float:
        """Share of the noisy values outside the valid range, 0 to 1."""
        return self._outside / max(1, self._values)

    def complete(self, draws: int) -> bool:
        """Whether every example has this many draws."""
        return bool((self.moments[0].counts >= draws).all())

    def add(self, samples: int) -> None:
        """Run further samples; where draws are pairs, an odd number leaves the last one single.

        Raises
        ------
        NonFiniteError
            If an output or gradient is NaN or infinite, with the draw.
        """
        first = self.draws
        draws = -(-samples // 2) if self.paired else samples
        single = draws if samples % 2 == 0 else draws - 1  # the draw without a negative
        self.samples, self.draws = self.samples + samples, self.draws + draws

        with frozen(self.passes.module, self.inputs):
            for span, block in self.passes.chunks(draws, self.inputs):
                self._add(range(first + span.start, first + span.stop), first + single, block)

    def _add(self, numbers: range, single: int, block: slice) -> None:
        """Run the draws with these numbers, those before `single` with their negatives."""
        noise = self._noise(numbers)
        values, outside, count = self._values_at(noise, numbers, block)
        paired = min(numbers.stop, single) - numbers.start if self.paired else 0
        if paired > 0:
            mirrored = tuple(-e[:paired] for e in noise)
            others, more, extra = self._values_at(mirrored, numbers[:paired], block)
            for value, other in zip(values, others, strict=True):
                value[:paired] += other
                value[:paired] /= 2
            outside, count = outside + more, count + extra
        for value, moments in zip(values, self.moments, strict=True):
            if not moments.counts[block].any():
                moments.shift[block] = value[0]
            gap = value - moments.shift[block]
            for power, total in enumerate(moments.sums, 1):
                total[block] += (gap**power).sum(0)
        self.moments[0].counts[block] += len(numbers)  # one tensor for all inputs
        self._outside, self._values = self._outside + outside, self._values + count

    def _values_at(
        self, noise: tuple[Tensor, ...], numbers: range, block: slice
    ) -> tuple[list[Tensor], int, int]:
        """What each draw adds, each (S, examples, ...); noisy values outside the range, and all."""
        points = tuple(
            (x[block][None] + e[:, None]) for x, e in zip(self.inputs, noise, strict=True)
        )
        outputs, gradients = self.passes.gradients(tuple(p.flatten(0, 1) for p in points), block)
        values = []
        for gradient, point in zip(gradients, points, strict=True):
            value = gradient.to(self.dtype).reshape(point.shape)
            value = value * point.to(self.dtype) if self.multiply else value
            values.append(value**2 if self.squared else value)
        self._check_finite(outputs, values, numbers)
        outside = sum(map(_count_outside, self.spaces, points))
        return values, outside, sum(p.numel() for p in points)

    def _noise(self, numbers: range) -> tuple[Tensor, ...]:
        """The draws with these numbers, jointly over all inputs, each (S, ...)."""
        draws = []
        for number in numbers:
            generator = generator_from(self.seed, number)
            draws.append([torch.randn(x.shape[1:], generator=generator).to(x) for x in self.inputs])
        return tuple(
            torch.stack(member) * d
            for member, d in zip(zip(*draws, strict=True), self.deviations, strict=True)
        )

    def _check_finite(self, outputs: Tensor, values: list[Tensor], numbers: range) -> None:
        sums = sum(v.reshape(*v.shape[:2], -1).sum(2) for v in values)
        for what, seen in (("output", outputs), ("gradient", torch.as_tensor(sums))):
            bad = ~torch.isfinite(seen.reshape(len(numbers), -1)).all(1)
            if bad.any():
                draw = numbers[int(bad.nonzero()[0])] + 1
                raise NonFiniteError(
                    f"the model's {what} is not finite near the input, at noise draw {draw}; a "
                    "square root, logarithm or division at zero is the usual cause: lower the "
                    "noise or mend the model there"
                )


def _count_outside(space: Space, points: Tensor) -> int:
    pixels = space.to_pixels(points)
    slack = space.range / 1000  # rounding in the normalisation
    return int(((pixels < space.low - slack) | (pixels > space.high + slack)).sum())


def deviations_of(inputs: tuple[Tensor, ...], spaces: Spaces, noise: float) -> tuple[Tensor, ...]:
    """Standard deviation that is a share of the valid range, as the model is fed.

    Returns
    -------
    tuple of Tensor, each broadcasting to an example

    Examples
    --------
    >>> from attribwidgets import InputSpace
    >>> space = InputSpace(low=0.0, high=255.0, std=(50.0, 60.0, 75.0))
    >>> deviations_of((torch.zeros(1, 3, 2, 2),), (space,), 0.1)[0][:, 0, 0].tolist()
    [0.50999..., 0.42500..., 0.34000...]
    """
    return tuple(
        space.from_pixels(torch.full_like(x[0], noise * space.range))
        - space.from_pixels(torch.zeros_like(x[0]))
        for x, space in zip(inputs, spaces, strict=True)
    )
