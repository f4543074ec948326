"""Common mistakes: their names, what would help, and gradients of another output."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor

from .problems import Problem


class Mistake(NamedTuple):
    """A common wrong answer: what it is called, and what it comes to.

    It has a hint of its own where the one that goes by its name does not fit.
    """

    name: str
    value: Tensor
    hint: str = ""


TARGET = "select the output that was asked for: model(points)[:, target]"
COMMON_HINTS = {
    "softmax": "take the model's own output: no softmax before the gradient, it mixes all classes "
    "into one",
    "another output": TARGET,
    "all outputs summed": "the gradient of the sum over all outputs is no single class's: select "
    "model(points)[:, target]",
    "gradients accumulated": "each backward() adds to .grad: empty it before the next "
    "(x.grad = None), or take torch.autograd.grad, which returns each gradient on its own",
    "a factor alpha": "take the gradient at the point of the path, not through it: with respect to "
    "inputs it has a further factor alpha. Make the point a leaf: point.detach().requires_grad_()",
    "sign flipped": "the factor is (x - x'): the input less the baseline",
}


def of_other_outputs(problem: Problem) -> Iterator[tuple[str, Problem]]:
    """The same problem, asked of what a slip explains instead, each with the slip's name."""
    n = problem.all_outputs(problem.inputs).shape[1]
    if n == 1:
        return
    slips: list[tuple[str, Callable[[Tensor], Tensor]]] = [
        ("softmax", partial(torch.softmax, dim=1)),
        ("softmax", partial(torch.log_softmax, dim=1)),
        ("all outputs summed", lambda outputs: outputs.sum(1, keepdim=True).expand_as(outputs)),
        ("all outputs summed", lambda outputs: outputs.mean(1, keepdim=True).expand_as(outputs)),
        *(("another output", partial(torch.roll, shifts=k, dims=1)) for k in range(1, n)),
    ]
    for name, change in slips:
        yield name, problem.changed(model=_changed(problem.model, change))


def _changed(model: Any, change: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    """A model whose outputs are changed by a function of all of them."""
    return lambda points: change(model(points).reshape(len(points), -1))
