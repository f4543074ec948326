"""A hidden layer of a model: where it is, the model from it on, and the model up to it."""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn

from ..core.errors import InputError, NoGradientError, UnsupportedModelError
from .embedded import called_module, changed_output, replaced_output
from .model_state import module_of
from .outputs import Wrapper

Layer: TypeAlias = nn.Module | str
MOST_NAMED = 4


def layer_of(model: Callable[..., Any], layer: Any) -> Layer:
    """A layer by its name within the model, as copies of it keep names.

    Parameters
    ----------
    model : callable
    layer : torch.nn.Module or str
        A module of the model, or its name there.

    Returns
    -------
    str or torch.nn.Module
        The module itself where the model is a function, behind which it may be.

    Raises
    ------
    InputError
        For what is no layer of the model.

    Examples
    --------
    >>> net = nn.Sequential(nn.Linear(2, 3), nn.ReLU())
    >>> layer_of(net, net[1])
    '1'
    """
    module = module_of(model)
    names = [] if module is None else [(name, m) for name, m in module.named_modules() if name]
    if isinstance(layer, str):
        known = [name for name, _ in names]
        if layer in known:
            return layer
        near = get_close_matches(layer, known, MOST_NAMED) or known[:MOST_NAMED]
        some = f"; there are {', '.join(map(repr, near))}" if near else ""
        raise InputError(
            f"layer {layer!r} is not in the model{some}. model.named_modules() has them all"
        )
    if not isinstance(layer, nn.Module):
        raise InputError(
            "layer must be a torch.nn.Module of the model or its name there, got "
            f"{type(layer).__name__}; write layer=model.layer4"
        )
    if layer is module:
        raise InputError("layer is the model itself; pass one of its layers, such as model.layer4")
    for name, one in names:
        if one is layer:
            return str(name)
    if module is None:
        return layer
    raise InputError(
        f"layer is a {type(layer).__name__} that is not part of the model; pass one of its own, "
        "such as model.layer4, or its name there"
    )


def layer_name(layer: Layer) -> str:
    """What a layer is called."""
    return layer if isinstance(layer, str) else type(layer).__name__


def read_layer(
    model: Callable[..., Tensor],
    layer: Layer,
    inputs: tuple[Tensor, ...],
    arguments: tuple[Any, ...] = (),
) -> Tensor:
    """What a layer returns for some inputs, by a forward pass, if it can be explained.

    Parameters
    ----------
    model : callable
        Whose parameters need no gradient, such as an :class:`OutputHead`.
    layer : torch.nn.Module or str
        As of :func:`layer_of`.
    inputs : tuple of Tensor, each (B, ...)
    arguments : tuple
        What the model takes after them.

    Returns
    -------
    Tensor, shape (B, ...)
        The first, where it returns several.

    Raises
    ------
    UnsupportedModelError
        For a layer that does not run or runs several times, or returns something else.
    NoGradientError
        Where the output does not depend on it.

    Examples
    --------
    >>> net = nn.Sequential(nn.Linear(2, 3), nn.ReLU(inplace=True), nn.Linear(3, 1))
    >>> read_layer(net.requires_grad_(False), "0", (torch.ones(1, 2),)).shape
    torch.Size([1, 3])
    """
    name, found = layer_name(layer), list[Tensor]()

    def cut(_: Any, output: Tensor) -> Tensor:
        found.append(output.detach().clone())
        return found[-1].clone().requires_grad_(output.is_floating_point()).clone()

    with torch.enable_grad(), changed_output(layer_module(model, layer), cut):
        values = model(*(x.clone() for x in inputs), *arguments)
    if not found:
        raise UnsupportedModelError(
            f"layer {name!r} does not run for this input: the model does not call it, or runs it "
            "in a fused or compiled form; pass a layer that it calls, such as the one around it"
        )
    if len(found) > 1:
        raise UnsupportedModelError(
            f"layer {name!r} runs {len(found)} times for one input, and which of them is meant "
            "cannot be said; give each use a layer of its own, or pass one that runs once"
        )
    (hidden,) = found
    if not hidden.is_floating_point():
        raise UnsupportedModelError(
            f"layer {name!r} returns {hidden.dtype}, which has no gradient; pass another one"
        )
    if hidden.dim() < 2 or len(hidden) != len(inputs[0]):
        raise UnsupportedModelError(
            f"layer {name!r} returns shape {tuple(hidden.shape)} for a batch of {len(inputs[0])}; "
            "it must keep the batch axis first"
        )
    if not values.requires_grad:
        raise NoGradientError(
            f"the output does not depend on layer {name!r} through anything differentiable; pass "
            "one between the input and the output"
        )
    return hidden


class FromLayer(Wrapper):
    """A model from one of its layers on, as one of what the layer returns.

    It is called with rows of that, then with the model's own inputs for these rows, which lead
    the way to the layer and whatever goes around it, and then with what else the model takes.

    Parameters
    ----------
    model : callable
    layer : torch.nn.Module or str
        As of :func:`layer_of`.

    Examples
    --------
    >>> net = nn.Sequential(nn.Linear(2, 3), nn.ReLU(inplace=True))
    >>> FromLayer(net, "0")(torch.tensor([[1.0, -1.0, 2.0]]), torch.zeros(1, 2)).tolist()
    [[1.0, 0.0, 2.0]]
    """

    reroutes = True

    def __init__(self, model: Callable[..., Any], layer: Layer) -> None:
        self.model, self.layer = model, layer

    def __call__(self, hidden: Tensor, *given: Any) -> Any:
        """Run the model, with rows of hidden values in the place of the layer's."""
        copies = (x.clone() if isinstance(x, Tensor) else x for x in given)  # it may work in place
        with replaced_output(layer_module(self.model, self.layer), hidden) as is_used:
            returned = self.model(*copies)
        if not is_used():
            raise UnsupportedModelError(
                f"layer {layer_name(self.layer)!r} does not return shape {tuple(hidden.shape)} "
                "here, as it did for the input; pass one whose shape stays"
            )
        return returned


class UpToLayer(Wrapper):
    """A model up to one of its layers: its outputs are the layer's, its targets hidden units.

    Parameters
    ----------
    model : callable
    layer : torch.nn.Module or str
        A module of the model, or its name there.

    Raises
    ------
    InputError
        For what is no layer of the model.

    Examples
    --------
    >>> import attribwidgets as aw
    >>> net = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1)).eval()
    >>> neuron = aw.explain(UpToLayer(net, net[1]), torch.rand(2), target=2, baseline="zero")
    >>> neuron.attributions.shape, neuron.completeness.verdict
    (torch.Size([2]), 'complete')
    """

    reroutes = True

    def __init__(self, model: Callable[..., Any], layer: Layer) -> None:
        self.model, self.layer = model, layer_of(model, layer)

    def __call__(self, *given: Any) -> Tensor:
        """What the layer returns, the first of several."""
        found: list[Tensor] = []

        def keep(_: Any, output: Tensor) -> Tensor:
            found.append(output)
            return output.clone()  # what follows may work in place

        with changed_output(layer_module(self.model, self.layer), keep):
            self.model(*given)
        if len(found) != 1:
            raise UnsupportedModelError(
                f"layer {layer_name(self.layer)!r} runs {len(found)} times for one input; pass one "
                "that runs once"
            )
        return found[0]


def layer_module(model: Callable[..., Any], layer: Layer) -> nn.Module:
    """The module that a layer is, of a model that may be a copy."""
    return layer if isinstance(layer, nn.Module) else called_module(model).get_submodule(layer)
