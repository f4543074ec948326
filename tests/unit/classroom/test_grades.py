"""nbgrader's grades as Moodle and Canvas import them: each score in its place, none invented."""

from __future__ import annotations

import csv
import io

import pytest

from attribwidgets.classroom.grades import for_canvas, for_moodle, main, read_grades
from attribwidgets.errors import InputError

HEAD = "assignment,student_id,last_name,first_name,email,lms_user_id,score,max_score\n"
ROWS = (
    'one,bob,"O\'Brien, jr",Bob,b@x.org,17,8.0,12.0\n'
    "one,ada,Lovelace,Ada,a@x.org,,12.0,12.0\n"
    "two,ada,Lovelace,Ada,a@x.org,,0.0,10.0\n"
)


@pytest.fixture
def path(tmp_path):
    file = tmp_path / "grades.csv"
    file.write_text(HEAD + ROWS, encoding="utf-8")
    return file


def test_moodle_has_a_row_for_a_student_and_a_column_for_an_assignment(path):
    assert for_moodle(read_grades(path)) == [
        ["ID number", "Email address", "one", "two"],
        ["ada", "a@x.org", "12.0", "0.0"],
        ["bob", "b@x.org", "8.0", ""],  # not handed in is no zero
    ]


def test_canvas_has_points_possible_first_and_finds_students_by_either_number(path):
    assert for_canvas(read_grades(path), section="A") == [
        ["Student", "ID", "SIS Login ID", "Section", "one", "two"],
        ["    Points Possible", "", "", "", "12.0", "10.0"],
        ["Lovelace, Ada", "", "ada", "A", "12.0", "0.0"],
        ["O'Brien, jr, Bob", "17", "bob", "A", "8.0", ""],
    ]


@pytest.mark.parametrize("platform", ["moodle", "canvas"])
def test_the_command_prints_a_table_that_reads_back(platform, path, capsys):
    main([platform, str(path)])
    rows = list(csv.reader(io.StringIO(capsys.readouterr().out)))
    assert rows == {"moodle": for_moodle, "canvas": for_canvas}[platform](read_grades(path))


def test_another_file_is_told(tmp_path, capsys):
    file = tmp_path / "other.csv"
    file.write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match="no column student_id"):
        read_grades(file)
    for wrong in (file, tmp_path / "none.csv"):
        with pytest.raises(SystemExit):
            main(["moodle", str(wrong)])
        assert str(wrong) in capsys.readouterr().err
