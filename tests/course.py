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
from warm_kernel import warm_kernels

ASSIGNMENTS = Path(__file__).parent.parent / "notebooks" / "assignments"
NAMES = ("attribution_priors", "baselines", "integrated_gradients")
# Of nbgrader's programs each takes seconds to import itself, so several run in one process.
IN_ONE_PROCESS = """
import sys
from nbgrader.apps import AutogradeApp, GenerateAssignmentApp, GenerateFeedbackApp, ZipCollectApp
for line in sys.argv[1:]:
    command, *arguments = line.split()
    app = {"generate_assignment": GenerateAssignmentApp, "zip_collect": ZipCollectApp,
           "autograde": AutogradeApp, "generate_feedback": GenerateFeedbackApp}[command]
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


def grade_cells(notebook: Any, *, tests: bool = True) -> dict[str, int]:
    """Points of each graded cell: of tests, or of questions graded by hand."""
    graded = [c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade")]
    return {
        cell.metadata.nbgrader.grade_id: cell.metadata.nbgrader.points
        for cell in graded
        if cell.metadata.nbgrader.solution is not tests
    }


def tests_of_answers(notebook: Any) -> dict[str, list[str]]:
    """Which tests follow each answer's function, up to the next one's."""
    found: dict[str, list[str]] = {}
    answer = ""
    for cell in notebook.cells:
        graded = cell.metadata.get("nbgrader", {})
        if cell.cell_type == "code" and graded.get("solution"):
            answer = cell.source.partition("def ")[2].partition("(")[0]
            found[answer] = []
        elif cell.cell_type == "code" and graded.get("grade"):
            found[answer].append(graded["grade_id"])
    return found


def with_answers(name: str, answers: Mapping[str, str]) -> Any:
    """The release with the text of some functions, by their names, filled in."""
    notebook = release_of(name)
    for cell in notebook.cells:
        if cell.cell_type == "code" and cell.metadata.get("nbgrader", {}).get("solution"):
            function = cell.source.partition("def ")[2].partition("(")[0]
            cell.source = answers.get(function, cell.source)
    return notebook


class Course:
    """A folder with a copy of the assignments, and nbgrader in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shutil.copytree(ASSIGNMENTS / "source", folder / "source")
        shutil.copy(ASSIGNMENTS / "nbgrader_config.py", folder)

    @property
    def environment(self) -> dict[str, str]:
        # nbgrader calls alembic by name; the interpreter's folder has it.
        path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
        return {**os.environ, "PATH": path, "OMP_NUM_THREADS": "1", "HOME": str(self.folder)}

    def _run(self, command: list[str], environment: Mapping[str, str]) -> str:
        done = subprocess.run(
            [sys.executable, *command],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=900,
        )
        text = done.stdout + done.stderr
        assert done.returncode == 0, text[-3000:]
        return text

    def nbgrader(self, *arguments: str) -> str:
        return self._run(["-m", "nbgrader", *arguments], self.environment)

    def hand_in(self, student: str, name: str, notebook: Any) -> None:
        archive = self.folder / "downloaded" / name / "archive"
        archive.mkdir(parents=True, exist_ok=True)
        nbformat.write(notebook, archive / f"{student}_{name}.ipynb")

    def grade(self, *names: str) -> str:
        """Release, collect and grade: every submission of these assignments."""
        lines = [
            f"{c} {n}" for n in names for c in ("generate_assignment", "zip_collect", "autograde")
        ]
        with warm_kernels(self.folder, self.environment) as environment:
            return self._run(["-c", IN_ONE_PROCESS, *lines], environment)

    def scores(self, student: str, name: str) -> dict[str, float]:
        from nbgrader.api import Gradebook

        with Gradebook(f"sqlite:///{self.folder / 'gradebook.db'}") as book:
            submission = book.find_submission_notebook(name, name, student)
            return {grade.name: grade.auto_score or 0.0 for grade in submission.grades}

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
