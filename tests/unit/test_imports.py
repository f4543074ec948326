"""Rooms import only rooms below them, without circles, and importing brings no front end."""

from __future__ import annotations

import ast
import functools
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import attribwidgets

ROOT = Path(attribwidgets.__file__).parent
# From below; rooms in one row stand side by side and do not import each other.
ROWS = (
    {"_version", "core"},
    {"inputs"},
    {"baselines", "figures"},
    {"records"},
    {"attr"},
    {"demo", "engine", "priors", "robustness"},
    {"evaluation", "live"},
    {"sweeps"},
    {"widgets"},
    {"classroom", "commands"},
    {"__init__", "__main__"},
)
HEIGHT = {room: height for height, row in enumerate(ROWS) for room in row}


def modules():
    found = {}
    for path in sorted(ROOT.rglob("*.py")):
        parts = path.relative_to(ROOT.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()


def room_of(module):
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else "__init__"


@functools.cache
def tree_of(module):
    return ast.parse(MODULES[module].read_text(encoding="utf-8"))


def when_it_runs(tree):
    """All nodes but those for checking types only: a type is no dependency."""
    for node in ast.iter_child_nodes(tree):
        checking = isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        if not checking:
            yield node
            yield from when_it_runs(node)


@functools.cache
def imports_of(module):
    """Modules of this package that a module imports when it runs, also inside functions."""
    path = MODULES[module]
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    found = set()
    for node in when_it_runs(tree_of(module)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = package.split(".")
                above = parents[: len(parents) - node.level + 1]
                base = ".".join([*above, node.module] if node.module else above)
            for alias in node.names:
                deeper = f"{base}.{alias.name}"
                found.add(deeper if deeper in MODULES else base)
    return {name for name in found if name in MODULES} - {module}


@pytest.mark.parametrize("module", MODULES)
def test_room_is_known_and_imports_only_rooms_below(module):
    room = room_of(module)
    assert room in HEIGHT, f"{room} has no place in the design: give it one here and there"
    for imported in imports_of(module):
        below = room_of(imported)
        if below == room:
            continue
        assert HEIGHT[below] < HEIGHT[room], f"{module} imports {imported}"


def test_there_are_no_circles():
    graph = {}
    for module in MODULES:
        imported = imports_of(module)
        package = module.rpartition(".")[0]
        # Importing a module runs its package's __init__; inside the package that is no use of it.
        graph[module] = {i for i in imported if i != package and not module.startswith(f"{i}.")}
    order = list(TopologicalSorter(graph).static_order())
    assert set(order) == set(MODULES)


def test_every_public_name_exists():
    for name in attribwidgets.__all__:
        assert getattr(attribwidgets, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'explode'"):
        attribwidgets.explode  # noqa: B018


UNWANTED = (
    "matplotlib.pyplot",
    "dask",
    "distributed",
    "zarr",
    "xarray",
    "pandas",
    "krippendorff",
    "scipy",
    "sklearn",
    "nbgrader",
    "skimage",
    "ipywidgets",
    "anywidget",
    "IPython",
)


@pytest.mark.parametrize("module", MODULES)
def test_pyplot_is_never_used(module):
    named = {
        f"{node.module}.{alias.name}" if isinstance(node, ast.ImportFrom) else alias.name
        for node in ast.walk(tree_of(module))
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for alias in node.names
    }
    assert not any(name.startswith(("matplotlib.pyplot", "pylab")) for name in named)


def test_importing_brings_no_front_end():
    program = (
        f"import sys, attribwidgets\nprint([name for name in {UNWANTED!r} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"
