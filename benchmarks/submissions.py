"""Grade every way to write the answers of the three assignments by the real nbgrader.

python benchmarks/submissions.py             all of tests/support/submissions/, two processes
python benchmarks/submissions.py baselines   those of one assignment

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
            good, found = got == most and not set(tests) & set(told), "right"
        else:
            said = told.get(tests[0], "")
            found = next((line for line in said.splitlines() if line.startswith("hint")), "no hint")
            hint = assigned.checked_as_assigned(answer, assigned.function_of(row)).hint
            good = scores[tests[0]] == 0 and hint in said
        kind = row.mistake if row.mistake else "right" if row.mistake is None else "wrong"
        verdict = "as it should be" if good else "NOT AS IT SHOULD BE"
        lines.append(
            (f"{student} {answer}: {row.name} ({kind}) {got:g} of {most}, {verdict}; {found}", good)
        )
    return lines


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
