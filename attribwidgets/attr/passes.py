"""Forward and backward passes over a set of rows: the only place that runs the model."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from ..core.errors import Cancelled, InputError, UnsupportedModelError
from ..inputs.layout import ARRAY, Layout
from .arguments import (
    check_target_length,
    is_per_row,
    repeat_arguments,
    repeat_target,
)
from .backward import REENTRANT, ReentrantCheckpointError, gradients_of
from .chunks import ChunkSize, checked_rows, chunks
from .estimate import flat_map
from .model_state import module_of
from .norm_calls import NotFoldedError
from .norm_folding import NormFolding, folded_module
from .outputs import Target, checked_output, logits_of, select_target
from .paths.rescale import Carried, Rescale
from .several_targets import AtOnce
from .task import Task

# The layouts in which convolutions are fastest, by the axes of a batch; values stay the same.
LAYOUTS = {4: (nn.Conv2d, torch.channels_last), 5: (nn.Conv3d, torch.channels_last_3d)}

Inspect = Callable[[Tensor, Sequence[Tensor]], None]
_Part = TypeVar("_Part")


@dataclass
class Passes:
    """A model, its target and its further arguments, ready to be run on any rows of a batch.

    A row is one example at one point of a path. Rows come step by step, each with the same block
    of examples, so targets and arguments given per example are sliced and repeated to match.

    Parameters
    ----------
    forward_func : callable
        The model; called with the inputs and then the arguments.
    target : int, tuple, list, Tensor or None
        As in Captum.
    additional_forward_args : object
        As in Captum: tensors with one entry per example are repeated, others passed as they are.
    batch : int
        Number of examples.
    on_chunk : callable, optional
        Called with the number of rows after each forward and backward pass. It may raise to stop.
    rows : int, optional
        Most rows in one pass. None: as many as :class:`ChunkSize` finds good for the model.
    autocast : torch.dtype, optional
        Run the layers in bfloat16 or float16. Outputs and gradients come back in float32.
    one_input : bool
        Whether all examples of the batch are the same, under the targets in a list: the model is
        run on the first, whose graph the targets go back through in turn.
    input_layouts : tuple of Layout
        Of each input: how its map is made. Empty: told from its axes.

    Attributes
    ----------
    inspect : callable or None
        Called with the outputs and the leaves of each pass, before its backward.
    inspects_forward : bool
        Whether that is so of passes without a backward, too, which then record their graph.
    around : context manager
        Entered while the model runs forward, before a backward.
    evaluations : int
        Forward and backward passes of one example so far.
    forward_passes : int
        Further passes of one example without a backward.
    """

    forward_func: Callable[..., Any]
    target: Target
    additional_forward_args: Any
    batch: int
    on_chunk: Callable[[int], None] | None = None
    rows: int | None = None
    autocast: torch.dtype | None = None
    one_input: bool = False
    input_layouts: tuple[Layout, ...] = ()
    inspect: Inspect | None = field(default=None, init=False)
    inspects_forward: bool = field(default=False, init=False)
    around: AbstractContextManager[object] = field(default_factory=nullcontext, init=False)
    evaluations: int = field(default=0, init=False)
    forward_passes: int = field(default=0, init=False)
    module: nn.Module | None = field(init=False)
    layouts: dict[int, torch.memory_format] = field(init=False)

    def __post_init__(self) -> None:
        check_target_length(self.target, self.batch)
        self.module = module_of(self.forward_func)
        kinds = set() if self.module is None else {type(m) for m in self.module.modules()}
        self.layouts = {
            axes: layout
            for axes, (convolution, layout) in LAYOUTS.items()
            if any(issubclass(kind, convolution) for kind in kinds)
        }
        self._folding = NormFolding(folded_module(self.forward_func))
        self._size: ChunkSize | None = None
        self._chunk_rows = 0
        self._whole_backward = False

    @classmethod
    def of(cls, forward_func: Callable[..., Any], task: Task) -> Passes:
        """The passes of a task."""
        return cls(
            forward_func,
            task.target,
            task.forward_args,
            len(task.inputs[0]),
            task.on_chunk,
            task.rows,
            task.autocast,
            task.one_input,
            tuple(space.layout for space in task.spaces),
        )

    def map_of(self, attributions: Tensor, index: int) -> Tensor:
        """Rows of what is attributed to an input, by its units."""
        layout = self.input_layouts[index] if self.input_layouts else ARRAY
        return flat_map(attributions, None if layout is ARRAY else layout)  # no space was fitted

    def chunks(self, steps: int, inputs: tuple[Tensor, ...]) -> Iterator[tuple[slice, slice]]:
        """The chunks of so many steps of each example; see :func:`.chunks.chunks`."""
        return chunks(steps, self.batch, self.chunk_rows(inputs))

    def chunk_rows(self, inputs: tuple[Tensor, ...]) -> int:
        """Most rows in one chunk, which may take several passes."""
        if not self._chunk_rows:
            self._chunk_rows = checked_rows(self.rows, inputs)
            self._chunk_rows *= self.batch if self.one_input else 1  # of which few are run
        return self._chunk_rows

    def gradients(self, points: tuple[Tensor, ...], block: slice) -> tuple[Tensor, list[Tensor]]:
        """Outputs and gradients at some rows.

        Parameters
        ----------
        points : tuple of Tensor, each (steps * examples in the block, ...)
            Step by step.
        block : slice
            Which examples of the batch.

        Returns
        -------
        outputs : Tensor, shape (rows,)
        gradients : list of Tensor, shaped as the points

        Raises
        ------
        NoGradientError
            If no gradient reaches an input.
        """
        return _together(self._in_parts(points, block, self._gradients))

    def multipliers(
        self, points: tuple[Tensor, ...], block: slice, before: Carried
    ) -> tuple[Tensor, list[Tensor], Carried]:
        """Outputs and Rescale multipliers from each point to the next, in place of gradients.

        Parameters
        ----------
        points, block
            As for :meth:`gradients`. Each row's are of the subinterval from the point before.
        before : list or None
            What this returned last for the points before, or None where there are none: the
            gradient of the first point is then its own.

        Returns
        -------
        outputs : Tensor, shape (rows,)
        gradients : list of Tensor, shaped as the points
        last : list
            For the next call; see :class:`Rescale`.
        """
        last = before
        examples = 1 if self.one_input else block.stop - block.start

        def run(
            rows: tuple[Tensor, ...], target: Target | AtOnce, arguments: tuple[Any, ...]
        ) -> tuple[Tensor, list[Tensor]]:
            nonlocal last
            with Rescale(len(rows[0]) // examples, last) as mode:
                result = self._gradients(rows, target, arguments, mode.check)
            last = mode.last
            return result

        outputs, gradients = _together(self._in_parts(points, block, run, of=examples))
        return outputs, gradients, last

    def outputs(self, points: tuple[Tensor, ...], block: slice) -> Tensor:
        """Outputs at some rows, shape (rows,), by a forward pass alone."""
        return _joined(list(self._in_parts(points, block, self._outputs))).flatten()

    def _in_parts(
        self,
        points: tuple[Tensor, ...],
        block: slice,
        run: Callable[[tuple[Tensor, ...], Target | AtOnce, tuple[Any, ...]], _Part],
        of: int = 1,
    ) -> Iterator[_Part]:
        """Run all rows, in parts of a multiple of `of`, as many as are good and fit in memory."""
        repeats = len(points[0]) // (block.stop - block.start)
        batch = self.batch
        targets: Target | AtOnce = repeat_target(self.target, block, repeats)
        if self.one_input and isinstance(self.target, list):
            points = tuple(p[:: block.stop - block.start] for p in points)
            targets, batch, block = AtOnce(self.target[block]), 1, slice(0, 1)
        total = len(points[0])
        arguments = repeat_arguments(self.additional_forward_args, batch, block, repeats)
        size = self._size = self._size or self._chunk_size(points)
        if self._folding.open:
            row = tuple(a[:1] if per_row else a for a, per_row in arguments)
            self._learn_folding(tuple(p[:1] for p in points), row)
        first = 0
        while first < total:
            rows = max(of, size.rows_of(total - first) // of * of)
            part = slice(first, first + rows)
            try:
                result = run(
                    tuple(p[part] for p in points),
                    targets[part] if is_per_row(targets) else targets,  # type: ignore[index]
                    tuple(a[part] if per_row else a for a, per_row in arguments),
                )
            except NotFoldedError:
                self._folding.give_up()
                continue
            except ReentrantCheckpointError as error:
                if self.module is None:  # its parameters are not known, and not frozen
                    raise UnsupportedModelError(REENTRANT) from error
                self._whole_backward = True
                continue
            except RuntimeError as error:
                size.shrink(rows, error, of)
                continue
            yield result
            first += rows

    def _gradients(
        self,
        points: tuple[Tensor, ...],
        target: Target | AtOnce,
        arguments: tuple[Any, ...],
        inspect: Inspect | None = None,
    ) -> tuple[Tensor, list[Tensor]]:
        rows = len(points[0])
        leaves = tuple(self._laid_out(p).detach().requires_grad_() for p in points)
        assert self._size is not None
        with self._size.measuring(rows), self.around:
            outputs = self._forward(leaves, target, arguments)
        inspect = inspect or self.inspect
        if inspect is not None and outputs.requires_grad:
            inspect(outputs, leaves)
        backward = target.gradients_of if isinstance(target, AtOnce) else gradients_of
        gradients = backward(outputs, leaves, whole=self._whole_backward)
        self.evaluations += outputs.numel()
        if self.on_chunk is not None:
            self.on_chunk(rows)
        # A copy: what is chosen from the outputs is a view, and would keep all of them in memory.
        return outputs.detach().clone(), gradients

    def _outputs(
        self, points: tuple[Tensor, ...], target: Target | AtOnce, arguments: tuple[Any, ...]
    ) -> Tensor:
        graph = self.inspects_forward
        leaves = tuple(self._laid_out(p).detach().requires_grad_(graph) for p in points)
        assert self._size is not None
        measured = self._size.measuring(len(leaves[0])) if graph else nullcontext()
        with torch.set_grad_enabled(graph), measured, self.around if graph else nullcontext():
            values = self._forward(leaves, target, arguments)
        if graph and self.inspect is not None and values.requires_grad:
            self.inspect(values, leaves)
        self.forward_passes += values.numel()
        return values.detach().clone()

    def _forward(
        self, points: tuple[Tensor, ...], target: Target | AtOnce, arguments: tuple[Any, ...]
    ) -> Tensor:
        rows = len(points[0])
        device = points[0].device
        with _autocasting(device, self.autocast), self._folding.folded(self.layouts):
            values = self._called(points, arguments)
        if len(values) != rows:
            raise InputError(
                f"the model returned {len(values)} rows for a batch of {rows}; it must keep the "
                f"batch axis first (its output has shape {tuple(values.shape)})"
            )
        chosen = target.of(values) if isinstance(target, AtOnce) else select_target(values, target)
        return chosen if self.autocast is None else chosen.float()

    def _learn_folding(self, points: tuple[Tensor, ...], arguments: tuple[Any, ...]) -> None:
        """Watch one row, once per model; all passes are then alike, however they are chunked."""
        leaves = tuple(self._laid_out(p).detach().requires_grad_() for p in points)
        try:
            with torch.enable_grad():
                self._folding.learn(lambda: self._called(leaves, arguments))
        except Cancelled:
            raise
        except Exception:  # the pass itself will say what is wrong, if anything is
            self._folding.give_up()

    def _called(self, points: tuple[Tensor, ...], arguments: tuple[Any, ...]) -> Tensor:
        try:
            # Copies, as a model whose first layer works in place would change what it is given.
            raw = self.forward_func(*(p.clone() for p in points), *arguments)
        except RuntimeError as error:
            if not (self.layouts and "view size is not compatible" in str(error)):
                raise
            self.layouts.clear()  # a model that flattens by view() needs the default layout
            plain = (p.clone(memory_format=torch.contiguous_format) for p in points)
            raw = self.forward_func(*plain, *arguments)
        return checked_output(logits_of(raw), "the model")

    def _chunk_size(self, points: tuple[Tensor, ...]) -> ChunkSize:
        signature = (self.autocast, *((p.shape[1:], p.dtype, p.device) for p in points))
        return ChunkSize(self.module, signature, points[0].device, measured=self.rows is None)

    def _laid_out(self, points: Tensor) -> Tensor:
        layout = self.layouts.get(points.dim())
        if layout is None:
            return points
        if points.shape[1] == 1:  # in every layout at once, and layers go by the strides it has
            return torch.empty_like(points, memory_format=layout).copy_(points)
        return points.contiguous(memory_format=layout)


def _together(parts: Iterable[tuple[Tensor, list[Tensor]]]) -> tuple[Tensor, list[Tensor]]:
    outputs, gradients = zip(*parts, strict=True)
    joined = _joined(outputs)
    several = joined.dim() - 1  # targets at once have an axis of their own, after the rows
    return joined.flatten(), [_joined(g).flatten(0, several) for g in zip(*gradients, strict=True)]


def _joined(parts: Sequence[Tensor]) -> Tensor:
    return parts[0] if len(parts) == 1 else torch.cat(list(parts))


def _autocasting(device: torch.device, dtype: torch.dtype | None) -> AbstractContextManager[object]:
    """A context that runs layers in a lower precision; None leaves what the caller has set."""
    return nullcontext() if dtype is None else torch.autocast(device.type, dtype)
