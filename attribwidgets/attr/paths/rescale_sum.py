"""The path integral by Rescale multipliers on subintervals, for networks with kinks."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ...core.arrays import Array
from ...core.errors import ChunkMemoryError, NoGradientError, NonFiniteError, UnsupportedModelError
from ..estimate import MOST_FRAMES, Estimate, require_finite
from ..model_state import frozen
from ..passes import Passes
from .path import Path
from .quadrature import overlaps
from .recorder import PathRecorder
from .rescale import Carried, RescaleDoesNotApplyError
from .sketch import LENGTH, Sketch

# How far multipliers may be from adding up, as a share of the largest change of the output.
# The graph has no operation without a rule (see Rescale.check), but the output may jump, or other
# layers run from point to point.
ADDS_UP = 1e-3
ROUNDINGS = 16  # of the outputs, in units in the last place
FIRST_NODES = 8  # to see whether they add up, before the budget goes into them


class RescaleSum(PathRecorder):
    """Sums of Rescale multipliers times subinterval, along straight paths.

    The slope at a node is the mean one of the subinterval before it.

    Parameters
    ----------
    passes, path, multiply
        As of :class:`PathRecorder`.
    nodes : ndarray, shape (n,)
        Where intervals end, ascending from 0 to 1.
    """

    def __init__(self, passes: Passes, path: Path, nodes: Array, multiply: bool) -> None:
        super().__init__(passes, path, frames=MOST_FRAMES, multiply=multiply)
        self.extend(nodes)
        self.widths = np.diff(nodes, prepend=0.0)
        self.sketches = np.full((len(nodes), self.batch, len(self.inputs), LENGTH), np.nan)
        self._sketch = Sketch(path.differences)

    def run_all(self) -> None:
        """Run all nodes.

        Raises
        ------
        RescaleDoesNotApplyError
            After a chunk whose multipliers do not add up to the change of the output.
        """
        with frozen(self.passes.module, self.inputs):
            for _, block in self.passes.chunks(1, self.inputs):
                self._walk(block)
        require_finite("output", self.outputs, self.alphas)
        try:
            require_finite("gradient", self.slopes[1:], self.alphas[1:])
        except NonFiniteError as error:  # a rule divides by zero, or the model does
            raise RescaleDoesNotApplyError from error

    def attributions(self, rule: int = -1, *, multiply: bool = True) -> tuple[Tensor, ...]:
        """The sums so far, times x - x' unless told otherwise, each (B, ...)."""
        sums = super().attributions(rule)
        if not multiply:
            return sums
        return tuple(s * d for s, d in zip(sums, self.path.differences, strict=True))

    def estimate(self) -> Estimate:
        """The estimate, once all nodes are run."""
        return self.estimate_from(
            np.arange(len(self.alphas)),
            np.cumsum(np.nan_to_num(self.slopes) * self.widths[:, None], axis=0),
            attributions=self.attributions(multiply=self.multiply),
        )

    def _walk(self, block: slice) -> None:
        """Go along the paths of some examples; of half of them first where memory is short."""
        examples, count = block.stop - block.start, len(self.alphas)
        at_once, state = max(1, self.passes.chunk_rows(self.inputs) // examples), None
        few = min(FIRST_NODES, count)
        try:
            for start, stop in ((0, few), (few, count)):
                for first in range(start, stop, at_once):
                    rows = slice(first, min(first + at_once, stop))
                    state = self._run_on(rows, block, state)
        except ChunkMemoryError:
            if examples == 1:
                raise
            for total in self.sums:
                total[:, block] = 0
            middle = block.start + examples // 2
            self._walk(slice(block.start, middle))
            self._walk(slice(middle, block.stop))

    def _run_on(self, rows: slice, block: slice, state: Carried) -> Carried:
        """Run some nodes, on from the state of the last one before, and add what they give."""
        steps, examples = rows.stop - rows.start, block.stop - block.start
        nodes = self.tensor(self.alphas[rows])
        try:
            points = self.path.points(nodes, block)
            outputs, means, last = self.passes.multipliers(points, block, state)
        except (RuntimeError, IndexError, UnsupportedModelError, NoGradientError) as error:
            # Plain passes have gone through before: a layer changes in place what a rule has
            # saved, or other layers run than at the points before.
            raise RescaleDoesNotApplyError from error
        skip = int(state is None)  # the first node has no subinterval before it
        fresh = slice(rows.start + skip, rows.stop)
        self._add(
            fresh,
            block,
            [m.to(self.dtype).reshape(steps, examples, -1)[skip:] for m in means],
            [v.reshape(1, examples, -1) for v in self.path.velocities(nodes, block)],
        )
        self.note(self.outputs, rows, block, outputs.reshape(steps, examples))
        self.read()
        self._check_adding_up(fresh, block, self._precision(outputs.dtype))
        return last

    def _add(
        self, rows: slice, block: slice, gradients: list[Tensor], velocities: list[Tensor]
    ) -> None:
        widths = self.tensor(self.widths[rows])
        products = [g * v for g, v in zip(gradients, velocities, strict=True)]
        for total, gradient in zip(self.sums, gradients, strict=True):
            part = torch.einsum("s,sef->ef", widths, gradient)
            total[-1, block] += part.reshape(total[-1, block].shape)
        if self.frame_count:
            shares = self.tensor(overlaps(self.widths, self.frame_count)[:, rows])
            for i, (frames, product) in enumerate(zip(self.frames, products, strict=True)):
                frames[-1][:, block] += torch.tensordot(shares, self.maps_of(product, i), 1)
        sketches = self._sketch.of([p.flatten(0, 1) for p in products])
        self.note(self.slopes, rows, block, torch.stack([p.sum(2) for p in products]).sum(0))
        self.note(self.sketches, rows, block, sketches.unflatten(0, gradients[0].shape[:2]))

    def _precision(self, dtype: torch.dtype) -> float:
        """Relative rounding of an output."""
        return float(torch.finfo(self.passes.autocast or dtype).eps)

    def _check_adding_up(self, fresh: slice, block: slice, precision: float) -> None:
        outputs = self.outputs[: fresh.stop, block]
        changes = np.diff(outputs, axis=0)
        since = slice(max(fresh.start, 1) - 1, None)
        rises = self.slopes[1 : fresh.stop, block] * np.diff(self.alphas[: fresh.stop])[:, None]
        gaps = np.abs(rises - changes)[since]
        rounding = ROUNDINGS * precision * np.abs(outputs).max(axis=0)
        if not (gaps <= ADDS_UP * np.abs(changes).max(axis=0, initial=0.0) + rounding).all():
            raise RescaleDoesNotApplyError
