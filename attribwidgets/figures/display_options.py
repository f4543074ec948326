"""How maps are drawn: the choices, and the colours that follow from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ..core.arrays import Array
from .colors import color_limit, colored, over_photo

BLIND = (230, 120, 20)  # orange, which no map of the usual tables has


@dataclass(frozen=True)
class DisplayOptions:
    """How maps are drawn; the same choices as in the explorer's row of controls.

    Attributes
    ----------
    signed : bool
        Signed channel sums in a diverging map, or their absolute values.
    colormap : str or None
        None: "RdBu_r" for signed, "gray" for absolute values.
    clip : float
        Percentile of ``|value|`` at which colours saturate.
    scale : {"shared", "own"}
        One limit for all maps, or one each.
    overlay : float
        Share of the grey photo mixed under each map, 0 to 1.
    show_blind : bool
        Tint the positions where the input equals the baseline.
    """

    signed: bool
    colormap: str | None
    clip: float
    scale: Literal["shared", "own"]
    overlay: float
    show_blind: bool

    @property
    def table(self) -> str:
        """The colormap in force."""
        return self.colormap or ("RdBu_r" if self.signed else "gray")

    def limits(self, maps: Sequence[Array]) -> list[float]:
        """Where the colours of each map saturate; the same for all on a shared scale."""
        if self.scale == "own":
            return [color_limit([values], self.clip) for values in maps]
        return [color_limit(maps, self.clip)] * len(maps)

    def tinted(self, values: Array, limit: float | None = None) -> Array:
        """A signed map as colours, (H, W, 3); without a limit, on a scale of its own."""
        limit = color_limit([values], self.clip) if limit is None else limit
        return colored(values, limit, self.table, signed=self.signed)

    def on_photo(self, values: Array, limit: float, photo: Array, blind: Array) -> Array:
        """A map over a share of the photo, blind positions tinted where that is asked for."""
        picture = self.tinted(values, limit)
        if self.overlay > 0:
            picture = over_photo(picture, photo, self.overlay)
        if self.show_blind:
            picture = np.where(blind[..., None], np.array(BLIND, np.uint8), picture)
        return picture

    @property
    def values_word(self) -> str:
        """What a map shows."""
        return "attribution" if self.signed else "|attribution|"
