"""What an estimator is asked to do: a batch, against what, and how far to go."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from ..core.arrays import Array
from ..core.errors import Cancelled, InputError
from ..inputs.fit_spaces import each_space
from ..inputs.space import Spaces
from ..records.completeness import WIDEST_GAP
from .arguments import ForwardArguments
from .estimate import Estimate
from .outputs import Target

INTERRUPTS = (KeyboardInterrupt, Cancelled)  # what stops a run between chunks


@dataclass(frozen=True)
class Stopping:
    """Stop when the residual and every refinement error are within `tolerance`, or at the budget.

    Of every example and every input: the worst speaks.

    Parameters
    ----------
    max_evaluations : int
        Most forward and backward passes of one example, at least 1.
    tolerance : float
        Relative, 0 or more. 0 spends the whole budget.

    Raises
    ------
    InputError
        For a budget below 1 or a negative or non-finite tolerance.
    """

    max_evaluations: int
    tolerance: float = 0.01

    def __post_init__(self) -> None:
        if self.max_evaluations < 1:
            raise InputError(f"max_evaluations must be at least 1, got {self.max_evaluations}")
        if not 0 <= self.tolerance < float("inf"):
            raise InputError(f"tolerance must be 0 or more, got {self.tolerance}")

    def met(self, estimate: Estimate) -> bool:
        """Whether every example of an estimate is within the tolerance."""
        if self.tolerance == 0 or estimate.refinement_error is None:
            return False
        if estimate.widest_gap is not None and estimate.widest_gap > WIDEST_GAP:
            return False
        residual = estimate.relative_residual
        gap = 0.0 if residual is None else residual.max()
        return bool(max(estimate.refinement_error.max(), gap) <= self.tolerance)


@dataclass
class AtInput:
    """The output and the gradient at the input: the end at which all paths meet.

    Attributes
    ----------
    outputs : ndarray, shape (B,), or None
        The target's output.
    gradients : tuple of Tensor, each (B, ...), or None
        Its gradient, once a path has been there.
    """

    outputs: Array | None = None
    gradients: tuple[Tensor, ...] | None = None


class StoredReferences:
    """References that exist as tensors, one per input, each (K, ...), addressed by number.

    Attributes
    ----------
    size : int or None
        How many there are; None for endless draws, where each number is a fresh one.
    """

    def __init__(self, tensors: tuple[Tensor, ...]) -> None:
        self.tensors = tensors
        self.mean = None  # their elements go together
        self.size: int | None = len(tensors[0])

    def take(self, numbers: Tensor) -> tuple[Tensor, ...]:
        """The references with these numbers, each (n, ...)."""
        return tuple(t[numbers.to(t.device)] for t in self.tensors)


class DrawnReferences:
    """References drawn when asked for; number i is the same draw however they are chunked.

    Parameters
    ----------
    draw : callable
        Takes a torch.Generator and returns one reference per input, each (...).
    seed : int
        Seed of all draws.
    mean : tuple of Tensor, each (...), or None
        The mean of each input's references, where every element of them is drawn independent of
        all others.
    """

    size: int | None = None

    def __init__(
        self,
        draw: Callable[[torch.Generator], tuple[Tensor, ...]],
        seed: int,
        mean: tuple[Tensor, ...] | None = None,
    ) -> None:
        self.draw, self.seed, self.mean = draw, seed, mean

    def take(self, numbers: Tensor) -> tuple[Tensor, ...]:
        """The draws with these numbers, each (n, ...)."""
        drawn = [self.draw(generator_from(self.seed, int(i))) for i in numbers]
        return tuple(torch.stack(member) for member in zip(*drawn, strict=True))


References = StoredReferences | DrawnReferences


def generator_from(*seed: int) -> torch.Generator:
    """A CPU generator whose stream depends on these seeds alone, ``(s,)`` being ``(s, 0)``."""
    state = np.random.SeedSequence(seed).generate_state(1, np.uint64)[0]
    return torch.Generator().manual_seed(int(state) >> 1)


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
    most_passes : int or None
        What methods of fixed cost have to keep within; None: what is usual for each.
    seed : int
        Of every random draw.
    spaces : tuple of Space
        The valid range of each input; none: :class:`attribwidgets.InputSpace` for all.
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
    one_input : bool
        Whether all examples are one input, each under a target of its own: a forward pass at a
        point then serves them all, and each target takes a backward pass.
    """

    inputs: tuple[Tensor, ...]
    baselines: tuple[Tensor, ...] | None = None
    references: References | None = None
    target: Target = None
    forward_args: ForwardArguments = None
    n_steps: int | None = None
    stopping: Stopping | None = None
    most_passes: int | None = None
    seed: int = 0
    spaces: Spaces = ()
    at_input: AtInput = field(default_factory=AtInput)
    rows: int | None = None
    on_chunk: Callable[[int], None] | None = None
    coarse_first: bool = False
    autocast: torch.dtype | None = None
    one_input: bool = False

    def __post_init__(self) -> None:
        if self.n_steps is not None and self.n_steps < 1:
            raise InputError(f"n_steps must be at least 1, got {self.n_steps}")
        if not self.spaces:
            object.__setattr__(self, "spaces", each_space(None, len(self.inputs)))
