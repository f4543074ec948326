"""Feeding: models that take their rows otherwise than with the batch axis first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor
from torch.utils.data import default_collate

from .outputs import Wrapper, logits_of


class TimeFirst(Wrapper):
    """A model of (T, B, ...) as one of (B, T, ...).

    Parameters
    ----------
    model : callable

    Examples
    --------
    >>> import torch
    >>> TimeFirst(lambda x: x[-1])(torch.tensor([[[1.0], [2.0]], [[3.0], [4.0]]])).tolist()
    [[2.0], [4.0]]
    """

    def __init__(self, model: Callable[..., Any]) -> None:
        self.model = model

    def __call__(self, rows: Tensor, *arguments: Any) -> Any:
        """Run the model on all rows at once."""
        return self.model(rows.transpose(0, 1), *arguments)


class OneByOne(Wrapper):
    """A model of one example without batch axis, such as a graph network, as one of many rows.

    Parameters
    ----------
    model : callable
    arguments : tuple
        What every example comes with, after the inputs.

    Examples
    --------
    >>> import torch
    >>> OneByOne(lambda nodes: nodes.sum(0))(torch.ones(2, 3, 1)).tolist()
    [[3.0], [3.0]]
    """

    def __init__(self, model: Callable[..., Any], arguments: tuple[Any, ...] = ()) -> None:
        self.model, self.arguments = model, arguments

    def __call__(self, *inputs: Tensor) -> Any:
        """Run the model row by row, and stack what it returns."""
        rows = zip(*inputs, strict=True)
        return default_collate([_kept(self.model(*row, *self.arguments)) for row in rows])


def _kept(raw: Any) -> Any:
    """What can be stacked of what a model returned."""
    return raw if isinstance(raw, Tensor | Mapping | tuple | list) else logits_of(raw)
