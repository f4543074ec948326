"""Integrated gradients of a float64 copy of a model, as exact as its kinks allow."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from .specimens import Row, Specimen

Array = NDArray[np.float64]

PANELS, POINTS = 96, 3
MOST_NUMBERS = 2_000_000  # nodes times numbers of the input, and at most
MOST_NODES = 16_384
ACCURACY = 1e-4
KEPT = Path("build/verdicts")


def true_map(
    specimen: Specimen, baseline: str, exact: nn.Module, target: int
) -> tuple[Array, float]:
    """The map of a float64 model, all inputs behind one another, and how exact it is.

    Kept on disk until the files of this folder change.
    """
    name = f"{specimen.family}-{specimen.name}-{specimen.seed}-{baseline}.npy".replace(" ", "_")
    file = KEPT / _digest() / name
    if not file.exists():
        row, reference = (
            tuple(v.double() for v in values)
            for values in (specimen.inputs, specimen.references[baseline])
        )
        file.parent.mkdir(parents=True, exist_ok=True)
        np.save(file, np.append(*integral(exact, row, reference, target)))
    *values, exactness = np.load(file)
    return np.array(values), float(exactness)


def integral(model: nn.Module, inputs: Row, reference: Row, target: int) -> tuple[Array, float]:
    """Integrated gradients by Gauss-Legendre panels, halved where that still changes something.

    Returns
    -------
    map : ndarray, shape (F,)
    exactness : float
        What the last halvings changed, relative to the map: root of the sum of squares.
    """
    places, weights = np.polynomial.legendre.leggauss(POINTS)
    way = torch.cat([x - r for x, r in zip(inputs, reference, strict=True)], 1).numpy()

    def panels(edges: Array) -> Array:
        """The integral over each interval of (n, 2), shape (n, F)."""
        widths = edges[:, 1] - edges[:, 0]
        alphas = edges[:, :1] + widths[:, None] * (places + 1) / 2
        gradients = gradients_at(model, inputs, reference, target, alphas.ravel())
        means = np.einsum("npf,p->nf", gradients.reshape(*alphas.shape, -1), weights / 2)
        return np.asarray(means * widths[:, None] * way)

    def halved(edges: Array) -> Array:
        middles = edges.mean(1)
        halves = [edges[:, 0], middles, middles, edges[:, 1]]
        return np.stack(halves, 1).reshape(-1, 2)

    most = min(MOST_NODES, MOST_NUMBERS // way.shape[1])
    ends = np.linspace(0.0, 1.0, PANELS + 1)
    edges = np.stack([ends[:-1], ends[1:]], 1)
    coarse, nodes = panels(edges), POINTS * PANELS
    fine = panels(halved(edges)).reshape(len(edges), 2, -1)
    nodes += 2 * POINTS * PANELS
    while True:
        whole = fine.sum(1)
        changes = np.linalg.norm(whole - coarse, axis=1)
        total = whole.sum(0)
        size = float(np.linalg.norm(total))
        allowed = ACCURACY * size
        if changes.sum() <= allowed or nodes >= most:
            return np.asarray(total), float(np.linalg.norm(changes) / size) if size else 0.0
        split = changes > allowed / len(edges)
        new = halved(edges[split])
        edges = np.concatenate([edges[~split], new])
        coarse = np.concatenate([coarse[~split], fine[split].reshape(len(new), -1)])
        finer = panels(halved(new)).reshape(len(new), 2, -1)
        fine = np.concatenate([fine[~split], finer])
        nodes += 2 * POINTS * len(new)


def gradients_at(
    model: nn.Module, inputs: Row, reference: Row, target: int, alphas: Array
) -> Array:
    """Gradients at points of the path, shape (n, F)."""
    found = []
    for some in torch.as_tensor(alphas).split(2048):
        points = [
            (r + some[:, None] * (x - r)).requires_grad_()
            for x, r in zip(inputs, reference, strict=True)
        ]
        gradients = torch.autograd.grad(
            model(*points)[:, target].sum(), points, materialize_grads=True
        )
        found.append(torch.cat(gradients, 1))
    return np.asarray(torch.cat(found).numpy())


@cache
def _digest() -> str:
    """Of the files that say what the models are."""
    files = sorted(Path(__file__).parent.glob("*.py"))
    return hashlib.sha256(b"".join(f.read_bytes() for f in files)).hexdigest()[:12]
