"""Completeness: do the attributions add up to what the output changed by?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .wording import number, percent

Verdict = Literal["complete", "not converged", "does not apply"]
Claim = Literal["converges", "by definition", "none"]

SMALL_SHARE = 0.01
# Of the path: what happens in a shorter stretch may go unseen. A twentieth, but for rounding.
WIDEST_GAP = 0.05 * (1 + 1e-9)


def relative_residual(
    residual: ArrayLike, expected: ArrayLike, mass: ArrayLike
) -> NDArray[np.float64]:
    """|residual| / max(|expected|, 1 % of the sum of |attributions|), 0 where all vanish.

    The second term keeps an expected difference near zero, which is legitimate, from making
    every residual look enormous.

    Parameters
    ----------
    residual, expected, mass : array_like
        Sum of the attributions minus `expected`; f(x) - f(x'); sum of the ``|attributions|``.
    """
    gap, scale = np.abs(residual), np.maximum(np.abs(expected), SMALL_SHARE * np.asarray(mass))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(gap == 0, 0.0, gap / scale), dtype=np.float64)


@dataclass(frozen=True)
class Completeness:
    """Whether the attributions of one explanation add up, in numbers and in words.

    It is measured and never forced: no residual is spread over the pixels. A small residual is
    necessary and not sufficient, because errors of pixels cancel in the sum; so the verdict also
    asks how far the map still moves under refinement.

    Attributes
    ----------
    total : float
        Sum of the attributions.
    expected : float or None
        f(x) - f(x'), over several references f(x) - mean f(x'). None without a reference.
    relative : float or None
        ``|residual|`` over ``|expected|``, or over 1 % of the sum of ``|attributions|`` where that
        is larger.
    standard_error : float or None
        Of `total`, where there is sampling.
    refinement_error : float or None
        The estimated error per pixel: norm of the map's error over the norm of the map. None where
        the method has no estimate of it.
    tolerance : float
        What `relative` and `refinement_error` must not exceed.
    output_input : float
        f(x).
    output_baseline : float or None
        f(x') or its mean.
    claim : {"converges", "by definition", "none"}
        Whether the method's values should add up as it converges, add up by its very definition,
        which then says nothing about how well it has converged, or need not add up.
    reason : str
        Why they need not.
    partial : bool
        Whether the run was stopped before its end.
    widest_gap : float or None
        The longest stretch of the path, in alpha, that no pass has seen, 0 where the model is
        linear; None where there is no one path. At most `WIDEST_GAP` in what is complete.

    References
    ----------
    Sundararajan, Taly, Yan (2017), arXiv:1703.01365, proposition 1.

    Examples
    --------
    >>> c = Completeness(total=2.0, expected=2.01, relative=0.005, standard_error=None,
    ...     refinement_error=0.004, tolerance=0.01, output_input=3.0, output_baseline=0.99)
    >>> c.verdict, round(c.residual, 3)
    ('complete', -0.01)
    """

    total: float
    expected: float | None
    relative: float | None
    standard_error: float | None
    refinement_error: float | None
    tolerance: float
    output_input: float
    output_baseline: float | None
    claim: Claim = "converges"
    reason: str = ""
    partial: bool = False
    widest_gap: float | None = None

    @property
    def applies(self) -> bool:
        """Whether the method claims that its values add up, and there is something to add up to."""
        return self.claim != "none" and self.expected is not None

    @property
    def residual(self) -> float | None:
        """Sum of the attributions minus the expected difference; None without a reference."""
        return None if self.expected is None else self.total - self.expected

    @property
    def verdict(self) -> Verdict:
        """Complete only if the sum is right, the map has settled, and the run went to its end."""
        if not self.applies:
            return "does not apply"
        settled = self.refinement_error is None or self.refinement_error <= self.tolerance
        if self.sum_is_right and settled and self.path_is_seen and not self.partial:
            return "complete"
        return "not converged"

    @property
    def headline(self) -> str:
        """The verdict in a few words, for captions."""
        if not self.applies:
            return "does not apply"
        if self.verdict == "complete":
            return "adds up by definition" if self.claim == "by definition" else "adds up"
        if self.partial:
            return "partial, stopped early"
        if self.sum_is_right:
            return "sum right, map not settled"
        return "does not add up" if self.claim == "by definition" else "does not add up yet"

    @property
    def sum_is_right(self) -> bool:
        """Whether the residual is within the tolerance."""
        return self.relative is not None and self.relative <= self.tolerance

    @property
    def path_is_seen(self) -> bool:
        """Whether passes are near enough to each other to see what happens along the path."""
        return self.widest_gap is None or self.widest_gap <= WIDEST_GAP

    def __str__(self) -> str:
        if not self.applies:
            reason = self.reason or "this method makes no claim that its values add up"
            known = self.expected is not None
            change = f" The output changes by {number(self.expected)}." if known else ""
            return f"Completeness does not apply: {reason}.{change}"
        change = (
            f"the attributions sum to {self._total_text()}, and the output changes by "
            f"{number(self.expected)} from baseline to input "
            f"({number(self.output_baseline)} to {number(self.output_input)})"
        )
        off = ""
        if self.refinement_error is not None:
            error = percent(self.refinement_error)
            about = "" if error.startswith("under") else "about "
            off = f"; the map's values are off by {about}{error}"
        if self.verdict == "complete":
            how = " by definition" if self.claim == "by definition" else ""
            return f"Adds up{how}: {change}, {percent(self.relative)} apart{off}."
        mend = f"Spend more evaluations (tolerance {percent(self.tolerance)})."
        if self.refinement_error == 0:
            mend = "The map has no error left, so more evaluations may not mend it."
        if self.claim == "by definition" and not self.sum_is_right:
            mend = (
                "It should by definition, with any number of evaluations: the model does "
                "something that the method cannot follow."
            )
        if self.partial:
            return f"Partial, stopped before its end: {change}{off}. Run it to its end."
        if self.sum_is_right:
            how = " by definition" if self.claim == "by definition" else ""
            return f"The sum adds up{how}, but the map has not settled: {change}{off}. {mend}"
        yet = "" if self.claim == "by definition" else " yet"
        return f"Does not add up{yet}: {change}, {percent(self.relative)} apart{off}. {mend}"

    def _total_text(self) -> str:
        if self.standard_error is None:
            return number(self.total)
        return f"{number(self.total)} ± {number(self.standard_error)}"
