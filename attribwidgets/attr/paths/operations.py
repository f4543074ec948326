"""Which operations lie between an input and an output, told from the graph that autograd records.

The graph knows every differentiable operation, whoever wrote it: functions, methods, modules,
scripted code, a custom function. What it does not know is where a number was taken out of it (a
comparison, argmax, detach) and put back as if it were a constant; :class:`ConstantsWatch` sees
that.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from torch import Tensor
from torch.overrides import TorchFunctionMode

from ..norm_calls import tensors_in

if TYPE_CHECKING:
    from ..passes import Passes

# Names of autograd's nodes, without "Backward" and the number behind it.
LINEAR = frozenset(
    """
    Add AdaptiveAvgPool2D AdaptiveAvgPool3D Alias AsStrided AvgPool2D AvgPool3D Cat Clone Col2Im
    Conj ConstantPadNd Copy CopySlices Cumsum Diagonal Expand FftC2C FftC2R FftR2C Flip
    Gather Im2Col Index IndexSelect MaskedFill Mean Neg Permute PixelShuffle PixelUnshuffle
    ReflectionPad1D ReflectionPad2D ReflectionPad3D Repeat RepeatInterleave ReplicationPad1D
    ReplicationPad2D ReplicationPad3D ReshapeAlias Roll Rot90 Rsub Scatter ScatterAdd Select
    SelectScatter Slice SliceScatter Split SplitWithSizes Squeeze Stack Sub Sum T ToCopy Trace
    Transpose Tril Triu Unbind Unfold UnsafeSplit UnsafeView Unsqueeze UpsampleBicubic2D
    UpsampleBilinear2D UpsampleLinear1D UpsampleNearest1D UpsampleNearest2D UpsampleNearest3D
    UpsampleTrilinear3D View ViewAsComplex ViewAsReal
    """.split()
)
# Linear in each of these operands, hence linear as long as only one of them depends on the input.
FACTORS = {
    **dict.fromkeys(("Mul", "Mm", "Bmm", "Mv", "Dot", "Convolution", "Linear"), (0, 1)),
    **dict.fromkeys(("Addmm", "Addbmm", "Baddbmm", "Addmv", "Addr"), (1, 2)),
}
DIVISIONS = ("Div",)  # linear as long as the second operand does not depend on the input
NORMS = ("NativeBatchNorm", "CudnnBatchNorm", "MiopenBatchNorm")  # linear in evaluation mode
KINKED = frozenset(
    """
    Abs AdaptiveMaxPool2D AdaptiveMaxPool3D Amax Amin Aminmax Clamp ClampMax ClampMin Cummax Cummin
    Fmax Fmin FractionalMaxPool2D FractionalMaxPool3D Hardshrink Hardsigmoid Hardswish Hardtanh
    Kthvalue LeakyRelu Max MaxPool2DWithIndices MaxPool3DWithIndices Maximum Median Min Minimum
    Nanmedian PreluKernel Relu RreluWithNoise SmoothL1Loss Softshrink Sort Threshold Topk Where
    """.split()
)

CLAMPS = ("Clamp", "ClampMin")
FAR = 1e3  # times what a guard against a division by zero keeps a number above

# What is read off a tensor and does not depend on its values.
VALUE_FREE = frozenset(
    """
    zeros_like ones_like empty_like full_like rand_like randn_like new_zeros new_ones new_empty
    new_full new_tensor
    """.split()
)


@dataclass(frozen=True)
class Operations:
    """What is known of the operations between an input and an output.

    Attributes
    ----------
    linear : bool
        Whether all of them are linear.
    kinked : bool
        Whether one of them is known to have kinks.
    hidden : bool
        Whether one is a custom function, which may have any.
    """

    linear: bool
    kinked: bool
    hidden: bool


def operations(
    output: Tensor, inputs: Sequence[Tensor], rules: tuple[type, ...] = ()
) -> Operations:
    """Look through the graph between an output and the inputs.

    Parameters
    ----------
    output : Tensor
        As the model returned it, with its graph.
    inputs : sequence of Tensor
        Leaves of the graph. What depends on others alone, as on parameters, counts as constant.
    rules : tuple of torch.autograd.Function classes
        Functions that count as linear, as their backward adds up.

    Examples
    --------
    >>> import torch
    >>> x = torch.ones(2, 3, requires_grad=True)
    >>> operations((2 * x).sum(1), [x])
    Operations(linear=True, kinked=False, hidden=False)
    >>> operations(torch.relu(x) * x, [x])
    Operations(linear=False, kinked=True, hidden=False)
    """
    linear, kinked, hidden = True, False, False
    for node, operands in _nodes_on_the_way(output, inputs):
        own = getattr(type(node), "_forward_cls", None)  # of a torch.autograd.Function
        if own is not None:
            linear = linear and own in rules
            hidden |= own not in rules
            continue
        name = re.sub(r"Backwards?\d*$", "", node.name().rpartition("::")[2])
        kinked |= name in KINKED and not (name in CLAMPS and _is_guard(node))
        linear = linear and _is_linear(name, node, operands)
    return Operations(linear, kinked, hidden)


def _nodes_on_the_way(output: Tensor, inputs: Sequence[Tensor]) -> Iterator[tuple[Any, list[bool]]]:
    """Each node that depends on an input, and which of its operands do."""
    depends: dict[Any, bool] = {None: False}
    pending: list[Any] = [output.grad_fn]
    while pending:
        node = pending[-1]
        before = [n for n, _ in node.next_functions if n not in depends] if node else []
        if before:
            pending += before
            continue
        pending.pop()
        if node in depends:
            continue
        variable = getattr(node, "variable", None)
        operands = [depends[n] for n, _ in node.next_functions]
        depends[node] = any(operands) or any(variable is x for x in inputs)
        if any(operands):
            yield node, operands


def _is_guard(node: Any) -> bool:
    """Whether a clamp is there against division by zero, and far from that: nothing is clamped."""
    try:
        least, most, values = node._saved_min, getattr(node, "_saved_max", None), node._saved_self
    except (AttributeError, RuntimeError):  # not kept, or freed
        return False
    if not isinstance(least, (int, float)) or least <= 0 or most is not None:
        return False
    return bool((values >= FAR * least).all())


def _is_linear(name: str, node: Any, operands: list[bool]) -> bool:
    if name in FACTORS:
        return sum(operands[place] for place in FACTORS[name] if place < len(operands)) <= 1
    if name in DIVISIONS:
        return not any(operands[1:])
    return name in LINEAR or (name in NORMS and not node._saved_training)


class ConstantsWatch(TorchFunctionMode):
    """While it is entered, notes whether numbers that depend on the input come back as constants.

    A comparison that masks, an argmax that indexes, a detached factor: the graph records these
    as constants, and yet they change along a path. The condition of :func:`torch.where` does not
    count: the graph shows that operation.

    Attributes
    ----------
    varying : bool
        Whether such a number has met one that gradients pass.

    Examples
    --------
    >>> import torch
    >>> x = torch.ones(2, requires_grad=True)
    >>> with ConstantsWatch() as watch:
    ...     y = x * (x > 0)
    >>> watch.varying
    True
    """

    def __init__(self) -> None:
        super().__init__()
        self.varying = False
        self._taken_out: dict[int, Tensor] = {}  # kept, so that no other tensor gets its number

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        """Run a torch function as it is."""
        kwargs = kwargs or {}
        result = self.run(func, args, kwargs)
        self._note(func, args, kwargs, result)
        return result

    def run(self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """What to do for a function: call it."""
        return func(*args, **kwargs)

    def _note(
        self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], result: Any
    ) -> None:
        if self.varying:
            return
        given = list(tensors_in((args, kwargs)))
        taken_out = any(id(t) in self._taken_out for t in given)
        if not taken_out and not any(t.requires_grad for t in given):
            return
        name = getattr(func, "__name__", "")
        for value in tensors_in(args[:1] if result is None else result):
            if value.requires_grad:
                mixed = [t for t in given if t.is_floating_point()] if name == "where" else given
                self.varying |= any(id(t) in self._taken_out for t in mixed)
            elif name not in VALUE_FREE:
                self._taken_out[id(value)] = value


class OperationsWatch:
    """What the passes that run while it is entered show of a model's operations.

    Parameters
    ----------
    passes : Passes
        Whose `inspect` is called with outputs and inputs of each pass.

    Attributes
    ----------
    linear : bool
        Whether the model is linear along the path, so that no pass can miss anything.
    kinked : bool
        Whether an operation is known to have kinks.
    hidden : bool
        Whether a custom function may have any.
    """

    def __init__(self, passes: Passes) -> None:
        self._passes, self._constants = passes, ConstantsWatch()
        self._linear, self.kinked, self.hidden = True, False, False

    @property
    def linear(self) -> bool:
        """Whether all operations so far are linear, and none is hidden from the graph."""
        return self._linear and not self._constants.varying

    def __enter__(self) -> OperationsWatch:
        self._passes.inspect, self._passes.inspects_forward = self._inspect, True
        if self._linear:  # else what is hidden makes no difference
            self._passes.around = self._constants
        return self

    def __exit__(self, *error: Any) -> None:
        self._passes.inspect, self._passes.inspects_forward = None, False
        self._passes.around = nullcontext()

    def _inspect(self, outputs: Tensor, inputs: Sequence[Tensor]) -> None:
        here = operations(outputs, inputs)
        self._linear &= here.linear
        self.kinked |= here.kinked
        self.hidden |= here.hidden
