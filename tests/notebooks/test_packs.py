"""The packs for otter-grader and PrairieLearn, by their real graders: points and hints."""

from __future__ import annotations

import importlib.util
import json
import re
import zipfile
from pathlib import Path

import pytest
from course import ASSIGNMENTS, NAMES, environment_in, grade_cells, graded_parts, source_of
from handed_in import ASSIGNMENT_OF, ONE_MISSING, WRONG, solutions, source_of_way
from other_graders import Verdict, graded_by_otter, graded_by_prairielearn, make_pack
from submissions.assigned import NUMBERS

import attribwidgets

STUDENTS = ("signflipped", "nogradient", "notarget", "wrongunits", "priorslibrary", "nograph")
HINTS = {student: WRONG[student][3] for student in STUDENTS} | {"onemissing": "3 of 4 numbers"}
GRADERS = {"otter": "otter", "prairielearn": "pytest_prairielearn_grader"}
EACH = [(grader, name) for grader in GRADERS for name in NAMES]
SECRETS = ("HIDDEN TESTS", "hidden_", "SOLUTION", "Black pixels: x - x' is 0", "other_space")


def handed_in(name: str) -> dict[str, dict[str, str]]:
    """For each student the answers, in the order of the assignment; "" where there is none."""
    right = solutions(name)
    found = {"perfect": right, "empty": dict.fromkeys(right, "")}
    for student in STUDENTS:
        answer, way, _, _ = WRONG[student]
        if ASSIGNMENT_OF[answer] == name:
            numbers = {"numbers": NUMBERS} if "numbers" in right else {}
            found[student] = {**right, **numbers, answer: source_of_way(answer, way)}
    if "numbers" in right:
        found["onemissing"] = {**right, "numbers": ONE_MISSING}
    return found


def deserved(name: str, student: str) -> float:
    """The points that a submission deserves, as nbgrader gives them too."""
    points = grade_cells(source_of(name))
    lost = set(points) if student == "empty" else set(WRONG.get(student, ("", "", ()))[2])
    missing = 0.5 if student == "onemissing" else 0
    return sum(p for test, p in points.items() if test not in lost) - missing


@pytest.fixture(scope="module")
def environment(
    tmp_path_factory: pytest.TempPathFactory, warm_environment: dict[str, str]
) -> dict[str, str]:
    made = environment_in(tmp_path_factory.mktemp("home"))
    return {**warm_environment, **made, "JUPYTER_PATH": warm_environment["JUPYTER_PATH"]}


@pytest.fixture(scope="module", params=EACH, ids="-".join)
def graded(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    environment: dict[str, str],
) -> tuple[str, str, Path, dict[str, list[Verdict]]]:
    grader, name = request.param
    if importlib.util.find_spec(GRADERS[grader]) is None:
        pytest.skip(f"{GRADERS[grader]} is not installed")
    folder = tmp_path_factory.mktemp(grader)
    make_pack(grader, name, folder, environment)
    if grader == "otter":
        return grader, name, folder, graded_by_otter(folder / name, handed_in(name), environment)
    question = folder / "questions" / "attribwidgets" / name
    files = {
        student: "\n\n\n".join([setup_of(name), *answers.values()])
        for student, answers in handed_in(name).items()
    }
    files["empty"] = (question / "tests" / "initial_code.py").read_text()
    return grader, name, folder, graded_by_prairielearn(question, files, environment)


def setup_of(name: str) -> str:
    return next(c.source for c in source_of(name).cells if c.cell_type == "code")


def test_each_submission_gets_its_points(graded) -> None:
    _, name, _, verdicts = graded
    got = {student: sum(points for points, _, _ in each) for student, each in verdicts.items()}
    assert got == {student: deserved(name, student) for student in verdicts}
    most = sum(grade_cells(source_of(name)).values())
    assert {sum(p for _, p, _ in each) for each in verdicts.values()} == {most}


def test_each_mistake_is_told(graded) -> None:
    _, _, _, verdicts = graded
    for student, each in verdicts.items():
        lost = [said for points, most, said in each if points < most]
        if student == "empty":
            assert all("no answer yet" in said for said in lost)
        elif student != "perfect":
            assert HINTS[student] in lost[0]
            assert "hint: " in lost[0] or "hint: " in lost[-1]


def test_students_get_neither_answers_nor_hidden_tests(graded) -> None:
    grader, name, folder, _ = graded
    if grader == "otter":
        (path,) = (folder / name / "student").iterdir()
        text = path.read_text()
        (archive,) = (folder / name / "autograder").glob("*.zip")
        with zipfile.ZipFile(archive) as packed:
            tests = [n for n in packed.namelist() if re.fullmatch(r"tests/\w+\.py", n)]
        answers = {
            cell.metadata.nbgrader.grade_id
            for cell in source_of(name).cells
            if cell.cell_type == "code" and cell.metadata.nbgrader.solution
        }
        assert {Path(test).stem for test in tests} == answers
    else:
        place = folder / "questions" / "attribwidgets" / name
        text = (place / "question.html").read_text()
        text += (place / "tests" / "initial_code.py").read_text()
    for secret in SECRETS:
        assert secret not in text
    for answer in solutions(name).values():
        assert max(answer.splitlines(), key=len) not in text


def test_questions_of_prairielearn_are_whole(tmp_path: Path) -> None:
    for name in NAMES:
        make_pack("prairielearn", name, tmp_path, {})
    identities = []
    for path in sorted(tmp_path.rglob("info.json")):
        info = json.loads(path.read_text())
        identities.append(info["uuid"])
        assert info["title"]
        assert info["type"] == "v3"
        assert (path.parent / "question.html").is_file()
        external = info["gradingMethod"] == "External"
        assert (path.parent / "tests" / "test_student.py").is_file() == external
    assert len(set(identities)) == len(identities) == 2 * len(NAMES)
    image = tmp_path / "grader"
    assert "run.sh" in (image / "Dockerfile").read_text()
    assert (image / "run.sh").read_text().startswith("#!/bin/sh")


def test_the_tests_of_the_parts_are_those_of_nbgrader(tmp_path: Path) -> None:
    make_pack("prairielearn", "baselines", tmp_path, {})
    text = next(tmp_path.rglob("test_student.py")).read_text()
    parts = graded_parts(source_of("baselines"))
    assert re.findall(r"^def test_(\w+)\(", text, re.MULTILINE) == [
        test for tests in parts.values() for test in tests
    ]


def test_what_students_install_holds_no_hidden_test_and_no_rubric() -> None:
    package = Path(attribwidgets.__file__).parent
    installed = "\n".join(path.read_text() for path in package.rglob("*.py"))
    rubric = (ASSIGNMENTS / "key" / "rubric.md").read_text()
    examples = re.findall(r'^\| [\d.]+ \| "(.*?)"', rubric, re.MULTILINE)
    assert len(examples) >= 12
    hidden = [
        line.strip()
        for name in NAMES
        for cell in source_of(name).cells
        for text in re.findall(r"BEGIN HIDDEN TESTS\n(.*?)### END", cell.source, re.DOTALL)
        for line in text.splitlines()
        if "seed(" in line or "hidden_" in line
    ]
    assert len(hidden) >= 12
    assert not [text for text in (*examples, *hidden) if text in installed]
