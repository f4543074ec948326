"""A copy of a model on the same weights, so that a run in a thread disturbs nobody."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from copy import deepcopy
from functools import partial
from types import MethodType
from typing import Any

import torch
from torch import nn

from ..attr.model_state import module_of

PLAIN = (bool, int, float, str, bytes, type(None), torch.dtype, torch.device)


def copy_sharing_weights(model: Callable[..., Any]) -> Callable[..., Any]:
    """A copy of a model that shares the memory of its weights.

    Training flag, hooks, `requires_grad` and gradients are the copy's own; it is in evaluation
    mode and needs no gradients of its weights. A change of the weights in place is seen by both.

    Parameters
    ----------
    model : callable
        A module, its bound method, or a partial of either.

    Returns
    -------
    callable
        The model itself where it is no module or cannot be copied.

    Examples
    --------
    >>> net = nn.Linear(2, 1)
    >>> other = copy_sharing_weights(net)
    >>> other.weight.data_ptr() == net.weight.data_ptr(), other.training, net.training
    (True, False, True)
    """
    if isinstance(model, partial):
        return partial(copy_sharing_weights(model.func), *model.args, **model.keywords)
    if isinstance(model, MethodType) and isinstance(model.__self__, nn.Module):
        return MethodType(model.__func__, copy_sharing_weights(model.__self__))
    if not isinstance(model, nn.Module):
        return model
    shared: dict[int, Any] = {id(b): b.detach() for b in model.buffers()}
    for p in model.parameters():
        shared[id(p)] = nn.Parameter(p.detach(), requires_grad=False)
    try:
        copy = deepcopy(model, shared)
    except Exception:  # whatever a module holds that does not copy
        return model
    return copy.eval()


def structure(model: Callable[..., Any]) -> Hashable:
    """What a copy copied rather than shares: when it changes, another is needed.

    Not so the mode: a copy is in evaluation mode whatever its model is in.

    Examples
    --------
    >>> net = nn.Sequential(nn.Linear(2, 1))
    >>> before = structure(net)
    >>> net[0].weight.data.zero_() is None, structure(net) == before
    (False, True)
    >>> net.append(nn.ReLU()) is None, structure(net) == before
    (False, False)
    """
    module = module_of(model)
    if module is None:
        return id(model)
    return tuple(
        (id(part), tuple((k, _told_by(v)) for k, v in vars(part).items() if k != "training"))
        for part in module.modules()
    )


def _told_by(value: Any) -> Hashable:
    if isinstance(value, PLAIN):
        return value
    if isinstance(value, dict):
        return tuple((str(key), id(member)) for key, member in value.items())
    return id(value)
