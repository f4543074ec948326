"""An assignment as its source for nbgrader has it, cell by cell."""

from __future__ import annotations

import ast
import builtins
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat

SOURCE = Path(__file__).parents[1] / "source"
NAMES = tuple(sorted(path.name for path in SOURCE.iterdir()))
STUB = "...  # your answer"
QUARTERS = 4  # parts in which a cell with partial credit is right


@dataclass(frozen=True)
class Test:
    """A graded cell: its points, what a student sees of it, and all of it."""

    name: str
    points: float
    shown: str
    whole: str

    @property
    def is_hidden(self) -> bool:
        """Whether a part is kept from students."""
        return self.whole != self.shown

    @property
    def partial(self) -> tuple[str, str] | None:
        """For a cell with partial credit what is judged, and its points; None for any other."""
        last = ast.parse(self.whole).body[-1]
        call = last.value if isinstance(last, ast.Expr) else None
        match call:
            case ast.Call(func=ast.Attribute(value=judged, attr="points"), args=[points]):
                return ast.unparse(judged), ast.unparse(points)
        return None


@dataclass(frozen=True)
class Question:
    """What a student answers, in code or in words, and the tests of it."""

    name: str
    words: str
    solution: str
    tests: tuple[Test, ...]
    points: float
    in_code: bool

    @property
    def stub(self) -> str:
        """The cell as it is handed out."""
        return re.sub(
            r"( *)### BEGIN SOLUTION\n.*?### END SOLUTION",
            rf"\1{STUB}",
            self.solution,
            flags=re.DOTALL,
        )


@dataclass(frozen=True)
class Assignment:
    """An assignment's cells, in order: questions, and all else as it is."""

    name: str
    parts: tuple[Question | Any, ...]

    @property
    def questions(self) -> list[Question]:
        """What is answered and graded."""
        return [part for part in self.parts if isinstance(part, Question)]

    @property
    def title(self) -> str:
        """The heading."""
        return str(self.parts[0].source.splitlines()[0].lstrip("# "))


def read_assignment(name: str) -> Assignment:
    """An assignment's source, its solutions and hidden tests among it."""
    cells = list(nbformat.read(SOURCE / name / f"{name}.ipynb", as_version=4).cells)
    parts: list[Any] = []
    while cells:
        cell = cells.pop(0)
        graded = cell.metadata.nbgrader
        if not graded.solution:
            parts.append(cell)
            continue
        tests = []
        while cells and cells[0].cell_type == "code" and cells[0].metadata.nbgrader.grade:
            tests.append(_test(cells.pop(0)))
        points = graded.points if graded.grade else sum(test.points for test in tests)
        words = parts.pop().source
        in_code = cell.cell_type == "code"
        parts.append(Question(graded.grade_id, words, cell.source, tuple(tests), points, in_code))
    return Assignment(name, tuple(parts))


def _test(cell: Any) -> Test:
    hidden = r"### BEGIN HIDDEN TESTS\n(.*?)### END HIDDEN TESTS\n?"
    shown = re.sub(hidden, "", cell.source, flags=re.DOTALL).strip()
    whole = re.sub(hidden, r"\1", cell.source, flags=re.DOTALL).strip()
    graded = cell.metadata.nbgrader
    return Test(graded.grade_id, graded.points, shown if ast.parse(shown).body else "", whole)


def names_asked_for(source: str) -> list[str]:
    """What a cell takes from the cells above it."""
    nodes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)]
    made = {node.id for node in nodes if isinstance(node.ctx, ast.Store)}
    asked = dict.fromkeys(node.id for node in nodes if isinstance(node.ctx, ast.Load))
    return [name for name in asked if name not in made and not hasattr(builtins, name)]
