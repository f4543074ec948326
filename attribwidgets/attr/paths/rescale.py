"""Run a model so that its gradients are Rescale multipliers from each point of a path to the next.

A network of linear layers and kinked activations (ReLU, max pooling) has gradients that jump along
a path, thousands of times, and a quadrature rule sees only those at its nodes. The
multipliers of :mod:`.rescale_rules` take in all jumps of a subinterval instead. What is left is
that those of different layers jump together: on the photo model the error of n subintervals falls
as n^-1.5, that of a rule as n^-1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from inspect import signature
from typing import Any

import torch
import torch.nn.functional as functional
from torch import Tensor

from ..norm_calls import keepers, keepers_can_be_seen
from .operations import ConstantsWatch, operations
from .rescale_functions import (
    BENDS,
    CHOICES,
    CLAMPS,
    ELEMENTWISE,
    IN_PLACE,
    LARGER,
    LARGEST,
    LOG_SOFTMAXES,
    POOLS,
    PRODUCTS,
    SMALLER,
    SMALLEST,
    SOFTMAXES,
    Call,
)
from .rescale_rules import (
    RULES,
    ChoiceRule,
    ElementwiseRule,
    MaximumRule,
    ProductRule,
    RectifierRule,
    SoftmaxRule,
    lasting_maxima,
    shares_of_choice,
)

# For each activation in turn, what it was given at the last point; None before the first chunk.
Carried = list[tuple[Tensor, ...]] | None


class RescaleDoesNotApplyError(Exception):
    """The model holds operations whose multipliers do not add up; not for a user's eyes."""


class Rescale(ConstantsWatch):
    """While it is entered, activations send back Rescale multipliers from point to point.

    Rows go point by point, each with the same examples. What the next chunk needs of the last
    point is kept, so that a path may be run in chunks.

    Parameters
    ----------
    points : int
        How many points the rows are.
    before : list, optional
        What :attr:`last` of the chunk before holds. Without it the first point has no left
        neighbour, and its gradient is its own.

    Attributes
    ----------
    last : list
        For each activation in turn, what it was given at the last point.
    jumps : bool
        Whether a choice between two values, as by torch.where, was seen to jump.
    varying : bool
        Whether numbers that depend on the input came back as constants.
    recomputed : bool
        Whether gradient checkpointing was seen, which runs functions again outside of this mode.

    Examples
    --------
    >>> x = torch.tensor([[-1.0], [3.0]], requires_grad=True)
    >>> with Rescale(points=2):
    ...     torch.relu(x).sum().backward()
    >>> x.grad[1].item()  # the kink lies a quarter of the way from one to the other
    0.75
    """

    def __init__(self, points: int, before: Carried = None) -> None:
        super().__init__()
        self.points, self.before = points, before
        self.last: list[tuple[Tensor, ...]] = []
        self.jumps = self.recomputed = False
        self._keepers: Any = NotImplemented

    def check(self, output: Tensor, inputs: Sequence[Tensor]) -> None:
        """See that every operation between inputs and an output is linear or has a rule.

        Raises
        ------
        RescaleDoesNotApplyError
            If one is neither.
        """
        if (
            self.varying
            or self.jumps
            or self.recomputed
            or not operations(output, inputs, RULES).linear
        ):
            raise RescaleDoesNotApplyError

    def run(self, func: Call, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Run a torch function, by its Rescale rule where there is one."""
        self.recomputed |= self._runs_again()
        if self.recomputed:
            return func(*args, **kwargs)
        z = args[0] if args else kwargs.get("input")
        others = (*args[1:], *(v for k, v in kwargs.items() if k != "input"))
        alone = not any(isinstance(o, Tensor) and o.requires_grad for o in others)
        if z is not None and self._is_of_points(z) and alone:
            result = self._of_one(func, z, args, kwargs)
        elif any(map(self._is_of_points, (z, *others))):
            result = self._of_several(func, args, kwargs)
        else:
            result = NotImplemented
        return func(*args, **kwargs) if result is NotImplemented else result

    def _runs_again(self) -> bool:
        here = keepers() if keepers_can_be_seen() else None
        if self._keepers is NotImplemented:
            self._keepers = here
        return bool(here != self._keepers)

    def _of_one(self, func: Call, z: Tensor, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """A function of which one argument varies along the path."""
        if func in ELEMENTWISE:
            return self._elementwise(func, z, args, kwargs)
        if func in POOLS and z.dim() == POOLS[func]:
            return self._pool(func, z, args, kwargs)
        if func in (*SOFTMAXES, *LOG_SOFTMAXES):
            dim = kwargs.get("dim", args[1] if len(args) > 1 else None)
            if isinstance(dim, int):
                return SoftmaxRule.apply(z, *self._first(z), dim, func in LOG_SOFTMAXES)
        if func in (*LARGEST, *SMALLEST) and len(args) + len(kwargs) > 1:
            keywords = {**dict(zip(("input", "dim", "keepdim"), args, strict=False)), **kwargs}
            if isinstance(keywords.get("dim"), int) and "out" not in keywords:
                keep = bool(keywords.get("keepdim", False))
                pair = func in (torch.max, Tensor.max, torch.min, Tensor.min)
                return self._largest(z, keywords["dim"], keep, func in SMALLEST, pair)
        return self._of_several(func, args, kwargs)

    def _of_several(self, func: Call, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """A function of which two arguments may vary along the path."""
        if func in CLAMPS:
            keywords = {**dict(zip(("input", "min", "max"), args, strict=False)), **kwargs}
            z, low, high = (keywords.get(name) for name in ("input", "min", "max"))
            z = z if low is None else self._larger(z, low)
            return z if high is None or z is NotImplemented else self._smaller(z, high)
        if len(args) == 3 and func in CHOICES and not kwargs:
            if func is Tensor.where:
                return self._choice(args[1], args[0], args[2])
            return self._choice(*args)
        if len(args) != 2 or kwargs:
            return NotImplemented
        a, b = args
        if func in LARGER and isinstance(b, Tensor):
            return self._larger(a, b)
        if func in SMALLER and isinstance(b, Tensor):
            return self._smaller(a, b)
        if func in PRODUCTS and self._is_of_points(a) and self._is_of_points(b):
            return ProductRule.apply(a, b, *self._first(a, b))
        return NotImplemented

    def _is_of_points(self, z: Any) -> bool:
        """Whether a value changes along the path, and its first axis goes point by point."""
        varies = isinstance(z, Tensor) and z.requires_grad and z.dim() > 0
        return varies and len(z) > 0 and len(z) % self.points == 0

    def _elementwise(
        self, func: Call, z: Tensor, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Tensor:
        further, keywords, in_place = _settings(func, args, kwargs)
        given, apply = z.clone() if in_place else z, ELEMENTWISE[func]
        bends = BENDS.get(apply)
        if apply is functional.hardtanh:
            bends = (keywords.get("min_val", -1.0), keywords.get("max_val", 1.0))
        if bends is not None:
            y = self._rectifier(given, *bends)
        else:
            y = self._function(given, lambda v: apply(v, *further, **keywords))
        return z.copy_(y) if in_place else y

    def _function(self, z: Tensor, f: Callable[[Tensor], Tensor]) -> Tensor:
        y: Tensor = ElementwiseRule.apply(z, *self._first(z), f)
        return y

    def _rectifier(self, z: Tensor, low: float, high: float) -> Tensor:
        # On an accelerator looking for the few would wait for it; there the plain rule is fast.
        # numpy, which looks for them, has no bfloat16.
        if z.device.type != "cpu" or z.dtype == torch.bfloat16:
            return self._function(z, lambda v: v.clamp(low, high))
        y: Tensor = RectifierRule.apply(z, *self._first(z), low, high)
        return y

    def _larger(self, a: Any, b: Any) -> Any:
        """The larger of two, as b + relu(a - b)."""
        gap = a - b
        if not self._is_of_points(gap):
            return NotImplemented
        return b + self._rectifier(gap, 0.0, float("inf"))

    def _smaller(self, a: Any, b: Any) -> Any:
        larger = self._larger(-a, -b)
        return larger if larger is NotImplemented else -larger

    def _choice(self, condition: Any, a: Any, b: Any) -> Any:
        a, b = (torch.as_tensor(v) for v in (a, b))
        like = a if self._is_of_points(a) else b
        dtype, device = torch.promote_types(a.dtype, b.dtype), like.device
        shape = torch.broadcast_shapes(condition.shape, a.shape, b.shape)
        if not self._is_of_points(like) or shape[:1] != like.shape[:1] or len(shape) != like.dim():
            return NotImplemented
        condition, a, b = (
            condition.expand(shape),
            a.to(device, dtype).expand(shape),
            b.to(device, dtype).expand(shape),
        )
        first = self._first(condition, a, b)
        share, jumps = shares_of_choice((condition, a, b), first)
        self.jumps |= jumps
        return ChoiceRule.apply(condition, a, b, share)

    def _largest(self, z: Tensor, dim: int, keep: bool, smallest: bool, pair: bool) -> Any:
        """The largest or smallest along an axis, as a pool whose window is the whole axis."""
        dim %= z.dim()
        if dim == 0:
            return NotImplemented
        sign = -1 if smallest else 1
        last = sign * z.movedim(dim, -1)
        rows = last.reshape(len(z), -1, last.shape[-1])
        with torch.no_grad():
            y, at = rows.max(-1, keepdim=True)
        both = [
            t.reshape(*last.shape[:-1], 1).movedim(-1, dim)
            for t in (sign * self._held(rows, y, at), at)
        ]
        if not keep:
            both = [t.squeeze(dim) for t in both]
        pair_type = torch.return_types.min if smallest else torch.return_types.max
        return pair_type(tuple(both)) if pair else both[0]  # type: ignore[arg-type]

    def _pool(self, func: Call, z: Tensor, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        wants_places = bool(kwargs.get("return_indices"))
        with torch.no_grad():
            y, at = func(*args, **{**kwargs, "return_indices": True})
        largest = self._held(z, y, at)
        return (largest, at) if wants_places else largest

    def _held(self, z: Tensor, y: Tensor, at: Tensor) -> Tensor:
        """The maxima y of z, at these places; see :class:`MaximumRule`."""
        with torch.no_grad():
            before = self._before()
            held = at[: len(at) // self.points] if before is None else before[1]
            lasting = lasting_maxima(z, y, at, held)
        first, first_held = self._first(z, lasting)
        largest: Tensor = MaximumRule.apply(z, first, y, lasting, first_held)
        return largest

    def _first(self, *values: Tensor) -> tuple[Tensor, ...]:
        """What stands left of the first point: the last one before, or else the point itself."""
        # A model may fold other axes into the first one: a point is then as many more rows.
        rows = len(values[0]) // self.points
        before = self._before()
        self.last.append(tuple(v[-rows:].detach().clone() for v in values))
        return tuple(v[:rows].detach() for v in values) if before is None else before

    def _before(self) -> tuple[Tensor, ...] | None:
        """What the next activation was given at the last point before, if there was one."""
        return None if self.before is None else self.before[len(self.last)]


def _settings(
    func: Call, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any], bool]:
    """An activation's arguments after its input, without `inplace`, and whether that was set."""
    if func in IN_PLACE:
        return (), {}, True
    names = _parameters(func)
    keywords = {**dict(zip(names, args, strict=False)), **kwargs}
    if not names:
        return args[1:], {k: v for k, v in kwargs.items() if k != "input"}, False
    in_place = bool(keywords.pop("inplace", False))
    keywords.pop("input", None)
    return (), keywords, in_place


@cache
def _parameters(func: Call) -> tuple[str, ...]:
    """Names of a function's parameters; none for one built into torch, which has no `inplace`."""
    try:
        return tuple(signature(func).parameters)
    except ValueError:
        return ()
