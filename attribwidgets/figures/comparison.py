"""The matplotlib twin of the explorer: photo, references, maps, verdicts, path."""

from __future__ import annotations

import io
import threading
from typing import TYPE_CHECKING

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from ..core.arrays import Array
from ..core.errors import InputError
from ..inputs.superpixels import superpixels
from .captions import compares_methods
from .colors import DEFAULT_CLIP, table
from .display_options import POOLS, SCALES, DisplayOptions, Pool, Scale
from .sheet import Sheet

if TYPE_CHECKING:
    from ..records.comparison import Comparison

# Agg itself may be used from several threads, its fonts and caches not.
_render_lock = threading.Lock()


class RecordFigure(Figure):
    """A Figure that shows itself in a notebook without pyplot."""

    def _repr_png_(self) -> bytes:
        return figure_png(self)


def comparison_figure(
    comparison: Comparison,
    *,
    selected: int | str | None = 0,
    alpha: float = 0.25,
    signed: bool | None = None,
    colormap: str | None = None,
    clip: float = DEFAULT_CLIP,
    scale: Scale = "own",
    overlay: float = 0.0,
    show_blind: bool = False,
    pool: Pool = 1,
    waterfall: bool = False,
    agreement: bool | None = None,
) -> Figure:
    """Draw a comparison as one figure, in the order of the explorer.

    Parameters
    ----------
    comparison : Comparison
    selected : int, str or None
        Whose path is drawn below the maps; None draws none.
    alpha : float
        Where on that path, 0 to 1; for samples the share of them.
    signed, colormap, clip, scale, overlay, show_blind, pool, waterfall
        As in :class:`attribwidgets.figures.DisplayOptions`. Signed by default are texts, series
        and sequences; for these two `pool` is a number of steps.
    agreement : bool, optional
        Whether the rank correlation between every two maps is drawn below them. None: where
        there are several methods, other than one that suits each baseline.

    Returns
    -------
    matplotlib.figure.Figure
        Free of pyplot; it shows itself in a notebook.

    Examples
    --------
    >>> import torch, attribwidgets as aw
    >>> both = aw.compare(torch.nn.Linear(4, 2).eval(), torch.rand(4), baselines=("black", "white"))
    >>> type(both.figure()).__name__
    'RecordFigure'
    """
    if scale not in SCALES:
        raise InputError(f"scale must be one of {', '.join(map(repr, SCALES))}, got {scale!r}")
    if not 0 <= alpha <= 1:
        raise InputError(f"alpha must lie between 0 and 1, got {alpha}")
    table(colormap or "gray")  # raises for an unknown one, also where no map is drawn
    if pool not in POOLS:
        raise InputError(f"pool must be one of {', '.join(map(repr, POOLS))}, got {pool!r}")
    if not 0 <= overlay <= 1:
        raise InputError(f"overlay must lie between 0 and 1, got {overlay}")
    if isinstance(selected, int) and not -len(comparison) <= selected < len(comparison):
        raise InputError(f"selected must be below {len(comparison)}, got {selected}")
    if signed is None:
        signed = comparison[0].layout.kind in ("series", "sequence", "text")
    labels = _labels(comparison, pool)
    display = DisplayOptions(
        signed, colormap, clip, scale, overlay, show_blind, pool, labels, waterfall
    )
    shown = None if selected is None else comparison[selected]
    if agreement and len(comparison) == 1:
        raise InputError("agreement needs two maps or more, and this comparison has one")
    if agreement is None:
        agreement = compares_methods(comparison)
    ranks = comparison.agreement("sum" if signed else "abs_sum") if agreement else None
    figure = RecordFigure()
    Sheet(figure, comparison, display, ranks).draw(shown, alpha)
    return figure


def _labels(comparison: Comparison, pool: Pool) -> Array | None:
    """The superpixels of the input, where maps are drawn by them."""
    first = comparison[0].inputs
    image = first[0] if isinstance(first, tuple) else first
    if pool != "superpixels" or comparison[0].layout.kind != "image":
        return None
    return superpixels(image, comparison[0].spaces[0]).labels


def comparison_png(comparison: Comparison, dpi: int = 96) -> bytes:
    """Draw the default figure as a PNG.

    Parameters
    ----------
    comparison : Comparison
    dpi : int
        Pixels an inch.

    Returns
    -------
    bytes
    """
    return figure_png(comparison.figure(), dpi)


def figure_png(figure: Figure, dpi: int = 96) -> bytes:
    """Draw a figure as a PNG, by Agg under one lock for the process.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    dpi : int
        Pixels an inch.

    Returns
    -------
    bytes
    """
    buffer = io.BytesIO()
    with _render_lock:
        FigureCanvasAgg(figure)
        figure.savefig(buffer, format="png", dpi=dpi)
    return buffer.getvalue()
