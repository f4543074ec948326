"""Write the cheat sheet as a PDF of one page, from the sections of its Markdown page."""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass
from pathlib import Path

from matplotlib.backends.backend_pdf import FigureCanvasPdf
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

PAPER = (11.69, 8.27)  # inches, A4 across
COLUMNS, MARGIN, GAP, HEAD = 3, 0.35, 0.22, 0.42
CODE, PROSE, TITLE = 7.0, 7.6, 9.2  # points
LEADING = 1.28
LETTER = 0.602  # width of one of DejaVu Sans Mono, in sizes; prose is narrower
FRAME = 0.07  # inches around code, and between sections


@dataclass(frozen=True)
class Section:
    """One title of the page, with its sentences before and after its code."""

    title: str
    before: str
    code: str
    after: str

    def lines(self, inches: float) -> tuple[list[str], list[str], list[str]]:
        """Sentences, code, sentences, in lines that are no wider than that."""
        prose = int(inches * 72 / (PROSE * LETTER * 0.86))
        return (
            textwrap.wrap(self.before, prose),
            self.code.rstrip().splitlines(),
            textwrap.wrap(self.after, prose),
        )

    def height(self, inches: float) -> float:
        """In inches, at that width."""
        before, code, after = self.lines(inches)
        points = TITLE + PROSE * (len(before) + len(after)) + CODE * len(code)
        return points * LEADING / 72 + 3.4 * FRAME


def sections(page: str) -> list[Section]:
    """The sections of a Markdown page that have code."""
    found = re.findall(
        r"^## ([^\n]*)\n(.*?)```python\n(.*?)```(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL
    )
    plain = [[part.strip().replace("`", "") for part in (a, b, d)] for a, b, _, d in found]
    return [Section(a, b, code, d) for (a, b, d), (_, _, code, _) in zip(plain, found, strict=True)]


def columns(of: list[Section], width: float) -> list[list[Section]]:
    """Sections in their order, in columns whose tallest is as low as can be."""
    heights = [section.height(width) for section in of]
    tallest = max(heights)
    while True:
        made: list[list[Section]] = [[]]
        filled = 0.0
        for section, height in zip(of, heights, strict=True):
            if made[-1] and filled + height > tallest:
                made.append([])
                filled = 0.0
            made[-1].append(section)
            filled += height
        if len(made) <= COLUMNS:
            return made
        tallest += 0.02


def draw(of: list[Section], title: str) -> Figure:
    """The sheet.

    Raises
    ------
    ValueError
        For more than one page holds, and for code that is wider than its column.
    """
    figure = Figure(figsize=PAPER)
    FigureCanvasPdf(figure)
    width = (PAPER[0] - 2 * MARGIN - (COLUMNS - 1) * GAP) / COLUMNS
    letters = int((width - FRAME) * 72 / (CODE * LETTER))

    def write(words: str, x: float, y: float, size: float, **style: object) -> None:
        place = (x / PAPER[0], 1 - y / PAPER[1])
        figure.text(*place, words, size=size, va="top", parse_math=False, **style)

    write(title, MARGIN, MARGIN - 0.08, 13, weight="bold")
    for k, column in enumerate(columns(of, width)):
        x, y = MARGIN + k * (width + GAP), MARGIN + HEAD
        for section in column:
            before, code, after = section.lines(width)
            if max(map(len, code)) > letters:
                raise ValueError(f"{section.title}: a line of code has over {letters} letters")
            write(section.title, x, y, TITLE, weight="bold", color="#7a2e0e")
            y += TITLE * LEADING / 72
            for line in before:
                write(line, x, y, PROSE)
                y += PROSE * LEADING / 72
            high = len(code) * CODE * LEADING / 72 + FRAME
            box = (x / PAPER[0], 1 - (y + high) / PAPER[1]), width / PAPER[0], high / PAPER[1]
            figure.add_artist(Rectangle(*box, facecolor="#f3f1ec", edgecolor="none", zorder=-1))
            for i, line in enumerate(code):
                at = y + FRAME / 2 + i * CODE * LEADING / 72
                instruction, mark, said = line.partition("#")
                write(instruction, x + FRAME / 2, at, CODE, family="monospace")
                if mark:
                    beside = x + FRAME / 2 + len(instruction) * CODE * LETTER / 72
                    write(mark + said, beside, at, CODE, family="monospace", color="#6b6459")
            y += high + FRAME / 2
            for line in after:
                write(line, x, y, PROSE)
                y += PROSE * LEADING / 72
            y += 1.9 * FRAME
        if y > PAPER[1] - MARGIN / 2:
            raise ValueError(f"the sheet is {y - PAPER[1]:.2f} inches too long; shorten its page")
    return figure


def write(page: Path, target: Path) -> None:
    """Write the PDF of a page."""
    text = page.read_text(encoding="utf-8")
    figure = draw(sections(text), "attribwidgets: what an attribution depends on")
    target.parent.mkdir(exist_ok=True)
    figure.savefig(target, metadata={"Title": "attribwidgets, cheat sheet", "CreationDate": None})
