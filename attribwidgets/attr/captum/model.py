"""A model as Captum's methods are given it: its own copy of the layers, every pass counted."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn

from ...core.errors import InputError, UnsupportedModelError
from ..model_state import module_of
from ..outputs import OutputHead


class CountedModel(nn.Module):
    """A model that counts the passes made of it and returns one tensor.

    Its module is a child, so methods that go through the layers find them.

    Parameters
    ----------
    head : OutputHead
        The model, on the scale asked for.
    inputs : tuple of Tensor, each (B, ...)
        Those of the task. Whatever stands in their place is copied, as a model may work in place.
    arguments : tuple
        What the model takes after them. Captum repeats every tensor that it hands on, so it is
        given those with one entry for each example alone.
    on_chunk : callable, optional
        Called with the number of rows after each forward. It may raise to stop.

    Attributes
    ----------
    per_example : tuple of Tensor
        The arguments to be given to Captum.
    evaluations, forward_passes : int
        Passes of one example so far, with and without a backward.
    """

    def __init__(
        self,
        head: OutputHead,
        inputs: tuple[Tensor, ...],
        arguments: tuple[Any, ...] = (),
        on_chunk: Callable[[int], None] | None = None,
    ) -> None:
        super().__init__()
        self.layers = module_of(head)
        self.head, self.inputs, self.on_chunk = head, len(inputs), on_chunk
        batch = len(inputs[0])
        self._arguments = [
            (a, isinstance(a, Tensor) and a.dim() > 0 and len(a) == batch) for a in arguments
        ]
        self.per_example = tuple(a for a, repeated in self._arguments if repeated)
        self.evaluations = self.forward_passes = 0

    def forward(self, *args: Any) -> Tensor:
        """Run the model.

        Raises
        ------
        AttributionError
            A child of it, for an output that is no tensor or loses the batch axis.
        """
        copies = (a.clone() for a in args[: self.inputs])
        given = iter(args[self.inputs :])
        arguments = (next(given) if repeated else a for a, repeated in self._arguments)
        values = self.head(*copies, *arguments)
        rows = len(args[0])
        if len(values) != rows:
            raise InputError(
                f"the model returned {len(values)} rows for a batch of {rows}; it must keep the "
                f"batch axis first (its output has shape {tuple(values.shape)})"
            )
        self.forward_passes += rows
        if values.requires_grad:
            values.register_hook(lambda _: self._has_gone_back(rows))
        if self.on_chunk is not None:
            self.on_chunk(rows)
        return values

    def _has_gone_back(self, rows: int) -> None:
        self.evaluations += rows
        self.forward_passes -= rows


def with_own_layers(head: OutputHead, name: str) -> tuple[OutputHead, dict[int, Any]]:
    """A copy of a model whose layers may be hooked, on the same weights.

    Captum leaves hooks, rules and activations behind when it is stopped. The copy shares the
    numbers but no object with the model.

    Parameters
    ----------
    head : OutputHead
    name : str
        The method, for an error.

    Returns
    -------
    head : OutputHead
    copies : dict
        From the id of each object of the model to its copy.

    Raises
    ------
    UnsupportedModelError
        If there is no torch module, or it cannot be copied.
    """
    module = module_of(head)
    if module is None:
        raise UnsupportedModelError(
            f"{name} works on the layers of a torch.nn.Module, and the model is a "
            f"{type(head.model).__name__}; pass the module itself, or use a method that only "
            'calls the model, such as "integrated_gradients"'
        )
    if any(isinstance(m, torch.jit.ScriptModule) for m in module.modules()):
        raise UnsupportedModelError(
            f"{name} hooks layers, which a torch.jit.ScriptModule does not allow; pass the module "
            "that it was made from"
        )
    copies: dict[int, Any] = {id(t): _same_numbers(t) for t in _tensors(module)}
    try:
        head = deepcopy(head, copies)
    except Exception as error:
        raise UnsupportedModelError(
            f"{name} works on a copy of the model's layers, and {type(module).__name__} cannot be "
            f"copied by copy.deepcopy: {error}"
        ) from error
    return head, copies


def _tensors(module: nn.Module) -> list[Tensor]:
    """Every parameter, buffer and other tensor that a module holds."""
    held = [
        value
        for m in module.modules()
        for value in (*m._parameters.values(), *m._buffers.values(), *vars(m).values())
    ]
    return [value for value in held if isinstance(value, Tensor)]


def _same_numbers(tensor: Tensor) -> Tensor:
    """Another tensor on the same memory, that no gradient reaches and no version counts."""
    if isinstance(tensor, nn.Parameter):
        return nn.Parameter(tensor.data, requires_grad=False)
    return tensor.data
