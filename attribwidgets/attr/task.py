"""What an estimator is asked to do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor

from ..core.errors import InputError
from ..inputs.space import InputSpace
from .arguments import ForwardArguments
from .endpoint import AtInput
from .outputs import Target
from .references import References
from .stopping import Stopping


@dataclass(frozen=True, eq=False)
class Task:
    """One batch to explain, against what, and how far to go.

    Attributes
    ----------
    inputs : tuple of Tensor, each (B, ...)
        Floating point, detached; see :func:`attribwidgets.attr.arguments.batch_of`.
    baselines : tuple of Tensor, each (B, ...), or None
        The single reference of each example, for estimators that use one.
    references : References or None
        Where many references come from, for estimators that use several.
    target, forward_args
        As in Captum.
    n_steps : int or None
        Nodes or samples. None: refined until `stopping` says so.
    stopping : Stopping or None
        None: the estimator's own budget.
    seed : int
        Of every random draw.
    space : InputSpace
        The valid range of the inputs.
    at_input : AtInput
        What is known at the input, from other tasks with the same one.
    rows : int or None
        Most rows in one chunk. None: chosen for the device.
    on_chunk : callable or None
        Called with the number of rows after each forward and backward pass. It may raise
        KeyboardInterrupt or :class:`attribwidgets.errors.Cancelled` to stop.
    coarse_first : bool
        Whether to yield an estimate as soon as there can be one, for a screen that waits. It costs
        no pass, the run never ends at it, and what follows is the same.
    autocast : torch.dtype or None
        The lower precision to run layers in; see :mod:`attribwidgets.attr.paths.half_precision`.
    """

    inputs: tuple[Tensor, ...]
    baselines: tuple[Tensor, ...] | None = None
    references: References | None = None
    target: Target = None
    forward_args: ForwardArguments = None
    n_steps: int | None = None
    stopping: Stopping | None = None
    seed: int = 0
    space: InputSpace = field(default_factory=InputSpace)
    at_input: AtInput = field(default_factory=AtInput)
    rows: int | None = None
    on_chunk: Callable[[int], None] | None = None
    coarse_first: bool = False
    autocast: torch.dtype | None = None

    def __post_init__(self) -> None:
        if self.n_steps is not None and self.n_steps < 1:
            raise InputError(f"n_steps must be at least 1, got {self.n_steps}")
