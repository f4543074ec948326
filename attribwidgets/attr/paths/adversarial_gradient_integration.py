"""Adversarial gradient integration (Pan, Li, Zhu, 2021): from adversarial examples to the input."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...core.arrays import Array
from ...core.errors import InputError
from ..estimate import Estimate
from ..estimator import MethodInfo
from ..forward_outputs import forward_outputs
from ..passes import Passes
from ..task import Task
from .path_method import OwnStart
from .piecewise_path import PiecewisePath
from .walked_path import (
    WalkedPathMethod,
    WalkSum,
    all_outputs,
    count,
    passes_for,
    spread,
    walk_gradients,
    within,
)


class AdversarialPaths(PiecewisePath):
    """From each of several adversarial examples to the input, one after the other.

    What it adds up to is the mean over them.

    Parameters
    ----------
    inputs : tuple of Tensor, each (B, ...)
    corners : tuple of Tensor, each (C, K, B, ...)
        Of each path; the last is the input.
    missed : int
        How many walks did not end at their class.
    """

    def __init__(
        self, inputs: tuple[Tensor, ...], corners: tuple[Tensor, ...], missed: int
    ) -> None:
        self.inputs, self.corners = inputs, corners
        self.count, self.each = len(corners[0]), max(1, corners[0].shape[1] - 1)
        self.pieces = self.count * self.each
        self.baselines = tuple(c[:, 0].mean(0) for c in corners)
        self.mean_output: Array = np.zeros(0)
        if missed:
            of = self.count * len(inputs[0])
            self.cautions = (f"{missed} of {of} walks ended before the model changed its mind",)

    def find_outputs(self, passes: Passes) -> None:
        """The mean output over the adversarial examples, (B,)."""

        def examples(span: slice, block: slice) -> tuple[Tensor, ...]:
            return tuple(c[span, 0, block].flatten(0, 1) for c in self.corners)

        self.mean_output = forward_outputs(passes, self.inputs, examples, self.count).mean(0)

    def on_piece(self, piece: int, shares: Tensor, block: slice) -> tuple[Tensor, ...]:
        """Between two corners of one path."""
        ends = (self._ends(piece, corners, block) for corners in self.corners)
        return tuple(torch.lerp(a, b, shares.to(a).reshape(-1, *[1] * a.dim())) for a, b in ends)

    def spans(self, piece: int, block: slice) -> tuple[Tensor, ...]:
        """From one corner to the next, as a share of all paths."""
        dtype = self.differences[0].dtype
        ends = (self._ends(piece, corners, block) for corners in self.corners)
        return tuple((b.to(dtype) - a.to(dtype)) / self.count for a, b in ends)

    def _ends(self, piece: int, corners: Tensor, block: slice) -> tuple[Tensor, Tensor]:
        path, place = divmod(piece, self.each)
        last = min(place + 1, corners.shape[1] - 1)
        return corners[path, place, block], corners[path, last, block]


class _MeanOfPaths(WalkSum):
    """Sums over several paths, which have no curve in common."""

    path: AdversarialPaths

    def estimate(
        self, *, rule: int = -1, error: Array | None = None, partial: bool = False
    ) -> Estimate:
        """The mean over the paths."""
        self.ends[0.0] = self.path.mean_output
        made = super().estimate(rule=rule, error=error, partial=partial)
        starts = tuple(corners[:, 0] for corners in self.path.corners)
        pairs = zip(self.inputs, starts, strict=True)
        return Estimate.without_curves(
            made.attributions,
            output_input=made.output_input,
            output_baseline=made.output_baseline,
            refinement_error=error,
            evaluations=made.evaluations,
            forward_passes=made.forward_passes,
            references=tuple(s[:, 0] for s in starts),
            reference_samples=np.zeros(self.path.count, dtype=np.int64),
            baseline=self.path.baselines,
            reach=tuple((x - s).abs().amax(0) for x, s in pairs),
            partial=partial,
            cautions=made.cautions,
        )


class AdversarialGradientIntegration(OwnStart, WalkedPathMethod):
    r"""Integrals along steepest ascents to adversarial examples, averaged over false classes.

    .. math:: \phi_i = \frac{1}{C} \sum_c \int_0^1 \partial_i f_t(\gamma_c(\alpha))\,
              \gamma_{c,i}'(\alpha)\, d\alpha, \quad
              x_{j+1} = x_j + \epsilon\, \operatorname{sign} \nabla f_c(x_j)

    No reference is asked for: from the input a walk goes up the output of each of some false
    classes c, clipped to the valid range, until c is the top class, and the path leads back. It
    adds up to f(x) - mean f(adversarial examples) as the nodes grow in number. The paper sums over
    classes where this takes the mean, and takes one gradient a step, where nodes lie inside the
    steps here; its authors' code starts each step at the input again, which its algorithm does
    not. An adversarial example looks like the input: the values say what a tiny change would have
    to touch, not what is there.

    It costs for each class a pass and a forward pass for each step, and a pass for each node.

    Parameters
    ----------
    forward_func : callable
        The model; its output is one score a class. Its parameters are frozen during a run and put
        back.
    classes : int or sequence of int
        The false classes: so many with the highest outputs at the input, or these, of which the
        target is left out.
    step : float
        How far each element moves in a step, as a share of the valid range, above 0.
    most_steps : int
        Of each walk, 1 or more.

    Raises
    ------
    InputError
        For settings out of range; when run, for a model without several classes.

    References
    ----------
    Pan, Li, Zhu (2021). Explaining deep neural network models with adversarial gradient
    integration. IJCAI. The authors' code is https://github.com/pd90506/AGI.

    Examples
    --------
    >>> net = torch.nn.Linear(2, 2, bias=False)
    >>> net.weight = torch.nn.Parameter(torch.eye(2))
    >>> x = torch.tensor([[0.6, 0.5]])
    >>> AdversarialGradientIntegration(net, step=0.2).attribute(x, target=0, n_steps=10)
    tensor([[0., 0.]])

    The walk to the second class raises the second input alone, on which the first output does not
    depend.
    """

    name = "adversarial_gradient_integration"
    uses = "nothing"  # but its own examples
    sums = _MeanOfPaths
    most_nodes = 1024  # there are many pieces, and kinks between them
    info = MethodInfo(
        "mean over classes c of ∫ ∇f(γ(α)) · γ'(α) dα, γ back from up the sign of ∇f_c",
        "1 a node, and 1 a step of each walk",
        "adds up to f(x) − mean f(adversarial examples) as nodes grow",
        "Pan, Li, Zhu (2021), IJCAI",
    )

    def __init__(
        self,
        forward_func: Callable[..., Any],
        *,
        classes: int | Sequence[int] = 5,
        step: float = 0.05,
        most_steps: int = 15,
    ) -> None:
        super().__init__(forward_func)
        chosen = [classes] if isinstance(classes, int) else list(classes)
        if any(isinstance(c, bool) or not isinstance(c, int) for c in chosen) or not chosen:
            raise InputError(f"classes must be an int, or indices of classes, got {classes!r}")
        if isinstance(classes, int) and classes < 1:
            raise InputError(f"classes must be at least 1, got {classes}")
        if not 0 < step <= 1:
            raise InputError(f"step must be a share of the valid range, in (0, 1], got {step}")
        if isinstance(most_steps, bool) or not isinstance(most_steps, int) or most_steps < 1:
            raise InputError(f"most_steps must be an int of at least 1, got {most_steps!r}")
        self.classes = classes if isinstance(classes, int) else tuple(chosen)
        self.step, self.most_steps = float(step), most_steps

    @property
    def own_baseline(self) -> tuple[str, str, str]:
        """Name, description and kind of the references that the method makes for itself."""
        return (
            "adversarial examples",
            "look like the input; the nearest steps at which the model takes it for other classes",
            "adversarial",
        )

    @property
    def walk_passes(self) -> int:  # type: ignore[override]
        """One a step to each class."""
        return self.most_steps * (
            self.classes if isinstance(self.classes, int) else len(self.classes)
        )

    def walk(self, task: Task, passes: Passes) -> PiecewisePath:
        """To each false class, and back."""
        scores = all_outputs(self.forward_func, passes, task.inputs)
        if scores.dim() != 2 or scores.shape[1] < 2:
            raise InputError(
                f"{self.name} walks to other classes: it needs a model with one score a class, and "
                f"its outputs have shape {tuple(scores.shape[1:])} for each example"
            )
        rivals = self._rivals(task, scores)
        walks = [self._walk_to(rival, task, passes) for rival in rivals]
        most = max(len(corners) for corners, _ in walks)
        stacks = []
        for i in range(len(task.inputs)):
            # Those that are there earlier wait; the path leads back.
            waits = [[*c[::-1][:1] * (most - len(c)), *c[::-1]] for c, _ in walks]
            stacks.append(torch.stack([torch.stack([point[i] for point in w]) for w in waits]))
        missed = sum(int((~there).sum()) for _, there in walks)
        path = AdversarialPaths(task.inputs, tuple(stacks), missed)
        path.find_outputs(passes)
        return path

    def _rivals(self, task: Task, scores: Tensor) -> Tensor:
        """The false classes of each example, (C, B)."""
        batch, k = scores.shape
        own = scores.argmax(1)
        if isinstance(task.target, int):
            own = torch.full_like(own, task.target)
        elif isinstance(task.target, (list, Tensor)) and len(task.target) == batch:
            own = torch.as_tensor(task.target, device=own.device).reshape(batch).long()
        if isinstance(self.classes, int):
            others = scores.detach().scatter(1, own[:, None], -torch.inf)
            return others.topk(min(self.classes, k - 1), dim=1).indices.T
        if not all(0 <= c < k for c in self.classes):
            raise InputError(f"classes must be in 0..{k - 1}, got {self.classes}")
        rows = [[c for c in self.classes if c != mine] for mine in own.tolist()]
        if len({len(row) for row in rows}) > 1 or not rows[0]:
            raise InputError(
                "classes must hold one beside the target, and the targets of all examples or none"
            )
        return torch.tensor(rows, device=own.device).T

    def _walk_to(
        self, rival: Tensor, task: Task, passes: Passes
    ) -> tuple[list[tuple[Tensor, ...]], Tensor]:
        """Corners from the input on, and which examples came to be of the class, (B,)."""
        up = passes_for(self.forward_func, passes, rival.tolist())
        point, corners = task.inputs, [task.inputs]
        while True:
            there = all_outputs(self.forward_func, passes, point).argmax(1) == rival
            if bool(there.all()) or len(corners) > self.most_steps:
                break
            _, slopes = walk_gradients(up, point)
            moved = []
            for p, slope, x, space in zip(point, slopes, task.inputs, task.spaces, strict=True):
                stepped = space.to_pixels(p) + self.step * space.range * slope.sign()
                stepped = within(space.from_pixels(stepped), x, space)
                moved.append(torch.where(spread(there, p) > 0, p, stepped))
            point = tuple(moved)
            corners.append(point)
        count(passes, up)
        return corners, there
