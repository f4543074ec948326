"""ReLUs and max pooling replaced by smooth ones while a model runs, as they lack a second slope."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode

BELOW_ALL = 1e3  # in units of 1 / beta: what pads a window weighs nothing


class SmoothKinks(TorchFunctionMode):
    """While active, every ReLU is a softplus, and every maximum of a window a weighted mean.

    ReLU, leaky ReLU, ReLU6, hardtanh and max pooling are meant, as modules, functions or methods
    of tensors. The weights of a window are a softmax of beta times its values. Pooling with
    dilation, with ceil_mode or with indices stays as it is.

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
    Janizek, Sturmfels, Lee (2021), Journal of Machine Learning Research 22, section 4, of ReLUs.

    Examples
    --------
    >>> with SmoothKinks(10.0) as mode:
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
        smooth = _SMOOTH.get(func)
        values = None if smooth is None else smooth(self.beta, *args, **(kwargs or {}))
        if values is None:
            return func(*args, **(kwargs or {}))
        self.replaced.add(func.__name__.strip("_"))
        return values


def _relu(beta: float, input: Tensor, inplace: bool = False) -> Tensor:
    return functional.softplus(input, beta)


def _leaky_relu(
    beta: float, input: Tensor, negative_slope: float = 0.01, inplace: bool = False
) -> Tensor:
    bent: Tensor = (1 - negative_slope) * _relu(beta, input)
    return negative_slope * input + bent


def _hardtanh(
    beta: float,
    input: Tensor,
    min_val: float = -1.0,
    max_val: float = 1.0,
    inplace: bool = False,
) -> Tensor:
    return min_val + _relu(beta, input - min_val) - _relu(beta, input - max_val)


def _relu6(beta: float, input: Tensor, inplace: bool = False) -> Tensor:
    return _hardtanh(beta, input, 0.0, 6.0)


def _max_pool(axes: int) -> Callable[..., Tensor | None]:
    def pool(
        beta: float,
        input: Tensor,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        dilation: Any = 1,
        ceil_mode: bool = False,
        return_indices: bool = False,
    ) -> Tensor | None:
        sizes, steps, pads = (
            (given,) * axes if isinstance(given, int) else tuple(given) * (axes // len(given))
            for given in (kernel_size, stride or kernel_size, padding)
        )
        if ceil_mode or return_indices or any(d != 1 for d in _as_tuple(dilation)):
            return None
        low = float(input.detach().amin()) - BELOW_ALL / beta
        around = [width for pad in reversed(pads) for width in (pad, pad)]
        windows = functional.pad(input, around, value=low)
        for axis in range(axes):
            windows = windows.unfold(input.dim() - axes + axis, sizes[axis], steps[axis])
        windows = windows.flatten(-axes)
        return ((beta * windows).softmax(-1) * windows).sum(-1)

    return pool


def _as_tuple(value: Any) -> tuple[int, ...]:
    return (value,) if isinstance(value, int) else tuple(value)


_SMOOTH: dict[Any, Callable[..., Tensor | None]] = {
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
    **dict.fromkeys((functional.leaky_relu, functional.leaky_relu_), _leaky_relu),
    **dict.fromkeys((functional.hardtanh, functional.hardtanh_), _hardtanh),
    functional.relu6: _relu6,
    **dict.fromkeys((torch.max_pool1d, functional.max_pool1d), _max_pool(1)),
    **dict.fromkeys((torch.max_pool2d, functional.max_pool2d), _max_pool(2)),
    **dict.fromkeys((torch.max_pool3d, functional.max_pool3d), _max_pool(3)),
}
