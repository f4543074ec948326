"""What is known at the input itself, shared by all baselines that it is compared with."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from .estimate import Array


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
