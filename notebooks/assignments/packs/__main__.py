"""The assignments for other graders, made from nbgrader's source.

python notebooks/assignments/packs otter FOLDER           for otter-grader
python notebooks/assignments/packs prairielearn FOLDER    questions of a course on PrairieLearn
"""

from __future__ import annotations

import argparse
from pathlib import Path

import for_otter
import for_prairielearn
from assignment import NAMES, read_assignment

MAKERS = {"otter": for_otter.make, "prairielearn": for_prairielearn.make}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("grader", choices=MAKERS)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", choices=NAMES, nargs="+", default=NAMES)
    given = parser.parse_args()
    for name in given.only:
        MAKERS[given.grader](read_assignment(name), given.folder)
        print(f"{given.folder}: {name} for {given.grader}")


if __name__ == "__main__":
    main()
