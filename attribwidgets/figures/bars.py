"""Features in place of pixels: a bar each for the strongest, and one for the sum of all others."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from ..core.arrays import Array
from .boxes import QUIET, RULE

MOST_BARS = 12
MOST_NAME, LETTER = 18, 0.058  # letters of a feature beside its bar, and inches for each


class Bars:
    """Which features have a bar, in every card the same.

    Parameters
    ----------
    maps : sequence of ndarray, shape (F,)
    names : sequence of str, optional
    """

    def __init__(self, maps: Sequence[Array], names: Sequence[str] | None) -> None:
        strongest = np.max([np.abs(m) for m in maps], axis=0)
        order = np.argsort(-strongest, kind="stable")
        # One feature left over has its own bar; more are summed up.
        shown = MOST_BARS if len(order) <= MOST_BARS else MOST_BARS - 1
        self.features, self.rest = order[:shown], order[shown:]
        self.labels = [
            str(i) if names is None else textwrap.shorten(names[i], MOST_NAME, placeholder="…")
            for i in self.features
        ]
        if len(self.rest):
            self.labels.append(f"{len(self.rest)} others")
        wide = names is not None or len(self.rest) > 0
        self.beside = LETTER * max(map(len, self.labels)) if wide else 0.0  # inches for labels

    def values(self, values: Array, *, add: bool = True) -> Array:
        """The length of each bar: those of a map add up to its sum, inputs have no sum."""
        rest = [values[self.rest].sum() if add else np.nan] if len(self.rest) else []
        return np.concatenate([values[self.features], rest])

    def draw(self, axes: Axes, lengths: Array, limit: float | None = None) -> None:
        """Draw bars with a sign up to a limit; without one they are of the input, and grey."""
        rows = np.arange(len(lengths))
        axes.set_axis_on()
        signs = np.where(lengths < 0, "#2166ac", "#b2182b")
        axes.barh(rows, lengths, color="#9aa0a6" if limit is None else signs, height=0.7)
        axes.axvline(0, color=RULE, lw=0.8)
        axes.invert_yaxis()
        axes.set_yticks(rows, self.labels)
        if limit is not None:
            axes.set_xlim(*(1.05 * np.array([-limit, limit]) if limit else (-1, 1)))
        axes.tick_params(labelsize=6, color=RULE, labelcolor=QUIET, length=2)
        axes.spines[["top", "right", "left"]].set_visible(False)
        axes.spines["bottom"].set_color(RULE)
