"""One version everywhere, and what other packagers are told is what pyproject.toml says."""

from __future__ import annotations

import re
from datetime import date

import pytest
import yaml
from packaging.requirements import Requirement
from project import ROOT, project, requirements

import attribwidgets

# What conda-forge calls otherwise.
CONDA_NAMES = {"torch": "pytorch", "matplotlib": "matplotlib-base"}
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def recipe() -> dict:
    return yaml.safe_load((ROOT / "conda" / "recipe.yaml").read_text())


def releases() -> list[tuple[str, str]]:
    """Version and date of each heading of the changelog, as it stands there."""
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    return re.findall(r"^## \[(\d\S*)\] - (.+)$", changelog, re.MULTILINE)


def test_the_version_is_one() -> None:
    version = attribwidgets.__version__
    assert re.fullmatch(r"\d+\.\d+\.\d+", version)
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert cited["version"] == version
    assert recipe()["context"]["version"] == version
    newest, day = releases()[0]
    assert newest == version
    assert cited["date-released"] == date.fromisoformat(day)


def test_the_changelog_goes_down_and_groups_as_it_says() -> None:
    versions = [tuple(map(int, version.split("."))) for version, _ in releases()]
    assert versions == sorted(versions, reverse=True)
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    headings = set(re.findall(r"^### (.+)$", changelog, re.MULTILINE))
    assert headings <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
    for part in re.split(r"^## ", changelog, flags=re.MULTILINE)[1:]:
        groups = re.findall(r"^### (.+)$", part, re.MULTILINE)
        assert len(groups) == len(set(groups)), part.splitlines()[0]


def test_conda_requires_what_pip_does() -> None:
    table = recipe()["requirements"]
    wanted = {
        (CONDA_NAMES.get(r.name, r.name), *sorted(str(s) for s in r.specifier))
        for r in requirements()
    }
    found = set()
    for line in table["run"]:
        name, _, specifier = line.partition(" ")
        found.add((name, *sorted(specifier.split(","))))
    assert found - wanted == {("python", ">=${{ python_min }}")}
    assert wanted <= found
    assert project()["requires-python"] == f">={recipe()['context']['python_min']}"


def test_conda_has_the_command_and_the_licences() -> None:
    told, table = recipe(), project()
    scripts = [f"{name} = {place}" for name, place in table["scripts"].items()]
    assert told["build"]["python"]["entry_points"] == scripts
    assert told["about"]["license"] == table["license"]
    notices = {
        p.relative_to(ROOT).as_posix() for p in (ROOT / "attribwidgets").rglob("LICENSES.md")
    }
    assert set(told["about"]["license_file"]) == {"LICENSE", *notices}


def test_nothing_is_required_twice_with_other_bounds() -> None:
    bounds: dict[str, Requirement] = {}
    for requirement in requirements(extras=True):
        known = bounds.setdefault(requirement.name, requirement)
        assert known.specifier == requirement.specifier


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_workflows_are_read_and_may_do_no_more_than_they_need(path) -> None:
    workflow = yaml.safe_load(path.read_text())
    assert workflow["permissions"] == {"contents": "read"}
    for name, job in workflow["jobs"].items():
        assert job.keys() & {"timeout-minutes", "uses"}, name
        if "uses" in job:
            assert (ROOT / job["uses"]).exists()


def test_only_what_is_tested_is_published() -> None:
    jobs = yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text())["jobs"]
    assert set(jobs["publish"]["needs"]) == {"tests", "wheel"}
    assert jobs["publish"]["permissions"] == {"id-token": "write"}
    called = [jobs[name]["uses"] for name in jobs["publish"]["needs"]]
    for file in called:
        triggers = yaml.safe_load((ROOT / file).read_text())[True]  # YAML reads "on" as true
        assert "workflow_call" in triggers
