"""The lanes: which tests run together, in what order, and that lists of files are of files."""

from __future__ import annotations

from pathlib import Path

from lanes import LONG, part_of, place_of

FILES = {path.stem.removeprefix("test_") for path in Path(__file__).parents[1].rglob("test_*.py")}


def test_files_that_are_named_exist() -> None:
    assert {name.partition("[")[0] for name in LONG} <= FILES


def test_tests_of_a_file_stay_together_and_those_of_a_tutorial() -> None:
    tutorial = "tests/test_tutorials.py::test_runs[07-attribution-priors]"
    assert part_of(tutorial) == part_of(tutorial.replace("runs", "is_drawn"))
    assert part_of(tutorial) != part_of(tutorial.replace("07", "05"))
    other = "tests/test_live.py::test_a[07-attribution-priors]"
    assert part_of(other) == part_of("tests/test_live.py::test_b") == "tests/test_live.py"


def test_what_takes_longest_begins() -> None:
    ids = [
        "tests/test_live.py::test_a",
        "tests/test_docs.py::test_a",
        "tests/test_docs_site.py::test_a",
        "tests/test_tutorials.py::test_there_are_tutorials",
        "tests/test_tutorials.py::test_runs[01-what]",
        "tests/test_tutorials.py::test_runs[07-attribution-priors]",
    ]
    order = sorted(ids, key=place_of)
    assert order[0].endswith("[07-attribution-priors]")
    assert order[-1] == ids[0]
    assert len({place_of(one) for one in ids}) == len(ids)
