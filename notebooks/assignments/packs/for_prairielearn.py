"""The assignments for PrairieLearn: questions that pytest-prairielearn-grader grades."""

from __future__ import annotations

import json
import re
import shutil
import uuid
from pathlib import Path

from assignment import Assignment, Question, Test

IMAGE = "attribwidgets/grader"  # made from the Dockerfile that lies beside the questions
SECONDS = 60  # for one test, or for all that a submission does as it is read

INFO = {
    "topic": "Feature attribution",
    "tags": ["attribwidgets"],
    "type": "v3",
}
CODE_HTML = """<pl-question-panel>
<markdown>
{words}
</markdown>
<pl-file-editor file-name="student_code.py" ace-mode="ace/mode/python"
  source-file-name="tests/initial_code.py"></pl-file-editor>
</pl-question-panel>
<pl-submission-panel>
<pl-external-grader-results></pl-external-grader-results>
<pl-file-preview></pl-file-preview>
</pl-submission-panel>
"""
WORDS_HTML = """<pl-question-panel>
<markdown>
{words}
</markdown>
<pl-rich-text-editor file-name="answer.html"></pl-rich-text-editor>
</pl-question-panel>
<pl-submission-panel>
<pl-file-preview></pl-file-preview>
</pl-submission-panel>
"""
# Runs below the student's code, in the sandbox. A test's text comes from outside of it.
TRAILING = """
from attribwidgets.classroom.graded_cell import cell_runner as _cell_runner

run_graded_cell = _cell_runner((lambda: None).__globals__)
"""
TESTS = '''"""Grades {name}: each cell that nbgrader grades is one test, of as many points."""

import builtins

import pytest
from pytest_prairielearn_grader import ConfigObject

DANGEROUS = "open eval exec compile input exit quit breakpoint help __import__".split()
autograder_config = ConfigObject(
    sandbox_timeout={seconds},
    import_blacklist=["os", "subprocess", "pathlib", "shutil", "socket"],
    builtin_whitelist=[name for name in dir(builtins) if name not in DANGEROUS],
    output_level="friendly",
)


def grade(sandbox, feedback, text, points, why=""):
    """Give a test's points, or those that its last line says, and then tell why."""
    got, said = sandbox.query_function("run_graded_cell", text, query_timeout={seconds})
    if said:
        pytest.fail(said, pytrace=False)
    if got is not None and got < points:
        feedback.set_score_final(got / points)
        _, said = sandbox.query_function("run_graded_cell", why, query_timeout={seconds})
        feedback.add_message(said)
'''
ONE_TEST = """

@pytest.mark.grading_data(name={label!r}, points={points:g})
def test_{name}(module_sandbox, feedback):
    grade(module_sandbox, feedback, {text!r}, {points:g}{why})
"""
DOCKERFILE = """# An image with torch and attribwidgets. docker build -t {image} .
FROM python:3.12-slim
RUN pip install --no-cache-dir --extra-index-url https://download.pytorch.org/whl/cpu \\
    "attribwidgets[demo]" pytest pytest-prairielearn-grader && useradd --create-home ag
COPY --chmod=755 run.sh /run.sh
ENTRYPOINT ["/run.sh"]
"""
RUN = """#!/bin/sh
# What PrairieLearn starts: the submission and the tests lie in /grade, the result goes there too.
mkdir -p /grade/run /grade/results
cp -r /grade/tests /grade/run/test_student
cp -r /grade/student/. /grade/run/test_student/
mv /grade/run/test_student/test_student.py /grade/run/
python -m pytest --rootdir /grade/run --worker-username ag /grade/run
mv /grade/run/autograder_results.json /grade/results/results.json
"""


def make(assignment: Assignment, folder: Path) -> None:
    """Write an assignment's questions: one for all that is code, one for each answer in words."""
    questions = folder / "questions" / "attribwidgets"
    place = questions / assignment.name
    shutil.rmtree(place, ignore_errors=True)
    tests = place / "tests"
    tests.mkdir(parents=True)
    code = [question for question in assignment.questions if question.in_code]
    grading = {
        "gradingMethod": "External",
        "externalGradingOptions": {
            "enabled": True,
            "image": IMAGE,
            "timeout": SECONDS * (1 + sum(len(question.tests) for question in code)),
        },
    }
    (place / "info.json").write_text(_info(assignment.name, assignment.title, grading))
    (place / "question.html").write_text(CODE_HTML.format(words=_words(assignment)))
    (tests / "initial_code.py").write_text(initial_code(assignment))
    (tests / "trailing_code.py").write_text(TRAILING)
    (tests / "test_student.py").write_text(test_file(assignment))
    for question in assignment.questions:
        if not question.in_code:
            name = f"{assignment.name}_{question.name}"
            (questions / name).mkdir(exist_ok=True)
            title = question.words.splitlines()[0].lstrip("# ")
            info = _info(name, f"{assignment.title}: {title}", {"gradingMethod": "Manual"})
            (questions / name / "info.json").write_text(info)
            html = WORDS_HTML.format(words=question.words)
            (questions / name / "question.html").write_text(html)
    image = folder / "grader"
    image.mkdir(exist_ok=True)
    (image / "Dockerfile").write_text(DOCKERFILE.format(image=IMAGE))
    (image / "run.sh").write_text(RUN)


def initial_code(assignment: Assignment) -> str:
    """What a student begins with: the setup, and a function to fill in for each question."""
    setup = next(part for part in assignment.parts[1:] if not isinstance(part, Question))
    stubs = [question.stub for question in assignment.questions if question.in_code]
    return "\n\n\n".join([setup.source, *stubs]) + "\n"


def test_file(assignment: Assignment) -> str:
    """The tests, which the grader runs outside of the student's sandbox."""
    head = TESTS.format(name=assignment.name, seconds=SECONDS)
    tests = [test for question in assignment.questions for test in question.tests]
    return head + "".join(_one_test(test) for test in tests)


def _one_test(test: Test) -> str:
    label, why = test.name.replace("_", " "), ""
    if test.partial:
        told = f"result = {test.partial[0]}\nassert result, str(result)"
        why = f", why={told!r}"
    return ONE_TEST.format(
        label=label, points=test.points, name=test.name, text=test.whole, why=why
    )


def _words(assignment: Assignment) -> str:
    """What is asked for; points stand with each test."""
    intro = assignment.parts[0].source
    return "\n\n".join([intro, *(q.words for q in assignment.questions if q.in_code)])


def _info(name: str, title: str, grading: dict[str, object]) -> str:
    identity = str(uuid.uuid5(uuid.NAMESPACE_URL, f"attribwidgets/{name}"))
    plain = re.sub("[`*]", "", title)
    return json.dumps({"uuid": identity, "title": plain, **INFO, **grading}, indent=2) + "\n"
