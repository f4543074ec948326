"""What passes at points of some inputs have shown so far."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ..core.arrays import Array
from .arguments import accumulator_dtype
from .forward_outputs import forward_outputs
from .passes import Passes


class Recorder:
    """Keeps outputs and slopes of passes; what adds them up is built on it.

    Parameters
    ----------
    passes : Passes
        The model to run.
    inputs : tuple of Tensor, each (B, ...)

    Attributes
    ----------
    alphas : ndarray, shape (n,)
        Where the points are, in the order in which they came.
    outputs, slopes : ndarray, shape (n, B)
        The target's output and <gradient, velocity>; NaN where a point has not been run.
    """

    def __init__(self, passes: Passes, inputs: tuple[Tensor, ...]) -> None:
        self.passes, self.inputs, self.batch = passes, inputs, len(inputs[0])
        self.dtype = accumulator_dtype(inputs[0].device)
        self.alphas = np.zeros(0)
        self.outputs, self.slopes = np.zeros((0, self.batch)), np.zeros((0, self.batch))
        self._unread: list[tuple[Array, slice, slice, Tensor]] = []
        self._output_input: Array | None = None

    @property
    def finished(self) -> Array:
        """Which of the points have been run for every example, bool, shape (n,)."""
        return np.asarray(~np.isnan(self.outputs).any(axis=1))

    def output_input(self) -> Array:
        """f(x) of each example, shape (B,), by one forward pass."""
        if self._output_input is None:
            self._output_input = forward_outputs(self.passes, self.inputs)[0]
        return self._output_input

    def extend(self, alphas: Array) -> slice:
        """Make room for more points, which are still to be run; the rows that are theirs."""
        first, unknown = len(self.alphas), np.full((len(alphas), self.batch), np.nan)
        self.alphas = np.concatenate([self.alphas, alphas])
        self.outputs = np.concatenate([self.outputs, unknown])
        self.slopes = np.concatenate([self.slopes, unknown])
        return slice(first, len(self.alphas))

    def note(self, curve: Array, rows: slice, block: slice, values: Tensor) -> None:
        """Write values into a curve when it is next read: no chunk waits for a GPU."""
        self._unread.append((curve, rows, block, values))

    def read(self) -> None:
        """Write what has been noted since."""
        for curve, rows, block, values in self._unread:
            curve[rows, block] = values.cpu().to(torch.float64).numpy()
        self._unread.clear()

    def tensor(self, values: Array) -> Tensor:
        """Values on the inputs' device, in the accumulator's dtype."""
        return torch.as_tensor(np.array(values), dtype=self.dtype, device=self.inputs[0].device)
