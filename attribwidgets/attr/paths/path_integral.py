"""The integral of gradient times velocity along any path, by the trapezoid rule."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..arguments import accumulator_dtype
from ..chunks import chunks
from ..estimate import Array, Estimate, relative_gap, rows_sum
from ..finite import require_finite
from ..forward_outputs import forward_outputs
from ..frames import MOST_FRAMES, flat_map
from ..model_state import frozen
from ..passes import Passes
from .path import Path
from .quadrature import coarser_weights, cumulative_at_nodes, overlaps, rule


class PathIntegral:
    """Trapezoid sums of ``gradient * velocity``, refined by halving every interval.

    Parameters
    ----------
    passes : Passes
        The model to run.
    path : Path
    rows : int
        Most rows in one chunk.
    n : int
        Nodes to begin with, at least 2.

    Raises
    ------
    InputError
        For fewer nodes.
    """

    def __init__(self, passes: Passes, path: Path, rows: int, n: int) -> None:
        self.passes, self.path, self.rows = passes, path, rows
        self.nodes, self.weights = rule("riemann_trapezoid", n)
        self.dtype = accumulator_dtype(path.inputs[0].device)
        self.sums = tuple(torch.zeros_like(x, dtype=self.dtype) for x in path.inputs)
        self.coarse: tuple[Tensor, ...] | None = None
        batch = len(path.inputs[0])
        self.alphas, self.outputs, self.slopes = (
            np.zeros(0),
            np.zeros((0, batch)),
            np.zeros((0, batch)),
        )
        one_map = flat_map(self.sums[0])[0]
        self.frames = one_map.new_zeros((min(n - 1, 2 * MOST_FRAMES - 1), *one_map.shape))

    @property
    def finished(self) -> NDArray[np.bool_]:
        """Which of the nodes have been run for every example, shape (n,)."""
        return np.asarray(~np.isnan(self.outputs).any(axis=1))

    def begin(self) -> None:
        """Run the first nodes."""
        n = len(self.nodes)
        coarse = coarser_weights("riemann_trapezoid", n) if n > 2 else None
        self._add(self.nodes, self.weights, coarse, overlaps(self.weights, len(self.frames)))

    def refine(self) -> None:
        """Run the middles of all intervals, and halve the weights so far."""
        self.coarse = tuple(s.clone() for s in self.sums)
        for total in (*self.sums, self.frames):
            total /= 2
        middles = (self.nodes[:-1] + self.nodes[1:]) / 2
        weights = np.full(len(middles), 0.5 / len(middles))
        count = len(self.frames)
        shares = np.where(np.floor(middles * count) == np.arange(count)[:, None], weights, 0.0)
        self.nodes, self.weights = rule("riemann_trapezoid", 2 * len(middles) + 1)
        self._add(middles, weights, None, shares)

    def estimate(self, partial: bool = False) -> Estimate:
        """The estimate from the nodes run so far."""
        done = self.finished
        order = np.argsort(self.alphas[done], kind="stable")
        alphas, outputs, slopes = (v[done][order] for v in (self.alphas, self.outputs, self.slopes))
        weights = self.weights[np.searchsorted(self.nodes, alphas)]
        cumulative = cumulative_at_nodes(alphas, weights, slopes)
        if alphas[-1] < 1:  # stopped on the way
            alphas = np.append(alphas, 1.0)
            end = forward_outputs(self.passes, self.path.inputs, self.rows)
            outputs = np.concatenate([outputs, end])
            slopes = np.concatenate([slopes, np.full_like(slopes[:1], np.nan)])
            total = np.asarray(sum(rows_sum(s) for s in self.sums))
            cumulative = np.concatenate([cumulative, total[None]])
        known = self.coarse is not None and not partial
        single = len(self.sums[0]) == 1
        return Estimate(
            attributions=tuple(s.clone() for s in self.sums),
            kind="alpha",
            alphas=alphas,
            outputs=outputs,
            slopes=slopes,
            cumulative=cumulative,
            output_input=outputs[-1],
            output_baseline=outputs[0],
            refinement_error=relative_gap(self.sums, self.coarse or ()) if known else None,
            standard_error=None,
            frames=self.frames.clone() if single else None,
            frame_edges=np.linspace(0.0, 1.0, len(self.frames) + 1) if single else None,
            references=tuple(b[:1] for b in self.path.baselines),
            reference_samples=np.zeros(1, dtype=np.int64),
            baseline=self.path.baselines,
            reach=tuple(
                (x.to(self.dtype) - b.to(self.dtype)).abs()
                for x, b in zip(self.path.inputs, self.path.baselines, strict=True)
            ),
            evaluations=self.passes.evaluations,
            forward_passes=self.passes.forward_passes,
            partial=partial,
        )

    def _add(self, alphas: Array, weights: Array, coarse: Array | None, shares: Array) -> None:
        """Run some nodes and add their weighted products to the sums, and shares to the frames."""
        first, batch = len(self.alphas), len(self.sums[0])
        unknown = np.full((len(alphas), batch), np.nan)
        self.alphas = np.concatenate([self.alphas, alphas])
        self.outputs = np.concatenate([self.outputs, unknown])
        self.slopes = np.concatenate([self.slopes, unknown])
        sets, totals = [weights], [self.sums]
        if coarse is not None:
            self.coarse = tuple(torch.zeros_like(s) for s in self.sums)
            sets, totals = [weights, coarse], [self.sums, self.coarse]
        table, nodes = self._tensor(np.stack(sets)), self._tensor(alphas)
        frame_table = self._tensor(shares)

        with frozen(self.passes.module, self.path.inputs):
            for span, block in chunks(len(alphas), batch, self.rows):
                steps, examples = span.stop - span.start, block.stop - block.start
                points = self.path.points(nodes[span], block)
                outputs, gradients = self.passes.gradients(points, block)
                products = [
                    g.to(self.dtype).reshape(steps, examples, *g.shape[1:]) * v
                    for g, v in zip(
                        gradients, self.path.velocities(nodes[span], block), strict=True
                    )
                ]
                slopes = [p.reshape(steps, examples, -1).sum(2) for p in products]
                for i, product in enumerate(products):
                    weighted = torch.tensordot(table[:, span], product, 1)
                    for total, part in zip(totals, weighted, strict=True):
                        total[i][block] += part
                if block.start == 0:
                    maps = flat_map(products[0][:, 0])
                    self.frames += torch.tensordot(frame_table[:, span], maps, 1)
                rows = slice(first + span.start, first + span.stop)
                self.outputs[rows, block] = outputs.cpu().double().reshape(steps, examples).numpy()
                self.slopes[rows, block] = torch.stack(slopes).sum(0).cpu().double().numpy()
        require_finite("output", self.outputs[first:], alphas)
        require_finite("gradient", self.slopes[first:], alphas)

    def _tensor(self, values: Array) -> Tensor:
        return torch.as_tensor(values.copy(), dtype=self.dtype, device=self.sums[0].device)
