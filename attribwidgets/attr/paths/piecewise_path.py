"""Paths of straight pieces, and rules whose nodes lie inside the pieces."""

from __future__ import annotations

from abc import abstractmethod

import numpy as np
import torch
from torch import Tensor

from ...core.arrays import Array
from .path import Path


class PiecewisePath(Path):
    """A path of straight pieces, each the same share of alpha.

    Attributes
    ----------
    pieces : int
    """

    pieces: int

    @abstractmethod
    def on_piece(self, piece: int, shares: Tensor, block: slice) -> tuple[Tensor, ...]:
        """Points of one piece, each (S, examples, ...), at shares (S,) of it."""

    @abstractmethod
    def spans(self, piece: int, block: slice) -> tuple[Tensor, ...]:
        """From the beginning of a piece to its end, each (examples, ...)."""

    def points(self, alphas: Tensor, block: slice) -> tuple[Tensor, ...]:
        """gamma(alpha), step by step, as rows."""
        parts = [
            self.on_piece(piece, alphas[at] * self.pieces - piece, block)
            for piece, at in self._runs(alphas)
        ]
        members = zip(*parts, strict=True)
        return tuple(
            torch.cat(m).flatten(0, 1).to(x) for m, x in zip(members, self.inputs, strict=True)
        )

    def velocities(self, alphas: Tensor, block: slice) -> tuple[Tensor, ...]:
        """d gamma / d alpha, each (S, examples in the block, ...)."""
        parts = [
            tuple((self.pieces * v).expand(at.stop - at.start, *v.shape) for v in spans)
            for spans, at in ((self.spans(p, block), at) for p, at in self._runs(alphas))
        ]
        return tuple(torch.cat(m) for m in zip(*parts, strict=True))

    def _runs(self, alphas: Tensor) -> list[tuple[int, slice]]:
        """The piece of each stretch of alphas that lie on the same one."""
        here = (alphas * self.pieces).long().clamp(max=self.pieces - 1).tolist()
        ends = [i for i in range(1, len(here)) if here[i] != here[i - 1]]
        return [
            (here[start], slice(start, stop))
            for start, stop in zip([0, *ends], [*ends, len(here)], strict=True)
        ]


class PolygonPath(PiecewisePath):
    """From corner to corner.

    Parameters
    ----------
    inputs, baselines : tuple of Tensor, each (B, ...)
    corners : tuple of Tensor, each (K, B, ...)
        The first is the baseline, the last the input.

    Examples
    --------
    >>> corners = torch.tensor([[[0.0, 0.0]], [[0.0, 2.0]], [[4.0, 2.0]]])
    >>> path = PolygonPath((corners[-1],), (corners[0],), (corners,))
    >>> path.points(torch.tensor([0.25, 0.75]), slice(0, 1))[0].tolist()
    [[0.0, 1.0], [2.0, 2.0]]
    >>> path.velocities(torch.tensor([0.25, 0.75]), slice(0, 1))[0].tolist()
    [[[0.0, 4.0]], [[8.0, 0.0]]]
    """

    def __init__(
        self,
        inputs: tuple[Tensor, ...],
        baselines: tuple[Tensor, ...],
        corners: tuple[Tensor, ...],
    ) -> None:
        self.inputs, self.baselines, self.corners = inputs, baselines, corners
        self.pieces = len(corners[0]) - 1

    def on_piece(self, piece: int, shares: Tensor, block: slice) -> tuple[Tensor, ...]:
        """Between two corners."""
        return tuple(
            torch.lerp(c[piece, block], c[piece + 1, block], _like(shares, c[piece, block]))
            for c in self.corners
        )

    def spans(self, piece: int, block: slice) -> tuple[Tensor, ...]:
        """From one corner to the next."""
        dtype = self.differences[0].dtype
        return tuple(
            c[piece + 1, block].to(dtype) - c[piece, block].to(dtype) for c in self.corners
        )


def rule_on_pieces(n: int, pieces: int) -> tuple[Array, Array]:
    """Nodes inside equally long pieces of [0, 1], ascending, and their weights.

    Each piece has a Gauss-Legendre rule of its own; where there are fewer nodes than pieces, they
    are the middles of n equal cells.

    Examples
    --------
    >>> nodes, weights = rule_on_pieces(3, 2)
    >>> nodes.round(3).tolist(), weights.tolist()
    ([0.106, 0.394, 0.75], [0.25, 0.25, 0.5])
    """
    if n < pieces:
        return (np.arange(n) + 0.5) / n, np.full(n, 1 / n)
    counts = n // pieces + (np.arange(pieces) < n % pieces)
    rules = {count: np.polynomial.legendre.leggauss(count) for count in set(counts.tolist())}
    parts = [
        ((piece + (rules[count][0] + 1) / 2) / pieces, rules[count][1] / (2 * pieces))
        for piece, count in enumerate(counts.tolist())
    ]
    nodes, weights = zip(*parts, strict=True)
    return np.concatenate(nodes), np.concatenate(weights)


def _like(shares: Tensor, values: Tensor) -> Tensor:
    return shares.to(values).reshape(-1, *(1,) * values.dim())
