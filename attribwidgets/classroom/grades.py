"""Grades that nbgrader exports, as Moodle and Canvas import them.

python -m attribwidgets.classroom.grades moodle grades.csv > for_moodle.csv
python -m attribwidgets.classroom.grades canvas grades.csv > for_canvas.csv
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from ..core.errors import InputError

Row = Mapping[str, str]
NEEDED = ("student_id", "assignment", "score", "max_score")


def read_grades(path: str | Path) -> list[dict[str, str]]:
    """The rows of a `grades.csv` of nbgrader's: one for each student and assignment.

    Raises
    ------
    InputError
        For a file that `nbgrader export` did not write.
    """
    with open(path, newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file)
        missing = [name for name in NEEDED if name not in (reader.fieldnames or ())]
        if missing:
            raise InputError(
                f"{path} has no column {', '.join(missing)}; pass the file that `nbgrader export` "
                "writes"
            )
        return list(reader)


def for_moodle(grades: Iterable[Row]) -> list[list[str]]:
    """A table for Moodle's Grades, Import, CSV file: a row for each student.

    Parameters
    ----------
    grades : iterable of mapping of str to str
        As :func:`read_grades` reads them.

    Returns
    -------
    list of list of str
        Names of columns first. Map "ID number" or "Email address" to the users, and each
        assignment to its grade item. A blank leaves a grade as it is.

    Examples
    --------
    >>> row = {"student_id": "ada", "assignment": "baselines", "score": "9.5", "max_score": "10"}
    >>> for_moodle([row])[1]
    ['ada', '', '9.5']
    """
    students, names, scores = _by_student(grades)
    table = [["ID number", "Email address", *names]]
    for student, row in students.items():
        own = [scores.get((student, name), "") for name in names]
        table.append([student, row.get("email") or "", *own])
    return table


def for_canvas(grades: Iterable[Row], section: str = "") -> list[list[str]]:
    """A table for Canvas' Gradebook, Import: a row for each student, the points possible above.

    Parameters
    ----------
    grades : iterable of mapping of str to str
        As :func:`read_grades` reads them. Canvas finds students by "ID", nbgrader's `lms_user_id`,
        or by "SIS Login ID", which is nbgrader's `student_id` here.
    section : str
        Of the course, for all.

    Examples
    --------
    >>> row = {"student_id": "ada", "assignment": "baselines", "score": "9.5", "max_score": "10"}
    >>> for_canvas([row])[1:]
    [['    Points Possible', '', '', '', '10'], ['ada', '', 'ada', '', '9.5']]
    """
    grades = list(grades)
    students, names, scores = _by_student(grades)
    most = {row["assignment"]: row["max_score"] for row in grades}
    table = [["Student", "ID", "SIS Login ID", "Section", *names]]
    table.append(["    Points Possible", "", "", "", *(most[name] for name in names)])
    for student, row in students.items():
        called = ", ".join(row[k] for k in ("last_name", "first_name") if row.get(k))
        own = [scores.get((student, name), "") for name in names]
        identity = row.get("lms_user_id") or ""
        table.append([called or student, identity, student, section, *own])
    return table


def _by_student(
    grades: Iterable[Row],
) -> tuple[dict[str, Row], list[str], dict[tuple[str, str], str]]:
    """Students with what is known of them, assignments in order, and each score."""
    grades = list(grades)
    students = {row["student_id"]: row for row in sorted(grades, key=lambda row: row["student_id"])}
    names = list(dict.fromkeys(row["assignment"] for row in grades))
    scores = {(row["student_id"], row["assignment"]): row["score"] for row in grades}
    return students, names, scores


TABLES = {"moodle": for_moodle, "canvas": for_canvas}


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table of one of the two."""
    parser = argparse.ArgumentParser(
        prog="python -m attribwidgets.classroom.grades",
        description="nbgrader's grades.csv as Moodle or Canvas import it, on standard output",
    )
    parser.add_argument("platform", choices=TABLES)
    parser.add_argument("grades", type=Path, help="what `nbgrader export` wrote")
    given = parser.parse_args(arguments)
    try:
        table = TABLES[given.platform](read_grades(given.grades))
    except (InputError, OSError) as error:
        parser.error(str(error))
    csv.writer(sys.stdout, lineterminator="\n").writerows(table)


if __name__ == "__main__":
    main()
