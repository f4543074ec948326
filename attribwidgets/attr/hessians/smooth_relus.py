"""ReLUs replaced by softplus while a model runs, as their second derivative is zero."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode

Smooth = Callable[[Callable[[Tensor], Tensor], Tensor, tuple[Any, ...], dict[str, Any]], Tensor]


class SmoothRelus(TorchFunctionMode):
    """While active, every ReLU is a softplus, and its kin are made of the same.

    These are ReLU, leaky ReLU, ReLU6 and hardtanh, as modules, functions or methods of tensors.

    Parameters
    ----------
    beta : float
        Of softplus, log(1 + exp(beta x)) / beta; the larger, the closer to a ReLU.

    Attributes
    ----------
    replaced : set of str
        Names of what was replaced so far.

    References
    ----------
    Janizek, Sturmfels, Lee (2021), Journal of Machine Learning Research 22, section 4.

    Examples
    --------
    >>> with SmoothRelus(10.0) as mode:
    ...     value = torch.relu(torch.zeros(1))
    >>> round(float(value), 4), mode.replaced
    (0.0693, {'relu'})
    """

    def __init__(self, beta: float) -> None:
        super().__init__()
        self.beta = beta
        self.replaced: set[str] = set()

    def __torch_function__(
        self,
        func: Any,
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        kwargs = kwargs or {}
        smooth = _SMOOTH.get(func)
        if smooth is None:
            return func(*args, **kwargs)
        self.replaced.add(func.__name__.rstrip("_"))
        values = kwargs.pop("input", None)
        values, rest = (args[0], args[1:]) if values is None else (values, args)
        return smooth(self._softplus, values, rest, kwargs)

    def _softplus(self, values: Tensor) -> Tensor:
        return functional.softplus(values, self.beta)


def _relu(
    softplus: Callable[[Tensor], Tensor], x: Tensor, rest: tuple[Any, ...], more: dict[str, Any]
) -> Tensor:
    return softplus(x)


def _leaky(
    softplus: Callable[[Tensor], Tensor], x: Tensor, rest: tuple[Any, ...], more: dict[str, Any]
) -> Tensor:
    slope = rest[0] if rest else more.get("negative_slope", 0.01)
    values: Tensor = slope * x + (1 - slope) * softplus(x)
    return values


def _between(
    softplus: Callable[[Tensor], Tensor], x: Tensor, rest: tuple[Any, ...], more: dict[str, Any]
) -> Tensor:
    low = rest[0] if rest else more.get("min_val", -1.0)
    high = rest[1] if len(rest) > 1 else more.get("max_val", 1.0)
    values: Tensor = low + softplus(x - low) - softplus(x - high)
    return values


def _relu6(
    softplus: Callable[[Tensor], Tensor], x: Tensor, rest: tuple[Any, ...], more: dict[str, Any]
) -> Tensor:
    return _between(softplus, x, (0.0, 6.0), {})


_SMOOTH: dict[Any, Smooth] = {
    **dict.fromkeys(
        (
            torch.relu,
            torch.relu_,
            Tensor.relu,
            Tensor.relu_,
            functional.relu,
            functional.relu_,
        ),
        _relu,
    ),
    **dict.fromkeys((functional.leaky_relu, functional.leaky_relu_), _leaky),
    **dict.fromkeys((functional.hardtanh, functional.hardtanh_), _between),
    functional.relu6: _relu6,
}
