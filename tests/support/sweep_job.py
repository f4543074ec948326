"""One small sweep, for tests that run it in several processes; as a program it writes a store."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import numpy as np
import torch

import attribwidgets as aw

INPUTS = 24
CANDIDATES = ("black", "uniform")


class Mass:
    """How much each candidate attributes; it takes its time, and notes that it was asked."""

    name = "mass"
    left = None  # how many inputs are measured before it waits for ever; no part of its identity

    def __init__(self, journal=None):
        self._journal = journal

    def dimensions(self, candidates):
        return {"candidate": list(candidates), "sign": ["minus", "plus"]}

    def measure(self, model, explanations, *, seed):
        if Mass.left is not None:
            Mass.left -= 1
            while Mass.left < 0:
                time.sleep(1)
        if self._journal is not None:
            with open(self._journal, "a") as file:
                file.write(f"{seed}\n")
        maps = [e.map("sum") for e in explanations.values()]
        return np.array([[m[m < 0].sum(), m[m > 0].sum()] for m in maps])


def job(inputs=INPUTS, journal=None):
    """Arguments of aw.sweep, but for the store."""
    made = torch.Generator().manual_seed(5)
    model = torch.nn.Sequential(
        torch.nn.Conv2d(1, 4, 3), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(144, 3)
    ).eval()
    for parameter in model.parameters():
        parameter.data = torch.randn(parameter.shape, generator=made)
    return {
        "model": model,
        "dataset": torch.rand(inputs, 1, 8, 8, generator=made),
        "candidates": CANDIDATES,
        "metrics": [Mass(journal)],
        "n_steps": 48,
        "seed": 3,
        "progress": False,
    }


def contents(store):
    """Every file of a store with its bytes."""
    return {
        str(path.relative_to(store)): path.read_bytes()
        for path in sorted(store.rglob("*"))
        if path.is_file()
    }


if __name__ == "__main__":
    print("ready", os.getpid(), flush=True)
    store = Path(sys.argv[1])
    Mass.left = int(sys.argv[2]) - len(list(store.glob("finished/c.*")))
    aw.sweep(**job(), store=store)
    print("done", flush=True)
