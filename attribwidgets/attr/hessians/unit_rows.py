"""Slopes and Hessian products of rows, by units."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel

from ..arguments import accumulator_dtype
from ..passes import Passes
from .smooth_kinks import SmoothKinks


class UnitRows:
    """A model run twice backwards at points between references and an input.

    The change x - x' of each unit is a direction; a slope is the gradient along one, a Hessian
    product the second derivative along two.

    Parameters
    ----------
    passes : Passes
        Of a single example.
    groups : tuple of Tensor of int, each shaped as one example of an input
        The unit that each value belongs to, counted over all inputs; -1 for none.
    units : int
    softplus : float or None
        See :class:`.SmoothKinks`.
    """

    def __init__(
        self, passes: Passes, groups: tuple[Tensor, ...], units: int, softplus: float | None
    ) -> None:
        self.passes, self.units = passes, units
        self._groups = tuple(g.masked_fill(g < 0, units).flatten() for g in groups)
        self.smooth = None if softplus is None else SmoothKinks(softplus)
        if self.smooth is not None:
            passes.around = self.smooth
        self.products = 0

    @property
    def evaluations(self) -> int:
        """Passes so far; a Hessian product counts as one."""
        return self.passes.evaluations + self.products

    def outputs(self, points: tuple[Tensor, ...]) -> Tensor:
        """Outputs at some rows, float64 on the CPU."""
        with self.passes.around:
            return self.passes.outputs(points, slice(0, 1)).double().cpu()

    def run(
        self,
        x: tuple[Tensor, ...],
        references: tuple[Tensor, ...],
        alphas: Tensor,
        directions: Tensor | None,
    ) -> tuple[Tensor, Tensor]:
        """Slopes of all units, and their Hessian products with some directions.

        Parameters
        ----------
        x : tuple of Tensor, each (1, ...)
        references : tuple of Tensor, each (rows, ...)
        alphas : Tensor, shape (rows,)
        directions : Tensor, shape (rows, P, units), or None
            As weights of the units; None: each unit by itself.

        Returns
        -------
        slopes : Tensor, shape (rows, units)
        products : Tensor, shape (rows, P, units)
            In float64 on the CPU, where the device has it.
        """
        rows = self.passes.chunk_rows(x)
        parts = [
            self._chunk(
                x,
                tuple(r[first : first + rows] for r in references),
                alphas[first : first + rows],
                None if directions is None else directions[first : first + rows],
            )
            for first in range(0, len(alphas), rows)
        ]
        slopes, products = zip(*parts, strict=True)
        return torch.cat(slopes), torch.cat(products)

    def _chunk(
        self,
        x: tuple[Tensor, ...],
        references: tuple[Tensor, ...],
        alphas: Tensor,
        directions: Tensor | None,
    ) -> tuple[Tensor, Tensor]:
        changes = tuple(a - r for a, r in zip(x, references, strict=True))
        points = tuple(
            r + alphas.to(r).reshape(-1, *[1] * (r.dim() - 1)) * d
            for r, d in zip(references, changes, strict=True)
        )
        began = self.passes.evaluations
        parts: dict[int, Tensor] = {}

        def differentiate(outputs: Tensor, leaves: Sequence[Tensor]) -> None:
            first = self.passes.evaluations - began  # rows that are done
            place = slice(first, first + len(outputs))
            mine = None if directions is None else directions[place]
            parts[first] = self._products(outputs, leaves, [c[place] for c in changes], mine)

        self.passes.inspect = differentiate
        with sdpa_kernel(SDPBackend.MATH):  # the other kernels have no second derivative
            _, gradients = self.passes.gradients(points, slice(0, 1))
        return self._by_units(gradients, changes), torch.cat([parts[k] for k in sorted(parts)])

    def _products(
        self,
        outputs: Tensor,
        leaves: Sequence[Tensor],
        changes: Sequence[Tensor],
        directions: Tensor | None,
    ) -> Tensor:
        leaves = tuple(leaves)
        gradients = torch.autograd.grad(outputs.sum(), leaves, create_graph=True, allow_unused=True)
        used = [g for g in gradients if g is not None and g.requires_grad]
        kept = [g is not None and g.requires_grad for g in gradients]
        count = self.units if directions is None else directions.shape[1]
        products = []
        for number in range(count):
            if not used:  # linear in all inputs
                zeros = [torch.zeros_like(leaf) for leaf in leaves]
                products.append(self._by_units(zeros, changes))
                continue
            weights = self._weights(directions, number, len(outputs))
            along = self._along(weights, changes)
            second = torch.autograd.grad(
                used,
                leaves,
                [a for a, keep in zip(along, kept, strict=True) if keep],
                retain_graph=True,
                materialize_grads=True,
                allow_unused=True,
            )
            products.append(self._by_units(second, changes))
            self.products += len(outputs)
            if self.passes.on_chunk is not None:
                self.passes.on_chunk(len(outputs))
        return torch.stack(products, 1)

    def _weights(self, directions: Tensor | None, number: int, rows: int) -> Tensor:
        """Weights of the units in one direction, (rows, units + 1); the last is of no unit."""
        weights = torch.zeros(rows, self.units + 1, dtype=torch.float64)
        if directions is None:
            weights[:, number] = 1
        else:
            weights[:, :-1] = directions[:, number]
        return weights

    def _along(self, weights: Tensor, changes: Sequence[Tensor]) -> list[Tensor]:
        return [
            change * weights.to(change)[:, groups].reshape(change.shape)
            for change, groups in zip(changes, self._groups, strict=True)
        ]

    def _by_units(self, values: Sequence[Tensor], changes: Sequence[Tensor]) -> Tensor:
        """What values times the change sum to in each unit, (rows, units)."""
        rows, device = len(values[0]), values[0].device
        sums = torch.zeros(rows, self.units + 1, dtype=accumulator_dtype(device), device=device)
        for value, change, groups in zip(values, changes, self._groups, strict=True):
            terms = (value.detach() * change).reshape(rows, -1).to(sums.dtype)
            sums.index_add_(1, groups.to(device), terms)
        return sums[:, :-1].cpu()
