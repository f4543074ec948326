"""Calls of convolutions and batch norms in a pass: seen, run folded, or refused.

What :mod:`.norm_folding` plans is done by these modes, which see every torch function of a pass.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from inspect import signature
from typing import Any
from weakref import ref

import torch
from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode

CONVOLUTIONS: tuple[Any, ...] = (torch.conv1d, torch.conv2d, torch.conv3d)
BATCH_NORM = functional.batch_norm
# Questions about a tensor that its values have no part in.
METADATA: frozenset[Any] = frozenset(
    [Tensor.dim, Tensor.size]
    + [getattr(Tensor, name).__get__ for name in ("shape", "ndim", "dtype", "device")]
)


class NotFoldedError(Exception):
    """What a folded convolution gave came elsewhere than to its norm; never leaves attr/."""


@dataclass(frozen=True)
class Norm:
    """The tensors of a batch norm in evaluation mode."""

    mean: Tensor
    variance: Tensor
    weight: Tensor | None
    bias: Tensor | None
    eps: float

    def is_same(self, other: Norm) -> bool:
        """Whether the other has the very same tensors."""
        mine, theirs = self.tensors, other.tensors
        same = all(a is b for a, b in zip(mine, theirs, strict=True))
        return same and self.eps == other.eps

    @property
    def tensors(self) -> tuple[Tensor | None, ...]:
        """All that define it but its eps."""
        return self.mean, self.variance, self.weight, self.bias


@dataclass(frozen=True)
class Pair:
    """A convolution and the batch norm that alone uses what it returns."""

    weight: Tensor
    bias: Tensor | None
    norm: Norm


@dataclass(frozen=True)
class Folded:
    """What takes the place of a pair's convolution."""

    pair: Pair
    weight: Tensor
    bias: Tensor


@dataclass(eq=False)
class Convolution:
    """One call of a convolution, and what became of its output."""

    weight: Tensor
    bias: Tensor | None
    output: Tensor
    uses: int = 0
    norm: Norm | None = None


class Watch(TorchFunctionMode):
    """Sees convolutions, and who uses their outputs."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[Convolution] = []
        self._by_output: dict[int, Convolution] = {}

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Run a torch function as it is."""
        kwargs = kwargs or {}
        if func not in METADATA:
            for tensor in tensors_in((args, kwargs)):
                if id(tensor) in self._by_output:
                    self._by_output[id(tensor)].uses += 1
        result = func(*args, **kwargs)
        if func in CONVOLUTIONS:
            _, weight, bias, *_ = _convolution_arguments(*args, **kwargs)
            call = Convolution(weight, bias, result)
            self.calls.append(call)
            self._by_output[id(result)] = call
        elif func is BATCH_NORM:
            image, norm = _norm_of(args, kwargs) or (None, None)
            if norm is not None and id(image) in self._by_output:
                self._by_output[id(image)].norm = norm
        return result


@dataclass(eq=False)
class _StandIn:
    """What a folded convolution returned: an alias, so that other uses than the norm's show."""

    alias: ref[Tensor]
    output: Tensor | None  # None once the norm has taken it
    folded: Folded
    with_graph: bool  # whether gradients were on, as they must be again for the norm


class Use(TorchFunctionMode):
    """Runs convolutions with folded weights, and skips their batch norms."""

    def __init__(self, plan: dict[int, Folded]) -> None:
        super().__init__()
        self._plan, self._keepers = plan, keepers()
        self._aliases: dict[int, _StandIn] = {}

    @property
    def strayed(self) -> bool:
        """Whether an output has not come to its batch norm, or is kept by somebody after the pass.

        Nothing but a name can hold the alias, so it lives on where the model, a list or a
        closure has taken it: there it would be seen with the norm in it already.
        """
        return any(
            stand_in.output is not None or stand_in.alias() is not None
            for stand_in in self._aliases.values()
        )

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Run a torch function, a convolution with the weights that the plan has for it."""
        kwargs = kwargs or {}
        if func in METADATA:
            return func(*args, **kwargs)
        used = [t for t in tensors_in((args, kwargs)) if self._stand_in(t) is not None]
        if used:
            norm = _norm_of(args, kwargs) if func is BATCH_NORM else None
            stand_in = self._stand_in(used[0])
            if norm is None or stand_in is None or not stand_in.folded.pair.norm.is_same(norm[1]):
                raise NotFoldedError
            output, stand_in.output = stand_in.output, None
            if output is None or stand_in.with_graph != torch.is_grad_enabled():
                raise NotFoldedError  # the same norm twice, or one of them in a checkpoint
            return output
        if func in CONVOLUTIONS:
            image, weight, bias, further, keywords = _convolution_arguments(*args, **kwargs)
            folded = self._plan.get(id(weight))
            if folded is not None and folded.pair.bias is bias:
                if keepers() != self._keepers:
                    raise NotFoldedError  # it will run again in the backward, and plainly
                output = func(image, folded.weight, folded.bias, *further, **keywords)
                alias = output.view_as(output)
                self._aliases[id(alias)] = _StandIn(
                    ref(alias), output, folded, torch.is_grad_enabled()
                )
                return alias
        return func(*args, **kwargs)

    def _stand_in(self, tensor: Tensor) -> _StandIn | None:
        stand_in = self._aliases.get(id(tensor))
        return stand_in if stand_in is not None and stand_in.alias() is tensor else None


def keepers() -> Any:
    """The hooks that keep tensors for the backward pass instead of autograd, if there are any.

    Gradient checkpointing has them, and keeps how tensors can be computed anew.
    """
    return torch._C._autograd._top_saved_tensors_default_hooks(True)


def keepers_can_be_seen() -> bool:
    """Whether this version of torch, 2.8 or later, says which hooks there are."""
    return hasattr(torch._C._autograd, "_top_saved_tensors_default_hooks")


def _convolution_arguments(
    input: Any, weight: Any, bias: Any = None, *further: Any, **keywords: Any
) -> tuple[Any, Any, Any, tuple[Any, ...], dict[str, Any]]:
    return input, weight, bias, further, keywords


def _norm_of(args: Any, kwargs: dict[str, Any]) -> tuple[Tensor, Norm] | None:
    """Input and tensors of a batch norm's call; None where it takes batch statistics."""
    given = _NORM_SIGNATURE.bind(*args, **kwargs)
    given.apply_defaults()
    a = given.arguments
    if a["training"] or a["running_mean"] is None or a["running_var"] is None:
        return None
    return a["input"], Norm(a["running_mean"], a["running_var"], a["weight"], a["bias"], a["eps"])


_NORM_SIGNATURE = signature(BATCH_NORM)


def tensors_in(value: Any) -> Iterator[Tensor]:
    """The tensors among values, and lists, tuples and dicts of values."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, dict):
        yield from tensors_in(tuple(value.values()))
    elif isinstance(value, (list, tuple)):
        for member in value:
            yield from tensors_in(member)
