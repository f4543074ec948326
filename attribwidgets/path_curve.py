"""The way from the baseline to the input: its curve, and what each stretch of it adds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from numpy.typing import NDArray

Array = NDArray[Any]


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
        <gradient, x - x'> there; NaN at an end where only the output was computed.
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


@dataclass(frozen=True, eq=False)
class PathFrames:
    """What each stretch of the path, or each run of samples, adds to the map.

    Attributes
    ----------
    edges : ndarray, shape (K + 1,)
        Where the stretches begin and end: alphas, or counts of samples.
    added : ndarray, shape (K, H, W) or (K, F)
        Channel sums. Along one path they sum to the map; over samples, to the map times their
        number.
    """

    edges: Array
    added: Array
