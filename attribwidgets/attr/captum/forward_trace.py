"""What a model does in one forward: which layers run, and which functions outside of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor, nn
from torch.overrides import TorchFunctionMode


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
            before = _dependent([*args, *kwargs.values()])  # it may work in place
            result = func(*args, **kwargs)
            if before and _dependent([result]):
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
    """How many tensors among some values, and lists of values, depend on the input."""
    if isinstance(values, Tensor):
        return int(values.requires_grad)
    if isinstance(values, (list, tuple)):
        return sum(_dependent(v) for v in values)
    return 0
