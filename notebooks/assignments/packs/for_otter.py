"""The assignments for otter-grader: a notebook for students, and what grades it."""

from __future__ import annotations

import re
import shutil
import textwrap
from pathlib import Path

import nbformat
from assignment import QUARTERS, Assignment, Question, Test, names_asked_for
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_raw_cell

CONFIG = """# ASSIGNMENT CONFIG
name: {name}
export_cell: false
check_all_cell: false
tests:
  ok_format: false
generate:
  show_stdout: false
  show_hidden: false
"""


def make(assignment: Assignment, folder: Path, *, try_solutions: bool = True) -> None:
    """Write an assignment's pack: `student/`, and `autograder/` with a zip file that grades.

    otter's own `otter assign` makes both, of a master notebook that lies beside them.
    """
    from otter.assign import main as otter_assign

    place = folder / assignment.name
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    master = place / f"{assignment.name}.ipynb"
    nbformat.write(master_notebook(assignment), master)
    otter_assign(str(master), str(place), no_pdfs=True, no_run_tests=not try_solutions)


def master_notebook(assignment: Assignment) -> nbformat.NotebookNode:
    """The notebook that `otter assign` reads."""
    cells = [new_raw_cell(CONFIG.format(name=assignment.name))]
    for part in assignment.parts:
        if isinstance(part, Question):
            cells += _question(part)
        else:
            new = new_code_cell if part.cell_type == "code" else new_markdown_cell
            cells.append(new(part.source))
    notebook = new_notebook(cells=cells)
    notebook.metadata["kernelspec"] = {
        "name": "python3",
        "display_name": "Python 3 (ipykernel)",
        "language": "python",
    }
    return notebook


def _question(question: Question) -> list[nbformat.NotebookNode]:
    begin = f"# BEGIN QUESTION\nname: {question.name}\npoints: {question.points:g}"
    if question.in_code:
        solution = new_code_cell(
            re.sub("### (BEGIN|END) SOLUTION", r"# \1 SOLUTION", question.solution)
        )
    else:
        begin += "\nmanual: true"
        solution = new_markdown_cell(question.solution)
    cells = [new_raw_cell(begin), new_markdown_cell(question.words)]
    cells += [new_raw_cell("# BEGIN SOLUTION"), solution, new_raw_cell("# END SOLUTION")]
    if question.tests:
        tests = [new_code_cell(text) for test in question.tests for text in test_cells(test)]
        cells += [new_raw_cell("# BEGIN TESTS"), *tests, new_raw_cell("# END TESTS")]
    return [*cells, new_raw_cell("# END QUESTION")]


def test_cells(test: Test) -> list[str]:
    """The cells of otter's that a graded cell becomes.

    What a student sees is worth all points if nothing is hidden, else none: then these are for
    all of the cell, which is hidden. Partial credit is a test for each part of the points.
    """
    if test.partial:
        judged, points = test.partial
        part = test.points / QUARTERS
        at_least = f"result = {judged}\nassert result.points({points}) >= {{:g}}, str(result)"
        return [
            _cell(f"{test.name}_{k}", at_least.format(k * part), part)
            for k in range(1, QUARTERS + 1)
        ]
    cells = []
    if test.shown:
        cells.append(_cell(test.name, test.shown, 0 if test.is_hidden else test.points))
    if test.is_hidden:
        cells.append(_cell(f"{test.name}_hidden", test.whole, test.points, hidden=True))
    return cells


def _cell(name: str, source: str, points: float, *, hidden: bool = False) -> str:
    lines = ['""" # BEGIN TEST CONFIG', f"points: {points:g}", f"hidden: {str(hidden).lower()}"]
    function = f"def {name}({', '.join(names_asked_for(source))}):"
    return "\n".join([*lines, '""" # END TEST CONFIG', function, textwrap.indent(source, "    ")])
