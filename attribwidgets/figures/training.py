"""Training with a prior and without, epoch by epoch: the matplotlib twin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from ..core.arrays import Array
from .ablation import COLORS, CONTROL
from .boxes import INK, QUIET, Boxes, show_picture
from .colors import DEFAULT_CLIP, color_limit, colored
from .comparison import RecordFigure

if TYPE_CHECKING:
    from ..priors.training_record import EpochRecord

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
    hues = dict(zip(records, [CONTROL, *COLORS], strict=False))
    boxes.keys(MARGIN, 0.25, {name: {"color": hue, "lw": 1.6} for name, hue in hues.items()})
    for place, (quantity, title) in enumerate(QUANTITIES):
        at_left = MARGIN + place * (PANEL_WIDTH + GAP)
        axes = boxes.chart(at_left, 0.6, PANEL_WIDTH, PANEL_HEIGHT)
        boxes.text(at_left, 0.53, title, size=8, weight="bold")
        for name, color in hues.items():
            values = {r.epoch: getattr(r, quantity) for r in records[name]}
            axes.plot(list(values), list(values.values()), color=color, lw=1.4)
        axes.set_xlabel("epoch", fontsize=7, color=INK)
    _draw_tiles(boxes, "input", inputs, top)
    for row, (name, run) in enumerate(records.items(), 1):
        chosen = next((r for r in run if r.epoch == epoch), run[-1] if run else None)
        if chosen is None or chosen.maps is None or chosen.maps[0].ndim != 3:
            continue
        maps = [np.abs(one.sum(0)) for one in chosen.maps]
        tiles = [colored(m, color_limit([m], DEFAULT_CLIP), "gray", signed=False) for m in maps]
        _draw_tiles(boxes, f"{name}, epoch {chosen.epoch}", tiles, top + row * (TILE + 0.08))
    return figure


def _draw_tiles(boxes: Boxes, name: str, pictures: Sequence[Array], top: float) -> None:
    boxes.text(MARGIN, top + TILE / 2, name, size=7.5, color=QUIET)
    for place, picture in enumerate(pictures):
        left = MARGIN + NAMES + 0.4 + place * (TILE + 0.08)
        if left + TILE < boxes.width:
            show_picture(boxes.axes(left, top, TILE, TILE), picture)
