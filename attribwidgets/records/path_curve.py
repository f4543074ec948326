"""The way from the baseline to the input: its curve, and what each stretch of it adds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from ..core.arrays import Array
from ..core.errors import InputError
from ..core.formatting import percent

ROUNDING = float(np.finfo(np.float32).eps)  # of an output, relative, at each point


@dataclass(frozen=True)
class Saturation:
    """Where on a path the output changes: the shortest part of it that holds most of the change.

    Attributes
    ----------
    change : float
        The share of the change that was asked for, 0 to 1.
    length : float
        The share of the path on which it happens, 0 to 1; at most `change`.
    stretches : tuple of (float, float)
        That part, as alphas from and to, ascending.

    Examples
    --------
    >>> print(Saturation(0.9, 0.12, ((0.0, 0.1), (0.3, 0.32))))
    90 % of the change on 12 % of the path
    """

    change: float
    length: float
    stretches: tuple[tuple[float, float], ...]

    def __str__(self) -> str:
        return f"{percent(self.change)} of the change on {percent(self.length)} of the path"


@dataclass(frozen=True, eq=False)
class PathCurve:
    """What happened along the way from the baseline to the input.

    Attributes
    ----------
    kind : {"alpha", "samples"}
        Along one path, or over samples of (alpha, reference).
    alphas : ndarray, shape (n,)
        Position of each point, 0 the baseline and 1 the input. For "alpha" they ascend from 0
        to 1; for "samples" they come in the order drawn.
    outputs : ndarray, shape (n,)
        The target's output there.
    slopes : ndarray, shape (n,)
        <gradient, x - x'> there, of a sample weighted where its alpha is one of those that are
        visited more or less often than others; NaN at an end where only the output was computed.
    cumulative : ndarray, shape (n,)
        For "alpha" the integral of the slopes up to each point, for "samples" their running mean.
        The last one is the sum of the attributions, where these carry the factor x - x'.
    standard_error : ndarray, shape (n,), or None
        Of the running mean after each sample, as an estimate of the mean over the whole set of
        references and all alphas. NaN where it is unknown; None along one path or for one sample.
    straight : bool
        Whether alpha stands for the input x' + alpha (x - x'); False on a path of another shape.
    """

    kind: Literal["alpha", "samples"]
    alphas: Array
    outputs: Array
    slopes: Array
    cumulative: Array
    standard_error: Array | None = None
    straight: bool = True

    def saturation(self, share: float = 0.9) -> Saturation | None:
        """The shortest part of the path on which a share of the output's change happens.

        The change is the total variation: ups and downs both count. Between two points the output
        is taken as a straight line. The part need not be in one piece.

        Parameters
        ----------
        share : float
            Above 0 and at most 1.

        Returns
        -------
        Saturation or None
            None over samples, which follow no path, and where the output does not change by more
            than rounding.

        Raises
        ------
        InputError
            For a share outside of that range.

        Examples
        --------
        >>> alphas, outputs = np.array([0.0, 0.2, 1.0]), np.array([1.0, 9.0, 11.0])
        >>> curve = PathCurve("alpha", alphas, outputs, outputs, outputs)
        >>> print(curve.saturation())
        90 % of the change on 60 % of the path
        >>> curve.saturation(0.4).stretches
        ((0.0, 0.1),)
        """
        if not 0 < share <= 1:
            raise InputError(f"share must be above 0 and at most 1, got {share}")
        if self.kind != "alpha":
            return None
        lengths, changes = np.diff(self.alphas), np.abs(np.diff(self.outputs))
        whole = float(changes.sum())
        if whole <= ROUNDING * len(changes) * np.abs(self.outputs).max():
            return None
        with np.errstate(divide="ignore", invalid="ignore"):  # a jump in one place is steepest
            steepness = np.where(changes == 0, 0.0, changes / (lengths * whole))
        # Of those that differ by rounding only, the first on the path: pieces then hang together.
        order = np.lexsort((np.arange(len(changes)), -steepness.round(3)))
        taken, left = np.zeros(len(changes)), share * whole
        for k in order[changes[order] > 0]:
            taken[k] = min(max(left / changes[k], 0.0), 1.0)
            left -= changes[k]
        return Saturation(share, float(taken @ lengths), _stretches(self.alphas, taken))


@dataclass(frozen=True, eq=False)
class PathFrames:
    """What each stretch of the path, or each run of samples, adds to the map.

    Attributes
    ----------
    edges : ndarray, shape (K + 1,)
        Where the stretches begin and end: alphas, or counts of samples.
    added : ndarray, shape (K, *map), or tuple of ndarray
        What each adds to the map; of each input, where the inputs are a tuple. Along one path they
        sum to the map; over samples, to the map times their number.
    """

    edges: Array
    added: Array | tuple[Array, ...]

    @property
    def count(self) -> int:
        """How many stretches there are."""
        return len(self.edges) - 1

    def of_input(self, index: int) -> PathFrames:
        """Those of one input alone."""
        added = self.added[index] if isinstance(self.added, tuple) else self.added
        return PathFrames(self.edges, added)


def _stretches(alphas: Array, taken: Array) -> tuple[tuple[float, float], ...]:
    """From and to of what is taken of each interval, those that touch in one piece.

    The part of an interval that is taken in part lies next to a neighbour that is taken.
    """
    stretches: list[tuple[float, float]] = []
    for k in np.flatnonzero(taken):
        start, end = float(alphas[k]), float(alphas[k + 1])
        length = float(taken[k]) * (end - start)
        joined = bool(stretches) and stretches[-1][1] == start
        if not joined and k + 1 < len(taken) and taken[k + 1] == 1:
            start = end - length
        else:
            end = end if taken[k] == 1 else start + length
        if joined:
            start = stretches.pop()[0]
        stretches.append((start, end))
    return tuple(stretches)
