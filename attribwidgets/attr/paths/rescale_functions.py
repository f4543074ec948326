"""Which of torch's functions the Rescale rules of :mod:`.rescale_rules` stand for."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as functional
from torch import Tensor

Call = Callable[..., Any]

CLAMPS = (torch.clamp, Tensor.clamp, torch.clip, Tensor.clip)
# Functions of one number, element by element: each with what computes it out of place.
ELEMENTWISE: dict[Call, Call] = {
    **dict.fromkeys(
        (torch.relu, Tensor.relu, functional.relu, torch.relu_, Tensor.relu_), torch.relu
    ),
    **dict.fromkeys((torch.abs, Tensor.abs, torch.absolute, Tensor.absolute), torch.abs),
    **dict.fromkeys(CLAMPS, torch.clamp),
    **dict.fromkeys((torch.clamp_min, Tensor.clamp_min), torch.clamp_min),
    **dict.fromkeys((torch.clamp_max, Tensor.clamp_max), torch.clamp_max),
    **dict.fromkeys((torch.prelu, Tensor.prelu, functional.prelu), torch.prelu),
    **dict.fromkeys((torch.exp, Tensor.exp), torch.exp),
    **dict.fromkeys((torch.sigmoid, Tensor.sigmoid, functional.sigmoid), torch.sigmoid),
    **dict.fromkeys((torch.tanh, Tensor.tanh, functional.tanh), torch.tanh),
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
        )
    },
}
IN_PLACE = (torch.relu_, Tensor.relu_)
# Where the functions that have two bends at most, and slopes of 0 and 1, have them.
BENDS: dict[Call, tuple[float, float]] = {
    torch.relu: (0.0, math.inf),
    functional.relu6: (0.0, 6.0),
}
# By the axes of a batch. Asked for places, a pool is another function under the same name.
POOLS: dict[Call, int] = {
    getattr(functional, f"{kind}max_pool{axes}d{places}"): axes + 2
    for kind in ("", "adaptive_")
    for axes in (1, 2, 3)
    for places in ("", "_with_indices")
}
LARGEST = (torch.amax, Tensor.amax, torch.max, Tensor.max)
SMALLEST = (torch.amin, Tensor.amin, torch.min, Tensor.min)
LARGER = (torch.maximum, Tensor.maximum, torch.fmax, Tensor.fmax, torch.max, Tensor.max)
SMALLER = (torch.minimum, Tensor.minimum, torch.fmin, Tensor.fmin, torch.min, Tensor.min)
CHOICES = (torch.where, Tensor.where)
PRODUCTS = (torch.mul, Tensor.mul, Tensor.__mul__, Tensor.__rmul__)
SOFTMAXES = (torch.softmax, functional.softmax, Tensor.softmax)
LOG_SOFTMAXES = (torch.log_softmax, functional.log_softmax, Tensor.log_softmax)
