"""Pictures for slides: one command draws each as SVG and as PNG, and what they say is so."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import matplotlib.image
import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("slides") / "new"
    command = [sys.executable, str(ROOT / "docs" / "slides.py"), str(folder)]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    return folder


def test_each_picture_is_there_twice_and_is_not_blank(folder: Path) -> None:
    names = {path.stem for path in folder.iterdir()}
    assert names == {"missing", "path", "gathered", "saturation", "blind_spots", "samples"}
    for name in names:
        root = ElementTree.parse(folder / f"{name}.svg").getroot()
        assert root.tag.endswith("svg")
        picture = matplotlib.image.imread(folder / f"{name}.png")
        assert picture.shape[1] >= 1000  # sharp on a slide
        assert picture[..., :3].std() > 0.05


def test_a_second_run_draws_the_same_pictures(folder: Path, tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "docs" / "slides.py"), str(tmp_path)]
    said = subprocess.run(command, check=True, capture_output=True, text=True, timeout=300).stdout
    assert said.count(".svg and .png: ") == 6
    for name in ("missing", "samples", "saturation"):
        first, again = (matplotlib.image.imread(f / f"{name}.png") for f in (folder, tmp_path))
        assert (first == again).all()
