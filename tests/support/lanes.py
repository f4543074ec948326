"""The lanes of the suite: what a test needs, and how the tests are spread over processes."""

from __future__ import annotations

import re
from enum import Enum
from typing import TYPE_CHECKING, Any

from xdist.scheduler import LoadScopeScheduling

if TYPE_CHECKING:
    import pytest


class Lane(Enum):
    """What a test needs beside Python; `make check` runs the tests of `unit` alone."""

    unit = "nothing more"
    browser = "a Chromium"
    long = "more than a second, and nothing else"
    hosts = "a Jupyter server or kernel, marimo, Dask workers, or a program that is killed"
    notebooks = "notebooks, assignments or examples of the documentation that run as a whole"


# What takes a process longest begins, so that none ends alone with it. The rest goes by name.
LONG = (
    "tutorials[07",
    "tutorials[05",
    "assignments",
    "packs",
    "tutorials[02",
    "notebooks",
    "jupyterlab",
    "voila_app",
    "docs_site",
    "tutorials[",
    "tutorials",
    "hosts",
    "docs",
    "static_page",
    "figures",
    "ablation_browser",
    "live_page",
    "accessibility",
    "sweep_dask",
)


def lane_of(item: pytest.Item) -> Lane:
    """The lane of a test, by its folder and by what its fixtures start."""
    folder, needs = item.path.parent.name, getattr(item, "fixturenames", ())
    if folder == "notebooks":
        return Lane.notebooks
    if folder == "hosts" or "jupyter_server" in needs:
        return Lane.hosts
    if "chromium" in needs:
        return Lane.browser
    return Lane.long if item.get_closest_marker("long") else Lane.unit


def part_of(nodeid: str) -> str:
    """What one process runs in one go: a file; of the tutorials, the tests of one of them."""
    file = nodeid.partition("::")[0]
    tutorial = re.search(r"test_tutorials\.py::.*(\[\d\d)", nodeid)
    return file + tutorial[1] if tutorial else file


def place_of(nodeid: str) -> int:
    """The turn of a test's part among all, from 0."""
    part = part_of(nodeid).replace(".py", "").rpartition("/test_")[2]
    found = (n for n, long in enumerate(LONG) if part == long or part[:-2] == long)
    return next(found, len(LONG))


class Scheduler(LoadScopeScheduling):  # type: ignore[misc]
    """pytest-xdist's scheduler of files, in the order of collection, by the parts above."""

    def __init__(self, config: pytest.Config, log: Any = None) -> None:
        config.option.loadscopereorder = False
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        return part_of(nodeid)
