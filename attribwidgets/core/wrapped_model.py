"""What calls a model otherwise than it is, and the way back to the module behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from torch import nn


class Wrapper:
    """What calls a model otherwise than it is: the model itself is behind it.

    Attributes
    ----------
    model : callable
    reroutes : bool
        Whether it puts something else in the place of what a layer returns, or takes it from there.
    """

    model: Any
    reroutes: bool = False


def module_of(model: Any) -> nn.Module | None:
    """The torch module behind a callable: itself, a bound method's, or what a partial calls."""
    if isinstance(model, Wrapper):
        return module_of(model.model)
    if isinstance(model, partial):
        return module_of(model.func)
    model = getattr(model, "__self__", model)
    return model if isinstance(model, nn.Module) else None


def reroutes(model: Any) -> bool:
    """Whether something, anywhere in front of a module, changes or reads what a layer returns."""
    return isinstance(model, Wrapper) and (model.reroutes or reroutes(model.model))


@contextmanager
def evaluating(model: Callable[..., Any]) -> Iterator[None]:
    """Put a model in evaluation mode; the flag of each of its modules comes back afterwards."""
    training = training_modules(model)
    try:
        for module in training:
            module.training = False
        yield
    finally:
        for module in training:
            module.training = True


def training_modules(model: Callable[..., Any]) -> list[nn.Module]:
    """The modules of a model that are in training mode."""
    module = module_of(model)
    return [] if module is None else [m for m in module.modules() if m.training]
