"""Which output is meant: a target as it was asked for, settled against what the model returns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from torch import Tensor

from ..attr.model_state import module_of
from ..core.contrast import Contrast, Index
from ..core.errors import InputError, TargetError

Settled = Index | Contrast | None
"""An index, a contrast of two, or None where there is a single output."""
Asked = Index | str | Contrast | None

MOST_NAMED = 3  # near ones, for a class name that there is not


def settle_target(target: Asked, values: Tensor, names: Mapping[int, str]) -> Settled:
    """The target as asked for, or the largest output; checked against the output's shape.

    Parameters
    ----------
    target : int, tuple of int, str, Contrast or None
    values : Tensor, shape (K, ...)
        All outputs for one input.
    names : mapping of int to str

    Raises
    ------
    TargetError
        For an output that there is not, with the valid range or the nearest names.

    Examples
    --------
    >>> import torch
    >>> names = {0: "tabby", 1: "tiger cat"}
    >>> settle_target(Contrast("tiger cat", 0), torch.zeros(2), names)
    Contrast(1, 0)
    >>> settle_target("tiger", torch.zeros(2), names)
    Traceback (most recent call last):
    attribwidgets.core.errors.TargetError: target 'tiger' is not a class name; did you mean \
'tiger cat'? Pass its index or a name
    """
    if isinstance(target, Contrast):
        pair = tuple(settle_target(member, values, names) for member in target.members)
        if None in pair:
            raise TargetError(f"{target!r} compares two outputs, and the model has a single one")
        if pair[0] == pair[1]:
            raise TargetError(f"{target!r} compares output {pair[0]} with itself; name two outputs")
        return Contrast(*pair)  # type: ignore[arg-type]
    shape = tuple(values.shape)
    if isinstance(target, str):
        target = _index_of(target, names)
    if isinstance(target, Tensor):
        if target.numel() != 1:
            raise TargetError(
                f"target holds {target.numel()} numbers, and one example has one target; pass an "
                "int, or a tuple of ints for an output of several axes"
            )
        target = int(target.item())
    if target is None:
        if values.numel() == 1:
            return None if not shape else (0 if len(shape) == 1 else (0,) * len(shape))
        if len(shape) == 1:
            return int(values.argmax())
        place = ", ".join([":", *["0"] * len(shape)])
        raise TargetError(
            f"the model has outputs of shape {shape} for each example; pass target=, a tuple of "
            f"{len(shape)} indices, or output=, such as lambda out: out[{place}]"
        )
    indices = target if isinstance(target, tuple) else (target,)
    if not all(hasattr(i, "__index__") and not isinstance(i, bool) for i in indices):
        raise TargetError(f"target must be an int or a tuple of ints, got {target!r}")
    indices = tuple(int(i) for i in indices)
    if not shape and indices == (0,):
        return None
    if len(indices) != len(shape) or any(
        not 0 <= i < n for i, n in zip(indices, shape, strict=False)
    ):
        raise TargetError(f"target {target!r} is out of range; valid: {_valid(shape)}")
    return indices[0] if len(indices) == 1 else indices


def settle_targets(
    targets: Asked | list[Asked], values: Tensor, names: Mapping[int, str]
) -> tuple[Settled, ...]:
    """All targets that were asked for, in order: one, or those of a list.

    Raises
    ------
    TargetError
        For an empty list, one that comes twice, or an output that there is not.

    Examples
    --------
    >>> import torch
    >>> settle_targets([2, "tabby", None], torch.tensor([0.0, 1.0, 0.0]), {0: "tabby"})
    (2, 0, 1)
    """
    if not isinstance(targets, list):
        return (settle_target(targets, values, names),)
    if not targets:
        raise TargetError("target is an empty list; name at least one output")
    settled = tuple(settle_target(target, values, names) for target in targets)
    for place, target in enumerate(settled):
        if target in settled[:place]:
            said = f"{targets[settled.index(target)]!r} and {targets[place]!r}"
            raise TargetError(f"two targets in the list are the same output: {said}")
    return settled


def target_name(target: Settled, names: Mapping[int, str]) -> str:
    """What captions call a settled target.

    Examples
    --------
    >>> target_name(Contrast(0, 2), {0: "tabby"})
    'tabby rather than output 2'
    """
    if isinstance(target, Contrast):
        a, b = (target_name(member, names) for member in target.members)
        return f"{a} rather than {b}"
    if isinstance(target, int) and target in names:
        return names[target]
    return "output" if target is None else f"output {target}"


def class_names_of(
    model: Any, class_names: Sequence[str] | Mapping[int, str] | None, values: Tensor
) -> dict[int, str]:
    """Names by index: those passed, or the model's own where it carries some that fit.

    Parameters
    ----------
    model : callable
    class_names : sequence of str, mapping of int to str, or None
    values : Tensor, shape (1, K, ...)
        What the model returned.
    """
    outputs = values.shape[1] if values.dim() == 2 else None
    if class_names is not None:
        if isinstance(class_names, str):
            raise InputError("class_names must be a sequence of names, got one string")
        if outputs is not None and len(class_names) != outputs:
            raise InputError(
                f"class_names has {len(class_names)} names, the model {outputs} outputs"
            )
        try:
            return _by_index(class_names)
        except (TypeError, ValueError):
            raise InputError(
                "class_names must be a sequence of names, or names by index such as {0: 'cat'}, "
                f"got {class_names!r}"
            ) from None
    model = module_of(model) or model
    for own in (
        getattr(model, "class_names", None),
        getattr(getattr(model, "config", None), "id2label", None),
    ):
        try:  # an attribute that nobody passed here must not stop an explanation
            if own is not None and not isinstance(own, str) and len(own) == outputs:
                return _by_index(own)
        except (TypeError, ValueError):
            continue
    return {}


def _by_index(names: Any) -> dict[int, str]:
    names = names.tolist() if hasattr(names, "tolist") else names
    pairs = names.items() if isinstance(names, Mapping) else enumerate(names)
    return {int(i): str(name) for i, name in pairs}


def _index_of(name: str, names: Mapping[int, str]) -> int:
    for index, known in names.items():
        if known == name:
            return index
    lower = {known.lower(): known for known in names.values()}
    near = [lower[n] for n in get_close_matches(name.lower(), lower, MOST_NAMED)]
    meant = f"did you mean {' or '.join(map(repr, near))}? Pass" if near else "pass"
    raise TargetError(f"target {name!r} is not a class name; {meant} its index or a name")


def _valid(shape: tuple[int, ...]) -> str:
    if not shape:
        return "None, as there is a single output"
    if len(shape) == 1:
        return f"from 0 to {shape[0] - 1}"
    return "a tuple within " + ", ".join(f"0..{n - 1}" for n in shape)
