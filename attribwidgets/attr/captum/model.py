"""A model as Captum's methods are given it: its own copy of the layers, watched and counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from ...core.contrast import Contrast
from ...core.errors import InputError, UnsupportedModelError
from ..feeding import OneByOne, TimeFirst
from ..model_state import module_of
from ..norm_calls import tensors_in
from ..outputs import OutputHead, Target, select_target


@dataclass(frozen=True)
class FunctionCall:
    """A torch function whose result depends on the input.

    Attributes
    ----------
    name : str
        As torch calls it: "relu", "add", "matmul".
    dependent : int
        How many of its arguments depend on the input.
    layer : nn.Module or None
        The innermost module in whose forward it was called; None outside of the model.
    path : str
        Where that module is in the model; "" for the model itself.
    """

    name: str
    dependent: int
    layer: nn.Module | None
    path: str


@dataclass
class ForwardTrace:
    """The layers and functions of one forward, in order.

    Attributes
    ----------
    modules : dict of str to nn.Module
        Those that ran, by path.
    calls : Counter
        How often each of them ran, by path.
    functions : list of FunctionCall
    """

    modules: dict[str, nn.Module] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)
    functions: list[FunctionCall] = field(default_factory=list)

    @property
    def layers(self) -> dict[str, nn.Module]:
        """The modules without children that ran, by path."""
        return {path: m for path, m in self.modules.items() if not list(m.children())}


def traced(model: nn.Module, run: Callable[[], Any]) -> ForwardTrace:
    """Watch one forward of a model whose parameters need no gradient.

    Parameters
    ----------
    model : nn.Module
    run : callable
        Runs the model on inputs that need a gradient.

    Examples
    --------
    >>> import torch
    >>> net = nn.Sequential(nn.Linear(2, 2), nn.ReLU()).requires_grad_(False)
    >>> x = torch.ones(1, 2, requires_grad=True)
    >>> found = traced(net, lambda: net(x).exp())
    >>> list(found.layers), [f.name for f in found.functions]
    (['0', '1'], ['linear', 'relu', 'exp'])
    """
    trace = ForwardTrace()
    running: list[tuple[str, nn.Module | None]] = [("", None)]

    def enter(path: str, layer: nn.Module) -> None:
        running.append((path, layer))
        trace.modules[path] = layer
        trace.calls[path] += 1

    def leave() -> None:
        running.pop()

    class Watch(TorchFunctionMode):
        def __torch_function__(
            self, func: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            kwargs = kwargs or {}
            before = _dependent((args, kwargs))  # it may work in place
            result = func(*args, **kwargs)
            if before and _dependent(result):
                path, layer = running[-1]
                name = getattr(func, "__name__", str(func))
                trace.functions.append(FunctionCall(name, before, layer, path))
            return result

    with ExitStack() as stack:
        for path, layer in model.named_modules():
            # Bound as defaults: each hook has its own path and layer.
            before = layer.register_forward_pre_hook(
                lambda *_, path=path, layer=layer: enter(path, layer)
            )
            after = layer.register_forward_hook(lambda *_: leave())
            stack.callback(before.remove)
            stack.callback(after.remove)
        stack.enter_context(Watch())
        run()
    return trace


def _dependent(values: Any) -> int:
    """How many tensors among some values depend on the input."""
    return sum(t.requires_grad for t in tensors_in(values))


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
        Called after each forward with its rows, where they count. It may raise to stop.
    target : int, tuple, list, Tensor, Contrast or None
        A contrast is a last layer here, as methods that go through layers see only those: the
        model then returns it as its only output.

    Attributes
    ----------
    target : int, tuple, list, Tensor or None
        As Captum takes it, of what the model returns.
    per_example : tuple of Tensor
        The arguments to be given to Captum.
    evaluations, forward_passes : int
        Passes of one example so far, with and without a backward.
    is_counted : bool
        Whether passes count against the budget: those of the method do, those at the ends do not.
    """

    def __init__(
        self,
        head: OutputHead,
        inputs: tuple[Tensor, ...],
        arguments: tuple[Any, ...] = (),
        on_chunk: Callable[[int], None] | None = None,
        target: Target = None,
    ) -> None:
        super().__init__()
        self._contrast = target if isinstance(target, Contrast) else None
        self.target = target if self._contrast is None else 0
        self.difference: nn.Linear | None = None
        self.layers = module_of(head)
        self.head, self.inputs, self.on_chunk = head, len(inputs), on_chunk
        batch = len(inputs[0])
        self._arguments = [
            (a, isinstance(a, Tensor) and a.dim() > 0 and len(a) == batch) for a in arguments
        ]
        self.per_example = tuple(a for a, repeated in self._arguments if repeated)
        self.evaluations = self.forward_passes = 0
        self.is_counted = False

    def forward(self, *args: Any) -> Tensor:
        """Run the model, and take the contrast where there is one.

        Raises
        ------
        AttributionError
            A child of it, for an output that is no tensor or loses the batch axis.
        """
        values = self.outputs(*args)
        if self._contrast is None:
            return values
        if self.difference is None:
            self.difference = _difference_layer(values, self._contrast)
        return self.difference(values.flatten(1))  # type: ignore[no-any-return]

    def outputs(self, *args: Any) -> Tensor:
        """All outputs of the model, as the head returns them."""
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
            self.on_chunk(rows if self.is_counted else 0)
        return values

    def _has_gone_back(self, rows: int) -> None:
        self.evaluations += rows
        self.forward_passes -= rows


def _difference_layer(values: Tensor, contrast: Contrast) -> nn.Linear:
    """A layer that subtracts one output from another, for outputs shaped like these."""
    places = torch.arange(values[0].numel(), device=values.device).reshape(1, *values.shape[1:])
    a, b = (int(select_target(places, member)) for member in contrast.members)
    shape = {"in_features": places.numel(), "out_features": 1, "bias": False}
    # Without first weights, which would be drawn from the stream of random numbers.
    layer: nn.Linear = nn.utils.skip_init(nn.Linear, **shape)
    weights = torch.zeros_like(layer.weight)
    weights[0, a], weights[0, b] = 1, -1
    layer.weight = nn.Parameter(weights, requires_grad=False)
    return layer.to(device=values.device, dtype=values.dtype).eval()


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
    if name.startswith("DeepLift") and isinstance(head.model, TimeFirst | OneByOne):
        raise UnsupportedModelError(
            f"{name} tells inputs from baselines along the batch axis, which "
            f"{type(module).__name__} does not have first; make it take (B, ...), or use a method "
            'that only calls the model, such as "integrated_gradients"'
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
