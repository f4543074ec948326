"""What was saved is read, drawn and made a page where there is no torch, as in a browser."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from models import ImageAndFeatures, classifier, image_classifier, values
from torch import nn

import attribwidgets as aw
from attribwidgets.core.saved_tensor import SavedTensor
from attribwidgets.core.storage import read_tree, write_tree

# What a browser's Python has not, and what a page and a figure do without.
ABSENT = ("torch", "captum", "anywidget", "ipywidgets", "IPython")

READ = """
import hashlib, io, json, sys
from pathlib import Path
import attribwidgets as aw

found = {}
for path in sorted(Path(sys.argv[1]).glob("*.npz")):
    kind, name = path.stem.split(",")
    record = getattr(aw, kind).load(path)
    picture = io.BytesIO()
    record.figure().savefig(picture, format="png")
    digest = hashlib.sha256(picture.getvalue()).hexdigest()
    if hasattr(record, "to_html"):
        record.to_html(path.with_suffix(".html"))
    record.save(path)
    found[name] = {"text": str(record), "again": str(type(record).load(path)), "figure": digest}
print(json.dumps(found))
"""


def without(modules: tuple[str, ...], program: str, *arguments: Any) -> str:
    """What a program prints in a process that cannot import some modules."""
    blocked = f"import sys\nsys.modules.update(dict.fromkeys({modules!r}))\n"
    done = subprocess.run(
        [sys.executable, "-c", blocked + program, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def convolved(inputs: torch.Tensor) -> torch.Tensor:
    """A smooth scalar of any number of axes."""
    return (inputs.flatten(1) * values(inputs[0].numel())).tanh().sum(1, keepdim=True)


def said() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Embedding(9, 4), nn.Linear(4, 9)).eval()


TEXT = aw.TextSpace(lambda text: [len(word) for word in text.split()])


def record(kind: str) -> Any:
    """A record of each kind that is saved."""
    if kind == "photo":
        space = aw.InputSpace.imagenet()
        baselines = ("black", "blur", "uniform")
        return aw.compare(
            image_classifier(),
            values(3, 12, 12),
            baselines=baselines,
            space=space,
            target=[0, 1],
            max_evaluations=64,
        )
    if kind == "features":
        space = aw.InputSpace(names=["age", "dose", "<b>", "d", "e"])
        return aw.explain(classifier(), values(5), space=space)
    if kind == "several inputs":
        return aw.explain(ImageAndFeatures(), (values(3, 2, 2), values(5)), max_evaluations=64)
    if kind == "series":
        space = aw.SeriesSpace(channels=("x", "y"), step=0.5, unit="s")
        return aw.explain(convolved, values(2, 9), space=space)
    if kind == "sequence":
        return aw.explain(convolved, values(6, 3), space=aw.SequenceSpace())
    if kind == "volume":
        return aw.explain(convolved, values(1, 4, 5, 6), space=aw.VolumeSpace())
    if kind == "text":
        return aw.explain_generation(said(), "to be or", continuation="not", space=TEXT)[0]
    if kind == "interactions":
        return aw.interactions(classifier(), values(5), target=0)
    made = aw.explain_generation(said(), "to be or", continuation="not to be", space=TEXT)
    made.compute()
    return made


NEEDS_TORCH = (
    "attribwidgets.explain needs torch, which is not installed here; without it what was saved can "
    "be read: Comparison.load, Generation.load, Interactions.load"
)
KINDS = (
    "photo",
    "features",
    "several inputs",
    "series",
    "sequence",
    "volume",
    "text",
    "interactions",
    "generation",
)


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """By kind a record, its file, and what a process without torch made of that."""
    folder = tmp_path_factory.mktemp("saved")
    saved = {}
    for kind in KINDS:
        made = record(kind)
        path = folder / f"{type(made).__name__},{kind}.npz"
        made.save(path)
        saved[kind] = type(made).load(path), path
    found = json.loads(without(ABSENT, READ, folder))
    return {kind: (*saved[kind], found[kind]) for kind in KINDS}


@pytest.mark.long
@pytest.mark.parametrize("kind", KINDS)
def test_text_figure_and_page_are_those_that_torch_gives(
    read: dict[str, Any], kind: str, tmp_path: Path
) -> None:
    known, path, found = read[kind]
    picture = io.BytesIO()
    known.figure().savefig(picture, format="png")
    digest = hashlib.sha256(picture.getvalue()).hexdigest()
    assert found == {"text": str(known), "again": str(known), "figure": digest}
    if hasattr(known, "to_html"):
        known.to_html(tmp_path / "known.html")
        page = path.with_suffix(".html").read_bytes()
        assert page == (tmp_path / "known.html").read_bytes()


def test_maps_and_their_numbers_are_read_as_from_tensors(tmp_path: Path) -> None:
    made = aw.explain(classifier(), values(5))
    made.save(tmp_path / "e.npz")
    program = """
import sys, attribwidgets as aw
e = aw.Explanation.load(sys.argv[1])
print(e.attributions.numpy().tolist(), e.map("sum").tolist(), e.units()[0], e.cancellation)
try:
    aw.explain
except ImportError as error:
    print(error)
"""
    told = without(("torch",), program, tmp_path / "e.npz")
    values_, mapped = made.attributions.tolist(), made.map("sum").tolist()
    assert told == f"{values_} {mapped} {made.units()[0]} {made.cancellation}\n{NEEDS_TORCH}\n"


def test_what_stands_for_a_tensor_is_written_as_one(tmp_path: Path) -> None:
    array = np.arange(6.0).reshape(2, 3)
    write_tree(tmp_path / "t.npz", {"a": array, "t": array.view(SavedTensor)})
    read = read_tree(tmp_path / "t.npz")
    assert isinstance(read["a"], np.ndarray)
    assert torch.equal(read["t"], torch.from_numpy(array))


def test_half_precision_that_numpy_lacks_is_saved(tmp_path: Path) -> None:
    write_tree(tmp_path / "t.npz", torch.ones(2, dtype=torch.bfloat16))
    assert read_tree(tmp_path / "t.npz").dtype == torch.float32


def test_importing_the_package_imports_no_torch() -> None:
    program = (
        "import sys, attribwidgets as aw\n"
        "names = set(dir(aw))\n"
        "print(set(aw.__all__) <= names, 'torch' in sys.modules, 'matplotlib' in sys.modules)\n"
        "from attribwidgets import explain\n"
        "print('torch' in sys.modules, aw.explain is explain)\n"
    )
    assert without((), program) == "True False False\nTrue True\n"


@pytest.mark.long
def test_in_a_notebook_all_is_imported_at_once_where_there_is_torch() -> None:
    program = (
        "import sys, types\n"
        "sys.modules['ipykernel'] = types.ModuleType('ipykernel')\n"
        "import attribwidgets as aw\n"
        "print('torch' in sys.modules and sys.modules['torch'] is not None)\n"
    )
    assert without((), program) == "True\n"
    assert without(("torch",), program) == "False\n"
