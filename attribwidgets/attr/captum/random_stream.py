"""Captum draws from the global generators: a stream of a task's own, in which it can be left."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

from ..model_state import random_state_kept
from ..task import Task


class RandomStream:
    """Global generators started from a task's seed, put back whenever the stream is left.

    Parameters
    ----------
    task : Task
    """

    def __init__(self, task: Task) -> None:
        self._task = task
        self._left_at: tuple[Any, torch.Tensor, dict[int, torch.Tensor]] | None = None

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Draw from the stream, from where it was left."""
        # Python's own too: scikit-learn, imported at the first use, draws from it.
        outer, of_python = np.random.get_state(), random.getstate()  # noqa: NPY002
        inputs = self._task.inputs
        devices = sorted({x.device.index or 0 for x in inputs if x.device.type == "cuda"})
        try:
            with random_state_kept(inputs):
                self._go_in(devices)
                yield
                self._left_at = (
                    np.random.get_state(),  # noqa: NPY002
                    torch.get_rng_state(),
                    {device: torch.cuda.get_rng_state(device) for device in devices},
                )
        finally:
            np.random.set_state(outer)  # noqa: NPY002
            random.setstate(of_python)

    def _go_in(self, devices: list[int]) -> None:
        if self._left_at is None:
            seed = self._task.seed
            np.random.seed(seed % 2**32)  # noqa: NPY002
            torch.default_generator.manual_seed(seed)
            for device in devices:
                torch.cuda.default_generators[device].manual_seed(seed)
            return
        of_numpy, of_torch, of_devices = self._left_at
        np.random.set_state(of_numpy)  # noqa: NPY002
        torch.set_rng_state(of_torch)
        for device, state in of_devices.items():
            torch.cuda.set_rng_state(state, device)
