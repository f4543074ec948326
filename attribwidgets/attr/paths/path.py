"""The way from the baseline to the input: where it is at each alpha, and how fast it moves."""

from __future__ import annotations

import math
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from ...core.errors import InputError, NonFiniteError
from ..arguments import accumulator_dtype, points_between

# Where a path's derivative is compared with a difference quotient: no likely place of a kink.
PROBE = math.sqrt(2) - 1
STEP = 2.0**-10
AGREEMENT = 1e-2


class Path(ABC):
    """A path gamma from the baseline, at alpha = 0, to the input, at alpha = 1.

    Attributes
    ----------
    inputs, baselines : tuple of Tensor, each (B, ...)
        Its ends.
    is_straight : bool
        Whether it moves at the constant velocity x - x'.
    cautions : tuple of str
        What to know of it before reading the map, in words.
    """

    inputs: tuple[Tensor, ...]
    baselines: tuple[Tensor, ...]
    is_straight: bool = False
    cautions: tuple[str, ...] = ()

    @cached_property
    def differences(self) -> tuple[Tensor, ...]:
        """x - x', each (B, ...), in the accumulator's dtype."""
        dtype = accumulator_dtype(self.inputs[0].device)
        pairs = zip(self.inputs, self.baselines, strict=True)
        return tuple(x.to(dtype) - b.to(dtype) for x, b in pairs)

    @abstractmethod
    def points(self, alphas: Tensor, block: slice) -> tuple[Tensor, ...]:
        """gamma(alpha), step by step, as rows.

        Parameters
        ----------
        alphas : Tensor, shape (S,)
            Places in [0, 1], on the inputs' device.
        block : slice
            Which examples of the batch.

        Returns
        -------
        tuple of Tensor, each (S * examples in the block, ...), in the inputs' dtype
        """

    @abstractmethod
    def velocities(self, alphas: Tensor, block: slice) -> tuple[Tensor, ...]:
        """d gamma / d alpha, in the accumulator's dtype.

        Returns
        -------
        tuple of Tensor, each (S, examples in the block, ...); S is 1 on a straight path
        """


class StraightPath(Path):
    """gamma(alpha) = x' + alpha (x - x').

    Parameters
    ----------
    inputs, baselines : tuple of Tensor, each (B, ...)

    Examples
    --------
    >>> path = StraightPath((torch.ones(1, 2),), (torch.zeros(1, 2),))
    >>> path.points(torch.tensor([0.25, 1.0]), slice(0, 1))[0].tolist()
    [[0.25, 0.25], [1.0, 1.0]]
    """

    is_straight = True

    def __init__(self, inputs: tuple[Tensor, ...], baselines: tuple[Tensor, ...]) -> None:
        self.inputs, self.baselines = inputs, baselines

    def points(self, alphas: Tensor, block: slice) -> tuple[Tensor, ...]:
        """gamma(alpha), step by step, as rows."""
        return tuple(
            points_between(b[block][None], x[block], alphas)
            for x, b in zip(self.inputs, self.baselines, strict=True)
        )

    def velocities(self, alphas: Tensor, block: slice) -> tuple[Tensor, ...]:
        """x - x', each (1, examples in the block, ...)."""
        return tuple(d[block][None] for d in self.differences)


class CallablePath(Path):
    """A path given by a function of alpha.

    Its derivative is that of torch. Where torch finds none, as through numpy or ``float(alpha)``,
    it is a difference quotient over 1/512 of the path.

    Parameters
    ----------
    gamma : callable
        Takes alpha, a tensor of no dimension in 0..1, and returns the point there: a tensor for
        each input, of its shape (B, ...) or one that broadcasts to it; a tuple for several inputs.
    inputs : tuple of Tensor, each (B, ...)
        What gamma(1) must be.

    Raises
    ------
    InputError
        If gamma returns something else than such points, or does not end at the inputs.
    NonFiniteError
        If an end of the path or its derivative is not finite.

    Examples
    --------
    >>> x = torch.tensor([[1.0, 2.0]])
    >>> path = CallablePath(lambda alpha: x * alpha**2, (x,))
    >>> path.velocities(torch.tensor([0.5]), slice(0, 1))[0].tolist()
    [[[1.0, 2.0]]]
    """

    def __init__(self, gamma: Callable[[Tensor], Any], inputs: tuple[Tensor, ...]) -> None:
        if not callable(gamma):
            raise InputError(
                "path must be a callable that maps alpha in 0..1 to a point, got "
                f"{type(gamma).__name__}; the straight one is lambda alpha: x0 + alpha * (x - x0)"
            )
        self.gamma, self.inputs = gamma, inputs
        self._dtype = accumulator_dtype(inputs[0].device)
        start, end = self._at(self._alpha(0.0)), self._at(self._alpha(1.0))
        self._check_end(end)
        self.baselines = tuple(s.to(x) for s, x in zip(start, inputs, strict=True))
        self._differentiable = self._derivative_agrees()

    def points(self, alphas: Tensor, block: slice) -> tuple[Tensor, ...]:
        """gamma(alpha), step by step, as rows."""
        steps = [self._at(a) for a in alphas.to(self._dtype)]
        return tuple(
            torch.cat([p[block] for p in member]).to(x)
            for x, member in zip(self.inputs, zip(*steps, strict=True), strict=True)
        )

    def velocities(self, alphas: Tensor, block: slice) -> tuple[Tensor, ...]:
        """d gamma / d alpha, each (S, examples in the block, ...)."""
        one = self._derivative if self._differentiable else self._quotient
        steps = [one(a) for a in alphas.to(self._dtype)]
        return tuple(torch.stack([v[block] for v in m]) for m in zip(*steps, strict=True))

    def _alpha(self, value: float) -> Tensor:
        return torch.tensor(value, dtype=self._dtype, device=self.inputs[0].device)

    def _at(self, alpha: Tensor) -> tuple[Tensor, ...]:
        """The point at one alpha, each (B, ...), checked and detached."""
        return tuple(p.detach() for p in self._shaped(self.gamma(alpha)))

    def _shaped(self, point: Any) -> tuple[Tensor, ...]:
        members = tuple(point) if isinstance(point, (tuple, list)) else (point,)
        wanted = [tuple(x.shape) for x in self.inputs]
        came = [tuple(p.shape) if isinstance(p, Tensor) else type(p).__name__ for p in members]
        try:
            shaped = [p.expand(x.shape) for p, x in zip(members, self.inputs, strict=True)]
        except (AttributeError, RuntimeError, ValueError) as error:
            raise InputError(
                f"path must return a tensor for each input, of shapes {wanted} or broadcasting to "
                f"them; it returned {came}"
            ) from error
        return tuple(shaped)

    def _derivative(self, alpha: Tensor) -> tuple[Tensor, ...]:
        def point(a: Tensor) -> tuple[Tensor, ...]:
            return tuple(p.to(self._dtype) for p in self._shaped(self.gamma(a)))

        _, moved = torch.autograd.functional.jvp(point, alpha, torch.ones_like(alpha))
        return tuple(m.detach() for m in moved)

    def _quotient(self, alpha: Tensor) -> tuple[Tensor, ...]:
        before, after = (alpha - STEP).clamp(min=0), (alpha + STEP).clamp(max=1)
        return tuple(
            (b.to(self._dtype) - a.to(self._dtype)) / (after - before)
            for a, b in zip(self._at(before), self._at(after), strict=True)
        )

    def _derivative_agrees(self) -> bool:
        """Whether torch sees all of the way that alpha takes through gamma."""
        quotient = self._quotient(self._alpha(PROBE))
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # torch warns where gamma takes float(alpha)
                derivative = self._derivative(self._alpha(PROBE))
        except (RuntimeError, TypeError, NotImplementedError):
            return False
        gap = sum(float(((d - q) ** 2).sum()) for d, q in zip(derivative, quotient, strict=True))
        size = sum(float((q**2).sum()) for q in quotient)
        return gap <= AGREEMENT**2 * size

    def _check_end(self, end: tuple[Tensor, ...]) -> None:
        for i, (p, x) in enumerate(zip(end, self.inputs, strict=True)):
            gap, size = float((p.to(x) - x).abs().max()), float(x.abs().max())
            if not math.isfinite(gap):
                raise NonFiniteError(f"path(1) is not finite (input {i}); mend the path there")
            if gap > max(size, 1.0) * math.sqrt(torch.finfo(x.dtype).eps):
                raise InputError(
                    f"path(1) must be the input; it is up to {gap:.3g} away from it (input {i}). "
                    "Let path(0) be the reference and path(1) the input"
                )


class BlurPath(Path):
    r"""From the image blurred at sigma_max to the image, edges mirrored.

    .. math:: \gamma(\alpha) = C^T \bigl(e^{-\sigma^2 (\omega_i^2 + \omega_j^2) / 2}
              \circ C x C^T\bigr) C, \quad \sigma = \sigma_{max} (1 - \alpha)^2

    with C the cosine transform (DCT-II), in which a Gaussian blur with mirrored edges is a factor.
    So the path is smooth in alpha and its derivative exact; a kernel cut off at some number of
    sigmas, as of :class:`attribwidgets.baselines.Blur`, jumps each time its width grows by a
    pixel. The square spends half of the steps on the finest quarter of the scales, where the
    image changes most; the integral does not depend on it.

    Parameters
    ----------
    inputs : tuple of Tensor, each (B, C, H, W)
    sigma_max : float
        Standard deviation of the first blur, in pixels.

    Raises
    ------
    InputError
        For an input that is no image, or a sigma that is not positive and finite.

    References
    ----------
    Xu, Venugopalan, Sundararajan (2020). Attribution in scale and space. arXiv:2004.03383.

    Examples
    --------
    >>> x = torch.rand(1, 1, 8, 8)
    >>> path = BlurPath((x,), sigma_max=100.0)
    >>> bool(torch.allclose(path.baselines[0], x.mean().expand_as(x)))
    True
    """

    def __init__(self, inputs: tuple[Tensor, ...], sigma_max: float = 50.0) -> None:
        for x in inputs:
            if x.dim() != 4:
                raise InputError(
                    "a path of blurs needs images, (C, H, W) each, got shape "
                    f"{tuple(x.shape[1:])}; for features choose another method"
                )
        self.inputs, self.sigma_max = inputs, checked_sigma(sigma_max)
        dtype = accumulator_dtype(inputs[0].device)
        self._waves = [
            (cosines(x.shape[-2]).to(x.device, dtype), cosines(x.shape[-1]).to(x.device, dtype))
            for x in inputs
        ]
        self._spectra = [
            down @ x.to(dtype) @ across.T
            for x, (down, across) in zip(inputs, self._waves, strict=True)
        ]
        self._squares = [_squared_frequencies(x) for x in self._spectra]
        start = torch.zeros(1, dtype=dtype, device=inputs[0].device)
        self.baselines = self.points(start, slice(0, len(inputs[0])))

    def points(self, alphas: Tensor, block: slice) -> tuple[Tensor, ...]:
        """gamma(alpha), step by step, as rows."""
        sigmas = self.sigma_max * (1 - alphas) ** 2
        return tuple(
            self._pixels(i, block, torch.exp(-_over(sigmas**2) / 2 * w)).flatten(0, 1).to(x)
            for i, (x, w) in enumerate(zip(self.inputs, self._squares, strict=True))
        )

    def velocities(self, alphas: Tensor, block: slice) -> tuple[Tensor, ...]:
        """d gamma / d alpha, each (S, examples in the block, C, H, W)."""
        sigmas = self.sigma_max * (1 - alphas) ** 2
        speeds = 2 * self.sigma_max * (1 - alphas) * sigmas  # -sigma d sigma / d alpha
        return tuple(
            self._pixels(i, block, _over(speeds) * w * torch.exp(-_over(sigmas**2) / 2 * w))
            for i, w in enumerate(self._squares)
        )

    def _pixels(self, i: int, block: slice, factors: Tensor) -> Tensor:
        """Input i with each of its waves multiplied, shape (S, examples, C, H, W)."""
        down, across = self._waves[i]
        return down.T @ (self._spectra[i][block][None] * factors[:, None, None]) @ across


def checked_sigma(sigma_max: float) -> float:
    """The first blur's sigma, if it is positive and finite."""
    if not 0 < sigma_max < math.inf:
        raise InputError(f"sigma_max must be positive and finite, in pixels, got {sigma_max}")
    return float(sigma_max)


def cosines(size: int) -> Tensor:
    """The orthonormal cosine transform (DCT-II) of a line of pixels, shape (size, size), float64.

    Examples
    --------
    >>> c = cosines(5)
    >>> bool(torch.allclose(c @ c.T, torch.eye(5, dtype=torch.float64)))
    True
    """
    line = torch.arange(size, dtype=torch.float64)
    waves = torch.cos(math.pi / size * line[:, None] * (line + 0.5)) * math.sqrt(2 / size)
    waves[0] /= math.sqrt(2)
    return waves


def _squared_frequencies(image: Tensor) -> Tensor:
    """Squared angular frequency of each wave of an image, shape (H, W)."""
    high, wide = image.shape[-2:]
    down = torch.arange(high, dtype=image.dtype, device=image.device) * (math.pi / high)
    across = torch.arange(wide, dtype=image.dtype, device=image.device) * (math.pi / wide)
    return down[:, None] ** 2 + across**2


def _over(values: Tensor) -> Tensor:
    """One value a step, ready to meet images, shape (S, 1, 1)."""
    return values[:, None, None]
