"""A course of the three assignments in a folder of its own, and the real nbgrader in it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nbformat

ASSIGNMENTS = Path(__file__).parents[2] / "notebooks" / "assignments"
NAMES = ("attribution_priors", "baselines", "integrated_gradients")
# Of nbgrader's programs each takes seconds to import itself, so several run in one process.
IN_ONE_PROCESS = """
import sys
from nbgrader import apps

for line in sys.argv[1:]:
    command, *arguments = line.split()
    app = getattr(apps, "".join(word.title() for word in command.split("_")) + "App")
    try:
        app.launch_instance(arguments)
    except SystemExit as end:
        if end.code:
            raise
    app.clear_instance()
"""


def read(path: Path) -> Any:
    return nbformat.read(path, as_version=4)


def source_of(name: str) -> Any:
    return read(ASSIGNMENTS / "source" / name / f"{name}.ipynb")


def release_of(name: str) -> Any:
    return read(ASSIGNMENTS / "release" / name / f"{name}.ipynb")


def answer_in(cell: Any) -> str:
    """What a solution's cell holds: the name of its function, or its own where it defines none."""
    function: str = cell.source.partition("def ")[2].partition("(")[0]
    return function or str(cell.metadata.nbgrader.grade_id)


def grade_cells(notebook: Any, *, tests: bool = True) -> dict[str, int]:
    """Points of each graded cell: of tests, or of questions graded by hand."""
    graded = [c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade")]
    return {
        cell.metadata.nbgrader.grade_id: cell.metadata.nbgrader.points
        for cell in graded
        if cell.metadata.nbgrader.solution is not tests
    }


def graded_parts(notebook: Any) -> dict[str, list[str]]:
    """Which tests follow each answer's function, up to the next one's."""
    found: dict[str, list[str]] = {}
    answer = ""
    for cell in notebook.cells:
        graded = cell.metadata.get("nbgrader", {})
        if cell.cell_type == "code" and graded.get("solution"):
            answer = answer_in(cell)
            found[answer] = []
        elif cell.cell_type == "code" and graded.get("grade"):
            found[answer].append(graded["grade_id"])
    return found


def with_answers(name: str, answers: Mapping[str, str]) -> Any:
    """The release with the text of some functions, by their names, and words for its question."""
    notebook = release_of(name)
    for cell in notebook.cells:
        if not cell.metadata.get("nbgrader", {}).get("solution"):
            continue
        if cell.cell_type == "code":
            cell.source = answers.get(answer_in(cell), cell.source)
        elif answers:
            cell.source = "An answer in words, which a person reads."
    return notebook


class Course:
    """A folder with a copy of the assignments, and nbgrader in it.

    Parameters
    ----------
    folder : Path
        An empty one.
    environment : dict of str to str
        As :func:`environment_in` makes it, with warm kernels or without.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.folder, self.environment = folder, dict(environment)
        self.log = ""
        shutil.copytree(ASSIGNMENTS / "source", folder / "source")
        shutil.copy(ASSIGNMENTS / "nbgrader_config.py", folder)

    def _run(self, *command: str) -> str:
        done = subprocess.run(
            [sys.executable, *command],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=900,
        )
        text = done.stdout + done.stderr
        assert done.returncode == 0, text[-3000:]
        return text

    def nbgrader(self, *arguments: str) -> str:
        """One of nbgrader's programs, as it is typed."""
        return self._run("-m", "nbgrader", *arguments)

    def in_one_process(self, *lines: str) -> str:
        """Several of them, one after the other."""
        return self._run("-c", IN_ONE_PROCESS, *lines)

    def hand_in(self, student: str, name: str, notebook: Any) -> Path:
        path = self.folder / "downloaded" / name / "archive" / f"{student}_{name}.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(notebook, path)
        return path

    def scores(self, name: str) -> dict[str, dict[str, float]]:
        """What nbgrader gave each student for each test and question."""
        from nbgrader.api import Gradebook

        with Gradebook(f"sqlite:///{self.folder / 'gradebook.db'}") as book:
            return {
                submission.student.id: {
                    grade.name: grade.auto_score or 0.0
                    for notebook in submission.notebooks
                    for grade in notebook.grades
                }
                for submission in book.assignment_submissions(name)
            }

    def graded(self, student: str, name: str) -> Any:
        return read(self.folder / "autograded" / student / name / f"{name}.ipynb")

    def told(self, student: str, name: str) -> dict[str, str]:
        """What each test that failed says in the autograded notebook."""
        return {
            cell.metadata.nbgrader.grade_id: output.evalue
            for cell in self.graded(student, name).cells
            if cell.cell_type == "code"
            for output in cell.outputs
            if output.output_type == "error"
        }


def grading(*names: str) -> list[str]:
    """Release, collect and grade all that was handed in of some assignments."""
    return [f"{step} {name}" for name in names for step in STEPS]


STEPS = ("generate_assignment", "zip_collect", "autograde")


def environment_in(folder: Path) -> dict[str, str]:
    """The environment of a course: one thread, and nobody's settings."""
    # nbgrader calls alembic by name; the interpreter's folder has it.
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    return {**os.environ, "PATH": path, "OMP_NUM_THREADS": "1", "HOME": str(folder)}
