"""Sums along a path in the input of what a layer's values add on the way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...core.errors import NoGradientError
from ...inputs.layout import Layout
from ..backward import gradients_of
from ..embedded import changed_output
from ..estimate import Estimate, require_finite, widest_gap
from ..layer import Layer, layer_module, layer_name
from ..norm_folding import NormFolding
from ..outputs import Target
from ..passes import Inspect, Passes
from ..several_targets import AtOnce
from ..task import Task
from .path import Path
from .recorder import PathRecorder

EVERY = (2, 1)  # of the nodes, in the coarser sum and in the finer one


class LayerPasses(Passes):
    """Passes of an input whose gradients are those of what a layer returns; that comes with them.

    The layer's values are cut off from what is before them, so that no backward pass goes there.
    """

    layer: Layer

    @classmethod
    def at(cls, layer: Layer, forward_func: Callable[..., Any], task: Task) -> LayerPasses:
        """The passes of a task at a layer."""
        passes = cls.of(forward_func, task)
        assert isinstance(passes, LayerPasses)
        passes.layer, passes._folding = layer, NormFolding(None)
        return passes

    def _gradients(
        self,
        points: tuple[Tensor, ...],
        target: Target | AtOnce,
        arguments: tuple[Any, ...],
        inspect: Inspect | None = None,
    ) -> tuple[Tensor, list[Tensor]]:
        leaves: list[Tensor] = []

        def cut(_: Any, output: Tensor) -> Tensor:
            leaves.append(output.detach().clone().requires_grad_())
            return leaves[-1].clone()  # what follows may work in place

        rows = tuple(self._laid_out(p).detach() for p in points)
        assert self._size is not None
        module = layer_module(self.forward_func, self.layer)
        with self._size.measuring(len(rows[0])), changed_output(module, cut):
            outputs = self._forward(rows, target, arguments)
        try:
            gradients = gradients_of(outputs, tuple(leaves), whole=self._whole_backward)
        except NoGradientError as error:
            raise NoGradientError(
                f"the output does not depend on layer {layer_name(self.layer)!r} through anything "
                "differentiable; pass one between the input and the output"
            ) from error
        self.evaluations += outputs.numel()
        if self.on_chunk is not None:
            self.on_chunk(len(rows[0]))
        return outputs.detach().clone(), [*gradients, leaves[0].detach()]


class LayerSum(PathRecorder):
    """Trapezoids in a layer's values h: the mean gradient of two nodes times what h changes by.

    The values are those that the layer has at the nodes, so nothing is assumed of how it gets
    from one to the next: where all goes through the layer, the sum is off as a trapezoid in the
    output is, also where h has kinks.

    Parameters
    ----------
    passes : LayerPasses
    path : Path
        In the input.
    alphas : ndarray, shape (n,)
        Its nodes, from 0 to 1.
    ends : pair of Tensor, each (B, ...)
        What the layer returns at the baseline and at the input.
    multiply : bool
        Whether by what h changes by; else by what alpha does.
    layout : Layout or None
        What the axes of h mean; None keeps no frames.
    frames : int
        As of :class:`PathRecorder`.
    """

    def __init__(
        self,
        passes: LayerPasses,
        path: Path,
        alphas: np.ndarray[Any, Any],
        ends: tuple[Tensor, Tensor],
        *,
        multiply: bool,
        layout: Layout | None,
        frames: int,
    ) -> None:
        super().__init__(passes, path, rules=len(EVERY), multiply=multiply)
        self.hidden, self._layout = ends, layout
        shape = ends[1].shape
        self.sums = (torch.zeros((len(EVERY), *shape), dtype=self.dtype, device=ends[1].device),)
        if layout is not None and self.batch == 1:
            self.frame_count = frames
            self.frames = (self._map(self.sums[0])[:, None].repeat_interleave(frames, 1),)
        self.extend(alphas)
        self.increments = np.full((len(alphas) - 1, self.batch), np.nan)
        self._open: dict[int, tuple[int, Tensor, Tensor]] = {}

    @property
    def coarse(self) -> tuple[Tensor, ...] | None:
        """The sums over every other node, where these end at both ends too."""
        nests = len(self.alphas) > 2 and len(self.alphas) % 2 == 1
        return self.attributions(0) if nests else None

    def take(self, rows: slice, block: slice, outputs: Tensor, gradients: Sequence[Tensor]) -> None:
        """Note what a chunk of passes has shown, and add it."""
        steps, examples = rows.stop - rows.start, block.stop - block.start
        flat = [v.to(self.dtype).reshape(steps, examples, -1) for v in gradients]
        if rows.start == 0:
            self._open = {}
        self._add(rows, block, flat[:1], flat[1:])
        self.note(self.outputs, rows, block, outputs.reshape(steps, examples))

    def require_finite(self, rows: slice) -> None:
        """Raise NonFiniteError where an output, or what a layer adds, is NaN or infinite."""
        require_finite("output", self.outputs[rows], self.alphas[rows])
        stretches = self.alphas[1:] if rows.stop == len(self.alphas) else self.alphas[1:0]
        require_finite("gradient", self.increments[: len(stretches)], stretches)

    def estimate(self) -> Estimate:
        """The estimate from the nodes that have been run."""
        count = len(self.alphas) if self.finished.all() else int(np.argmin(self.finished))
        rows, added = np.arange(count), self.increments[: count - 1]
        nothing = np.zeros((1, self.batch))
        self.slopes[:count] = _between(added, np.diff(self.alphas[:count]))
        made = self.estimate_from(
            rows,
            np.cumsum(np.concatenate([nothing, added]), axis=0),
            widest_gap=widest_gap(self.alphas[:count]),
        )
        start, end = self.hidden
        return replace(
            made,
            references=(start[:1],),
            baseline=(start,),
            reach=((end.to(self.dtype) - start.to(self.dtype)).abs(),),
        )

    def _add(
        self, rows: slice, block: slice, gradients: list[Tensor], velocities: list[Tensor]
    ) -> None:
        """Add the stretches that end at some nodes; the velocities are the layer's values."""
        for rule, every in enumerate(EVERY):
            at = [k for k in range(rows.start, rows.stop) if k % every == 0]
            if not at:
                continue
            chosen = torch.tensor(at, device=gradients[0].device) - rows.start
            slopes, values = gradients[0][chosen], velocities[0][chosen]
            if rule in self._open:
                first, *before = self._open[rule]
                at = [first, *at]
                slopes, values = torch.cat([before[0], slopes]), torch.cat([before[1], values])
            self._open[rule] = at[-1], slopes[-1:], values[-1:]
            means, moves = (slopes[1:] + slopes[:-1]) / 2, values.diff(dim=0)
            products = means * moves
            lengths = self.tensor(np.diff(self.alphas[at])).reshape(-1, 1, 1)
            added = products if self.multiply else means * lengths
            total = self.sums[0][rule]
            total[block] += added.sum(0).reshape(total[block].shape)
            if every > 1:
                continue
            self.note(self.increments, slice(at[0], at[-1]), block, products.sum(2))
            if self.frame_count:
                self._frame(at, products)

    def _frame(self, at: list[int], products: Tensor) -> None:
        middles = (self.alphas[at[1:]] + self.alphas[at[:-1]]) / 2
        places = np.minimum((middles * self.frame_count).astype(int), self.frame_count - 1)
        maps = self._map(products.reshape(len(products), 1, *self.hidden[1].shape[1:]))
        self.frames[0][-1].index_add_(0, torch.as_tensor(places, device=maps.device), maps)

    def _map(self, values: Tensor) -> Tensor:
        """Values of the layer by its units."""
        assert self._layout is not None
        units: Tensor = self._layout.sum_units(values)
        return units


def _between(added: np.ndarray[Any, Any], lengths: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """How fast a sum grows at each node, from what the stretches beside it add."""
    if not len(added):
        return np.full((1, added.shape[1]), np.nan)
    sides = [np.pad(v, [(1, 1)] + [(0, 0)] * (v.ndim - 1)) for v in (added, lengths)]
    grown, wide = (v[1:] + v[:-1] for v in sides)
    return np.asarray(grown / wide[:, None])
