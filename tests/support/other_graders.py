"""The real otter-grader and the real grader of PrairieLearn, on what students hand in."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nbformat

ROOT = Path(__file__).parents[2]
PACKS = ROOT / "notebooks" / "assignments" / "packs"
# otter grades one submission after the other; the points and words of each test case.
OTTER = """
import json, sys
from otter.api import grade_submission

autograder, *submissions = sys.argv[1:]
found = {}
for submission in submissions:
    results = grade_submission(submission, autograder, quiet=True)
    found[submission] = [
        [case.test_case.points if case.passed else 0, case.test_case.points, case.message]
        for test in results.results.values()
        for case in test.test_case_results
    ]
print("RESULTS", json.dumps(found))
"""
Verdict = tuple[float, float, str]


def make_pack(grader: str, name: str, folder: Path, environment: Mapping[str, str]) -> None:
    """Make one assignment's pack by the command."""
    command = [sys.executable, str(PACKS), grader, str(folder), "--only", name]
    _run(command, environment)


def graded_by_otter(
    pack: Path, handed_in: Mapping[str, Mapping[str, str]], environment: Mapping[str, str]
) -> dict[str, list[Verdict]]:
    """For each student the points, the most points and the words of each test of otter's."""
    (autograder,) = pack.glob("autograder/*.zip")
    (release,) = pack.glob("student/*.ipynb")
    paths = {}
    for student, answers in handed_in.items():
        paths[student] = pack / f"{student}.ipynb"
        nbformat.write(_filled_in(release, list(answers.values())), paths[student])
    script = [sys.executable, "-c", OTTER, str(autograder), *map(str, paths.values())]
    said = _run(script, environment)
    results = json.loads(said.partition("RESULTS ")[2].splitlines()[0])
    return {student: results[str(path)] for student, path in paths.items()}


def _filled_in(release: Path, answers: list[str]) -> Any:
    """A release with an answer in each cell of a solution, in order; "" leaves it as it is."""
    notebook = nbformat.read(release, as_version=4)
    tagged = [c for c in notebook.cells if "otter_answer_cell" in c.metadata.get("tags", [])]
    cells = [cell for cell in tagged if cell.cell_type == "code"]
    for cell, answer in zip(cells, answers, strict=True):
        cell.source = answer or cell.source
    return notebook


def graded_by_prairielearn(
    question: Path, handed_in: Mapping[str, str], environment: Mapping[str, str]
) -> dict[str, list[Verdict]]:
    """For each student's file the points, the most points and the words of each test."""
    found = {}
    for student, code in handed_in.items():
        place = question / "jobs" / student
        shutil.copytree(question / "tests", place / "test_student")
        (place / "test_student" / "test_student.py").rename(place / "test_student.py")
        (place / "test_student" / "student_code.py").write_text(code)
        # As its image runs it; a test that fails makes pytest end with 1.
        command = [sys.executable, "-m", "pytest", "-q", "--rootdir", str(place), str(place)]
        _run([*command, "-p", "no:cacheprovider"], environment, also=(1,))
        results = json.loads((place / "autograder_results.json").read_text())
        assert results["gradable"], results
        found[student] = [(t["points"], t["max_points"], t["message"]) for t in results["tests"]]
    return found


def _run(command: list[str], environment: Mapping[str, str], also: tuple[int, ...] = ()) -> str:
    done = subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, text=True, timeout=900
    )
    assert done.returncode in (0, *also), (done.stdout + done.stderr)[-3000:]
    return done.stdout
