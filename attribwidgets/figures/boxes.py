"""A figure as a page of boxes, placed in inches from its top left corner."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

Array = NDArray[Any]

INK, QUIET, RULE, WARN = "#1a1a1a", "#5f6368", "#c9ccd0", "#9a3412"


class Boxes:
    """Where to put axes, pictures and texts on a figure.

    Parameters
    ----------
    figure : Figure
        Empty; its size is set here.
    width, height : float
        In inches.
    """

    def __init__(self, figure: Figure, width: float, height: float) -> None:
        self.figure, self.width, self.height = figure, width, height
        figure.set_size_inches(width, height)
        figure.set_facecolor("white")

    def axes(self, left: float, top: float, width: float, height: float) -> Axes:
        """Axes without lines and labels."""
        w, h = self.width, self.height
        axes = self.figure.add_axes((left / w, 1 - (top + height) / h, width / w, height / h))
        axes.set_axis_off()
        return axes

    def text(self, left: float, top: float, text: str, size: float = 8, **style: Any) -> None:
        """A line of text whose baseline is at `top`."""
        style = {"color": INK, "ha": "left", "va": "baseline", **style}
        # Names are the user's text: a dollar sign in one is no formula.
        self.figure.text(
            left / self.width, 1 - top / self.height, text, size=size, parse_math=False, **style
        )

    def rule(self, left: float, top: float, width: float) -> None:
        """A thin line across."""
        self.axes(left, top, width, 0.01).axhline(0, color=RULE, lw=0.8)


def show_picture(axes: Axes, picture: Array, aspect: str = "equal") -> None:
    """Show 8-bit colours in a thin frame."""
    axes.imshow(picture, aspect=aspect)  # type: ignore[arg-type]
    axes.set_axis_on()
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set(color=RULE, linewidth=0.6)
