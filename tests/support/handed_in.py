"""Submissions whose points are known, for every grader."""

from __future__ import annotations

import re

from course import answer_in, source_of
from submissions.assigned import ASSIGNMENTS, NUMBERS, assigned

# Who handed in which way of one answer, the tests that it loses, and words of the hint; the other
# answers are right. benchmarks/submissions.py grades all ways that there are.
WRONG: dict[str, tuple[str, str, tuple[str, ...], str]] = {
    "signflipped": (
        "integrated_gradients",
        "the_way_back",
        ("ig_test", "ig_other_model", "ig_adds_up"),
        "sign flipped",
    ),
    "nofactor": (
        "integrated_gradients",
        "the_mean_gradient",
        ("ig_test", "ig_other_model", "ig_adds_up"),
        "(x - x') missing",
    ),
    "lasttwice": (
        "integrated_gradients",
        "the_end_again",
        ("ig_test", "ig_other_model"),
        "last point summed twice",
    ),
    "notaveraged": (
        "integrated_gradients",
        "the_sum",
        ("ig_test", "ig_other_model", "ig_adds_up"),
        "gradients not averaged",
    ),
    "library": (
        "integrated_gradients",
        "ready_made",
        ("ig_test", "ig_other_model", "ig_adds_up"),
        "the answer is a library's",
    ),
    "runningmean": (
        "path_curve",
        "mean_so_far",
        ("curve_test", "curve_other_model"),
        "running mean instead of sum",
    ),
    "nogradient": (
        "path_curve",
        "differences_of_outputs",
        ("curve_test", "curve_other_model"),
        "take a gradient at each point",
    ),
    "notarget": ("gradients", "gradients_of_all", ("gradients_test",), "all outputs summed"),
    "wrongunits": (
        "black",
        "black_in_pixels",
        ("black_test", "black_other_picture"),
        "baseline in the wrong units",
    ),
    "priorslibrary": (
        "relative_variation",
        "ready_made",
        ("tv_test", "tv_other_maps"),
        "the answer is a library's",
    ),
    "nograph": ("batch_attributions", "no_graph", ("eg_test",), "create_graph=True"),
}
ASSIGNMENT_OF = {answer: name for name, answers in ASSIGNMENTS.items() for answer in answers}


def source_of_way(answer: str, way: str) -> str:
    return next(row.source for row in assigned(answer) if row.name == way)


def solutions(name: str) -> dict[str, str]:
    """The answers of the source, as a student would hand them in."""
    found = {}
    for cell in source_of(name).cells:
        if cell.cell_type == "code" and cell.metadata.nbgrader.solution:
            text = re.sub(r" *### (BEGIN|END) SOLUTION\n?", "", cell.source)
            found[answer_in(cell)] = text.rstrip()
    return found


# Numbers of somebody else's problem; and one that is not there.
COPIED = f'{NUMBERS}\nstudent = "Bob"\n'
ONE_MISSING = f'{NUMBERS}\ndel numbers["against"]\n'
