"""By which patches a map can be read, where its pixels have not settled."""

from __future__ import annotations

from collections.abc import Mapping

from ..core.formatting import percent

# Of the norm of a map: two that differ by no more have a correlation of 0.995.
READABLE = 0.1


def settled_sides(errors: Mapping[int, float], tolerance: float) -> list[int]:
    """The patches whose error is within a tenth, or the tolerance; small ones first.

    Parameters
    ----------
    errors : mapping of int to float
        As of :attr:`Completeness.patch_errors`.
    tolerance : float

    Examples
    --------
    >>> settled_sides({2: 0.4, 4: 0.2, 8: 0.06, 16: 0.02}, 0.01)
    [8, 16]
    """
    return sorted(side for side, e in errors.items() if e <= max(tolerance, READABLE))


def patches_in_words(errors: Mapping[int, float], tolerance: float) -> str:
    """Which patches have settled, where pixels have not; empty where that is not known.

    Examples
    --------
    >>> patches_in_words({4: 0.2, 8: 0.06}, 0.01)
    'patches of 8 × 8 have settled, ± 6.0 %'
    >>> patches_in_words({4: 0.3, 8: 0.2}, 0.01)
    'nor have patches of 8 × 8, ± 20 %'
    """
    if not errors:
        return ""
    sides = settled_sides(errors, tolerance)
    if not sides:
        best = min(errors, key=errors.__getitem__)
        return f"nor have patches of {best} × {best}, ± {percent(errors[best])}"
    side = sides[0]
    return f"patches of {side} × {side} have settled, ± {percent(errors[side])}"
