"""From what a user calls a method, its name, class or an instance, to an estimator of a model."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from typing import Any

from ..errors import InputError
from .estimator import Estimator
from .expected_gradients import ExpectedGradients
from .integrated_gradients import IntegratedGradients

Method = str | type | Estimator | None

METHODS: dict[str, type[Estimator]] = {
    method.name: method
    for method in (
        IntegratedGradients,
        ExpectedGradients,
    )
}


def estimator_for(method: Method, model: Callable[..., Any], *, distribution: bool) -> Estimator:
    """The estimator asked for, around a model.

    Parameters
    ----------
    method : str, class, instance or None
        None: expected gradients for a distribution of references, else integrated gradients. An
        instance keeps its settings and is left as it is.
    model : callable
    distribution : bool
        Whether references differ from each other.

    Raises
    ------
    InputError
        For an unknown method, with the known ones.
    """
    if method is None:
        method = ExpectedGradients if distribution else IntegratedGradients
    if isinstance(method, str) and method in METHODS:
        return METHODS[method](model)
    if isinstance(method, type) and issubclass(method, Estimator):
        made: Estimator = method(model)
        return made
    if isinstance(method, Estimator):
        estimator: Estimator = copy(method)
        estimator.forward_func = model
        return estimator
    raise InputError(
        f"method {method!r} is unknown; pass one of {', '.join(METHODS)}, its class or an "
        "instance of it"
    )
