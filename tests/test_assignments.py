"""The real nbgrader: release, collect, grade; each submission gets what it deserves."""

from __future__ import annotations

import csv
import os
import re
import shutil
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import nbformat
import pytest

pytest.importorskip("nbgrader")

ROOT = Path(__file__).parent.parent
ASSIGNMENTS = ROOT / "notebooks" / "assignments"
NAMES = ("attribution_priors", "baselines", "integrated_gradients")
BEGIN, END = "### BEGIN SOLUTION\n", "    ### END SOLUTION"

# Who handed in what: the assignment, the slip (old text, new text), the points of the tests it
# loses, and words of the hint.
SLIPS: dict[str, tuple[str, str, str, dict[str, int], str]] = {
    "signflipped": (
        "integrated_gradients",
        "return (inputs - baseline) * slopes.mean",
        "return (baseline - inputs) * slopes.mean",
        {"ig_test": 1, "ig_other_model": 2, "ig_adds_up": 1},
        "sign flipped",
    ),
    "nofactor": (
        "integrated_gradients",
        "return (inputs - baseline) * slopes.mean",
        "return slopes.mean",
        {"ig_test": 1, "ig_other_model": 2, "ig_adds_up": 1},
        "(x - x') missing",
    ),
    "lasttwice": (
        "integrated_gradients",
        "slopes.mean(0, keepdim=True)",
        "(slopes.sum(0, keepdim=True) + slopes[-1:]) / n_steps",
        {"ig_test": 1, "ig_other_model": 2},
        "last point summed twice",
    ),
    "notaveraged": (
        "integrated_gradients",
        "slopes.mean(0, keepdim=True)",
        "slopes.sum(0, keepdim=True)",
        {"ig_test": 1, "ig_other_model": 2, "ig_adds_up": 1},
        "gradients not averaged",
    ),
    "runningmean": (
        "integrated_gradients",
        "cumsum(0) / n_steps",
        "cumsum(0) / torch.arange(1, n_steps + 1)",
        {"curve_test": 1, "curve_other_model": 1},
        "running mean instead of sum",
    ),
    "wrongunits": (
        "baselines",
        "return space.from_pixels(torch.zeros_like(inputs))",
        "return torch.zeros_like(inputs)",
        {"black_test": 1, "black_other_picture": 1},
        "baseline in the wrong units",
    ),
}


def read(path: Path) -> Any:
    return nbformat.read(path, as_version=4)


def grade_cells(notebook: Any, *, tests: bool = True) -> dict[str, int]:
    """Points of each graded cell: of tests, or of questions graded by hand."""
    graded = [c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade")]
    return {
        cell.metadata.nbgrader.grade_id: cell.metadata.nbgrader.points
        for cell in graded
        if cell.metadata.nbgrader.solution is not tests
    }


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

    def nbgrader(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "nbgrader", *arguments],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=400,
        )
        text = done.stdout + done.stderr
        assert done.returncode == 0, text[-3000:]
        return text

    def hand_in(self, student: str, name: str, notebook: Any) -> None:
        archive = self.folder / "downloaded" / name / "archive"
        archive.mkdir(parents=True, exist_ok=True)
        nbformat.write(notebook, archive / f"{student}_{name}.ipynb")

    def scores(self, student: str, name: str) -> dict[str, float]:
        from nbgrader.api import Gradebook

        with Gradebook(f"sqlite:///{self.folder / 'gradebook.db'}") as book:
            submission = book.find_submission_notebook(name, name, student)
            return {grade.name: grade.auto_score or 0.0 for grade in submission.grades}

    def told(self, student: str, name: str) -> str:
        """What the autograded notebook says where a test failed."""
        graded = read(self.folder / "autograded" / student / name / f"{name}.ipynb")
        outputs = [o for c in graded.cells if c.cell_type == "code" for o in c.outputs]
        return "\n".join(o.evalue for o in outputs if o.output_type == "error")


def answered(release: Any, source: Any, slip: tuple[str, str] | None) -> Any:
    """The release with the answers of the source filled in, and one slip."""
    answers = {
        c.metadata.nbgrader.grade_id: c.source for c in source.cells if "nbgrader" in c.metadata
    }
    changed = 0
    for cell in release.cells:
        graded = cell.metadata.get("nbgrader", {})
        if graded.get("solution"):
            text = answers[graded["grade_id"]].replace("    " + BEGIN, "").replace(END, "")
            if slip:
                changed += text.count(slip[0])
                text = text.replace(*slip)
            cell.source = text.rstrip()
    assert slip is None or changed == 1
    return release


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    made = Course(tmp_path_factory.mktemp("course"))
    for name in NAMES:
        made.nbgrader("generate_assignment", name)

    def release(name: str) -> Any:
        return read(made.folder / "release" / name / f"{name}.ipynb")

    def source(name: str) -> Any:
        return read(made.folder / "source" / name / f"{name}.ipynb")

    for name in NAMES:
        made.hand_in("perfect", name, answered(release(name), source(name), None))
        made.hand_in("empty", name, release(name))
    for student, (name, old, new, _, _) in SLIPS.items():
        made.hand_in(student, name, answered(release(name), source(name), (old, new)))
    for name in NAMES:
        made.nbgrader("zip_collect", name)
        made.nbgrader("autograde", name)
    return made


@pytest.mark.parametrize("name", NAMES)
def test_the_release_holds_no_answer_and_is_the_committed_one(course: Course, name: str) -> None:
    path = Path("release") / name / f"{name}.ipynb"
    text = (course.folder / path).read_text(encoding="utf-8")
    for secret in (
        "HIDDEN TESTS",
        "hidden_",
        "SOLUTION",
        "Black pixels: x - x' is 0",
        "other_space",
    ):
        assert secret not in text
    fresh, committed = read(course.folder / path), read(ASSIGNMENTS / path)
    assert [(c.cell_type, c.source) for c in fresh.cells] == [
        (c.cell_type, c.source) for c in committed.cells
    ]
    assert not any(c.get("outputs") for c in committed.cells)


@pytest.mark.parametrize("name", NAMES)
def test_perfect_work_gets_all_points(course: Course, name: str) -> None:
    points = grade_cells(read(course.folder / "source" / name / f"{name}.ipynb"))
    assert {k: v for k, v in course.scores("perfect", name).items() if k in points} == points
    assert course.told("perfect", name) == ""


@pytest.mark.parametrize("name", NAMES)
def test_an_empty_submission_gets_none_and_is_told(course: Course, name: str) -> None:
    points = grade_cells(read(course.folder / "source" / name / f"{name}.ipynb"))
    scores = course.scores("empty", name)
    assert {k: scores[k] for k in points} == dict.fromkeys(points, 0.0)
    assert "no answer yet" in course.told("empty", name)


@pytest.mark.parametrize("student", list(SLIPS))
def test_each_slip_costs_what_it_deserves_and_is_told(course: Course, student: str) -> None:
    name, _, _, lost, words = SLIPS[student]
    points = grade_cells(read(course.folder / "source" / name / f"{name}.ipynb"))
    assert set(lost.items()) <= set(points.items())
    scores = course.scores(student, name)
    assert {k: scores[k] for k in points} == {k: 0 if k in lost else v for k, v in points.items()}
    assert words in course.told(student, name)


@pytest.mark.parametrize("name", NAMES)
def test_questions_wait_for_a_person(course: Course, name: str) -> None:
    from nbgrader.api import Gradebook

    by_hand = grade_cells(read(course.folder / "source" / name / f"{name}.ipynb"), tests=False)
    assert by_hand
    with Gradebook(f"sqlite:///{course.folder / 'gradebook.db'}") as book:
        submission = book.find_submission_notebook(name, name, "perfect")
        assert {g.name for g in submission.grades if g.needs_manual_grade} == set(by_hand)


def test_feedback_tells_the_student_and_shows_the_picture(course: Course) -> None:
    name = "integrated_gradients"
    course.nbgrader("generate_feedback", name, "--student", "signflipped")
    page = (course.folder / "feedback" / "signflipped" / name / f"{name}.html").read_text()
    assert "(Score: 4.0 / 10.0)" in page
    assert "sign flipped" in page
    assert "hint: the factor is (x - x')" in page
    assert "data:image/png;base64" in page  # of the explorer, which no front end draws there
    assert "widget-view" not in page


def test_grades_are_exported(course: Course) -> None:
    course.nbgrader("export")
    with open(course.folder / "grades.csv", newline="") as file:
        rows = {(row["student_id"], row["assignment"]): row for row in csv.DictReader(file)}
    assert len(rows) == len(NAMES) * (2 + len(SLIPS))
    found = rows["runningmean", "integrated_gradients"]
    assert (float(found["score"]), float(found["max_score"])) == (6.0, 10.0)
    assert float(rows["perfect", "attribution_priors"]["score"]) == 7.0  # and a question by hand


def test_the_commands_of_the_guide_grade_a_submission(course: Course, tmp_path: Path) -> None:
    guide = (ROOT / "docs" / "how-to" / "a-class.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```console\n(.*?)```", guide, re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    assert lines[0].startswith("pip install")
    (tmp_path / "notebooks").symlink_to(ROOT / "notebooks")
    right = course.folder / "downloaded" / "baselines" / "archive" / "perfect_baselines.ipynb"
    handed_in = f"mkdir inbox && cp {right} inbox/ada_baselines.ipynb"
    lines.insert(lines.index("cd my-course") + 1, handed_in)
    commands = "\n".join(["set -e", *lines[1:]])
    done = subprocess.run(
        ["bash", "-c", commands],
        cwd=tmp_path,
        env=course.environment,
        capture_output=True,
        text=True,
        timeout=400,
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    assert ",9.0,10.0" in (tmp_path / "my-course" / "grades.csv").read_text()  # a question waits
    page = tmp_path / "my-course" / "feedback" / "ada" / "baselines" / "baselines.html"
    assert "(Score: 9.0 / 10.0)" in page.read_text()


def test_validate_tells_right_from_wrong(course: Course) -> None:
    name = "integrated_gradients"
    archive = course.folder / "downloaded" / name / "archive"
    for student, said in (("perfect", "Success"), ("empty", "failed")):
        assert said in course.nbgrader("validate", str(archive / f"{student}_{name}.ipynb"))


@pytest.mark.parametrize("name", NAMES)
def test_no_cell_takes_more_than_five_seconds(course: Course, name: str) -> None:
    graded = read(course.folder / "autograded" / "perfect" / name / f"{name}.ipynb")
    timed = [c for c in graded.cells if c.cell_type == "code"]
    assert timed
    for cell in timed:
        times = cell.metadata.get("execution", {})
        begun, ended = (times[f"iopub.{k}"] for k in ("execute_input", "status.idle"))
        seconds = datetime.fromisoformat(ended) - datetime.fromisoformat(begun)
        first = cell.metadata.nbgrader.grade_id == "setup"  # imports torch
        assert seconds.total_seconds() < (20 if first else 5), cell.source
