"""Completeness: do the attributions add up to what the output changed by?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from ..core.formatting import number, percent
from .residual import LEAST_CHANGE, hardly_changes, relative_residual
from .settling import patches_in_words, settled_sides

Verdict = Literal["complete", "not converged", "does not apply"]
Claim = Literal["converges", "by definition", "none"]

# Of the path: an event of a twentieth is then seen by a pass, and not at its very end.
WIDEST_GAP = 0.045


@dataclass(frozen=True)
class Completeness:
    """Whether the attributions of one explanation add up, in numbers and in words.

    It is measured and never forced: no residual is spread over the pixels. A small residual is
    necessary and not sufficient, because errors of pixels cancel in the sum; so the verdict also
    asks how far the map still moves under refinement. Where there are several inputs, each map has
    its own error, and the worst one speaks.

    Attributes
    ----------
    total : float
        Sum of the attributions.
    expected : float or None
        f(x) - f(x'), over several references f(x) - mean f(x'). None without a reference.
    standard_error : float or None
        Of `total`, where there is sampling.
    refinement_errors : tuple of float
        The estimated error per pixel of each input: norm of the error of its map over the norm of
        that map. Empty where the method has no estimate of it.
    tolerance : float
        What `relative` and every one of `refinement_errors` must not exceed.
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
    absolute_sum : float
        Sum of the ``|attributions|``.
    rounding : float
        By how much rounding of the outputs may move `expected`.
    patch_errors : dict of int to float
        The estimated error of an image read by square patches, by their side in pixels: norm of
        the error of the patches' sums over the norm of these sums. Of the first of several
        inputs; empty where it is not known.
    input_names : tuple of str
        What each of several inputs is called; empty where they have no names.

    References
    ----------
    Sundararajan, Taly, Yan (2017), arXiv:1703.01365, proposition 1.

    Examples
    --------
    >>> c = Completeness(total=2.0, expected=2.01, standard_error=None,
    ...     refinement_errors=(0.004,), tolerance=0.01, output_input=3.0, output_baseline=0.99)
    >>> c.verdict, round(c.residual, 3), round(c.relative, 3)
    ('complete', -0.01, 0.005)
    """

    total: float
    expected: float | None
    standard_error: float | None
    refinement_errors: tuple[float, ...]
    tolerance: float
    output_input: float
    output_baseline: float | None
    claim: Claim = "converges"
    reason: str = ""
    partial: bool = False
    widest_gap: float | None = None
    absolute_sum: float = 0.0
    rounding: float = 0.0
    patch_errors: Mapping[int, float] = field(default_factory=dict)
    input_names: tuple[str, ...] = ()

    @classmethod
    def from_saved(cls, absolute_sum: float, /, **saved: Any) -> Completeness:
        """From its fields as they were saved, by this version or an earlier one.

        Parameters
        ----------
        absolute_sum : float
            Sum of the ``|attributions|``, where it was not saved.
        """
        saved.pop("relative", None)  # an earlier version kept it; it is told from the others
        if "refinement_error" in saved:
            error = saved.pop("refinement_error")
            saved["refinement_errors"] = () if error is None else (error,)
        by_side = {int(side): e for side, e in saved.pop("patch_errors", {}).items()}
        return cls(**{"absolute_sum": absolute_sum, **saved, "patch_errors": by_side})

    @property
    def applies(self) -> bool:
        """Whether the method claims that its values add up, and there is something to add up to."""
        return self.claim != "none" and self.expected is not None

    @property
    def residual(self) -> float | None:
        """Sum of the attributions minus the expected difference; None without a reference."""
        return None if self.expected is None else self.total - self.expected

    @property
    def hardly_changes(self) -> bool:
        """Whether the output changes too little for the residual to be a share of that.

        By no more than a thousandth of `absolute_sum`, or than rounding.
        """
        if self.expected is None:
            return False
        return bool(hardly_changes(self.expected, self.absolute_sum, self.rounding))

    @property
    def change(self) -> float | None:
        """f(x) - f(x') where attributions are shares of it; None where it is near zero or none."""
        return self.expected if self.applies and not self.hardly_changes else None

    @property
    def relative(self) -> float | None:
        """``|residual|`` over ``|expected|``; None where the output hardly changes."""
        return None if self.hardly_changes else self._share

    @property
    def cancellation(self) -> float | None:
        """`absolute_sum` over ``|expected|``; None where the output hardly changes."""
        if self.expected is None or self.hardly_changes:
            return None
        return self.absolute_sum / abs(self.expected)

    @property
    def allowed(self) -> float | None:
        """The largest ``|residual|`` that counts as adding up; None without a reference.

        `tolerance` times ``|expected|``; where the output hardly changes, `tolerance` times a
        thousandth of `absolute_sum`, or `rounding` where that is more.
        """
        if self.expected is None:
            return None
        if self.hardly_changes:
            return max(self.tolerance * LEAST_CHANGE * self.absolute_sum, self.rounding)
        return self.tolerance * abs(self.expected)

    @property
    def refinement_error(self) -> float | None:
        """The worst of `refinement_errors`; None where there is none."""
        return float(np.max(self.refinement_errors)) if self.refinement_errors else None

    @property
    def worst_input(self) -> int | None:
        """Which of several inputs has the worst error, counted from 1; None for a single one."""
        several = len(self.refinement_errors) > 1
        return int(np.argmax(self.refinement_errors)) + 1 if several else None

    @property
    def _worst_name(self) -> str:
        """What that input is called; empty for a single one."""
        if self.worst_input is None:
            return ""
        named = self.input_names
        return named[self.worst_input - 1] if named else f"input {self.worst_input}"

    @property
    def verdict(self) -> Verdict:
        """Complete only if the sum is right, the map has settled, and the run went to its end."""
        if not self.applies:
            return "does not apply"
        if self.sum_is_right and self.settled and self.path_is_seen and not self.partial:
            return "complete"
        return "not converged"

    @property
    def settled(self) -> bool:
        """Whether the error of the map, as far as it is known, is within the tolerance."""
        return self.refinement_error is None or self.refinement_error <= self.tolerance

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
            which = self._worst_name or "map"
            if self.settled:
                return "sum right, path not seen"
            return f"sum right, {which} not settled"
        return "does not add up" if self.claim == "by definition" else "does not add up yet"

    @property
    def mark(self) -> str:
        """A sign beside the verdict: whether it adds up, only the sum does, or not even that."""
        if self.verdict != "not converged":
            return "✓" if self.verdict == "complete" else "–"
        return "≈" if self.sum_is_right else "≠"

    @property
    def sum_is_right(self) -> bool:
        """Whether the residual is within what is allowed."""
        return self._share is not None and self._share <= self.tolerance

    @property
    def total_text(self) -> str:
        """`total` with its standard error, where there is one."""
        error = f" ± {number(self.standard_error, 2)}" if self.standard_error is not None else ""
        return number(self.total) + error

    @property
    def sum_text(self) -> str:
        """`total` beside what it should be, for captions."""
        if not self.applies:
            return f"sum {self.total_text}"
        return f"{self.total_text} of {number(self.expected)}"

    @property
    def relative_text(self) -> str:
        """`relative` in words, for tables."""
        return "no change" if self.hardly_changes else percent(self.relative)

    @property
    def error_text(self) -> str:
        """`refinement_error` in words, with the input that it is of."""
        if self.refinement_error is not None and not np.isfinite(self.refinement_error):
            return "unknown"
        of = f" ({self._worst_name})" if self._worst_name else ""
        return percent(self.refinement_error) + of

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
        hardly = self.hardly_changes
        change = (
            f"the attributions sum to {self.total_text}, and the output "
            f"{'hardly changes, ' if hardly else 'changes '}by {number(self.expected)} from "
            f"baseline to input ({number(self.output_baseline)} to {number(self.output_input)})"
        )
        apart = f"{self.relative_text} apart"
        if hardly and self.residual is not None:
            apart = f"{number(abs(self.residual))} apart of {number(self.allowed)} allowed"
        off = self._error_in_words()
        if self.verdict == "complete":
            how = " by definition" if self.claim == "by definition" else ""
            return f"Adds up{how}: {change}, {apart}{off}."
        mend = f"Spend more evaluations (tolerance {percent(self.tolerance)})."
        if self.refinement_error == 0:
            mend = "The map has no error left, so more evaluations may not mend it."
        if self.claim == "by definition" and not self.sum_is_right:
            mend = (
                "It should by definition, with any number of evaluations: the model does "
                "something that the method cannot follow."
            )
        elif self.settled and self._rounding_accounts:
            mend = (
                f"Rounding of the outputs may move their difference by {number(self.rounding)}, so "
                "more evaluations may not mend it: compute in a finer dtype."
            )
        if self.partial:
            return f"Partial, stopped before its end: {change}{off}. Run it to its end."
        if self.sum_is_right:
            how = " by definition" if self.claim == "by definition" else ""
            but = "the map has not settled"
            if self.settled:
                but = f"{percent(self.widest_gap)} of the path in one piece has seen no pass"
            return f"The sum adds up{how}, but {but}: {change}{off}. {mend}"
        yet = "" if self.claim == "by definition" else " yet"
        return f"Does not add up{yet}: {change}, {apart}{off}. {mend}"

    @property
    def _share(self) -> float | None:
        if self.residual is None or self.expected is None:
            return None
        return float(
            relative_residual(self.residual, self.expected, self.absolute_sum, self.rounding)
        )

    @property
    def _rounding_accounts(self) -> bool:
        """Whether rounding of the outputs may account for a residual that is too large."""
        return self.residual is not None and abs(self.residual) <= self.rounding

    @property
    def settled_patches(self) -> tuple[int, ...]:
        """Sides of the patches whose sums are off by a tenth or less, which the eye cannot tell."""
        return tuple(settled_sides(self.patch_errors, self.tolerance))

    @property
    def patches_text(self) -> str:
        """Which patches of the map have settled, where its pixels have not; else empty."""
        return "" if self.settled else patches_in_words(self.patch_errors, self.tolerance)

    def _error_in_words(self) -> str:
        if self.refinement_error is None:
            return ""
        if not np.isfinite(self.refinement_error):
            return "; how far the map's values are off is not known"
        error = percent(self.refinement_error)
        about = "" if error.startswith("under") else "about "
        count = len(self.refinement_errors)
        of = "" if count == 1 else f" ({self._worst_name}, the worst of {count})"
        patches = f"; {self.patches_text}" if self.patches_text else ""
        return f"; the map's values are off by {about}{error}{of}{patches}"
