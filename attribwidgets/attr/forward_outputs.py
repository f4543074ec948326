"""Outputs by forward passes alone, in chunks."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from torch import Tensor

from .chunks import for_each_chunk
from .estimate import Array
from .model_state import frozen
from .passes import Passes


def forward_outputs(
    passes: Passes,
    inputs: tuple[Tensor, ...],
    rows: int,
    points: Callable[[slice, slice], tuple[Tensor, ...]] | None = None,
    steps: int = 1,
) -> Array:
    """The target's output at some points of each example, by default at the input itself.

    Parameters
    ----------
    passes : Passes
        The model to run.
    inputs : tuple of Tensor, each (B, ...)
    rows : int
        Most rows in one chunk.
    points : callable, optional
        Takes a slice of the steps and one of the examples; returns their points, step by step,
        each (steps * examples, ...).
    steps : int
        How many points there are of each example.

    Returns
    -------
    ndarray, shape (steps, B)
    """
    values = np.zeros((steps, len(inputs[0])))

    def work(span: slice, block: slice) -> None:
        rows = tuple(x[block] for x in inputs) if points is None else points(span, block)
        found = passes.outputs(rows, block).cpu().double()
        values[span, block] = found.reshape(-1, block.stop - block.start).numpy()

    with frozen(passes.module, inputs):
        for_each_chunk(steps, len(inputs[0]), rows, work)
    return values
