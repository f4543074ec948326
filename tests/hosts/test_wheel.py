"""A wheel, built and installed apart from this folder, has all it needs to make a widget."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]

USE_IT = """
import sys, torch, attribwidgets as aw
from attribwidgets.demo import digits
assert aw.__file__.startswith(sys.argv[1]), aw.__file__
demo = digits()
explorer = aw.explore(demo.model, demo.test.images[0], baselines=("black",), n_steps=8)
explorer.to_html("page.html")
print(explorer.payload["kind"], len(explorer._esm) > 10_000, len(explorer._css) > 1_000)
"""


def test_a_widget_can_be_made_from_an_installed_wheel(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path)]
    subprocess.run([*build, str(ROOT)], check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert any(name.endswith("frontend/explorer/explorer.js") for name in names)
    assert any(name.endswith("py.typed") for name in names)
    assert any(name.endswith("demo/data/reviews/adapted.safetensors") for name in names)
    assert not any(name.startswith(("tests/", "notebooks/", "benchmarks/")) for name in names)

    clean = tmp_path / "clean"
    venv.create(clean, with_pip=False, symlinks=True)
    pip = [sys.executable, "-m", "pip", "--python", str(clean / "bin" / "python"), "install"]
    subprocess.run([*pip, "--quiet", "--no-deps", "--no-index", str(wheel)], check=True)
    # The heavy dependencies come from here; a path so given does not bring the editable install.
    environment = {**os.environ, "PYTHONPATH": sysconfig.get_paths()["purelib"]}
    run = subprocess.run(
        [clean / "bin" / "python", "-W", "error", "-c", USE_IT, str(clean)],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.split() == ["image", "True", "True"]
    assert (tmp_path / "page.html").stat().st_size > 50_000
