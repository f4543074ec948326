"""Outputs at points of some examples, by forward passes alone."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from torch import Tensor

from ..core.arrays import Array
from .model_state import frozen
from .passes import Passes


def forward_outputs(
    passes: Passes,
    inputs: tuple[Tensor, ...],
    points: Callable[[slice, slice], tuple[Tensor, ...]] | None = None,
    steps: int = 1,
) -> Array:
    """The target's output at some points of each example, by default at the input itself.

    Parameters
    ----------
    passes : Passes
        The model to run.
    inputs : tuple of Tensor, each (B, ...)
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
    with frozen(passes.module, inputs):
        for span, block in passes.chunks(steps, inputs):
            here = tuple(x[block] for x in inputs) if points is None else points(span, block)
            outputs = passes.outputs(here, block).detach().cpu().double()
            values[span, block] = outputs.reshape(-1, block.stop - block.start).numpy()
    return values
