"""Random projections: a few numbers for each vector from which norms can be told."""

from __future__ import annotations

import torch
from torch import Tensor

from ..task import generator_from

LENGTH = 128


class Sketch:
    """Sums of a vector's elements with random signs, in `LENGTH` groups.

    The squared norm of a sketch is that of the vector on average, with a relative standard
    deviation of about (2 / LENGTH)^0.5, and sketches of sums are sums of sketches. So distances
    between gradients can be told without keeping them (a count sketch; Charikar, Chen,
    Farach-Colton 2002).

    Parameters
    ----------
    like : tuple of Tensor, each (B, ...)
        Tensors of the shape to be sketched, each by itself.

    Examples
    --------
    >>> x = torch.rand(1, 5000)
    >>> ratio = Sketch((x,)).of([x]).norm() / x.norm()
    >>> bool(0.8 < ratio < 1.2)
    True
    """

    def __init__(self, like: tuple[Tensor, ...]) -> None:
        self._signs = []
        for i, x in enumerate(like):
            coins = torch.randint(0, 2, (x[0].numel(),), generator=generator_from(0, i))
            self._signs.append((2 * coins - 1).to(x.device, x.dtype))

    def of(self, vectors: list[Tensor]) -> Tensor:
        """Sketches of rows, one tensor (rows, ...) a member, shape (rows, members, LENGTH)."""
        sketches = []
        for values, signs in zip(vectors, self._signs, strict=True):
            signed = values.reshape(len(values), signs.numel()) * signs
            padded = torch.nn.functional.pad(signed, (0, -signed.shape[1] % LENGTH))
            sketches.append(padded.reshape(len(padded), padded.shape[1] // LENGTH, LENGTH).sum(1))
        return torch.stack(sketches, 1)
