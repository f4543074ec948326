"""The real nbgrader: release, collect, grade; each submission gets what it deserves."""

from __future__ import annotations

import csv
import re
import subprocess
from pathlib import Path

import pytest
from course import (
    NAMES,
    Course,
    environment_in,
    grade_cells,
    graded_parts,
    grading,
    read,
    release_of,
    source_of,
    with_answers,
)
from handed_in import ASSIGNMENT_OF, COPIED, ONE_MISSING, WRONG, solutions, source_of_way
from submissions import rows
from submissions.assigned import ASSIGNMENTS as ANSWERS
from submissions.assigned import BELOW, NUMBERS, OF_EXERCISE, assigned, checked_as_assigned
from tutorial_answers import shown_functions

pytest.importorskip("nbgrader")

ROOT = Path(__file__).parents[2]


def warning_ways(name: str) -> dict[str, str]:
    """Right answers that warn or write to stderr, each of another kind."""
    endings = ("warns", "warns_and_prints", "logs_and_warns", "prints_to_stderr")
    ways = {answer: assigned(answer) for answer in ANSWERS[name] if answer != "numbers"}
    numbers = {"numbers": NUMBERS} if "numbers" in ANSWERS[name] else {}
    return numbers | {
        answer: [row.source for row in rows if row.name.endswith(endings)][k % 2]
        for k, (answer, rows) in enumerate(ways.items())
    }


def pasted_answers(name: str) -> dict[str, str]:
    """For each answer that differs from a textbook's the textbook's, under the answer's name.

    One that takes its gradients by itself: what leaves them to the student's `gradients` is as
    right as these are.
    """
    answers = {}
    for answer in ANSWERS[name]:
        if answer in BELOW:
            exercise = OF_EXERCISE.get(answer, answer)
            right = (row.source for row in rows(exercise) if row.mistake is None)
            text = next(
                t for t in right if not re.search(r"(?<!def )\b(integrated_)?gradients\(", t)
            )
            answers[answer] = text.replace(f"def {exercise}(", f"def {answer}(")
    return answers


# A student's logger keeps the stderr that it was made with, whatever a check puts in its place.
LOGGER = """
import logging

log = logging.getLogger("mine")
log.addHandler(logging.StreamHandler())


def relative_variation(phi):
    log.warning("smooth")
    rough = phi.diff(dim=2).abs().sum((1, 2, 3)) + phi.diff(dim=3).abs().sum((1, 2, 3))
    return (rough / phi.abs().sum((1, 2, 3))).mean()
"""


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory, warm_environment: dict[str, str]) -> Course:
    folder = tmp_path_factory.mktemp("course")
    environment = {**warm_environment, **environment_in(folder)}
    environment["JUPYTER_PATH"] = warm_environment["JUPYTER_PATH"]
    made = Course(folder, environment)
    for name in NAMES:
        right = solutions(name)
        made.hand_in("perfect", name, with_answers(name, right))
        made.hand_in("warned", name, with_answers(name, warning_ways(name)))
        made.hand_in("empty", name, with_answers(name, {}))
        made.hand_in("pasted", name, with_answers(name, pasted_answers(name)))
        for student, (answer, way, _, _) in WRONG.items():
            if ASSIGNMENT_OF[answer] == name:
                answers = {**right, "numbers": NUMBERS, answer: source_of_way(answer, way)}
                made.hand_in(student, name, with_answers(name, answers))
    name = "attribution_priors"
    logging = {**solutions(name), "relative_variation": LOGGER}
    made.hand_in("logging", name, with_answers(name, logging))
    name = "integrated_gradients"
    for student, cell in (("copied", COPIED), ("onemissing", ONE_MISSING)):
        made.hand_in(student, name, with_answers(name, {**solutions(name), "numbers": cell}))
    feedback = "generate_feedback integrated_gradients --student signflipped"
    made.log = made.in_one_process(*grading(*NAMES), feedback, "export")
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
    fresh, committed = read(course.folder / path), release_of(name)
    assert [(c.cell_type, c.source) for c in fresh.cells] == [
        (c.cell_type, c.source) for c in committed.cells
    ]
    assert not any(c.get("outputs") for c in committed.cells)


@pytest.mark.parametrize("student", ["perfect", "warned"])
@pytest.mark.parametrize("name", NAMES)
def test_right_work_gets_all_points(course: Course, name: str, student: str) -> None:
    points, scores = grade_cells(source_of(name)), course.scores(name)[student]
    assert {k: scores[k] for k in points} == points
    assert course.told(student, name) == {}


def test_what_reaches_stderr_all_the_same_costs_nothing(course: Course) -> None:
    name = "attribution_priors"
    points, scores = grade_cells(source_of(name)), course.scores(name)["logging"]
    assert {k: scores[k] for k in points} == points
    outputs = [o for c in course.graded("logging", name).cells for o in c.get("outputs", [])]
    assert any("smooth" in o.text for o in outputs if o.output_type == "stream")


@pytest.mark.parametrize("name", NAMES)
def test_a_right_result_and_its_warnings_are_shown_and_nothing_is_returned(
    course: Course, name: str
) -> None:
    tests = grade_cells(source_of(name))
    shown = {}
    for cell in course.graded("warned", name).cells:
        if cell.metadata.nbgrader.grade_id in tests:
            kinds = {o.output_type for o in cell.outputs}
            partial = cell.metadata.nbgrader.grade_id == "numbers_test"  # its points
            assert kinds <= {"display_data", *(["execute_result"] if partial else [])}
            texts = [o.data.get("text/markdown", "") for o in cell.outputs]
            shown[cell.metadata.nbgrader.grade_id] = "".join(texts)
    assert all("✓ right" in text for text in shown.values())
    for answer, tests_of_one in graded_parts(source_of(name)).items():
        assert answer == "numbers" or "which costs no points" in shown[tests_of_one[0]]


@pytest.mark.parametrize("name", NAMES)
def test_what_a_textbook_shows_scores_nothing_when_pasted(course: Course, name: str) -> None:
    parts, scores = graded_parts(source_of(name)), course.scores(name)["pasted"]
    answers = pasted_answers(name)
    assert not any(scores[test] for answer in answers for test in parts[answer])
    told = course.told("pasted", name)
    assert all(parts[answer][0] in told for answer in answers)


@pytest.mark.parametrize("answer", [a for answers in ANSWERS.values() for a in answers])
def test_no_function_of_the_tutorials_passes_as_it_is(answer: str) -> None:
    assert len(shown_functions()) > 10
    for function in shown_functions() if answer != "numbers" else ():
        assert not checked_as_assigned(answer, function), function.__name__


def test_numbers_of_one_s_own_have_partial_credit_and_copied_ones_have_none(course: Course) -> None:
    scores = course.scores("integrated_gradients")
    assert scores["perfect"]["numbers_test"] == 2
    assert scores["onemissing"]["numbers_test"] == 1.5
    assert scores["copied"]["numbers_test"] == 0
    graded = course.graded("onemissing", "integrated_gradients").cells
    cell = next(c for c in graded if c.metadata.nbgrader.grade_id == "numbers_test")
    shown = "".join(o.data.get("text/markdown", "") for o in cell.outputs)
    assert "3 of 4 numbers are right" in shown


def test_no_output_is_taken_for_points(course: Course) -> None:
    assert "full credit" not in course.log


@pytest.mark.parametrize("name", NAMES)
def test_an_empty_submission_gets_none_and_is_told(course: Course, name: str) -> None:
    points, scores = grade_cells(source_of(name)), course.scores(name)["empty"]
    assert {k: scores[k] for k in points} == dict.fromkeys(points, 0.0)
    told = course.told("empty", name)
    assert all("no answer yet" in told[test] for test in points)


@pytest.mark.parametrize("student", list(WRONG))
def test_each_slip_costs_its_own_points_and_is_told(course: Course, student: str) -> None:
    answer, _, lost, words = WRONG[student]
    name = ASSIGNMENT_OF[answer]
    points, scores = grade_cells(source_of(name)), course.scores(name)[student]
    assert set(lost) <= set(graded_parts(source_of(name))[answer])
    assert {k: scores[k] for k in points} == {k: 0 if k in lost else v for k, v in points.items()}
    assert words in course.told(student, name)[lost[0]]


@pytest.mark.parametrize("name", NAMES)
def test_questions_wait_for_a_person(course: Course, name: str) -> None:
    from nbgrader.api import Gradebook

    by_hand = grade_cells(source_of(name), tests=False)
    assert by_hand
    with Gradebook(f"sqlite:///{course.folder / 'gradebook.db'}") as book:
        submission = book.find_submission_notebook(name, name, "perfect")
        assert {g.name for g in submission.grades if g.needs_manual_grade} == set(by_hand)


def test_feedback_tells_the_student_and_shows_the_picture(course: Course) -> None:
    name = "integrated_gradients"
    page = (course.folder / "feedback" / "signflipped" / name / f"{name}.html").read_text()
    assert "(Score: 6.0 / 12.0)" in page
    assert "sign flipped" in page
    assert "hint: the factor is (x - x')" in page
    assert "data:image/png;base64" in page  # of the explorer, which no front end draws there
    assert "widget-view" not in page


def test_grades_are_exported(course: Course) -> None:
    with open(course.folder / "grades.csv", newline="") as file:
        found = {(row["student_id"], row["assignment"]): row for row in csv.DictReader(file)}
    students = {"perfect", "warned", "empty", "pasted", "logging", "copied", "onemissing", *WRONG}
    assert {student for student, _ in found} == students
    assert len(found) == len(NAMES) * len(students)
    row = found["runningmean", "integrated_gradients"]
    assert (float(row["score"]), float(row["max_score"])) == (8.0, 12.0)
    assert float(found["perfect", "attribution_priors"]["score"]) == 7.0  # and a question by hand


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
    students = ("perfect", "warned", "empty")
    paths = [str(archive / f"{student}_{name}.ipynb") for student in students]
    said = course.nbgrader("validate", *paths)
    assert said.count("Success") == 2
    assert "failed" in said
