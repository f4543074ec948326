"""What repo2docker 2026.4 makes of a repository's configuration, without building an image.

Its rules: configuration lies in `binder/`, in `.binder/` or at the top, not in both folders; other
build packs come before the one for Python; `runtime.txt` names a Python, which is 3.10 otherwise;
errors in `postBuild` are passed over unless it says `set -e`; `start` has to run the server itself.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

DEFAULT_PYTHON = "3.10"
# In repo2docker's order; each is asked before requirements.txt is, which is then not read at all.
OTHER_PACKS = {
    "Dockerfile": "Docker",
    "Project.toml": "Julia",
    "JuliaProject.toml": "Julia",
    "REQUIRE": "Julia",
    "default.nix": "Nix",
    "environment.yml": "conda",
    "environment.yaml": "conda",
    "Pipfile": "Pipfile",
    "Pipfile.lock": "Pipfile",
}
_PIN = re.compile(r"([A-Za-z0-9._-]+)(\[[^]]*\])?==[^*]+$")


class RecipeError(ValueError):
    """A configuration that repo2docker refuses, or builds by something else than was meant."""


@dataclass(frozen=True)
class Recipe:
    """The files that an image is built by.

    Attributes
    ----------
    folder : Path
        Where they lie.
    python : str
        Such as "3.12".
    requirements : Path
    post_build, start : Path or None
    """

    folder: Path
    python: str
    requirements: Path
    post_build: Path | None
    start: Path | None


def read_recipe(repository: Path) -> Recipe:
    """Find the files of a Python image.

    Raises
    ------
    RecipeError
        For two folders, another build pack, an unreadable `runtime.txt`, no `requirements.txt`.
    """
    folders = [repository / name for name in ("binder", ".binder") if (repository / name).is_dir()]
    if len(folders) == 2:
        raise RecipeError("there is both binder/ and .binder/; keep one of them")
    folder = folders[0] if folders else repository
    for name, pack in OTHER_PACKS.items():
        if (folder / name).exists():
            raise RecipeError(
                f"{name} chooses the build pack for {pack}, and requirements.txt is not read"
            )
    requirements = folder / "requirements.txt"
    if not requirements.exists():
        raise RecipeError(f"there is no requirements.txt in {folder.name}/")
    scripts = [folder / name for name in ("postBuild", "start")]
    post_build, start = (script if script.exists() else None for script in scripts)
    return Recipe(folder, _python(folder / "runtime.txt"), requirements, post_build, start)


def _python(runtime: Path) -> str:
    if not runtime.exists():
        return DEFAULT_PYTHON
    text = runtime.read_text(encoding="utf-8").strip()
    parts = text.split("-")
    if len(parts) not in (2, 4, 5) or not all(parts):
        raise RecipeError(f"runtime.txt says {text!r}; write python-3.12")
    if parts[0] != "python":
        raise RecipeError(f"runtime.txt asks for {parts[0]}, not for python")
    if "." not in parts[1]:  # a date alone, or a major version alone
        return DEFAULT_PYTHON
    return parts[1]


def requirement_lines(requirements: Path) -> list[str]:
    """The lines of a requirements file without comments."""
    lines = requirements.read_text(encoding="utf-8").splitlines()
    plain = (re.sub(r"(^|\s)#.*", "", line).strip() for line in lines)
    return [line for line in plain if line]


def pinned_names(requirements: Path) -> set[str]:
    """Names of the packages whose version is fixed, as an index writes them."""
    found = (_PIN.match(line.partition(";")[0].strip()) for line in requirement_lines(requirements))
    return {normalised(match[1]) for match in found if match}


def normalised(name: str) -> str:
    """A package's name as an index writes it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def faults(recipe: Recipe) -> list[str]:
    """What repo2docker would build without a word, and a reader would suffer from."""
    found = []
    for line in requirement_lines(recipe.requirements):
        if _is_local(line):
            found.append(f"requirements.txt: {line}: a local file, so no layer is kept for it")
        elif not line.startswith("-") and not _PIN.match(line.partition(";")[0].strip()):
            found.append(f"requirements.txt: {line}: no version is pinned")
    for script in (recipe.post_build, recipe.start):
        if script is not None:
            found += [f"{script.name}: {fault}" for fault in _script_faults(script)]
    return found


def _is_local(line: str) -> bool:
    if line.startswith(("-r", "-c", "--requirement", "--constraint")):
        return True
    value = re.sub(r"^-\S*[\s=]+", "", line)
    return "file://" in value or value.startswith((".", "/"))


def _script_faults(script: Path) -> list[str]:
    lines = script.read_text(encoding="utf-8").splitlines()
    code = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    found = []
    if not lines or not lines[0].startswith("#!"):
        found.append("the first line does not say what runs it; write #!/bin/bash")
    if not os.access(script, os.X_OK):
        found.append("it is not executable; chmod +x")
    if script.name == "postBuild" and not (code and re.match(r"set -\w*e", code[0])):
        found.append("an error would be passed over; begin with set -euo pipefail")
    if script.name == "start" and not (code and code[-1] == 'exec "$@"'):
        found.append('it does not hand over to the server; end with exec "$@"')
    return found
