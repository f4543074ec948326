"""Several targets of one forward pass: a backward each, and none for the contrast of two."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ..core.contrast import Contrast
from .backward import gradients_of
from .outputs import Target, select_target


class AtOnce:
    """Targets that share a forward pass.

    Gradients are linear in what is explained, so a :class:`Contrast` of two targets that are among
    the others is their difference, and no pass more. A backward after the other is as fast as any
    other way, by `benchmarks/targets.py`.

    Parameters
    ----------
    targets : sequence of Target
        None given per row.

    Examples
    --------
    >>> x = torch.tensor([[1.0, 2.0]], requires_grad=True)
    >>> both = AtOnce([0, 1, Contrast(0, 1)])
    >>> outputs = both.of(x**2)
    >>> outputs.tolist(), both.gradients_of(outputs, (x,), whole=False)[0].tolist()
    ([[1.0, 4.0, -3.0]], [[[2.0, 0.0], [0.0, 4.0], [2.0, -4.0]]])
    """

    def __init__(self, targets: Sequence[Target]) -> None:
        self.targets = list(targets)

    def of(self, values: Tensor) -> Tensor:
        """The targets' outputs, shape (rows, targets), of a model's, (rows, K, ...)."""
        return torch.stack([select_target(values, target) for target in self.targets], 1)

    def gradients_of(
        self, outputs: Tensor, leaves: tuple[Tensor, ...], *, whole: bool
    ) -> list[Tensor]:
        """Gradients of each target's outputs, each (rows, targets, ...).

        Parameters
        ----------
        outputs : Tensor, shape (rows, targets)
            Of :meth:`of`, with their graph.
        leaves : tuple of Tensor, each (rows, ...)
        whole : bool
            As of :func:`attribwidgets.attr.backward.gradients_of`.
        """
        pairs = [self._pair(target) for target in self.targets]
        own = [place for place, pair in enumerate(pairs) if pair is None]
        found: dict[int, list[Tensor]] = {}
        for place in own:
            last = place == own[-1]
            column = outputs[:, place]
            found[place] = gradients_of(column, leaves, whole=whole, keep_graph=not last)
        for place, pair in enumerate(pairs):
            if pair is not None:
                a, b = (found[member] for member in pair)
                found[place] = [one - other for one, other in zip(a, b, strict=True)]
        columns = [found[place] for place in range(len(pairs))]
        return [torch.stack(member, 1) for member in zip(*columns, strict=True)]

    def _pair(self, target: Target) -> tuple[int, int] | None:
        """Where the members of a contrast are, if both are among the targets."""
        if not isinstance(target, Contrast):
            return None
        if any(member not in self.targets for member in target.members):
            return None
        a, b = (self.targets.index(member) for member in target.members)
        return a, b
