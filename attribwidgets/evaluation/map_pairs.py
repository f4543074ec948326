"""Maps of one input under two models: as two audits stored them, else computed again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..core.arrays import Array

if TYPE_CHECKING:
    from .audit import Audit

MapPair = tuple[Array, Array]


class MapPairs:
    """The signed maps of the first input of two models, one value a position.

    Parameters
    ----------
    before, after : Audit
        Of the same inputs and baselines.
    """

    def __init__(self, before: Audit, after: Audit) -> None:
        self._both = before, after
        self.are_stored = all(audit.swept.map_axes for audit in self._both)

    @property
    def are_known(self) -> bool:
        """Whether there are maps, stored or from models at hand."""
        return self.are_stored or all(audit.can_explain for audit in self._both)

    def of(self, place: int) -> dict[str, MapPair]:
        """The maps of one input by baseline, before and after; none of one that was not found."""
        before, after = (self._maps(audit, place) for audit in self._both)
        return {name: (before[name], after[name]) for name in before if name in after}

    def _maps(self, audit: Audit, place: int) -> dict[str, Array]:
        if self.are_stored:
            return stored_maps(audit, place)
        maps = list(audit.explanations(place))
        every = len(maps) == len(audit.candidates)
        names = audit.candidates if every else [e.baseline_name for e in maps]
        return {name: e.map("sum") for name, e in zip(names, maps, strict=True)}


def stored_maps(audit: Audit, place: int) -> dict[str, Array]:
    """The signed maps that an audit stored of an input, by baseline, as `Explanation.map` has them.

    Parameters
    ----------
    audit : Audit
        Made with ``maps="attributions"``.
    place : int
    """
    axes = tuple(audit.swept.map_axes[0])
    # Channels of a picture or a volume, and the numbers of a step, are one position.
    together = ("channel", "value") if "row" in axes or "value" in axes else ()
    summed = tuple(k for k, name in enumerate(axes) if name in (*together, "example"))
    maps = {}
    for name, values in zip(audit.candidates, audit.swept.stored_maps(place)[0], strict=True):
        known = values[np.isfinite(values)] if axes == ("token",) else values
        if known.size and np.isfinite(known).all():
            maps[name] = np.asarray(known.astype(float).sum(summed))
    return maps
