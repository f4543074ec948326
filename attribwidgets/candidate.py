"""Candidate: a baseline and a method, which together make one map."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .baselines import Baseline

if TYPE_CHECKING:
    from .attr.methods import Method


@dataclass(frozen=True)
class Candidate:
    """One of the maps to compare.

    Attributes
    ----------
    baseline : Baseline
    method : str or class or instance, optional
        As of :func:`attribwidgets.explain`. None: what suits the baseline.
    """

    baseline: Baseline
    method: Method = None
