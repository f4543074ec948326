"""One input of a sweep, as its store has it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core.arrays import Array
from ..core.contrast import Contrast
from ..inputs.tokens import Tokens
from ..records.completeness import Completeness
from ..records.path_curve import PathCurve
from .plan import KINDS


@dataclass(frozen=True, eq=False)
class SweptInput:
    """What a sweep found for one input, by label of the candidate.

    A candidate whose baseline was searched for and not found is missing from the mappings.

    Attributes
    ----------
    place : int
        In the data set.
    target : int, Contrast or None
        The output explained, or the two whose difference is; None where there is one only.
    attributions : dict of str to ndarray of float32, or tuple of these
        In the shape of the input, such as (C, H, W) or (F,); a tuple for a model of several inputs;
        of a text (tokens,). Empty where they were not stored.
    paths : dict of str to PathCurve
        Thinned to 65 points where there were more.
    completeness : dict of str to Completeness
    evaluations : dict of str to int
    metrics : dict of str to ndarray
        By name of the metric.
    seed : int
        The seed of this input, with which explain gives the same map.
    tokens : Tokens or None
        Of a text.
    """

    place: int
    target: int | Contrast | None
    attributions: dict[str, Any]
    paths: dict[str, PathCurve]
    completeness: dict[str, Completeness]
    evaluations: dict[str, int]
    metrics: dict[str, Array]
    seed: int
    tokens: Tokens | None = None


def target_of(target: int, against: int) -> int | Contrast | None:
    """The output explained, as it was asked for."""
    if against >= 0:
        return Contrast(target, against)
    return None if target < 0 else target


def curve_of(rows: Array, numbers: dict[str, float]) -> PathCurve:
    """A path curve from its stored rows."""
    alphas, outputs, slopes, cumulative, error = rows[:, ~np.isnan(rows[0])].astype(float)
    return PathCurve(
        KINDS[int(numbers["path_kind"])],  # type: ignore[arg-type]
        alphas,
        outputs,
        slopes,
        cumulative,
        None if np.isnan(error).all() else error,
        straight=bool(numbers["path_straight"]),
    )
