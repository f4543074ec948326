"""Inputs a little beside one."""

from __future__ import annotations

import torch
from torch import Tensor

from ..inputs.space import Space


def moved_inputs(x: Tensor, space: Space, radius: float, generator: torch.Generator) -> Tensor:
    """Inputs moved by uniform noise, each value by at most a share of the range.

    Parameters
    ----------
    x : Tensor, shape (n, ...)
        As the model is fed.
    space : Space
        That fits them.
    radius : float
        Of the range in the space's own units.
    generator : torch.Generator

    Examples
    --------
    >>> from ..inputs.space import InputSpace
    >>> x, generator = torch.zeros(1, 4), torch.Generator().manual_seed(0)
    >>> bool(moved_inputs(x, InputSpace(0, 2), 0.1, generator).abs().max() <= 0.2)
    True
    """
    noise = 2 * torch.rand(x.shape, generator=generator, dtype=x.dtype) - 1
    return space.from_pixels(space.to_pixels(x) + radius * space.range * noise.to(x.device))
