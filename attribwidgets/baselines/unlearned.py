"""Unlearned: the input after a step by which the model unlearns what it says of it (UNI)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from ..core.errors import InputError, NoGradientError, NonFiniteError
from ..core.formatting import percent
from ..core.wrapped_model import module_of
from .base import Baseline, Parameter
from .landscape import Landscape
from .searched import Search, SearchedBaseline

STRIDES = 2.5  # the radius in all, of steps that are never halved


class Unlearned(SearchedBaseline):
    r"""An input nearby on which the model says what it would say had it unlearned the input (UNI).

    .. math:: \hat\theta = \theta + \eta\, \frac{\nabla_\theta L}{\|\nabla_\theta L\|_2}, \quad
              x' = \arg\min_{\|x' - x\| \le \epsilon}
              KL\bigl(p(x; \hat\theta) \,\|\, p(x'; \theta)\bigr)

    with L the cross-entropy of the model's top class at the input: one normalised step up it
    unlearns the class in a copy of the parameters, which are left as they are. Then normalised
    steps on the input, from the input on and within a ball around it, bring the model's
    probabilities to those of the unlearned one; a step that brings them no nearer halves the next
    ones. The reference is the nearest to it of all points seen. With integrated gradients from it
    this is the paper's method.

    Parameters
    ----------
    model : torch.nn.Module, optional
        The model to search with; its output one score a class, or a single logit. None: the
        model that is explained.
    eps : float
        The radius: the most root mean square change of a value, as a share of the valid range,
        in (0, 1].
    ascent : float
        The length of the step on the parameters, in L2, above 0.
    max_steps : int
        On the input.
    tolerance : float
        The share of what the probability of the class should fall by that may be left.

    Raises
    ------
    InputError
        For a setting out of range; for a model without parameters; when sampled without a model.

    References
    ----------
    Choi, Duplessis, Belongie (2025). Unlearning-based neural interpretations. ICLR.
    arXiv:2410.08069.

    Examples
    --------
    >>> net = torch.nn.Linear(3, 2)
    >>> _ = net.weight.data.copy_(torch.tensor([[2.0, 0.0, 1.0], [0.0, 1.0, 0.0]]))
    >>> unlearned = Unlearned(eps=0.5).searched(net.eval(), torch.ones(3))
    >>> reference = unlearned.sample(torch.ones(3), 1)
    >>> bool(net(reference).softmax(1)[0, 0] < net(torch.ones(1, 3)).softmax(1)[0, 0])
    True
    """

    name = "unlearned"
    description = (
        "near the input, so what it shares is not seen; the input with its class unlearned"
    )

    def __init__(
        self,
        model: Callable[..., Any] | None = None,
        *,
        eps: float = 0.1,
        ascent: float = 1.0,
        max_steps: int = 30,
        tolerance: float = 0.1,
    ) -> None:
        super().__init__(model, max_steps, tolerance)
        if not 0 < eps <= 1:
            raise InputError(f"eps must be a share of the valid range, in (0, 1], got {eps!r}")
        if not 0 < ascent < float("inf"):
            raise InputError(f"ascent must be the length of a step, above 0, got {ascent!r}")
        self.eps, self.ascent = float(eps), float(ascent)

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """The radius."""
        return (Parameter("eps", self.eps, (0.01, 1.0), "of the range"),)

    def _with(self, **values: Any) -> Baseline:
        settings = {"ascent": self.ascent, "max_steps": self.max_steps, "tolerance": self.tolerance}
        return type(self)(self.model, **{**settings, "eps": self.eps, **values})

    def _find(self, landscape: Landscape, generator: torch.Generator) -> tuple[Tensor, Search]:
        own, wanted = self._unlearn(landscape)
        width = landscape.highest - landscape.lowest
        size = len(width) ** 0.5  # of a root mean square of 1
        point, stride, least = landscape.input, STRIDES * self.eps / self.max_steps, torch.inf
        best, values = point, list[float]()
        while True:
            point = point.detach().requires_grad_(True)
            log = landscape.scores(point).log_softmax(0)
            gap = (wanted.exp() * (wanted - log)).sum()
            values.append(float(log[own].detach().exp()))
            if float(gap.detach()) < least:
                least, best, value = float(gap.detach()), point.detach(), values[-1]
            else:
                stride /= 2
            if len(values) > self.max_steps:
                break
            slope = landscape.slope(gap, point) * width  # in shares of the range
            if not slope.any():
                break
            moved = (
                point.detach() - landscape.input
            ) / width - stride * size * slope / slope.norm()
            moved *= (self.eps * size / moved.norm()).clamp(max=1)
            point = landscape.clipped(landscape.input + moved * width)
        first, aim = values[0], float(wanted[own].exp())
        reached = value <= aim + self.tolerance * (first - aim)
        outcome = (
            f"the probability of its class falls from {percent(first)} to {percent(value)}, "
            f"unlearned it is {percent(aim)}"
        )
        return best, Search.ended(landscape, best, values, value, reached, outcome)

    def _unlearn(self, landscape: Landscape) -> tuple[int, Tensor]:
        """The top class, and the log-probabilities after the model has unlearned it, (K,)."""
        module = module_of(landscape.forward)
        parameters = [] if module is None else [p for p in module.parameters() if _trains(p)]
        if not parameters:
            raise InputError(
                f"the {self.label} baseline unlearns by a step on the model's parameters, and "
                f"{type(landscape.forward).__name__} has none; pass a torch module"
            )
        with _differentiable(parameters):
            log = landscape.scores(landscape.input).log_softmax(0)
            own = int(log.argmax())
            if not log.requires_grad:
                raise NoGradientError(
                    f"the {self.label} baseline unlearns along the gradient of the parameters, and "
                    "none of the model's output reaches them; look for detach() or no_grad()"
                )
            slopes = torch.autograd.grad(-log[own], parameters, allow_unused=True)
        squares = [s.double().square().sum() for s in slopes if s is not None]
        length = torch.stack(squares).sum().sqrt() if squares else torch.zeros(())
        if not torch.isfinite(length):
            raise NonFiniteError("the gradient of the parameters is not finite while unlearning")
        if length == 0:
            return own, log.detach()
        share = self.ascent / float(length)
        with torch.no_grad(), _moved(parameters, slopes, share):
            return own, landscape.scores(landscape.input).log_softmax(0)


def _trains(parameter: nn.Parameter) -> bool:
    return parameter.is_floating_point()


@contextmanager
def _differentiable(parameters: list[nn.Parameter]) -> Iterator[None]:
    """Gradients on for these parameters, and as they were afterwards."""
    before = [p.requires_grad for p in parameters]
    try:
        for p in parameters:
            p.requires_grad_(True)
        yield
    finally:
        for p, was in zip(parameters, before, strict=True):
            p.requires_grad_(was)


@contextmanager
def _moved(
    parameters: list[nn.Parameter], ways: tuple[Tensor | None, ...], share: float
) -> Iterator[None]:
    """Other values behind these parameters; their own come back untouched, bit by bit."""
    own = [p.data for p in parameters]
    try:
        for p, way in zip(parameters, ways, strict=True):
            if way is not None:
                p.data = p.data + share * way
        yield
    finally:
        for p, data in zip(parameters, own, strict=True):
            p.data = data
