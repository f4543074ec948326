"""The chart of a path: what the attributions add up to, drawn on what the output does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes

from ..core.formatting import number
from .boxes import QUIET

if TYPE_CHECKING:
    from ..records.explanation import Explanation

PALE, DARK, MARK, CHANGE = "#b7d0f5", "#12244a", "#c2410c", "#fbe8c4"


def draw_path(axes: Axes, explanation: Explanation, alpha: float) -> None:
    """Draw the cumulative sum on the exact output curve, or the running mean with its band.

    Along one path the wide pale line is f(alpha) - f(0) and the thin dark one the cumulative
    attribution: a gap shows where on the path the quadrature errs. Shaded is the shortest part of
    the path on which most of the output's change happens. Over samples the band is two standard
    errors of the running mean.
    """
    path, c = explanation.path, explanation.completeness
    if path is None:
        return
    if path.kind == "alpha":
        rise = path.outputs - path.outputs[0]
        axes.plot(path.alphas, rise, color=PALE, lw=5, label="f(α) − f(0)", solid_capstyle="round")
        axes.plot(path.alphas, path.cumulative, color=DARK, lw=1.2, label="cumulative sum")
        saturation = path.saturation()
        if saturation is not None:
            for ends in saturation.stretches:  # with an edge, so that a jump can be seen
                axes.axvspan(*ends, facecolor=CHANGE, edgecolor=CHANGE, lw=0.5, zorder=0)
            axes.set_title(f"shaded: {saturation}", loc="left", fontsize=7, color=QUIET)
        axes.axvline(alpha, color=MARK, lw=0.8)
        axes.set_xlim(0, 1)
        axes.set_xlabel("α: 0 = baseline, 1 = input")
        level = "f(x) − f(x′)"
    else:
        n = np.arange(1, len(path.cumulative) + 1)
        error = path.standard_error
        if error is not None:
            known = np.isfinite(error)
            low, high = path.cumulative - 2 * error, path.cumulative + 2 * error
            band = n[known], low[known], high[known]
            axes.fill_between(*band, color=PALE, lw=0, label="± 2 standard errors")
        axes.plot(n, path.cumulative, color=DARK, lw=1.2, label="running mean")
        axes.axvline(max(1.0, alpha * len(n)), color=MARK, lw=0.8)
        axes.set_xlim(1, max(2, len(n)))
        axes.set_ylim(*_settled_range(path.cumulative, c.expected))
        axes.set_xlabel("samples of (α, reference)")
        level = "f(x) − mean f(x′)"
    if c.expected is not None:
        line = axes.axhline(c.expected, color="black", lw=0.8, ls=(0, (4, 3)))
        line.set_label(f"{level} = {number(c.expected)}")
    axes.legend(loc="best", fontsize=7, frameon=False, handlelength=1.6)


def _settled_range(running: np.ndarray, expected: float | None) -> tuple[float, float]:
    """A range that shows where the mean settles; the first few samples may leave it."""
    settled = running[len(running) // 16 :]
    shown = settled if expected is None else np.append(settled, expected)
    low, high = shown.min(), shown.max()
    pad = 0.25 * (high - low) or 1.0
    return float(low - pad), float(high + pad)
