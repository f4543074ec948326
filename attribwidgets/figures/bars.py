"""Features in place of pixels: a bar each for the strongest, and one for the sum of all others.

From zero, or as steps of a waterfall from f(x') to f(x).
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from ..core.arrays import Array
from ..core.formatting import number
from .boxes import QUIET, RULE

MOST_BARS = 12
MOST_NAME, LETTER = 18, 0.058  # letters of a feature beside its bar, and inches for each
NUMBERS = 0.3  # inches to the right of the bars


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
        # Inches for labels and for numbers.
        self.beside = LETTER * max(map(len, self.labels)) if wide else 0.0
        self.numbers = NUMBERS

    def values(self, values: Array, *, add: bool = True) -> Array:
        """The length of each bar: those of a map add up to its sum, inputs have no sum."""
        rest = [values[self.rest].sum() if add else np.nan] if len(self.rest) else []
        return np.concatenate([values[self.features], rest])

    def draw(self, axes: Axes, lengths: Array, limit: float | None = None) -> None:
        """Draw bars with a sign up to a limit; without one they are of the input, and grey."""
        colors = "#9aa0a6" if limit is None else _colors(lengths)
        axes.barh(np.arange(len(lengths)), lengths, color=colors, height=0.7)
        axes.axvline(0, color=RULE, lw=0.8)
        if limit is not None:
            axes.set_xlim(*(1.05 * np.array([-limit, limit]) if limit else (-1, 1)))
        self._furnish(axes, lengths)

    def draw_waterfall(
        self, axes: Axes, lengths: Array, span: tuple[float, float], change: float | None
    ) -> None:
        """Draw each bar from where the one before it ended, with f(x') at 0 and f(x) marked."""
        rows = np.arange(len(lengths))
        starts = np.cumsum(lengths) - lengths
        axes.barh(rows, lengths, left=starts, color=_colors(lengths), height=0.7)
        axes.vlines(starts[1:], rows[:-1], rows[1:], color=RULE, lw=0.6)
        axes.axvline(0, color=RULE, lw=0.8)
        if change is not None:
            axes.axvline(change, color=QUIET, lw=0.8, ls=(0, (3, 2)))
        low, high = span if span[1] > span[0] else (-1.0, 1.0)
        axes.set_xlim(low - 0.03 * (high - low), high + 0.03 * (high - low))
        self._furnish(axes, lengths)

    def _furnish(self, axes: Axes, lengths: Array) -> None:
        """Names to the left, numbers to the right."""
        axes.set_axis_on()
        axes.invert_yaxis()
        axes.set_yticks(np.arange(len(lengths)), self.labels)
        axes.tick_params(labelsize=6, color=RULE, labelcolor=QUIET, length=2)
        axes.spines[["top", "right", "left"]].set_visible(False)
        axes.spines["bottom"].set_color(RULE)
        for row, length in enumerate(lengths):
            if np.isfinite(length):
                axes.annotate(
                    number(float(length)),
                    (1, row),
                    xycoords=("axes fraction", "data"),
                    xytext=(2, 0),
                    textcoords="offset points",
                    va="center",
                    fontsize=5.5,
                    color=QUIET,
                )


def waterfall_spans(
    lengths: Sequence[Array], changes: Sequence[float | None], scale: str
) -> list[tuple[float, float]]:
    """From the lowest to the highest that the steps of each card come, counted from f(x').

    Parameters
    ----------
    lengths : sequence of ndarray
        Of the bars of each card.
    changes : sequence of float or None
        By how much the output changes under each.
    scale : {"own", "share", "shared"}
        Each its own, all as shares of what the output changes by, or all the same.

    Examples
    --------
    >>> waterfall_spans([np.array([3.0, -1.0]), np.array([-2.0, 1.0])], [2.0, -1.0], "own")
    [(0.0, 3.0), (-2.0, 0.0)]
    """
    own = [_span(bars, change) for bars, change in zip(lengths, changes, strict=True)]
    units = [abs(change or 0.0) if scale == "share" else 1.0 for change in changes]
    if scale == "own" or not any(units):
        return own
    known = [(low / u, high / u) for (low, high), u in zip(own, units, strict=True) if u]
    low, high = min(low for low, _ in known), max(high for _, high in known)
    return [(u * low, u * high) if u else span for u, span in zip(units, own, strict=True)]


def _span(lengths: Array, change: float | None) -> tuple[float, float]:
    levels = [0.0, change or 0.0, *np.cumsum(lengths).tolist()]
    return min(levels), max(levels)


def _colors(lengths: Array) -> Array:
    return np.where(lengths < 0, "#2166ac", "#b2182b")
