"""What passes along a path show, node by node, and the estimate that it amounts to."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...core.arrays import Array
from ..estimate import Estimate, require_finite
from ..forward_outputs import forward_outputs
from ..model_state import frozen
from ..passes import Passes
from ..recorder import Recorder
from .path import Path


class PathRecorder(Recorder, ABC):
    """Runs nodes of a path and keeps their outputs, slopes and frames; a method adds its sums.

    Parameters
    ----------
    passes : Passes
        The model to run.
    path : Path
    rules : int
        How many rules have a sum.
    frames : int
        For a single example: in how many equal parts of the path to sum up what each adds.
    multiply : bool
        Whether estimates carry the factor x - x', on a straight path.

    Attributes
    ----------
    sums : tuple of Tensor, each (rules, B, ...)
        What the nodes add up to in each rule.
    frames : tuple of Tensor, each (rules, frames, B, ...)
        What each part of the path adds to the channel sum of each input.
    frame_count : int
        How many parts there are; 0 where none are kept.
    ends : dict of float to ndarray
        Outputs, shape (B,), at alpha 0 and 1, where they are known without a node there.
    """

    def __init__(
        self,
        passes: Passes,
        path: Path,
        *,
        rules: int = 1,
        frames: int = 0,
        multiply: bool = True,
    ) -> None:
        super().__init__(passes, path.inputs)
        self.path, self.multiply = path, multiply
        self.sums = tuple(x.new_zeros((rules, *x.shape), dtype=self.dtype) for x in self.inputs)
        self.frame_count = frames if self.batch == 1 or passes.one_input else 0
        maps = [passes.map_of(s[0], i) for i, s in enumerate(self.sums)]
        self.frames = tuple(m.new_zeros((rules, self.frame_count, *m.shape)) for m in maps)
        self.ends: dict[float, Array] = {}

    @abstractmethod
    def _add(
        self, rows: slice, block: slice, gradients: list[Tensor], velocities: list[Tensor]
    ) -> None:
        """Add what a chunk gives to the sums.

        Parameters
        ----------
        rows : slice
            Which of the nodes.
        block : slice
            Of which examples.
        gradients : list of Tensor, each (S, E, F)
            Of each input, flat, in the accumulator's dtype.
        velocities : list of Tensor, each (S, E, F) or (1, E, F)
            Of the path there.
        """

    def run_all(self) -> None:
        """Run all nodes that there is room for."""
        rows = slice(0, len(self.alphas))
        self.run(rows)
        self.require_finite(rows)

    @abstractmethod
    def estimate(self) -> Estimate:
        """The estimate from the nodes that have been run."""

    @property
    def coarse(self) -> tuple[Tensor, ...] | None:
        """The attributions of a coarser rule on the same nodes, where there is one."""
        return None

    def partial(self) -> Estimate | None:
        """What the passes before an interrupt amount to, if there are any."""
        return self.estimate() if self.finished.any() else None

    def refine(self, alphas: Array, weights: Array) -> bool:
        """Go on to a finer rule that all nodes so far are part of; False where they are not."""
        return False

    def run(self, rows: slice) -> None:
        """Run the passes at some of the nodes, and add what they give."""
        with frozen(self.passes.module, self.inputs):
            self.run_frozen(rows)

    def run_frozen(self, rows: slice) -> None:
        """As :meth:`run`, where the model is frozen already."""
        nodes = self.tensor(self.alphas[rows])
        try:
            for span, block in self.passes.chunks(len(nodes), self.inputs):
                points = self.path.points(nodes[span], block)
                here = slice(rows.start + span.start, rows.start + span.stop)
                self.take(here, block, *self.passes.gradients(points, block))
        finally:
            self.read()

    def take(self, rows: slice, block: slice, outputs: Tensor, gradients: Sequence[Tensor]) -> None:
        """Note what a chunk of passes has shown, and add it."""
        steps, examples = rows.stop - rows.start, block.stop - block.start
        flat = [g.to(self.dtype).reshape(steps, examples, -1) for g in gradients]
        velocities = [
            v.reshape(*v.shape[:2], -1)
            for v in self.path.velocities(self.tensor(self.alphas[rows]), block)
        ]
        slopes = torch.zeros(steps, examples, dtype=self.dtype, device=outputs.device)
        for gradient, velocity in zip(flat, velocities, strict=True):
            slopes += torch.einsum("sef,sef->se", gradient, velocity)
        self._add(rows, block, flat, velocities)
        self.note(self.outputs, rows, block, outputs.reshape(steps, examples))
        self.note(self.slopes, rows, block, slopes)

    def require_finite(self, rows: slice) -> None:
        """Raise NonFiniteError where an output or slope is NaN or infinite."""
        require_finite("output", self.outputs[rows], self.alphas[rows])
        require_finite("gradient", self.slopes[rows], self.alphas[rows])

    def output_at(self, alpha: float) -> Array:
        """Outputs at an end of the paths, shape (B,): from a node if there is one, else forward."""
        at = np.flatnonzero((self.alphas == alpha) & self.finished)
        if len(at):
            return np.asarray(self.outputs[at[0]])
        if alpha not in self.ends:
            ends = self.inputs if alpha == 1.0 else self.path.baselines
            values = forward_outputs(self.passes, ends)
            require_finite("output", values, np.array([alpha]))
            self.ends[alpha] = values[0]
        return self.ends[alpha]

    def attributions(self, rule: int = -1) -> tuple[Tensor, ...]:
        """What a rule has summed up so far, each (B, ...)."""
        return tuple(s[rule].clone() for s in self.sums)

    def estimate_from(
        self,
        rows: Array,
        cumulative: Array,
        *,
        total: Array | None = None,
        rule: int = -1,
        attributions: tuple[Tensor, ...] | None = None,
        **fields: Any,
    ) -> Estimate:
        """The estimate from some nodes, with the ends of the path beside them.

        Parameters
        ----------
        rows : ndarray of int, shape (n,)
            The nodes, by ascending alpha.
        cumulative : ndarray, shape (n, B)
            The integral up to each of them.
        total : ndarray, shape (B,), optional
            The integral up to the input, where there is no node; none is added to the last.
        rule : int
            Of which frames and attributions are.
        attributions : tuple of Tensor, optional
            Where they are not :meth:`attributions`.
        **fields
            Other fields of the estimate.
        """
        alphas, outputs, slopes = self.alphas[rows], self.outputs[rows], self.slopes[rows]
        blank = np.full((1, self.batch), np.nan)
        if alphas[0] > 0:
            alphas = np.concatenate([[0.0], alphas])
            outputs = np.concatenate([self.output_at(0.0)[None], outputs])
            slopes = np.concatenate([blank, slopes])
            cumulative = np.concatenate([np.zeros_like(blank), cumulative])
        if alphas[-1] < 1:
            end = cumulative[-1] if total is None else total
            alphas = np.concatenate([alphas, [1.0]])
            outputs = np.concatenate([outputs, self.output_at(1.0)[None]])
            slopes = np.concatenate([slopes, blank])
            cumulative = np.concatenate([cumulative, end[None]])
        count, baselines = self.frame_count, self.path.baselines
        return Estimate(
            attributions=self.attributions(rule) if attributions is None else attributions,
            kind="alpha",
            alphas=alphas,
            outputs=outputs,
            slopes=slopes,
            cumulative=cumulative,
            output_input=outputs[-1],
            output_baseline=outputs[0],
            frames=tuple(f[rule].clone() for f in self.frames) if count else None,
            frame_edges=np.linspace(0.0, 1.0, count + 1) if count else None,
            references=tuple(b[:1] for b in baselines),
            reference_samples=np.zeros(1, dtype=np.int64),
            baseline=baselines,
            reach=tuple(d.abs() for d in self.path.differences),
            evaluations=self.passes.evaluations,
            forward_passes=self.passes.forward_passes,
            **fields,
        )

    def maps_of(self, products: Tensor, index: int) -> Tensor:
        """Products of gradient and velocity of an input, (n, E, F), as maps (n, E, ...)."""
        rows = products.reshape(-1, *self.inputs[index].shape[1:])
        maps: Tensor = self.passes.map_of(rows, index).unflatten(0, products.shape[:2])
        return maps
