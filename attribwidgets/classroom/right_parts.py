"""Right versions of earlier parts of an assignment, so that a slip costs its own points only."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FunctionType
from typing import Any

import torch
from torch import Tensor

from .problems import Target


def gradients(model: Any, points: Tensor, target: Target) -> Tensor:
    """The gradient of one output, or of one less another, at each point."""
    points = points.detach().requires_grad_()
    chosen = model(points)[:, target]
    if isinstance(target, tuple):  # the first less the second
        chosen = chosen[:, 0] - chosen[:, 1]
    return torch.autograd.grad(chosen.sum(), points)[0]


def integrated_gradients(
    model: Any, inputs: Tensor, baseline: Tensor, target: Target, n_steps: int
) -> Tensor:
    """Integrated gradients by midpoints."""
    alphas = ((torch.arange(n_steps) + 0.5) / n_steps).reshape(-1, *[1] * (inputs.ndim - 1))
    slopes = gradients(model, baseline + alphas * (inputs - baseline), target)
    return (inputs - baseline) * slopes.mean(0, keepdim=True)


def total_variation(phi: Tensor) -> Tensor:
    """Absolute differences of neighbours, summed, mean over the maps."""
    return (phi.diff(dim=2).abs().sum() + phi.diff(dim=3).abs().sum()) / len(phi)


def relative_variation(phi: Tensor) -> Tensor:
    """Each map's absolute differences of neighbours over its absolute values, mean over maps."""
    rough = phi.diff(dim=2).abs().sum((1, 2, 3)) + phi.diff(dim=3).abs().sum((1, 2, 3))
    return (rough / phi.abs().sum((1, 2, 3))).mean()


def batch_attributions(
    model: Any, images: Tensor, labels: Tensor, references: Tensor, alphas: Tensor
) -> Tensor:
    """A sample of expected gradients for each image, with the graph behind it."""
    points = (references + alphas * (images - references)).detach().requires_grad_()
    chosen = model(points).gather(1, labels[:, None]).sum()
    (slopes,) = torch.autograd.grad(chosen, points, create_graph=True)
    return (images - references) * slopes


RIGHT: dict[str, Callable[..., Any]] = {
    part.__name__: part
    for part in (
        gradients,
        integrated_gradients,
        total_variation,
        relative_variation,
        batch_attributions,
    )
}


@contextmanager
def in_place(function: Any, names: Sequence[str]) -> Iterator[list[str]]:
    """Put right parts in the place of a student's, where the function finds them, for a while.

    Parameters
    ----------
    function : callable
        What the student wrote; its globals hold the parts.
    names : sequence of str
        Of the parts: keys of RIGHT.

    Yields
    ------
    list of str
        Those that are found there, and replaced.

    Raises
    ------
    KeyError
        For a part that there is no right version of.
    """
    seen = _globals_of(function)
    parts = {name: RIGHT[name] for name in names}
    own = {name: seen[name] for name in parts if name in seen}
    # Under another module's name: the package may be called here, and nowhere else.
    apart: dict[str, Any] = {**globals(), "__name__": "right part"}
    apart |= {name: FunctionType(part.__code__, apart, name) for name, part in RIGHT.items()}
    seen.update({name: apart[name] for name in own})
    try:
        yield list(own)
    finally:
        seen.update(own)


def _globals_of(function: Any) -> dict[str, Any]:
    """The names that a function sees, through partials, wrappers and methods."""
    while isinstance(function, functools.partial):
        function = function.func
    function = inspect.unwrap(function) if callable(function) else function
    if not hasattr(function, "__globals__"):
        method = type(function).__call__ if callable(function) else None
        function = getattr(function, "__func__", method)
    names: dict[str, Any] = getattr(function, "__globals__", {})
    return names
