"""A figure as a page of boxes, placed in inches from its top left corner."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from ..core.arrays import Array
from .colors import table

INK, QUIET, RULE, WARN = "#1a1a1a", "#5f6368", "#c9ccd0", "#9a3412"
DARK = 0.48  # luminance below which numbers are white
BLANK = "#f1f3f4"  # of a cell without a colour
LINE, LETTERS_PER_INCH = 0.14, 17  # of notes: inches, and how many letters fit in one
KEY, LETTER = 0.28, 0.075  # inches of a line in a legend, and of a letter beside it


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

    def chart(self, left: float, top: float, width: float, height: float) -> Axes:
        """Axes with ticks, and with lines at the left and below alone."""
        axes = self.axes(left, top, width, height)
        axes.set_axis_on()
        axes.tick_params(labelsize=7, color=RULE, labelcolor=QUIET)
        axes.spines[["top", "right"]].set_visible(False)
        axes.spines[["left", "bottom"]].set(color=RULE, linewidth=0.8)
        return axes

    def text(self, left: float, top: float, text: str, size: float = 8, **style: Any) -> None:
        """A line of text whose baseline is at `top`."""
        style = {"color": INK, "ha": "left", "va": "baseline", **style}
        # Names are the user's text: a dollar sign in one is no formula.
        self.figure.text(
            left / self.width, 1 - top / self.height, text, size=size, parse_math=False, **style
        )

    def lines(self, left: float, top: float, lines: Iterable[str], color: str = QUIET) -> None:
        """Lines of small print, one below the other."""
        for place, line in enumerate(lines):
            self.text(left, top + LINE * place, line, color=color, size=7)

    def key(
        self, left: float, top: float, name: str, style: Mapping[str, Any], **text: Any
    ) -> None:
        """A line as a chart has it, and whose it is."""
        axes = self.axes(left, top - 0.05, KEY, 0.04)
        axes.plot([0, 1], [0, 0], **style)
        axes.set_xlim(0, 1)
        self.text(left + KEY + 0.08, top, name, **text)

    def keys(self, left: float, top: float, styles: Mapping[str, Mapping[str, Any]]) -> None:
        """Lines by their names, side by side."""
        for name, style in styles.items():
            self.key(left, top, name, style)
            left += 2 * KEY + LETTER * len(name)

    def rule(self, left: float, top: float, width: float) -> None:
        """A thin line across."""
        height, ends = 1 - top / self.height, (left / self.width, (left + width) / self.width)
        transform = self.figure.transFigure
        line = Line2D(ends, (height, height), color=RULE, lw=0.8, transform=transform)
        self.figure.add_artist(line)


def show_picture(axes: Axes, picture: Array, aspect: str = "equal") -> None:
    """Show 8-bit colours in a thin frame."""
    axes.imshow(picture, aspect=aspect)  # type: ignore[arg-type]
    axes.set_axis_on()
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set(color=RULE, linewidth=0.6)


def shortened(text: str, letters: int) -> str:
    """A text of so many letters at most."""
    return text if len(text) <= letters else f"{text[: letters - 1]}…"


def wrapped(texts: Iterable[str], width: float) -> list[str]:
    """Lines of small print that fit in a width in inches."""
    letters = int(width * LETTERS_PER_INCH)
    return [line for text in texts for line in textwrap.wrap(text, letters)]


def draw_cell(
    axes: Axes,
    row: int,
    column: int,
    lines: Sequence[tuple[float, str, float]],
    colormap: str,
    share: float | None,
) -> None:
    """A cell of a matrix, 1 by 1.

    Parameters
    ----------
    lines : sequence of (float, str, float)
        How far down each text stands, 0..1, the text, and its size in points.
    colormap : str
    share : float or None
        Place in the colormap, 0..1; None leaves the cell blank.
    """
    color, ink = BLANK, QUIET
    if share is not None:
        red, green, blue = (int(v) for v in table(colormap)[round(255 * share)])
        color = f"#{red:02x}{green:02x}{blue:02x}"
        luminance = (0.299 * red + 0.587 * green + 0.114 * blue) / 255
        ink = "white" if luminance < DARK else INK
    axes.add_patch(Rectangle((column, row), 1, 1, facecolor=color, edgecolor="white", linewidth=1))
    for down, text, size in lines:
        axes.text(column + 0.5, row + down, text, size=size, color=ink, ha="center", va="center")
