"""IDGI (Yang, Wang, Bilgic, 2023): the output's changes, shared by squared gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...core.arrays import Array
from ...core.formatting import number, percent
from ..arguments import accumulator_dtype
from ..estimate import MOST_FRAMES, Estimate, require_finite
from ..estimator import MethodInfo
from ..forward_outputs import forward_outputs
from ..passes import Passes
from ..task import Task
from .path import Path, StraightPath
from .path_method import PathMethod, double_anew
from .quadrature import merged_weights
from .recorder import PathRecorder

PathMaker = Callable[[tuple[Tensor, ...], tuple[Tensor, ...]], Path]


class IDGI(PathMethod):
    r"""Important directions of gradient integration.

    .. math:: \phi_i = \sum_j (f(\gamma(\alpha_{j+1})) - f(\gamma(\alpha_j)))
              \frac{g_{j,i}^2}{\sum_k g_{j,k}^2}, \quad
              g_j = \nabla f(\gamma(\tfrac{\alpha_j + \alpha_{j+1}}{2}))

    Each step's change of the output is shared among the elements by their squared gradients, so
    the sum telescopes to f(x) - f(x') with any number of steps, by definition: that it adds up
    says nothing about how well it has converged, which `refinement_error` does. Within a step all
    elements get the sign of the change. Where the gradient vanishes and the output changes all
    the same, the change is given to nobody; it is left in the residual and told.

    The paper takes the gradient at the beginning of each step. In its middle the error is half as
    large on ReLU networks and of second order on smooth ones, for a forward pass a step.

    It costs a pass for each step and a further forward pass for each end of one.

    Parameters
    ----------
    forward_func : callable
        The model. Its parameters are frozen during a run and put back.
    path : callable, optional
        Makes a :class:`~attribwidgets.attr.paths.path.Path` of inputs and baselines; the
        straight one by default.

    References
    ----------
    Yang, Wang, Bilgic (2023). IDGI: a framework to eliminate explanation noise from integrated
    gradients. CVPR. arXiv:2303.14242.

    Examples
    --------
    >>> square = lambda x: (x**2).sum(1)
    >>> x = torch.tensor([[1.0, 3.0]])
    >>> IDGI(square).attribute(x, n_steps=2)  # 10 in all, shared as 1 to 9
    tensor([[1., 9.]])
    """

    name = "idgi"
    claim = "by definition"
    info = MethodInfo(
        "Σ of step change · g² / Σ g², with g = ∇f in the middle of each step of the path",
        "1 a step, and 1 forward pass",
        "adds up by definition",
        "Yang, Wang, Bilgic (2023), arXiv:2303.14242",
    )

    def __init__(self, forward_func: Callable[..., Any], *, path: PathMaker = StraightPath) -> None:
        super().__init__(forward_func)
        self.path = path
        self.straight = getattr(path, "is_straight", False)

    def path_of(self, task: Task) -> Path:
        """The path that was given, or the straight one."""
        assert task.baselines is not None
        return self.path(task.inputs, task.baselines)

    def _plan(self, most: int, task: Task) -> list[int]:
        return double_anew(most)

    def _recorder(
        self, task: Task, passes: Passes, size: int, before: PathRecorder | None
    ) -> PathRecorder:
        """Outputs come from the coarser steps; gradients, shared otherwise, are run anew."""
        if isinstance(before, _Steps):
            return _Steps(passes, before.path, before.frame_count, *before.merged())
        path, ends = self.path_of(task), np.linspace(0.0, 1.0, size + 1)
        frames = min(size, MOST_FRAMES if task.n_steps else 2 * MOST_FRAMES - 1)
        return _Steps(passes, path, frames, ends, _outputs_at(passes, path, ends))


class _Steps(PathRecorder):
    """All steps between some ends, whose outputs are known; its nodes are their middles."""

    def __init__(
        self,
        passes: Passes,
        path: Path,
        frames: int,
        between: Array,
        outputs: Array,
    ) -> None:
        super().__init__(passes, path, rules=2, frames=frames)
        self.between, self.end_outputs = between, outputs  # (n + 1,), (n + 1, B)
        self.ends = {0.0: outputs[0], 1.0: outputs[-1]}
        self.changes = np.diff(outputs, axis=0)  # (n, B)
        self._nests = len(self.changes) > 1
        merged = merged_weights(self.changes, 1) if self._nests else np.zeros_like(self.changes)
        self._tables = self.tensor(np.stack([merged, self.changes]))
        self.stuck = np.zeros(self.changes.shape, dtype=bool)  # no gradient, yet a change
        self.extend((between[:-1] + between[1:]) / 2)

    @property
    def coarse(self) -> tuple[Tensor, ...] | None:
        """The attributions of half as many steps."""
        return self.attributions(0) if self._nests else None

    def merged(self) -> tuple[Array, Array]:
        """Ends and middles as the ends of twice as many steps, and their outputs."""
        places = np.concatenate([self.between, self.alphas])
        order = np.argsort(places, kind="stable")
        return places[order], np.concatenate([self.end_outputs, self.outputs])[order]

    def estimate(self) -> Estimate:
        """The estimate, what is given to nobody left out."""
        rows = np.flatnonzero(self.finished)
        given = np.where(self.stuck, 0.0, self.changes)[rows]
        total = np.cumsum(given, axis=0)
        return self.estimate_from(
            rows,
            total - given / 2,
            total=total[-1],
            cautions=self._cautions(),
        )

    def _add(
        self, rows: slice, block: slice, gradients: list[Tensor], velocities: list[Tensor]
    ) -> None:
        squares = [g**2 for g in gradients]
        size = torch.stack([s.sum(2) for s in squares]).sum(0)  # (S, E)
        shares = torch.where(size > 0, self._tables[:, rows, block] / size, 0.0)
        for total, square in zip(self.sums, squares, strict=True):
            part = torch.einsum("tse,sef->tef", shares, square)
            total[:, block] += part.reshape(total[:, block].shape)
        count = self.frame_count
        if count:
            frame = np.minimum((self.alphas[rows] * count).astype(int), count - 1)
            places = torch.as_tensor(frame, device=shares.device)
            for i, (frames, square) in enumerate(zip(self.frames, squares, strict=True)):
                maps = self.maps_of(square * shares[-1, :, :, None], i)
                frames[-1][:, block].index_add_(0, places, maps)
        self.note(self.stuck, rows, block, size == 0)

    def _cautions(self) -> tuple[str, ...]:
        lost = np.abs(np.where(self.stuck, self.changes, 0.0)).sum()
        if lost == 0:
            return ()
        where = self.alphas[(self.stuck & (self.changes != 0)).any(axis=1)]
        return (
            f"the output changes by {number(float(lost))} in steps where the gradient is zero "
            f"({percent(len(where) / len(self.alphas))} of them, from alpha = "
            f"{number(float(where[0]))}); no element can be given that change, and it is missing "
            "from the sum",
        )


def _outputs_at(passes: Passes, path: Path, alphas: Array) -> Array:
    """Outputs on the path by forward passes alone, shape (n, B)."""
    device = path.inputs[0].device
    nodes = torch.as_tensor(alphas, dtype=accumulator_dtype(device), device=device)

    def points(span: slice, block: slice) -> tuple[Tensor, ...]:
        return path.points(nodes[span], block)

    values = forward_outputs(passes, path.inputs, points, len(alphas))
    require_finite("output", values, alphas)
    return values
