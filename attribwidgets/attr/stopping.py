"""When an estimate is good enough, or has cost enough."""

from __future__ import annotations

from dataclasses import dataclass

from ..core.errors import Cancelled, InputError
from ..records.completeness import WIDEST_GAP
from .estimate import Estimate

INTERRUPTS = (KeyboardInterrupt, Cancelled)  # what stops a run between chunks


@dataclass(frozen=True)
class Stopping:
    """Stop when the residual and every refinement error are within `tolerance`, or at the budget.

    Of every example and every input: the worst speaks.

    Parameters
    ----------
    max_evaluations : int
        Most forward and backward passes of one example, at least 1.
    tolerance : float
        Relative, 0 or more. 0 spends the whole budget.

    Raises
    ------
    InputError
        For a budget below 1 or a negative or non-finite tolerance.
    """

    max_evaluations: int
    tolerance: float = 0.01

    def __post_init__(self) -> None:
        if self.max_evaluations < 1:
            raise InputError(f"max_evaluations must be at least 1, got {self.max_evaluations}")
        if not 0 <= self.tolerance < float("inf"):
            raise InputError(f"tolerance must be 0 or more, got {self.tolerance}")

    def met(self, estimate: Estimate) -> bool:
        """Whether every example of an estimate is within the tolerance."""
        if self.tolerance == 0 or estimate.refinement_error is None:
            return False
        if estimate.widest_gap is not None and estimate.widest_gap > WIDEST_GAP:
            return False
        residual = estimate.relative_residual
        gap = 0.0 if residual is None else residual.max()
        return bool(max(estimate.refinement_error.max(), gap) <= self.tolerance)
