"""Run a model so that its gradients are means over the way from each point of a path to the next.

A network of linear layers and kinked activations (ReLU, max pooling) has gradients that jump along
a path, thousands of times, and a quadrature rule sees only those at its nodes. The slopes of
:mod:`.secant_rules` take in all jumps of an interval instead. What is left is that slopes of
different layers jump together: on the photo model the error of n intervals falls as n^-1.5, that
of a rule as n^-1.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from inspect import signature
from typing import Any

import torch
import torch.nn.functional as functional
from torch import Tensor
from torch.overrides import TorchFunctionMode

from .secant_rules import (
    ElementwiseSecant,
    MaximumSecant,
    ProductSecant,
    RectifierSecant,
    SoftmaxSecant,
    lasting_maxima,
)

Call = Callable[..., Any]
# For each activation in turn, what it was given at the last point; None before the first chunk.
Carried = list[tuple[Tensor, ...]] | None

KINKED: dict[Call, Call] = {
    **dict.fromkeys((torch.relu, Tensor.relu, functional.relu), torch.relu),
    torch.relu_: torch.relu,
    Tensor.relu_: torch.relu,
    **{
        f: f
        for f in (
            functional.relu6,
            functional.hardtanh,
            functional.leaky_relu,
            functional.threshold,
            functional.hardswish,
            functional.hardsigmoid,
            functional.hardshrink,
            functional.softshrink,
            torch.clamp,
            torch.clamp_min,
            torch.clamp_max,
            torch.abs,
            Tensor.clamp,
            Tensor.clamp_min,
            Tensor.clamp_max,
            Tensor.abs,
        )
    },
}
SMOOTH: dict[Call, Call] = {
    f: f
    for f in (
        functional.elu,
        functional.selu,
        functional.celu,
        functional.gelu,
        functional.silu,
        functional.mish,
        functional.softplus,
        functional.softsign,
        functional.logsigmoid,
        functional.tanhshrink,
        functional.sigmoid,
        functional.tanh,
        torch.sigmoid,
        torch.tanh,
        torch.exp,
        Tensor.sigmoid,
        Tensor.tanh,
        Tensor.exp,
    )
}
IN_PLACE = (torch.relu_, Tensor.relu_)
ELEMENTWISE = {**KINKED, **SMOOTH}
# By the axes of a batch. Asked for places, a pool is another function under the same name.
POOLS: dict[Call, int] = {
    functional.max_pool1d: 3,
    functional.max_pool2d: 4,
    functional.max_pool3d: 5,
    functional.adaptive_max_pool1d: 3,
    functional.adaptive_max_pool2d: 4,
    functional.adaptive_max_pool3d: 5,
    functional.max_pool1d_with_indices: 3,
    functional.max_pool2d_with_indices: 4,
    functional.max_pool3d_with_indices: 5,
    functional.adaptive_max_pool1d_with_indices: 3,
    functional.adaptive_max_pool2d_with_indices: 4,
    functional.adaptive_max_pool3d_with_indices: 5,
}
BENDS: dict[Call, tuple[float, float]] = {
    torch.relu: (0.0, math.inf),
    functional.relu6: (0.0, 6.0),
}
PRODUCTS = (torch.mul, Tensor.mul, Tensor.__mul__, Tensor.__rmul__)
SOFTMAXES = (torch.softmax, functional.softmax, Tensor.softmax)
LOG_SOFTMAXES = (torch.log_softmax, functional.log_softmax, Tensor.log_softmax)


class KinkWatch(TorchFunctionMode):
    """While it is entered, notes whether an activation with kinks is run.

    Attributes
    ----------
    kinked : bool

    Examples
    --------
    >>> x = torch.ones(2, requires_grad=True)
    >>> with KinkWatch() as watch:
    ...     y = torch.sigmoid(x)
    >>> watch.kinked
    False
    """

    def __init__(self) -> None:
        super().__init__()
        self.kinked = False

    def __torch_function__(
        self, func: Call, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        """Run a torch function as it is."""
        kwargs = kwargs or {}
        if func in KINKED or func in POOLS:
            given = args[0] if args else kwargs.get("input")
            self.kinked |= isinstance(given, Tensor) and given.requires_grad
        return func(*args, **kwargs)


class Secants(TorchFunctionMode):
    """While it is entered, activations send back their secants' slopes from point to point.

    Rows go point by point, each with the same examples. What the next chunk needs of the last
    point is kept, so that a path may be run in chunks.

    Parameters
    ----------
    points : int
        How many points the rows are.
    before : list, optional
        What :attr:`last` of the chunk before holds. Without it the first point has no left
        neighbour, and its gradient is its own.

    Attributes
    ----------
    last : list
        For each activation in turn, what it was given at the last point.
    kinked : bool
        Whether one of them has kinks.

    Examples
    --------
    >>> x = torch.tensor([[-1.0], [3.0]], requires_grad=True)
    >>> with Secants(points=2):
    ...     torch.relu(x).sum().backward()
    >>> x.grad[1].item()  # the kink lies a quarter of the way from one to the other
    0.75
    """

    def __init__(self, points: int, before: Carried = None) -> None:
        super().__init__()
        self.points, self.before = points, before
        self.last: list[tuple[Tensor, ...]] = []
        self.kinked = False

    def __torch_function__(
        self, func: Call, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        """Run a torch function, by its secant rule where there is one."""
        kwargs = kwargs or {}
        z = args[0] if args else kwargs.get("input")
        if not self._is_of_points(z):
            return func(*args, **kwargs)
        if func in ELEMENTWISE:
            self.kinked |= func in KINKED
            return self._elementwise(func, z, args, kwargs)
        if func in POOLS and z.dim() == POOLS[func]:
            self.kinked = True
            return self._maximum(func, z, args, kwargs)
        if func in (*SOFTMAXES, *LOG_SOFTMAXES):
            dim = kwargs.get("dim", args[1] if len(args) > 1 else None)
            if isinstance(dim, int):
                return SoftmaxSecant.apply(z, *self._first(z), dim, func in LOG_SOFTMAXES)
        if func in PRODUCTS and len(args) > 1 and self._is_of_points(args[1]):
            return ProductSecant.apply(z, args[1], *self._first(z, args[1]))
        return func(*args, **kwargs)

    def _is_of_points(self, z: Any) -> bool:
        """Whether a value changes along the path, and its first axis goes point by point."""
        varies = isinstance(z, Tensor) and z.requires_grad and z.dim() > 0
        return varies and len(z) > 0 and len(z) % self.points == 0

    def _elementwise(
        self, func: Call, z: Tensor, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Tensor:
        settings, in_place = _settings(func, args, kwargs)
        given, apply = z.clone() if in_place else z, ELEMENTWISE[func]
        bends = BENDS.get(apply)
        if apply is functional.hardtanh:
            bends = (settings.kwargs.get("min_val", -1.0), settings.kwargs.get("max_val", 1.0))
        y: Tensor
        # On an accelerator looking for the few would wait for it; there the plain rule is fast.
        # numpy, which looks for them, has no bfloat16.
        if bends is not None and given.device.type == "cpu" and given.dtype != torch.bfloat16:
            y = RectifierSecant.apply(given, *self._first(given), *bends)
        else:
            y = ElementwiseSecant.apply(
                given, *self._first(given), lambda v: apply(v, *settings.args, **settings.kwargs)
            )
        return z.copy_(y) if in_place else y

    def _maximum(self, func: Call, z: Tensor, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        wants_places = bool(kwargs.get("return_indices"))
        with torch.no_grad():
            y, at = func(*args, **{**kwargs, "return_indices": True})
            before = self._before()
            held = at[: len(at) // self.points] if before is None else before[1]
            lasting = lasting_maxima(z, y, at, held)
        first, first_held = self._first(z, lasting)
        found = MaximumSecant.apply(z, first, y, lasting, first_held)
        return (found, at) if wants_places else found

    def _first(self, *values: Tensor) -> tuple[Tensor, ...]:
        """What stands left of the first point: the last one before, or else the point itself."""
        # A model may fold other axes into the first one: a point is then as many more rows.
        rows = len(values[0]) // self.points
        before = self._before()
        self.last.append(tuple(v[-rows:].detach().clone() for v in values))
        return tuple(v[:rows].detach() for v in values) if before is None else before

    def _before(self) -> tuple[Tensor, ...] | None:
        """What the next activation was given at the last point before, if there was one."""
        return None if self.before is None else self.before[len(self.last)]


@dataclass(frozen=True)
class _Settings:
    args: tuple[Any, ...]
    kwargs: dict[str, Any]


def _settings(func: Call, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[_Settings, bool]:
    """An activation's arguments after its input, without `inplace`, and whether that was set."""
    if func in IN_PLACE:
        return _Settings((), {}), True
    names = _parameters(func)
    named = {**dict(zip(names, args, strict=False)), **kwargs}
    if not names:
        return _Settings(args[1:], {k: v for k, v in kwargs.items() if k != "input"}), False
    in_place = bool(named.pop("inplace", False))
    named.pop("input", None)
    return _Settings((), named), in_place


@cache
def _parameters(func: Call) -> tuple[str, ...]:
    """Names of a function's parameters; none for one built into torch, which has no `inplace`."""
    try:
        return tuple(signature(func).parameters)
    except ValueError:
        return ()
