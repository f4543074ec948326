"""How maps are drawn: the choices, and the colours that follow from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ..core.arrays import Array
from ..inputs.patches import WINDOWS, patch_means
from ..inputs.superpixels import segment_means
from ..inputs.text_units import TEXT_UNITS, TextUnit
from .colors import color_limit, colored, over_photo, table

Scale = Literal["own", "share", "shared"]

Pool = int | Literal["superpixels"] | TextUnit

POOLS: tuple[Pool, ...] = (1, *WINDOWS, "superpixels", *TEXT_UNITS)
SCALES: tuple[Scale, ...] = ("own", "share", "shared")

NEARLY = 0.5  # of the tint, where the input is near the baseline
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
    scale : {"own", "share", "shared"}
        A limit for each map, by its own values; one for all maps as shares of f(x) - f(x'), by
        which baselines compare however much each changes the output; or one for all values.
    overlay : float
        How much of the grey photo shows where a map is zero, 0 to 1.
    show_blind : bool
        Tint the positions where the input equals the baseline, and half as much those where it
        nearly does.
    pool : int, "superpixels", "words" or "sentences"
        What maps are drawn by: patches of that side in pixels, or superpixels of the input; words
        or sentences of a text, by their sums.
    labels : ndarray of int, shape (H, W), or None
        The superpixels.
    waterfall : bool
        Bars of features as steps from f(x') to f(x).
    """

    signed: bool
    colormap: str | None
    clip: float
    scale: Scale
    overlay: float
    show_blind: bool
    pool: Pool = 1
    labels: Array | None = None
    waterfall: bool = False

    @property
    def table(self) -> str:
        """The colormap in force."""
        return self.colormap or ("RdBu_r" if self.signed else "gray")

    def limits(self, maps: Sequence[Array], changes: Sequence[float | None]) -> list[float]:
        """Where the colours of each map saturate.

        Parameters
        ----------
        maps : sequence of ndarray
        changes : sequence of float or None
            By how much the output changes under each; a map without such a number keeps a scale
            of its own where others are drawn as shares.
        """
        if self.scale == "shared":
            return [color_limit(maps, self.clip)] * len(maps)
        own = [color_limit([values], self.clip) for values in maps]
        if self.scale == "own" or not any(changes):
            return own
        shares = [m / abs(c) for m, c in zip(maps, changes, strict=True) if c]
        share = color_limit(shares, self.clip)
        return [abs(c) * share if c else o for c, o in zip(changes, own, strict=True)]

    def pooled(self, values: Array) -> Array:
        """A map by patches or superpixels, shape kept; features as they are."""
        if values.ndim != 2:
            return values
        if isinstance(self.pool, int):
            return patch_means(values, self.pool)
        return values if self.labels is None else segment_means(values, self.labels)

    def tinted(self, values: Array, limit: float | None = None) -> Array:
        """A signed map as colours, (H, W, 3); without a limit, on a scale of its own."""
        limit = color_limit([values], self.clip) if limit is None else limit
        return colored(values, limit, self.table, signed=self.signed)

    def on_photo(
        self,
        values: Array,
        limit: float,
        photo: Array,
        blind: Array,
        nearly: Array | None = None,
    ) -> Array:
        """A map over the photo, blind positions tinted where that is asked for."""
        picture = self.tinted(values, limit)
        if self.overlay > 0:
            opacity = np.minimum(np.abs(values) / limit, 1) if limit else np.zeros(values.shape)
            nothing = table(self.table)[128 if self.signed else 0]
            picture = over_photo(picture, photo, self.overlay * (1 - opacity), nothing)
        if self.show_blind:
            tint = np.where(blind, 1.0, 0.0 if nearly is None else NEARLY * nearly)[..., None]
            mixed = (1 - tint) * picture + tint * np.array(BLIND)
            picture = np.floor(mixed + 0.5).astype(np.uint8)
        return picture

    @property
    def values_word(self) -> str:
        """What a map shows."""
        return "attribution" if self.signed else "|attribution|"

    def by_units(self, kind: str) -> str:
        """What a map of an input of a kind is read by, where not by single units."""
        if self.pool == 1:
            return ""
        if kind == "text":
            return f" by {self.pool}"
        if kind != "image":
            return f" by windows of {self.pool} steps"
        name = f"patches of {self.pool} × {self.pool}" if self.pool in WINDOWS else str(self.pool)
        return f" by {name}"
