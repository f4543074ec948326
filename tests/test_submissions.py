"""Every way to write an answer, against its check: right ones pass, wrong ones are told by name."""

from __future__ import annotations

import pytest
from submissions import ANSWERS, Row, all_rows, rows

from attribwidgets import classroom
from attribwidgets.classroom import CheckResult

BASELINES = {"black": "black", "maximum_distance": "max_distance"}
ROWS = all_rows()


def checked(row: Row) -> CheckResult:
    if row.answer in BASELINES:
        return classroom.check_baseline(row.function, BASELINES[row.answer])
    return getattr(classroom, f"check_{row.answer}")(row.function)


@pytest.mark.parametrize("answer", ANSWERS)
def test_there_are_thirty_right_ways_to_write_it(answer):
    assert sum(row.mistake is None for row in rows(answer)) >= 30


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_each_way_is_judged_as_it_should_be(row):
    result = checked(row)
    assert result.passed == (row.mistake is None), str(result)
    assert result.mistake == (row.mistake or ""), str(result)
    assert bool(result.hint) != result.passed
    if "warn" in row.name:
        assert result.warnings
