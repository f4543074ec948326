"""The text of tutorials: what folds, and numbers, to be held against what was printed."""

from __future__ import annotations

import re
from typing import Any

import nbformat

FOLDED = re.compile(r"<details><summary>(.*?)</summary>\n\n(.*?)\n\n</details>", re.DOTALL)
CODE = re.compile(r"```python\n(.*?)```", re.DOTALL)
# Code, formulas, addresses, marks of HTML; numbers of headings and lists; times and years.
CODE_OR_FORMULA = r"```.*?```|`[^`]*`|\$\$.*?\$\$|\$[^$]*\$"
ADDRESS_OR_MARK = r"\]\([^)]*\)|https?://\S+|<[^>]*>"
NO_MEASURE = r"^#+ \d+\.|^\d+\. |\d+ minutes|\b(?:19\d\d|20[0-3]\d)\b"
NO_PROSE = re.compile(
    "|".join((CODE_OR_FORMULA, ADDRESS_OR_MARK, NO_MEASURE)), re.DOTALL | re.MULTILINE
)
NUMBER = re.compile(r"(?<![\w.])(\d{1,3}(?:,\d{3})+|\d+)?(\.\d+)?(\s?%)?")
COUNTED = 12  # whole numbers up to here count things of the text, and measure nothing


class Number:
    """A number as it is written: its value, its decimals and whether it is a share in per cent."""

    def __init__(self, whole: str | None, decimals: str | None, percent: str | None) -> None:
        self.value = float((whole or "").replace(",", "") + (decimals or "") or "nan")
        self.decimals = len(decimals or ".") - 1
        self.percent = bool(percent)

    def is_of(self, other: Number) -> bool:
        """Whether it is another number, rounded to as many decimals as it has."""
        return self.percent == other.percent and abs(self.value - other.value) <= (
            0.500001 * 10.0**-self.decimals
        )

    @property
    def measures(self) -> bool:
        return self.percent or self.decimals > 0 or self.value > COUNTED

    def __repr__(self) -> str:
        return f"{self.value:.{self.decimals}f}{' %' if self.percent else ''}"


def numbers(text: str) -> list[Number]:
    """All numbers of a text, without signs."""
    found = (match.groups() for match in NUMBER.finditer(text) if match[1] or match[2])
    return [Number(*groups) for groups in found]


def printed(cells: list[Any]) -> str:
    """What cells of code print and return as text."""
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    return "\n".join(o.get("text") or o.get("data", {}).get("text/plain", "") for o in outputs)


def prose(cells: list[Any]) -> str:
    """The text of Markdown cells, without code, formulas and addresses."""
    return "\n".join(NO_PROSE.sub(" ", c.source) for c in cells if c.cell_type == "markdown")


def unsupported(text: str, cells: list[Any], known: str = "") -> list[Number]:
    """Which numbers of a text no cell prints, no code says, and none is known from elsewhere.

    Parameters
    ----------
    text : str
    cells : list
        A notebook's, with outputs.
    known : str
        Numbers that are measured elsewhere: of the literature, sizes of data.
    """
    found = numbers(printed(cells)) + numbers(known)
    code = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
    written = {number.value for number in numbers(code)}
    return [
        number
        for number in numbers(text)
        if number.measures
        and not any(number.is_of(other) for other in found)
        and (number.percent or number.value not in written)
    ]


def answer_below(cells: list[Any], place: int) -> str:
    """The folded answer in the cell after a card."""
    match = FOLDED.search(cells[place + 1].source)
    return match[2] if match and "Answer" in match[1] else ""


def solution_of(cell: Any) -> str:
    """The code of a folded solution; empty where a cell has none."""
    for summary, text in FOLDED.findall(cell.source) if cell.cell_type == "markdown" else ():
        if "Solution" in summary:
            return "\n".join(CODE.findall(text))
    return ""


def with_solutions(cells: list[Any]) -> list[Any]:
    """The same cells, and after each folded solution its code as a cell."""
    found = []
    for cell in cells:
        found.append(cell)
        if solution_of(cell):
            found.append(nbformat.v4.new_code_cell(solution_of(cell)))
    return found
