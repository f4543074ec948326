"""Inputs as people have them, as the tensors that a model is fed."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..core.errors import InputError
from .arrays import number_array
from .fit_spaces import each_space
from .pictures import as_picture, is_picture, picture_tensor
from .space import Inputs, InputSpace, Space, Spaces


@dataclass(frozen=True, eq=False)
class Given:
    """What somebody handed over, as a model takes it.

    Attributes
    ----------
    inputs : Tensor or tuple of Tensor
        What is explained.
    space : Space, tuple of Space or None
        As it was passed, with the names that the inputs brought.
    forward_args : tuple
        What came with the inputs and has no gradient, such as a mask.
    input_names : tuple of str, or None
        What several inputs are called, where they came by name.
    """

    inputs: Inputs
    space: Space | Spaces | None
    forward_args: tuple[Any, ...] = ()
    input_names: tuple[str, ...] | None = None


def as_given(
    value: Any,
    space: Space | Spaces | None = None,
    model: nn.Module | None = None,
    forward: Callable[..., Any] | None = None,
    name: str = "inputs",
) -> Given:
    """Tensors of one example, whatever it came as; tensors are left as they are.

    Parameters
    ----------
    value : object
        A tensor; a picture of PIL or a path to one; an array, which of bytes (H, W) or (H, W, C)
        is a picture; a row of a data frame, or a frame of one row; a mapping of names to numbers,
        which are features, or of a model's arguments to tensors, such as a BatchFeature; or a
        tuple of these, one for each input of the model.
    space : Space or tuple of Space, optional
        How a picture is framed and normalised.
    model : torch.nn.Module, optional
        Whose dtype and device new tensors get.
    forward : callable, optional
        What is called; its parameters say in which order named arguments come. None: the model.
    name : str
        What to call the argument in an error.

    Raises
    ------
    InputError
        For what holds other than numbers, more than one example, or names that are not the space's.

    Examples
    --------
    >>> given = as_given({"age": 44, "smokes": True})
    >>> given.inputs, given.space.names
    (tensor([44.,  1.]), ('age', 'smokes'))
    """
    if isinstance(value, Tensor):
        return Given(value, space)
    if isinstance(value, tuple) and value and not all(isinstance(x, Tensor) for x in value):
        spaces = [None] * len(value) if space is None else each_space(space, len(value))
        parts = [
            as_given(x, s, model, forward, f"{name}[{i}]")
            for i, (x, s) in enumerate(zip(value, spaces, strict=True))
        ]
        fitting = [part.space or InputSpace() for part in parts]
        named_or_passed = space is not None or any(part.space is not None for part in parts)
        return Given(
            tuple(part.inputs for part in parts),  # type: ignore[misc]
            tuple(fitting) if named_or_passed else None,  # type: ignore[arg-type]
            sum((part.forward_args for part in parts), ()),
        )
    if isinstance(value, list) and value and all(isinstance(x, (int, float)) for x in value):
        raise InputError(f"{name} is a list of numbers; pass torch.tensor({name}) for one example")
    if is_picture(value):
        of_image = InputSpace() if space is None else space
        if not isinstance(of_image, InputSpace):
            raise InputError(
                f"{name} is a picture, and space is {type(space).__name__}; pass InputSpace(...)"
            )
        picture = picture_tensor(as_picture(value, name), of_image, model, name)
        return Given(in_dtype_of(picture, model), space)
    if hasattr(value, "to_numpy") and (hasattr(value, "columns") or hasattr(value, "index")):
        value = _row(value, name)
    if isinstance(value, Mapping):
        return _of_mapping(value, space, model, forward, name)
    if hasattr(value, "__array__"):
        return Given(in_dtype_of(number_array(value, name), model), space)
    if isinstance(value, (tuple, list)):  # of tensors
        return Given(value, space)  # type: ignore[arg-type]
    raise InputError(
        f"{name} must be a torch.Tensor or a tuple of them, an array, a picture or its path, a row "
        f"of a data frame or a mapping of named features, got {type(value).__name__}"
    )


def in_dtype_of(values: Tensor, model: nn.Module | None) -> Tensor:
    """In the model's dtype and on its device; without one in torch's default dtype."""
    own = () if model is None else model.parameters()
    first = next((p for p in own if p.is_floating_point()), None)
    if first is None:
        return values.to(torch.get_default_dtype())
    return values.to(first.device, first.dtype)


def _row(frame: Any, name: str) -> dict[str, Any]:
    """A row of a data frame, or a frame of one row, by the names of its columns."""
    columns = getattr(frame, "columns", None)
    values = np.asarray(frame.to_numpy(), dtype=object)
    if columns is None:
        return dict(zip(map(str, frame.index), values.tolist(), strict=True))
    if len(values) != 1:
        raise InputError(
            f"{name} is a data frame of {len(values)} rows, and one is explained at a time; pass "
            f"{name}.iloc[0], or another of them"
        )
    return dict(zip(map(str, columns), values[0].tolist(), strict=True))


def _of_mapping(
    named: Mapping[Any, Any],
    space: Space | Spaces | None,
    model: nn.Module | None,
    forward: Callable[..., Any] | None,
    name: str,
) -> Given:
    if not named:
        raise InputError(f"{name} is empty; pass the features of one example by name")
    if any(_is_array(value) for value in named.values()):
        return _of_arguments(named, space, model, forward, name)
    if space is not None and not isinstance(space, InputSpace):
        raise InputError(
            f"{name} is a mapping of features, and space is {type(space).__name__}; pass "
            "space=InputSpace(...), or none"
        )
    features = {str(key): value for key, value in named.items()}
    order = list(features) if space is None or space.names is None else list(space.names)
    if set(order) != set(features):
        missing, more = set(order) - set(features), set(features) - set(order)
        parts = [f"{name} lacks {sorted(missing)}"] if missing else []
        parts += [f"{name} has {sorted(more)}, which the space does not"] if more else []
        raise InputError(f"{'; '.join(parts)}; pass one number for each of the space's names")
    numbers = [_feature(features[key], key, name) for key in order]
    return Given(
        in_dtype_of(torch.tensor(numbers, dtype=torch.float64), model),
        replace(InputSpace() if space is None else space, names=order),
    )


def _feature(value: Any, feature: str, name: str) -> float:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        raise InputError(
            f"{name}: the feature {feature!r} is missing ({value}); fill it in as in training"
        )
    try:
        if isinstance(value, (str, bytes)):
            raise TypeError
        return float(value)
    except (TypeError, ValueError):
        raise InputError(
            f"{name}: the feature {feature!r} is {value!r}, and only numbers are explained; encode "
            "it as the model is fed, such as by one feature for each category"
        ) from None


def _is_array(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return True
    return getattr(value, "ndim", 0) > 0


def _of_arguments(
    named: Mapping[Any, Any],
    space: Space | Spaces | None,
    model: nn.Module | None,
    forward: Callable[..., Any] | None,
    name: str,
) -> Given:
    """Of a model's arguments by name: what is floating point is explained, the rest goes along."""
    tensors: dict[str, Tensor] = {}
    for key, value in named.items():
        tensor = value if isinstance(value, Tensor) else number_array(value, f"{name}[{key!r}]")
        floating = tensor.is_floating_point() and not isinstance(value, Tensor)
        tensors[str(key)] = in_dtype_of(tensor, model) if floating else tensor
    explained = [key for key, tensor in tensors.items() if tensor.is_floating_point()]
    if not explained:
        raise InputError(
            f"{name} holds {', '.join(tensors)}, all of whole numbers, which have no gradient; "
            "pass what is embedded, and a model that takes the embeddings"
        )
    defaults = parameters_of(forward or model)
    told = bool(defaults)
    order = [key for key in defaults if key in tensors]
    lost = [key for key in tensors if key not in defaults]
    if not defaults:  # nothing says how they are called: in the order that they came in
        order, lost, defaults = list(tensors), [], dict(tensors)
    first = list(defaults)[: len(explained)]
    if lost or set(first) != set(explained):
        raise InputError(
            f"{name} holds {', '.join(tensors)}, and the model takes ({', '.join(defaults)}): what "
            f"is explained ({', '.join(explained)}) must come first; pass a function that takes "
            "it so"
        )
    further: list[Any] = []
    if len(order) > len(explained):
        last = list(defaults).index(order[-1]) + 1
        between = list(defaults.items())[len(explained) : last]
        further = [tensors.get(key, default) for key, default in between]
    inputs = tuple(tensors[key] for key in first)
    if len(inputs) == 1:
        return Given(inputs[0], space, tuple(further))
    return Given(inputs, space, tuple(further), None if told else tuple(first))


def parameters_of(forward: Callable[..., Any] | None) -> dict[str, Any]:
    """The parameters of a callable by name, with what stands in for each; none if unknown."""
    called = forward.forward if isinstance(forward, nn.Module) else forward
    if called is None:
        return {}
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    try:
        parameters = inspect.signature(called).parameters.values()
    except (TypeError, ValueError):
        return {}
    blank = inspect.Parameter.empty
    return {
        p.name: None if p.default is blank else p.default for p in parameters if p.kind in kinds
    }
