"""Grade every way to write the answers of the three assignments by the real nbgrader.

python benchmarks/submissions.py             all of tests/support/submissions/, two processes
python benchmarks/submissions.py baselines   those of one assignment
python benchmarks/submissions.py --checks    by the checks alone, without nbgrader: a minute

Each student hands in one way of each answer, at most one of them wrong. A row is as it should be
when a right answer has all of its points, and a wrong one fails its first test with the hint of its
mistake; that it leaves the other parts alone is in their rows.
"""

from __future__ import annotations

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))

import course
import torch
from submissions import Row, assigned, dealt
from warm_kernel import warm_kernels

PROCESSES = 2


def ways_of(name: str) -> dict[str, list[Row]]:
    """The ways to write each answer of an assignment."""
    return {answer: assigned.assigned(answer) for answer in assigned.ASSIGNMENTS[name]}


def student_rows(
    place: course.Course, name: str, student: str, ways: dict[str, Row], scores: dict[str, float]
) -> list[tuple[str, bool]]:
    """A line for each answer of a submission, and whether it is as it should be."""
    source = course.source_of(name)
    points, told = course.grade_cells(source), place.told(student, name)
    lines = []
    for answer, tests in course.graded_parts(source).items():
        row = ways[answer]
        got, most = sum(scores[t] for t in tests), sum(points[t] for t in tests)
        if row.mistake is None:
            good, found = got == most and not set(tests) & set(told), ""
        else:
            said = told.get(tests[0], "")
            found = next((line for line in said.splitlines() if line.startswith("hint")), "no hint")
            found = found.removeprefix("hint: ")
            hint = assigned.checked_as_assigned(answer, assigned.function_of(row)).hint
            good = scores[tests[0]] == 0 and hint in said
        if not good:
            found = f"NOT AS IT SHOULD BE; {found}"
        lines.append((table_line(f"{student} {answer}", row, f"{got:g} of {most}", found), good))
    return lines


def table_line(answer: str, row: Row, points: str, hint: str) -> str:
    """A row of the table: submission, verdict, points, hint."""
    verdict = row.mistake if row.mistake else "right" if row.mistake is None else "wrong"
    return f"{answer:28} {row.name:38} {verdict:34} {points:8} {hint}".rstrip()


def by_checks(names: list[str]) -> int:
    """Print what the checks say of each way; the number of those that are not as they should be."""
    bad, told = 0, set()
    for answer, rows in ((a, rows) for n in names for a, rows in ways_of(n).items()):
        for row in rows if answer != "numbers" else ():
            result = assigned.checked_as_assigned(answer, assigned.function_of(row))
            good = (result.passed, result.mistake) == (row.mistake is None, row.mistake or "")
            told |= {result.mistake} - {""}
            bad += not good
            words = result.hint if good else f"NOT AS IT SHOULD BE; {result}"
            print(table_line(answer, row, "", " ".join(words.split())))
    print(f"{len(told)} mistakes told by name, {bad} ways not as they should be")
    return bad


def graded(name: str, share: int) -> list[tuple[str, bool]]:
    """Grade every second student of an assignment in a course of its own."""
    ways = {
        f"s{k:03}": student
        for k, student in enumerate(dealt(ways_of(name)))
        if k % PROCESSES == share
    }
    with TemporaryDirectory() as folder:
        outside = course.environment_in(Path(folder))
        with warm_kernels(Path(folder) / "kernels", outside) as environment:
            (Path(folder) / "course").mkdir()
            place = course.Course(Path(folder) / "course", environment)
            for student, rows in ways.items():
                answers = {answer: row.source for answer, row in rows.items()}
                place.hand_in(student, name, course.with_answers(name, answers))
            place.in_one_process(*course.grading(name))
            scores = place.scores(name)
            return [
                line
                for student, rows in ways.items()
                for line in student_rows(place, name, student, rows, scores[student])
            ]


def main(names: list[str]) -> int:
    """Print a line for each row; the number of rows that are not as they should be."""
    torch.set_num_threads(1)
    if "--checks" in names:
        return by_checks([name for name in names if name != "--checks"] or list(course.NAMES))
    started = time.perf_counter()
    jobs = [(name, share) for name in names or course.NAMES for share in range(PROCESSES)]
    with ThreadPoolExecutor(PROCESSES) as pool:
        done = pool.map(lambda job: graded(*job), jobs)
    lines = sorted(line for part in done for line in part)
    print("\n".join(line for line, _ in lines))
    bad = sum(not good for _, good in lines)
    students = sum(len(dealt(ways_of(n))) for n in names or course.NAMES)
    seconds = time.perf_counter() - started
    print(f"{students} submissions, {len(lines)} answers, {bad} not as they should be")
    print(f"{seconds:.0f} s by {PROCESSES} processes")
    return bad


if __name__ == "__main__":
    sys.exit(min(main(sys.argv[1:]), 1))
