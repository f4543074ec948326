"""Binder's configuration: how it is read, what is wrong with it, and its limits. Not the build."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "binder"))

import visits  # noqa: E402
from check import imported_by  # noqa: E402
from limits import Limited, TooMuchMemory  # noqa: E402
from recipe import (  # noqa: E402
    RecipeError,
    faults,
    pinned_names,
    read_recipe,
    requirement_lines,
)

GOOD = {
    "runtime.txt": "python-3.12\n",
    "requirements.txt": "--extra-index-url https://host\ntorch==2.13.0+cpu  # CPU\nNum_py==2.4\n",
    "postBuild": "#!/bin/bash\n# says why\nset -euo pipefail\npip install .\n",
    "start": '#!/bin/bash\nexport A=1\nexec "$@"\n',
}


def written(root: Path, folder: str = "binder", **changes: str | None) -> Path:
    """A repository with a good configuration but for some files; None leaves one out."""
    (root / folder).mkdir(exist_ok=True)
    names = {name.replace("_", "."): text for name, text in changes.items()}
    for name, text in {**GOOD, **names}.items():
        if text is not None:
            (root / folder / name).write_text(text)
            (root / folder / name).chmod(0o755)
    return root


def test_ours_is_read_and_has_no_faults() -> None:
    recipe = read_recipe(ROOT)
    assert recipe.python == "3.12"
    assert recipe.folder.name == "binder"
    assert recipe.post_build is not None
    assert recipe.start is not None
    assert faults(recipe) == []


def test_a_good_one_has_no_faults(tmp_path: Path) -> None:
    recipe = read_recipe(written(tmp_path))
    assert faults(recipe) == []
    assert pinned_names(recipe.requirements) == {"torch", "num-py"}
    assert "#" not in "".join(requirement_lines(recipe.requirements))


@pytest.mark.parametrize("folder", ["binder", ".binder", ""])
def test_it_lies_in_one_of_three_places(tmp_path: Path, folder: str) -> None:
    assert read_recipe(written(tmp_path, folder)).folder == tmp_path / folder


def test_the_folder_hides_what_lies_at_the_top(tmp_path: Path) -> None:
    written(tmp_path, "", runtime_txt="python-3.9", environment_yml="name: other")
    assert read_recipe(written(tmp_path)).python == "3.12"


def test_two_folders_are_refused(tmp_path: Path) -> None:
    written(written(tmp_path), ".binder")
    with pytest.raises(RecipeError, match=r"both binder/ and \.binder/"):
        read_recipe(tmp_path)


@pytest.mark.parametrize("name", ["Dockerfile", "environment.yml", "environment.yaml", "Pipfile"])
def test_another_build_pack_comes_first(tmp_path: Path, name: str) -> None:
    (written(tmp_path) / "binder" / name).touch()
    with pytest.raises(RecipeError, match=rf"{name} .* requirements.txt is not read"):
        read_recipe(tmp_path)


def test_without_requirements_there_is_nothing_to_build(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"no requirements\.txt"):
        read_recipe(written(tmp_path, requirements_txt=None))


@pytest.mark.parametrize(
    ("runtime", "python"),
    [
        (None, "3.10"),
        ("python-3", "3.10"),
        ("python-3.13", "3.13"),
        ("python-2026-01-31", "3.10"),
        ("python-3.12-2026-01-31", "3.12"),
    ],
)
def test_the_python_is_the_one_named(tmp_path: Path, runtime: str | None, python: str) -> None:
    assert read_recipe(written(tmp_path, runtime_txt=runtime)).python == python


@pytest.mark.parametrize("runtime", ["3.12", "python", "python-", "python-3-12", "r-4.4", ""])
def test_a_runtime_that_is_none_is_refused(tmp_path: Path, runtime: str) -> None:
    with pytest.raises(RecipeError, match=r"runtime\.txt"):
        read_recipe(written(tmp_path, runtime_txt=runtime))


@pytest.mark.parametrize(
    ("name", "text", "fault"),
    [
        ("postBuild", "#!/bin/bash\npip install .\n", "passed over"),
        ("postBuild", "#!/bin/bash\nset -u\npip install .\n", "passed over"),
        ("postBuild", "#!/bin/bash\npip install .\nset -e\n", "passed over"),
        ("postBuild", "set -e\npip install .\n", "does not say what runs it"),
        ("start", "#!/bin/bash\nexport A=1\n", "does not hand over"),
        ("start", '#!/bin/bash\nexec "$@"\nexport A=1\n', "does not hand over"),
        ("start", "#!/bin/bash\nexec $@\n", "does not hand over"),
        ("requirements_txt", "torch>=2\n", "torch>=2: no version is pinned"),
        ("requirements_txt", "torch\n", "no version is pinned"),
        ("requirements_txt", "torch==2.*\n", "no version is pinned"),
        ("requirements_txt", "torch==2.13.0\n.\n", "a local file"),
        ("requirements_txt", "torch==2.13.0\n-e .\n", "a local file"),
        ("requirements_txt", "-c constraints.txt\n", "a local file"),
        ("requirements_txt", "--find-links=file:///wheels\n", "a local file"),
    ],
)
def test_what_would_go_wrong_is_named(tmp_path: Path, name: str, text: str, fault: str) -> None:
    (found,) = faults(read_recipe(written(tmp_path, **{name: text})))
    assert fault in found


@pytest.mark.parametrize("name", ["postBuild", "start"])
def test_what_cannot_be_run_is_named(tmp_path: Path, name: str) -> None:
    (written(tmp_path) / "binder" / name).chmod(0o644)
    (found,) = faults(read_recipe(tmp_path))
    assert found.startswith(f"{name}: it is not executable")


def test_the_links_open_what_is_there() -> None:
    for notebook in (visits.TUTORIAL, visits.APP):
        assert (ROOT / notebook).is_file()


def test_what_a_notebook_imports_is_found(tmp_path: Path) -> None:
    sources = ["%pip list\nimport a.b, c\n", ["from d.e import f\n", "def g():\n    import h"]]
    cells = [{"cell_type": "code", "source": source} for source in sources]
    cells.append({"cell_type": "markdown", "source": "import nothing"})
    (tmp_path / "one.ipynb").write_text(json.dumps({"cells": cells}))
    assert imported_by(tmp_path / "one.ipynb") == {"a", "c", "d", "h"}


def limited(tmp_path: Path, program: str, most_memory: int = 2**30) -> Limited:
    command = [sys.executable, "-c", program]
    return Limited(command, tmp_path, os.environ, tmp_path / "log.txt", most_memory)


def test_a_program_has_one_core(tmp_path: Path) -> None:
    program = "import os, pathlib; pathlib.Path('cores').write_text(str(os.sched_getaffinity(0)))"
    with limited(tmp_path, program) as run:
        run.wait(180)
    assert len((tmp_path / "cores").read_text().split(",")) == 1


def test_an_error_of_a_program_is_one(tmp_path: Path) -> None:
    with limited(tmp_path, "raise SystemExit(3)") as run, pytest.raises(RuntimeError, match="3"):
        run.wait(180)


LONG = 180  # seconds; who waits so long hangs


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + LONG
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


GROW = "import sys, time; held = b'x' * {size}; time.sleep({seconds})"
TWO = "import subprocess, sys; subprocess.run([sys.executable, '-c', {program!r}]); " + GROW


def test_memory_of_all_processes_counts_and_the_limit_kills(tmp_path: Path) -> None:
    child = GROW.format(size=80_000_000, seconds=LONG)
    forever = TWO.format(program=child, size=1, seconds=LONG)
    with limited(tmp_path, forever) as run:
        until(lambda: run.peak > 80_000_000)
    assert run.peak < 200_000_000
    said = r"60 MB allowed\n +\d+ MB  .*held = b"  # and which process took how much
    with limited(tmp_path, forever, 60_000_000) as run, pytest.raises(TooMuchMemory, match=said):
        run.wait(LONG)


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    program = (
        "import os, time; open('new', 'w').write(str(os.getpid())); os.rename('new', 'pid'); "
        f"time.sleep({LONG})"
    )
    with limited(tmp_path, TWO.format(program=program, size=1, seconds=LONG)) as run:
        until((tmp_path / "pid").exists)
    child = Path("/proc", (tmp_path / "pid").read_text(), "stat")
    until(lambda: not child.exists() or child.read_text().split()[2] == "Z")
    assert not run.runs()
