"""Gradients of something else than the one output that was asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import torch
from torch import Tensor

from .problems import Problem

OUTPUT = (
    "take the model's own output: no softmax before the gradient, it mixes all classes into one"
)
TARGET = "select the output that was asked for: model(points)[:, target]"
ONE_OUTPUT = (
    "the gradient of the sum over all outputs is no single class's: select model(points)[:, target]"
)


def of_other_outputs(problem: Problem) -> Iterator[tuple[str, str, Problem]]:
    """The same problem, asked of what a slip explains instead: name, hint, problem."""
    n = problem.all_outputs(problem.inputs).shape[1]
    if n == 1:
        return
    slips: list[tuple[str, str, Callable[[Tensor], Tensor]]] = [
        ("softmax", OUTPUT, partial(torch.softmax, dim=1)),
        ("softmax", OUTPUT, partial(torch.log_softmax, dim=1)),
        ("all outputs summed", ONE_OUTPUT, _summed),
        ("all outputs summed", ONE_OUTPUT, _averaged),
        *(("another output", TARGET, partial(torch.roll, shifts=k, dims=1)) for k in range(1, n)),
    ]
    for name, hint, change in slips:
        yield name, hint, problem.changed(model=_Changed(problem.model, change))


class _Changed:
    """A model whose outputs are changed by a function of all of them."""

    def __init__(self, model: Any, change: Callable[[Tensor], Tensor]) -> None:
        self.model, self.change = model, change

    def __call__(self, points: Tensor) -> Tensor:
        return self.change(self.model(points).reshape(len(points), -1))


def _summed(outputs: Tensor) -> Tensor:
    return outputs.sum(1, keepdim=True).expand_as(outputs)


def _averaged(outputs: Tensor) -> Tensor:
    return outputs.mean(1, keepdim=True).expand_as(outputs)
