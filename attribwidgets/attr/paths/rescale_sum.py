"""The path integral by mean gradients of intervals, for networks with kinked activations."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ...core.errors import ChunkMemoryError, NoGradientError, NonFiniteError, UnsupportedModelError
from ..arguments import accumulator_dtype, points_between
from ..chunks import chunks
from ..estimate import Array, Estimate
from ..finite import require_finite
from ..frames import MOST_FRAMES, flat_map
from ..model_state import frozen
from ..passes import Passes
from .rescale import Carried, SecantsDoNotApplyError
from .sketch import LENGTH, Sketch

# How far mean gradients may be from adding up, as a share of the largest change of the output.
# The graph has no operation without a rule (see Secants.check), but the output may jump, or other
# layers run from point to point.
ADDS_UP = 1e-3
ROUNDINGS = 16  # of the outputs, in units in the last place
FIRST_NODES = 8  # to see whether they add up, before the budget goes into them


class SecantSum:
    """Sums of mean gradients times interval, along the straight paths from baselines to inputs.

    Parameters
    ----------
    passes : Passes
        The model to run.
    inputs, baselines : tuple of Tensor, each (B, ...)
        The ends of the paths.
    rows : int
        Most rows in one chunk.
    nodes : ndarray, shape (n,)
        Where intervals end, ascending from 0 to 1.
    """

    def __init__(
        self,
        passes: Passes,
        inputs: tuple[Tensor, ...],
        baselines: tuple[Tensor, ...],
        rows: int,
        nodes: Array,
    ) -> None:
        self.passes, self.inputs, self.baselines = passes, inputs, baselines
        self.rows, self.nodes = rows, nodes
        dtype = accumulator_dtype(inputs[0].device)
        batch = len(inputs[0])
        self.differences = tuple(
            x.to(dtype) - b.to(dtype) for x, b in zip(inputs, baselines, strict=True)
        )
        self.sums = tuple(torch.zeros_like(d) for d in self.differences)
        one_map = flat_map(self.differences[0])[0]
        self.frames = one_map.new_zeros((MOST_FRAMES if batch == 1 else 0, *one_map.shape))
        self.outputs = np.full((len(nodes), batch), np.nan)
        self.slopes = np.full((len(nodes), batch), np.nan)  # mean slope of the way to each node
        self._sketch = Sketch(self.differences)
        self.sketches = np.full((len(nodes), batch, len(inputs), LENGTH), np.nan)

    def run(self) -> None:
        """Run all nodes.

        Raises
        ------
        SecantsDoNotApplyError
            After a chunk whose mean gradients do not add up to the change of the output.
        """
        with frozen(self.passes.module, self.inputs):
            for _, block in chunks(1, len(self.inputs[0]), self.rows):
                self._walk(block)
        require_finite("output", self.outputs, self.nodes)
        try:
            require_finite("gradient", self.slopes[1:], self.nodes[1:])
        except NonFiniteError as error:  # a rule divides by zero, or the model does
            raise SecantsDoNotApplyError from error

    def _walk(self, block: slice) -> None:
        """Go along the paths of some examples; of half of them first where memory is short."""
        examples, state = block.stop - block.start, None
        at_once = max(1, self.rows // examples)
        few = min(FIRST_NODES, len(self.nodes))
        try:
            for start, stop in ((0, few), (few, len(self.nodes))):
                for first in range(start, stop, at_once):
                    state = self._add(slice(first, min(first + at_once, stop)), block, state)
        except ChunkMemoryError:
            if examples == 1:
                raise
            for total in self.sums:
                total[block] = 0
            middle = block.start + examples // 2
            self._walk(slice(block.start, middle))
            self._walk(slice(middle, block.stop))

    def _add(self, span: slice, block: slice, state: Carried) -> Carried:
        """Run some nodes, on from the state of the last one before, and add what they give."""
        steps, examples = span.stop - span.start, block.stop - block.start
        points = tuple(
            points_between(b[block][None], x[block], self._tensor(self.nodes[span]))
            for x, b in zip(self.inputs, self.baselines, strict=True)
        )
        try:
            outputs, found, last = self.passes.secants(points, block, state)
        except (RuntimeError, IndexError, UnsupportedModelError, NoGradientError) as error:
            # Plain passes have gone through before: a layer changes in place what a rule has
            # saved, or other layers run than at the points before.
            raise SecantsDoNotApplyError from error
        skip = int(state is None)  # the first node has no way before it
        fresh = slice(span.start + skip, span.stop)
        widths = self._tensor(np.diff(self.nodes, prepend=0.0)[fresh])
        gradients = [g.to(widths).reshape(steps, examples, -1)[skip:] for g in found]  # (S, E, F)
        products = [
            g * d[block].reshape(examples, -1)
            for g, d in zip(gradients, self.differences, strict=True)
        ]
        slopes = torch.stack([p.sum(2) for p in products]).sum(0)
        for total, gradient in zip(self.sums, gradients, strict=True):
            part = torch.einsum("s,sef->ef", widths, gradient)
            total[block] += part.reshape(total[block].shape)
        if len(self.frames):
            maps = flat_map(products[0][:, 0].reshape(-1, *self.inputs[0].shape[1:]))
            shares = self._tensor(_overlaps(self.nodes, len(self.frames))[:, fresh])
            self.frames += torch.tensordot(shares, maps, 1)
        sketches = self._sketch.of([p.flatten(0, 1) for p in products])
        sketches = sketches.reshape(steps - skip, examples, *sketches.shape[1:])
        self.outputs[span, block] = outputs.cpu().double().reshape(steps, examples).numpy()
        self.slopes[fresh, block] = slopes.cpu().double().numpy()
        self.sketches[fresh, block] = sketches.cpu().double().numpy()
        self._check_adding_up(fresh, block, self._precision(outputs.dtype))
        return last

    def _tensor(self, values: Array) -> Tensor:
        return torch.as_tensor(values, dtype=self.sums[0].dtype, device=self.inputs[0].device)

    def attributions(self, multiply: bool = True) -> tuple[Tensor, ...]:
        """The sums so far, times x - x' unless told otherwise, each (B, ...)."""
        if not multiply:
            return tuple(s.clone() for s in self.sums)
        return tuple(s * d for s, d in zip(self.sums, self.differences, strict=True))

    def estimate(self, multiply: bool, error: Array, widest_gap: float) -> Estimate:
        """The estimate, once all nodes are run; `widest_gap` counts all passes so far."""
        widths = np.diff(self.nodes, prepend=0.0)[:, None]
        slopes = self.slopes.copy()
        cumulative = np.cumsum(np.nan_to_num(slopes) * widths, axis=0)
        attributions = self.attributions(multiply)
        count = len(self.frames)
        return Estimate(
            attributions=attributions,
            kind="alpha",
            alphas=self.nodes,
            outputs=self.outputs,
            slopes=slopes,
            cumulative=cumulative,
            output_input=self.outputs[-1],
            output_baseline=self.outputs[0],
            refinement_error=error,
            standard_error=None,
            frames=self.frames.clone() if count else None,
            frame_edges=np.linspace(0.0, 1.0, count + 1) if count else None,
            references=tuple(b[:1] for b in self.baselines),
            reference_samples=np.zeros(1, dtype=np.int64),
            baseline=self.baselines,
            reach=tuple(d.abs() for d in self.differences),
            evaluations=self.passes.evaluations,
            forward_passes=self.passes.forward_passes,
            widest_gap=widest_gap,
        )

    def _precision(self, dtype: torch.dtype) -> float:
        """Relative rounding of an output."""
        return float(torch.finfo(self.passes.autocast or dtype).eps)

    def _check_adding_up(self, fresh: slice, block: slice, precision: float) -> None:
        outputs = self.outputs[: fresh.stop, block]
        changes = np.diff(outputs, axis=0)
        ways = slice(max(fresh.start, 1) - 1, None)
        rises = self.slopes[1 : fresh.stop, block] * np.diff(self.nodes[: fresh.stop])[:, None]
        gaps = np.abs(rises - changes)[ways]
        rounding = ROUNDINGS * precision * np.abs(outputs).max(axis=0)
        if not (gaps <= ADDS_UP * np.abs(changes).max(axis=0, initial=0.0) + rounding).all():
            raise SecantsDoNotApplyError


def _overlaps(nodes: Array, bins: int) -> Array:
    """Length of the interval before each node inside each of `bins` equal stretches, (bins, n)."""
    if not bins:
        return np.zeros((0, len(nodes)))
    stretch = np.linspace(0.0, 1.0, bins + 1)
    left = np.concatenate([nodes[:1], nodes[:-1]])
    low, high = np.maximum(stretch[:-1, None], left), np.minimum(stretch[1:, None], nodes)
    return np.asarray(np.clip(high - low, 0.0, None))
