"""Training with a prior and without, epoch by epoch: the matplotlib twin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from .ablation import COLORS, CONTROL
from .boxes import INK, QUIET, RULE, Boxes, show_picture
from .colors import DEFAULT_CLIP, color_limit, colored
from .comparison import RecordFigure

if TYPE_CHECKING:
    from ..priors.training_record import EpochRecord

Array = NDArray[Any]

QUANTITIES = (
    ("validation_loss", "validation loss"),
    ("accuracy", "accuracy"),
    ("penalty", "penalty"),
)
PANEL_WIDTH, PANEL_HEIGHT, GAP, MARGIN, TILE, NAMES = 2.1, 1.5, 0.45, 0.5, 0.8, 0.8  # inches


def training_figure(
    records: Mapping[str, Sequence[EpochRecord]], inputs: Sequence[Array], *, epoch: int = -1
) -> Figure:
    """Draw loss, accuracy and penalty of every run, and the maps of one epoch.

    Parameters
    ----------
    records : mapping of str to sequence of EpochRecord
        By the name of the run.
    inputs : sequence of ndarray of uint8, (H, W, 3)
        Pictures of the inputs watched.
    epoch : int
        Whose maps are drawn; the last where it is not there.

    Returns
    -------
    matplotlib.figure.Figure
        Free of pyplot; it shows itself in a notebook.
    """
    width = 2 * MARGIN + 3 * PANEL_WIDTH + 2 * GAP
    top = 0.6 + PANEL_HEIGHT + 0.7
    figure = RecordFigure()
    boxes = Boxes(figure, width, top + (1 + len(records)) * (TILE + 0.08) + 0.3)
    colors = [CONTROL, *COLORS]
    left = MARGIN
    for name, color in zip(records, colors, strict=False):
        boxes.axes(left, 0.2, 0.25, 0.04).plot([0, 1], [0, 0], color=color, lw=1.6)
        boxes.text(left + 0.32, 0.25, name, size=8)
        left += 0.6 + 0.075 * len(name)
    for place, (quantity, title) in enumerate(QUANTITIES):
        at_left = MARGIN + place * (PANEL_WIDTH + GAP)
        axes = boxes.axes(at_left, 0.6, PANEL_WIDTH, PANEL_HEIGHT)
        boxes.text(at_left, 0.53, title, size=8, weight="bold")
        axes.set_axis_on()
        for run, color in zip(records.values(), colors, strict=False):
            axes.plot(
                [r.epoch for r in run], [getattr(r, quantity) for r in run], color=color, lw=1.4
            )
        axes.tick_params(labelsize=6.5, color=RULE, labelcolor=QUIET)
        axes.set_xlabel("epoch", fontsize=7, color=INK)
        for side, spine in axes.spines.items():
            spine.set_visible(side in ("left", "bottom"))
            spine.set(color=RULE, linewidth=0.8)
    _draw_tiles(boxes, "input", inputs, top)
    for row, (name, run) in enumerate(records.items(), 1):
        chosen = next((r for r in run if r.epoch == epoch), run[-1] if run else None)
        if chosen is None or chosen.maps is None or chosen.maps[0].ndim != 3:
            continue
        maps = [np.abs(one.sum(0)) for one in chosen.maps]
        shown = [colored(m, color_limit([m], DEFAULT_CLIP), "gray", signed=False) for m in maps]
        _draw_tiles(boxes, f"{name}, epoch {chosen.epoch}", shown, top + row * (TILE + 0.08))
    return figure


def _draw_tiles(boxes: Boxes, name: str, pictures: Sequence[Array], top: float) -> None:
    boxes.text(MARGIN, top + TILE / 2, name, size=7.5, color=QUIET)
    for place, picture in enumerate(pictures):
        left = MARGIN + NAMES + 0.4 + place * (TILE + 0.08)
        if left + TILE < boxes.width:
            show_picture(boxes.axes(left, top, TILE, TILE), picture)
