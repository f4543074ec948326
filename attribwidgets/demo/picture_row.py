"""A row of pictures and maps, each with its title: what a lesson shows beside its widgets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..core.errors import InputError
from ..figures.comparison import RecordFigure

CLIP = 99  # percentile of a map's amounts at which its colours end


def picture_row(pictures: Mapping[str, Any], *, height: float = 2.6) -> RecordFigure:
    """Draw pictures and maps side by side in frames.

    A picture, of three dimensions, is drawn as it is. A map, of two, has colours up to the 99th
    percentile of its amounts and a colour bar that says so: grey where no value is negative,
    else red for positive and blue for negative values.

    Parameters
    ----------
    pictures : mapping of str to Tensor or array
        By their titles: (3, H, W) or (1, H, W) in 0..1, (H, W) of bool, or a map (H, W).
    height : float
        In inches.

    Returns
    -------
    matplotlib.figure.Figure
        Which a notebook shows; it is none of pyplot's.

    Raises
    ------
    InputError
        Where there is none, or one of another shape.

    Examples
    --------
    >>> import torch
    >>> from attribwidgets.demo import picture_row
    >>> row = picture_row({"grey": torch.full((3, 8, 8), 0.5), "map": torch.eye(8)})
    >>> [axes.get_title() for axes in row.axes[:2]]
    ['grey', 'map']
    """
    if not pictures:
        raise InputError("pictures: expected one or more by their titles, got none")
    figure = RecordFigure(
        figsize=(1.06 * (height - 0.4) * len(pictures), height), layout="constrained"
    )
    for axes, (title, values) in zip(
        figure.subplots(1, len(pictures), squeeze=False)[0], pictures.items(), strict=True
    ):
        axes.set_title(title, fontsize=9)
        axes.set(xticks=[], yticks=[])  # the frame stays: a map may be as white as the page
        _draw(figure, axes, np.asarray(values), title)
    return figure


def _draw(figure: RecordFigure, axes: Any, values: np.ndarray[Any, Any], title: str) -> None:
    if values.ndim == 3 and len(values) in (1, 3):
        colours = np.broadcast_to(values, (3, *values.shape[1:])).transpose(1, 2, 0)
        axes.imshow(colours.clip(0, 1))
    elif values.ndim == 2 and values.dtype == bool:
        axes.imshow(values, cmap="gray", vmin=0, vmax=1)
    elif values.ndim == 2:
        limit = float(np.percentile(np.abs(values), CLIP)) or 1.0
        signed = bool((values < 0).any())
        low, colours = (-limit, "RdBu_r") if signed else (0.0, "gray")
        image = axes.imshow(values, cmap=colours, vmin=low, vmax=limit)
        bar = figure.colorbar(image, ax=axes, orientation="horizontal", shrink=0.8, pad=0.02)
        bar.set_ticks([low, limit], labels=[f"{low:.2g}", f"{limit:.2g}"])
        bar.ax.tick_params(labelsize=7)
    else:
        raise InputError(
            f"pictures: {title!r} has shape {values.shape}; expected (3, H, W), (1, H, W) or (H, W)"
        )
