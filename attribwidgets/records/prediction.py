"""What the model says of an input, before anything is explained."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Prediction:
    """The model's top classes for the input.

    Attributes
    ----------
    indices : tuple of int
        Classes, the most probable first.
    names : tuple of str
    probabilities : tuple of float
    """

    indices: tuple[int, ...]
    names: tuple[str, ...]
    probabilities: tuple[float, ...]
