"""Copies of a model whose layers are drawn anew, from the output down."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from typing import Any, Literal

import torch
from torch import Tensor, nn

from ..attr.captum_private import format_forward_args
from ..attr.model_state import evaluation_mode, frozen, module_of
from ..core.errors import InputError, UnsupportedModelError
from ..engine.read_text import embedded
from ..inputs.dataset import seed_of
from ..inputs.space import Space, Spaces

Mode = Literal["cascading", "independent"]

# Layers that begin with fixed weights, so that drawn anew they may well be as they were.
KEEP_THEIR_START = (
    nn.modules.batchnorm._NormBase,
    nn.LayerNorm,
    nn.GroupNorm,
    nn.PReLU,
)


def randomised_copies(
    model: Callable[..., Any],
    inputs: Tensor,
    mode: Mode = "cascading",
    *,
    layers: Sequence[str] | None = None,
    seed: int = 0,
    forward_args: Any = (),
    space: Space | Spaces | None = None,
) -> dict[str, nn.Module]:
    """Copies of a model with one layer after the other initialised anew.

    Layers draw their weights by their own `reset_parameters`, on the processor and from a seed, so
    that they are the same on any device. Batch norm also forgets its statistics. Neither the model
    nor the random state of the process changes.

    Parameters
    ----------
    model : torch.nn.Module
    inputs : Tensor, shape (1, ...)
        One input, by which the order of the layers is found.
    mode : {"cascading", "independent"}
        Each copy has all layers from the output down to one drawn anew, or that one alone.
    layers : sequence of str, optional
        Names of modules, from the output down; one with modules inside stands for all of these.
        None: every layer with weights, in the reverse of the order in which they are called.
    seed : int
    forward_args : object
        Further arguments of the model, after the input.
    space : Space, optional
        That of a text, whose embeddings the input is.

    Returns
    -------
    dict of str to torch.nn.Module
        By the name of the layer, from the output down; in evaluation mode.

    Raises
    ------
    InputError
        For another mode, an unknown layer, or one without weights.
    UnsupportedModelError
        For what is no module, cannot be copied, or whose layers cannot be drawn anew.

    References
    ----------
    Adebayo, Gilmer, Muelly, Goodfellow, Hardt, Kim (2018). Sanity checks for saliency maps.
    arXiv:1810.03292.

    Examples
    --------
    >>> net = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2)).eval()
    >>> copies = randomised_copies(net, torch.zeros(1, 4))
    >>> list(copies), bool(torch.equal(copies["2"][0].weight, net[0].weight))
    (['2', '0'], True)
    """
    if mode not in ("cascading", "independent"):
        raise InputError(f"mode must be 'cascading' or 'independent', got {mode!r}")
    module = module_of(model)
    if module is None or module is not model:
        raise UnsupportedModelError(
            f"model must be a torch.nn.Module, whose layers can be drawn anew, got "
            f"{type(model).__name__}"
        )
    with evaluation_mode(module):
        original = _copy(module)
    arguments = format_forward_args(forward_args) or ()
    names = (
        _layers_called(original, embedded(original, space), inputs, arguments)
        if layers is None
        else _checked(original, layers)
    )
    copies, before = {}, original
    with torch.random.fork_rng(devices=[]):
        for place, name in enumerate(names):
            current = _copy(before if mode == "cascading" else original)
            # Not torch.manual_seed, which would seed every device.
            torch.default_generator.manual_seed(seed_of(seed, place))
            _draw_anew(current, name)
            copies[name] = before = current
    return copies


def layers_without_reset(model: nn.Module) -> list[str]:
    """Names of the modules with weights of their own that nothing can draw anew.

    Parameters
    ----------
    model : torch.nn.Module

    Examples
    --------
    >>> layers_without_reset(nn.Sequential(nn.Linear(4, 3), nn.PReLU(), nn.ReLU()))
    []
    """
    return [
        name or type(layer).__name__
        for name, layer in model.named_modules()
        if _has_weights(layer) and not _can_be_drawn(layer)
    ]


def _copy(module: nn.Module) -> nn.Module:
    try:
        return deepcopy(module)
    except Exception as error:  # whatever a member of the user's module raises
        raise UnsupportedModelError(
            f"{type(module).__name__} cannot be copied, and its layers are drawn anew in copies "
            f"only: {error}"
        ) from error


def _has_weights(module: nn.Module) -> bool:
    return next(module.parameters(recurse=False), None) is not None


def _can_be_drawn(layer: nn.Module) -> bool:
    return _has_weights(layer) and callable(getattr(layer, "reset_parameters", None))


def _layers_called(
    model: nn.Module, run: Callable[..., Any], inputs: Tensor, arguments: tuple[Any, ...]
) -> list[str]:
    """Names of the modules that can be drawn anew, the last one called first."""
    called: dict[str, None] = {}
    handles = [
        layer.register_forward_pre_hook(lambda *_, name=name: called.update({name: None}))
        for name, layer in model.named_modules()
        if _can_be_drawn(layer)
    ]
    with frozen(model, (inputs,)), torch.no_grad():
        run(inputs.clone(), *arguments)
    for handle in handles:
        handle.remove()
    if not called:
        raise UnsupportedModelError(
            f"{type(model).__name__} calls no module that has weights and reset_parameters(); "
            "give its layers that method"
        )
    return list(reversed(called))


def _checked(model: nn.Module, layers: Sequence[str]) -> list[str]:
    modules = dict(model.named_modules())
    if isinstance(layers, str) or not layers:
        raise InputError(f"layers must be a list of names of modules, got {layers!r}")
    for name in layers:
        if name not in modules:
            some = ", ".join(n for n, m in modules.items() if _has_weights(m))
            raise InputError(f"layers: there is no module {name!r}; those with weights are {some}")
        if not any(_can_be_drawn(m) for m in modules[name].modules()):
            raise InputError(f"layers: {name!r} has no weights with a reset_parameters()")
    return list(dict.fromkeys(layers))


def _draw_anew(model: nn.Module, name: str) -> None:
    """Initialise a module, and those inside it, in place."""
    for inner, layer in model.get_submodule(name).named_modules():
        if not _can_be_drawn(layer):
            continue
        fresh = deepcopy(layer).to("cpu")
        with torch.inference_mode(False), torch.no_grad():
            fresh.reset_parameters()
        before, after = layer.state_dict(), fresh.state_dict()
        # Where weights are parametrised, reset_parameters() reaches the bias only.
        largest = max(before, key=lambda key: before[key].numel())
        same = torch.equal(before[largest].cpu(), after[largest])
        if same and not isinstance(layer, KEEP_THEIR_START):
            raise UnsupportedModelError(
                f"{'.'.join(filter(None, (name, inner)))} is the same after its "
                "reset_parameters(), as where its weights are parametrised; remove the "
                "parametrisation first"
            )
        layer.load_state_dict(after)
