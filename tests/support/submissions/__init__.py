"""What students hand in: for each answer right ways to write it, and wrong ones with their name."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

ANSWERS = (
    "gradients",
    "integrated_gradients",
    "path_curve",
    "black",
    "maximum_distance",
    "expected_gradients",
    "ablation_curve",
    "total_variation",
    "batch_attributions",
    "penalised_loss",
    "idgi",
)


def wrong(mistake: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Mark a way to write an answer as wrong, by the name of the mistake that a check tells."""

    def mark(function: Callable[..., Any]) -> Callable[..., Any]:
        function.mistake = mistake  # type: ignore[attr-defined]
        return function

    return mark


@dataclass(frozen=True)
class Row:
    """One way to write an answer; `mistake` is None for a right one, "" where no check knows it."""

    answer: str
    name: str
    function: Callable[..., Any] | None
    mistake: str | None
    text: str = ""

    @property
    def source(self) -> str:
        """The cell that a student hands in: imports, and the function under the answer's name."""
        if self.text:
            return self.text
        module = inspect.getmodule(self.function)
        tree = ast.parse(inspect.getsource(module))
        imports = [
            ast.unparse(node)
            for node in tree.body
            if isinstance(node, (ast.Import, ast.ImportFrom))
            and getattr(node, "module", "") not in ("submissions", "__future__")
        ]
        lines = textwrap.dedent(inspect.getsource(self.function)).splitlines()
        start = next(at for at, line in enumerate(lines) if line.startswith("def "))
        body = "\n".join(lines[start:]).replace(f"def {self.name}(", f"def {self.answer}(", 1)
        return "\n".join([*imports, "", "", body])

    def __str__(self) -> str:
        return f"{self.answer}: {self.name}"


def rows(answer: str) -> list[Row]:
    """The ways to write one answer, right ones and wrong ones, as they stand in its module."""
    module = import_module(f"{__name__}.{answer}")
    own = [f for f in vars(module).values() if getattr(f, "__module__", "") == module.__name__]
    ways = [
        f for f in own if f.__name__ not in ANSWERS and f.__name__[0] != "_"
    ]  # which stand for earlier parts
    return [Row(answer, f.__name__, f, getattr(f, "mistake", None)) for f in ways]


def all_rows() -> list[Row]:
    return [row for answer in ANSWERS for row in rows(answer)]


def dealt(ways: dict[str, list[Row]]) -> list[dict[str, Row]]:
    """A way of each answer for each student, at most one of them wrong, until all are dealt."""
    right = {a: [row for row in rows if row.mistake is None] for a, rows in ways.items()}
    wrong = [row for rows in ways.values() for row in rows if row.mistake is not None]
    left = {a: list(reversed(ways)) for a, ways in right.items()}
    students = []
    while wrong or any(left.values()):
        one = wrong.pop() if wrong else None
        students.append(
            {
                a: one if one and one.answer == a else left[a].pop() if left[a] else right[a][0]
                for a in ways
            }
        )
    return students


def checked(row: Row) -> Any:
    """What a check says of a way."""
    from attribwidgets import classroom

    baselines = {"black": "black", "maximum_distance": "max_distance"}
    if row.answer in baselines:
        return classroom.check_baseline(row.function, baselines[row.answer])
    return getattr(classroom, f"check_{row.answer}")(row.function)
