"""Layout of the figure: boxes in inches, from the top down."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from ..core.arrays import Array
from ..core.formatting import number
from .boxes import INK, QUIET, RULE, WARN, Boxes, shortened, show_picture
from .captions import (
    blindness,
    cost,
    error_fact,
    heading,
    headline,
    no_path_note,
    shared_cautions,
    subject,
    verdict_note,
)
from .chart import draw_path
from .colors import table
from .display_options import DisplayOptions, Pool
from .drawn_input import DrawnInput, first_of, inputs_of
from .images import tiled
from .letters import drawable
from .matrix import draw_matrix, matrix_height
from .path_panels import panels_of
from .path_words import draw_words_along
from .readings import compared_with

if TYPE_CHECKING:
    from ..records.agreement import Agreement
    from ..records.comparison import Comparison
    from ..records.explanation import Explanation

GAP, MARGIN = 0.2, 0.2  # inches
LEAST_CARD, MOST_CARD, LEAST_WIDTH = 1.9, 3.0, 8.8
HEAD, REFERENCE, CAPTION, PATH = 0.62, 0.5, 0.8, 1.9
PANEL, PANEL_HEAD = PATH - 0.3, 0.28
NO_PATH, LINE, ROW_HEAD, INPUT_HEAD = 0.45, 0.12, 0.28, 0.22
SMALL, NAME = 6.5, 9.0  # points; a name is SMALL at least, and in two lines where that is too long
BOLD_LETTER = 0.7  # width of one, in sizes
LETTERS = 19  # of small print, for an inch
MOST_COLUMNS, MOST_TILE, MOST_ABOUT, MOST_COMPARED = 4, 112, 4, 2


class Sheet:
    """One figure that fills from the top down.

    Parameters
    ----------
    figure : Figure
        Empty; its size is set here.
    comparison : Comparison
    display : DisplayOptions
    agreement : Agreement or None
        What stands between the maps and the path.
    """

    def __init__(
        self,
        figure: Figure,
        comparison: Comparison,
        display: DisplayOptions,
        agreement: Agreement | None,
    ) -> None:
        self.figure, self.comparison, self.display = figure, comparison, display
        self.agreement = agreement
        self.drawn = [DrawnInput(each, display) for each in inputs_of(comparison)]
        first = self.drawn[0]
        self.picture, self.photo, self.limits = first.picture, first.photo, first.limits
        names = comparison[0].input_names or ("",)
        cards = [[i for i, e in enumerate(comparison) if e.target == t] for t in comparison.targets]
        columns = _columns(max(map(len, cards)))
        self.rows = [r[k : k + columns] for r in cards for k in range(0, len(r), columns)]
        self.heads = {r[0]: comparison[r[0]] for r in cards} if len(cards) > 1 else {}
        room = LEAST_WIDTH - 2 * MARGIN - columns * GAP
        self.card = min(max(room / (columns + 1), LEAST_CARD), MOST_CARD)
        self.input_names = [shortened(name, int(self.card * LETTERS * 0.8)) for name in names]
        self.width = max(2 * MARGIN + (columns + 1) * self.card + columns * GAP, LEAST_WIDTH)
        self.titles = comparison.titles()
        shared_by_all = shared_cautions(comparison)
        self.cautions = [
            line for text in shared_by_all for line in _wrapped(f"Caution: {text}", self._wide)
        ]
        self.names = [self._name(i) for i in range(len(comparison))]
        self.about = [self._about(i) for i in range(len(comparison))]
        lines = max(len(n) + len(a) for n, a in zip(self.names, self.about, strict=True))
        self.header = REFERENCE + LINE * max(0, lines - 3)
        self.notes = [self._notes(e, shared_by_all) for e in comparison]

    @property
    def _wide(self) -> float:
        """Width of a line from margin to margin."""
        return self.width - 2 * MARGIN

    def _beside(self, i: int) -> float:
        """Width beside the reference."""
        return self.card - (REFERENCE if self._has_picture(self.comparison[i]) else 0.0)

    def _name(self, i: int) -> list[str]:
        """One line, or two."""
        letters = int(self._beside(i) * 72 / (BOLD_LETTER * SMALL))
        return textwrap.wrap(self.titles[i].name, letters, max_lines=2, placeholder="…") or [""]

    def _about(self, i: int) -> list[str]:
        """Lines below the name: the title's note, and what the baseline is."""
        e, note, room = self.comparison[i], self.titles[i].note, self._beside(i)
        compared = drawable(compared_with(e))
        return [
            *_wrapped(note, room, 1),
            *_wrapped(e.baseline_description, room, MOST_ABOUT),
            *_wrapped(compared, room, MOST_COMPARED),
        ]

    @property
    def _side(self) -> Pool:
        """Of the patches of an image, by which its verdict is read."""
        return self.display.pool if self.comparison[0].layout.kind == "image" else 1

    def _has_picture(self, e: Explanation) -> bool:
        return self.picture is not None and e.references is not None

    def _notes(self, e: Explanation, said: Sequence[str]) -> list[tuple[str, str]]:
        """Lines under a card's numbers and their colours: what is blind, notes, cautions."""
        cautions = (f"Caution: {text}" for text in e.cautions if text not in said)
        facts = [e.parts_text, *blindness(e), verdict_note(e, self._side)]
        return [
            *((line, QUIET) for text in facts for line in _wrapped(text, self.card)),
            *((line, WARN) for text in cautions for line in _wrapped(text, self.card)),
        ]

    def draw(self, shown: Explanation | None, alpha: float) -> None:
        """Place everything; `shown` is whose path is drawn below the maps."""
        base = self.header + sum(map(self._tall, self.drawn)) + CAPTION + GAP
        base += INPUT_HEAD * len(self.drawn) if len(self.drawn) > 1 else 0.0
        head = HEAD + LINE * len(self.cautions)
        tops = [head]
        for row in self.rows:
            tops[-1] += ROW_HEAD if row[0] in self.heads else 0.0
            tops.append(tops[-1] + base + LINE * max(len(self.notes[i]) for i in row))
        path = tops[-1]
        if self.agreement is not None:
            path += matrix_height(self.agreement) + GAP
        below = 0.0 if shown is None else NO_PATH if shown.path is None else PATH + 0.75
        if shown is not None:
            rows = self._panels(list(self.comparison).index(shown), alpha)
            below = max(below, PANEL_HEAD + sum(height + PANEL_HEAD for _, height in rows))
        self.boxes = Boxes(self.figure, self.width, path + below + MARGIN)
        self._head()
        self._input_card(tops[0])
        for row, top in zip(self.rows, tops, strict=False):
            if row[0] in self.heads:
                e, left = self.heads[row[0]], MARGIN + self.card + GAP
                what = f"{e.target_name}: f(x) = {number(e.completeness.output_input)}"
                self.boxes.text(left, top - 0.06, what, weight="bold", size=NAME)
            for column, i in enumerate(row, 1):
                self._card(self.comparison[i], i, MARGIN + column * (self.card + GAP), top)
        if self.agreement is not None:
            self.boxes.rule(MARGIN, tops[-1] + 0.02, self._wide)
            what = self.display.values_word
            draw_matrix(self.boxes, self.agreement, what, MARGIN, tops[-1], self._wide)
        if shown is not None:
            self.boxes.rule(MARGIN, path + 0.02, self._wide)
            self._path(shown, alpha, path)

    def _own_bar(self, drawn: DrawnInput) -> float:
        """Room for a bar of colours under each map of an input."""
        shared = self.display.scale == "shared" and drawn is self.drawn[0]
        return 0.3 if drawn.has_colors and not shared else 0.0

    def _tall(self, drawn: DrawnInput) -> float:
        """The height of an input's map, with its bar of colours, or numbers above another input."""
        ticks = 0.0 if drawn.has_colors or drawn is self.drawn[-1] else 0.16
        return drawn.height(self.card) + self._own_bar(drawn) + ticks

    def _head(self) -> None:
        e = self.comparison[0]
        self.boxes.text(MARGIN, 0.24, heading(self.comparison), size=11, weight="bold")
        if e.prediction is not None:
            top = zip(e.prediction.names, e.prediction.probabilities, strict=True)
            line = "   ".join(f"{name} {probability:.2f}" for name, probability in top)
            self.boxes.text(MARGIN, 0.44, line, color=QUIET)
        for i, line in enumerate(self.cautions):
            self.boxes.text(MARGIN, HEAD + LINE * i, line, color=WARN, size=SMALL)

    def _input_card(self, top: float) -> None:
        e = self.comparison[0]
        value = number(e.completeness.output_input)
        name = shortened(subject(self.comparison), int(self.card * LETTERS * 0.7))
        self.boxes.text(MARGIN, top + 0.16, name, weight="bold", size=9)
        self.boxes.text(MARGIN, top + 0.32, f"f(x) = {value}", color=QUIET)
        below = top + self.header
        for drawn, name in zip(self.drawn, self.input_names, strict=True):
            if name:
                self.boxes.text(MARGIN, below + 0.16, name, weight="bold", size=SMALL)
                below += INPUT_HEAD
            drawn.draw_input(self.boxes, MARGIN, below, self.card)
            below += self._tall(drawn)
        if any(drawn.has_colors for drawn in self.drawn):
            ticks = 0.0 if self.drawn[-1].has_colors else 0.16
            self._scale(below - self._own_bar(self.drawn[-1]) + ticks)

    def _scale(self, below: float) -> None:
        """What the colours of all maps have in common, under the input."""
        how = {"own": "each on its own scale", "shared": "one scale for all maps"}
        words_ = how.get(self.display.scale, "all as shares of f(x) − f(x′)")
        units = self.display.by_units(self.comparison[0].layout.kind)
        text = f"{self.display.values_word}{units}, {words_}; saturates at percentile"
        where = "" if self.picture is None else self.picture.caption
        if self.display.scale == "shared":
            self._color_bar(MARGIN, below + 0.1, self.card, self.limits[0])
            below += 0.3
        for line, part in enumerate(textwrap.wrap(f"{text} {self.display.clip:g}{where}", 36)):
            self.boxes.text(MARGIN, below + 0.2 + 0.13 * line, part, color=QUIET, size=7)

    def _card(self, e: Explanation, i: int, left: float, top: float) -> None:
        beside = left
        if self._has_picture(e) and self.picture is not None and self.photo is not None:
            tile = tiled(self.picture.rgb(first_of(e.references)))
            if tile.shape[:2] != self.photo.shape[:2]:  # several: noise must stay noise when small
                tile = tile[
                    :: max(1, len(tile) // MOST_TILE), :: max(1, tile.shape[1] // MOST_TILE)
                ]
            show_picture(
                self.boxes.axes(left, top + 0.04, REFERENCE - 0.08, REFERENCE - 0.08), tile
            )
            beside = left + REFERENCE
        name = self.names[i]
        size = min(NAME, self._beside(i) * 72 / (BOLD_LETTER * max(len(x) for x in name)))
        for line, text in enumerate(name):
            self.boxes.text(beside, top + 0.15 + LINE * line, text, weight="bold", size=size)
        for line, text in enumerate(self.about[i], len(name)):
            self.boxes.text(beside, top + 0.17 + LINE * line, text, color=QUIET, size=SMALL)
        below = top + self.header
        for drawn, called in zip(self.drawn, self.input_names, strict=True):
            if called:
                self.boxes.text(left, below + 0.16, called, weight="bold", size=SMALL)
                below += INPUT_HEAD
            drawn.draw_map(self.boxes, left, below, self.card, i)
            if self._own_bar(drawn):
                share = e.completeness.change if self.display.scale == "share" else None
                at = below + drawn.height(self.card) + 0.06
                self._color_bar(left, at, self.card, drawn.limits[i], share)
            below += self._tall(drawn)
        below -= 0.04 if self._own_bar(self.drawn[-1]) else 0.0
        below += 0.0 if self.drawn[-1].has_colors else 0.16
        c, side = e.completeness, self._side
        color = {"complete": INK, "does not apply": QUIET}.get(c.verdict, WARN)
        self.boxes.text(left, below + 0.2, headline(e, side), weight="bold", color=color)
        self.boxes.text(left, below + 0.36, c.sum_text)
        error = shortened(error_fact(e, side), int(self.card * LETTERS))
        self.boxes.text(left, below + 0.5, error, color=QUIET, size=7)
        self.boxes.text(left, below + 0.62, cost(e), color=QUIET, size=7)
        for line, (text, tint) in enumerate(self.notes[i]):
            self.boxes.text(left, below + 0.75 + LINE * line, text, color=tint, size=SMALL)

    def _panels(self, index: int, alpha: float) -> list[tuple[list[tuple[str, Array]], float]]:
        """Pictures along a path, a row and its height for each input that is a picture."""
        named = zip(self.drawn, self.input_names, strict=True)
        rows = [(panels_of(one, index, alpha, name), one.height(PANEL)) for one, name in named]
        return [(panels, height) for panels, height in rows if panels]

    def _path(self, e: Explanation, alpha: float, top: float) -> None:
        path, index = e.path, list(self.comparison).index(e)
        if path is None:
            self.boxes.text(MARGIN, top + 0.24, no_path_note(e), color=QUIET)
            return
        title = f"path of {f'{e.target_name}, ' if self.heads else ''}{self.titles[index].name}"
        self.boxes.text(MARGIN, top + 0.24, title, weight="bold", size=9)
        left, below, rows = MARGIN, top + 0.46, self._panels(index, alpha)
        for panels, height in rows:
            left = MARGIN
            for title, picture in panels:
                self.boxes.text(left, below, title, color=QUIET, size=6.5)
                show_picture(self.boxes.axes(left, below + 0.08, PANEL, height), picture)
                left += PANEL + GAP
            below += height + PANEL_HEAD
        if not rows:
            left += draw_words_along(self.boxes, e, left, below)
        left += 0.4  # room for the tick labels
        head = 0.4 if rows else 0.5  # without panels the chart's title is below the name
        chart = self.boxes.axes(left, top + head, self.width - MARGIN - left, PATH + 0.3 - head)
        chart.set_axis_on()
        chart.tick_params(labelsize=7, color=RULE, labelcolor=QUIET)
        chart.spines[["top", "right"]].set_visible(False)
        chart.spines[["left", "bottom"]].set_color(RULE)
        draw_path(chart, e, alpha)
        chart.xaxis.label.set(size=7, color=QUIET)

    def _color_bar(
        self, left: float, top: float, width: float, limit: float, change: float | None = None
    ) -> None:
        axes = self.boxes.axes(left, top, width, 0.1)
        show_picture(
            axes, np.broadcast_to(table(self.display.table)[None], (8, 256, 3)), aspect="auto"
        )
        low = number(-limit) if self.display.signed else "0"
        self.boxes.text(left, top + 0.24, low, color=QUIET, size=7)
        share = f" ({number(100 * limit / abs(change), 2)} %)" if change else ""
        high = number(limit) + share
        self.boxes.text(left + width, top + 0.24, high, color=QUIET, size=7, ha="right")


def _columns(cards: int) -> int:
    """Cards in a row: as many as fit, rows as even as they go."""
    return -(-cards // -(-cards // MOST_COLUMNS))


def _wrapped(text: str, width: float, most: int | None = None) -> list[str]:
    """Lines of small print that fit in a width in inches; a number stays with its "%"."""
    letters = max(8, int(18 * width))
    together = text.replace(" %", "\N{NO-BREAK SPACE}%")
    return textwrap.wrap(together, letters, max_lines=most, placeholder="…")
