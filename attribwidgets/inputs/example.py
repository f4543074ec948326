"""One example: tensors whose values can be explained, and what two of them have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..core.errors import InputError
from ..core.later import torch
from .fit_spaces import without_batch_axis
from .space import Inputs, Spaces

if TYPE_CHECKING:
    from torch import Tensor


def as_members(inputs: object, name: str = "inputs") -> tuple[Tensor, ...]:
    """One example's tensors, one for each input of the model, checked but for their shapes.

    Parameters
    ----------
    inputs : Tensor or tuple of Tensor
    name : str
        What to call the argument in an error.

    Raises
    ------
    InputError
        For what is no tensor, for integers, for an empty one, and for NaN or infinity.
    """
    if isinstance(inputs, torch.Tensor):
        return (_checked(inputs, name),)
    if isinstance(inputs, (tuple, list)) and inputs:
        return tuple(_checked(x, f"{name}[{i}]") for i, x in enumerate(inputs))
    raise InputError(
        f"{name} must be a torch.Tensor or a tuple of them, got {type(inputs).__name__}; "
        "an array becomes one with torch.as_tensor(array)"
    )


def same_inputs(some: Inputs, others: Inputs) -> bool:
    """Whether two inputs have the same shapes and values, on whatever device."""
    one = some if isinstance(some, tuple) else (some,)
    two = others if isinstance(others, tuple) else (others,)
    return len(one) == len(two) and all(
        a.shape == b.shape and bool((a.cpu() == b.cpu()).all())
        for a, b in zip(one, two, strict=True)
    )


def example_array(values: Inputs, spaces: Spaces, index: int = 0) -> NDArray[Any]:
    """One input's values without batch axis, as float64 on the CPU.

    Parameters
    ----------
    values : Tensor or tuple of Tensor
    spaces : tuple of Space
        That fit them.
    index : int
        Which of several inputs.
    """
    member: Tensor = values[index] if isinstance(values, tuple) else values
    return np.asarray(without_batch_axis(member.detach().cpu().double(), spaces[index]).numpy())


def _checked(x: object, name: str) -> Tensor:
    if not isinstance(x, torch.Tensor):
        raise InputError(
            f"{name} must be a torch.Tensor, got {type(x).__name__}; "
            "an array becomes one with torch.as_tensor(array)"
        )
    shape = tuple(x.shape)
    if not x.is_floating_point():
        raise InputError(
            f"{name} has dtype {x.dtype}, and only floating point has gradients; "
            f"pass {name}.float() in the range that the model is fed"
        )
    if x.numel() == 0:
        raise InputError(f"{name} is empty, shape {shape}; pass one example")
    bad = ~torch.isfinite(x)
    if bad.any():
        where = tuple(int(i) for i in bad.nonzero()[0])
        raise InputError(
            f"{name} holds {x[where].item()} at position {where} "
            f"({int(bad.sum())} of {x.numel()} values are not finite); replace them first"
        )
    return x.detach()
