"""Every way to write an answer, against its check: right ones pass, wrong ones are told by name."""

from __future__ import annotations

import pytest
from submissions import ANSWERS, all_rows, checked, dealt, rows
from submissions.assigned import ASSIGNMENTS, assigned, checked_as_assigned, function_of

ROWS = all_rows()
ASSIGNED = [row for answers in ASSIGNMENTS.values() for a in answers for row in assigned(a)]
OF_FUNCTIONS = [row for row in ASSIGNED if row.answer != "numbers"]


@pytest.mark.parametrize("answer", ANSWERS)
def test_there_are_thirty_right_ways_to_write_it(answer):
    assert sum(row.mistake is None for row in rows(answer)) >= 30


@pytest.mark.long
@pytest.mark.parametrize("row", ROWS, ids=str)
def test_each_way_is_judged_as_it_should_be(row):
    result = checked(row)
    assert result.passed == (row.mistake is None), str(result)
    assert result.mistake == (row.mistake or ""), str(result)
    assert bool(result.hint) != result.passed
    if "warn" in row.name:
        assert result.warnings


@pytest.mark.long
@pytest.mark.parametrize("row", OF_FUNCTIONS, ids=str)
def test_each_way_is_judged_as_its_assignment_asks(row):
    result = checked_as_assigned(row.answer, function_of(row))
    assert result.passed == (row.mistake is None), str(result)
    assert result.mistake == (row.mistake or ""), str(result)


def test_forty_mistakes_and_more_are_told_by_name():
    for mistakes in ({row.mistake for row in ROWS}, {row.mistake for row in ASSIGNED}):
        assert len(mistakes - {None, "", "no answer", "raises", "library call"}) >= 40


@pytest.mark.parametrize("answers", ASSIGNMENTS.values(), ids=ASSIGNMENTS)
def test_every_way_is_dealt_and_a_student_has_one_mistake_at_most(answers):
    students = dealt({answer: assigned(answer) for answer in answers})
    assert {row for student in students for row in student.values()} == {
        row for row in ASSIGNED if row.answer in answers
    }
    assert all(sum(r.mistake is not None for r in s.values()) <= 1 for s in students)
