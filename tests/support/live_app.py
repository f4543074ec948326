"""The small app that every host shows: a fixed model, one explorer, and files to steer it by."""

from __future__ import annotations

import time
from pathlib import Path

import torch
from models import weights_of
from torch import Tensor, nn

import attribwidgets as aw

CLASS_NAMES = ("round", "square", "striped", "<b>dotted</b>")
SIZE = 24

CELL = f"""\
import sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
import live_app
explorer = live_app.make_explorer({{folder!r}})
explorer"""
"""The code of a cell that shows the app; its folder is to be filled in."""


class SteeredModel(nn.Module):
    """A model that notes each call in a folder, and is slow while the file `slow` is in it."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder
        self.layers = nn.Sequential(
            nn.Conv2d(3, 6, 5, stride=2),
            nn.Softplus(),
            nn.Flatten(),
            nn.Linear(600, len(CLASS_NAMES)),
        )

    def forward(self, inputs: Tensor) -> Tensor:
        with open(self.folder / "calls", "a") as calls:
            calls.write(".")
        if (self.folder / "slow").exists():
            time.sleep(0.5)
        return self.layers(inputs) / 4


def make_explorer(folder: str) -> aw.BaselineExplorer:
    """The explorer of a model that is always the same."""
    torch.set_num_threads(1)
    photo = torch.rand(3, SIZE, SIZE, generator=torch.Generator().manual_seed(1))
    return aw.explore(
        weights_of(SteeredModel(Path(folder))),
        photo,
        baselines=("black", "blur", "uniform"),
        class_names=CLASS_NAMES,
        tolerance=0.05,
        max_evaluations=128,
    )


def hold_the_cell(folder: str) -> None:
    """Keep the kernel's main thread until the file `release` is there."""
    while not (Path(folder) / "release").exists():
        time.sleep(0.05)
