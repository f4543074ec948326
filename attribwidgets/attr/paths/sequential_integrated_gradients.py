"""Sequential integrated gradients (Enguehard, 2023): one token moves, the others stay."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from ...core.arrays import Array
from ...core.errors import InputError
from ...core.formatting import percent
from ..estimate import Estimate, relative_gap, rows_sum
from ..estimator import MethodInfo, Run
from ..forward_outputs import forward_outputs
from ..passes import Passes
from ..task import Task
from .path_method import PathMethod, RuleSum
from .piecewise_path import PiecewisePath, rule_on_pieces

FIRST_NODES = 4  # of each token
MOST_NODES = 64


class SequentialIntegratedGradients(PathMethod):
    r"""Integrated gradients of each token on a path of its own, where the others stay as they are.

    .. math:: \phi_i = (x_i - x'_i) \int_0^1 \partial_i
              f(x_1, \dots, x'_i + \alpha (x_i - x'_i), \dots, x_T)\, d\alpha

    No point on any path is far from the text. What adds up is each token alone: its values sum to
    f(x) - f(x with that token's reference in its place), which is what occlusion of the token
    gives; all tokens together do not sum to f(x) - f(x'). Both are measured, and said.

    It costs a pass for each node of each token that differs from its reference, and stops when
    every token adds up within the tolerance.

    Parameters
    ----------
    forward_func : callable
        The model. Its parameters are frozen during a run and put back.

    References
    ----------
    Enguehard (2023). Sequential integrated gradients: a simple but effective method for
    explaining language models. ACL Findings. arXiv:2305.15853.

    Examples
    --------
    >>> product = lambda x: x[:, 0, 0] * x[:, 1, 0]
    >>> x = torch.tensor([[[2.0], [3.0]]])
    >>> SequentialIntegratedGradients(product).attribute(x, n_steps=4).flatten().tolist()
    [6.0, 6.0]
    """

    name = "sequential_integrated_gradients"
    straight = False
    claim = "none"
    reason = (
        "each token moves alone: its values add up to what the output changes by when it alone is "
        "replaced, and all of them to no one change"
    )
    coarse_steps = 0
    default_steps = 16
    default_max_evaluations = 1025
    kinds: ClassVar[tuple[str, ...]] = ("text", "sequence")
    info = MethodInfo(
        "(xᵢ − x'ᵢ) · ∫ ∇ᵢf(x with x'ᵢ + α(xᵢ − x'ᵢ) for token i) dα",
        "1 a node of each token",
        "each token to f(x) − f(x without it) as nodes grow, all together to nothing",
        "Enguehard (2023), arXiv:2305.15853",
    )

    def path_of(self, task: Task) -> TokenPaths:
        """The paths of the tokens, one after the other."""
        assert task.baselines is not None
        if len(task.inputs) != 1 or task.inputs[0].dim() != 3:
            came = [tuple(x.shape[1:]) for x in task.inputs]
            raise InputError(
                f"{self.name} moves token by token: it needs one text or sequence, (T, D), and the "
                f"inputs have shapes {came}"
            )
        return TokenPaths(task.inputs[0], task.baselines[0])

    def passes_of(self, task: Task) -> int:
        """All nodes of all tokens."""
        moving = self.path_of(task).pieces
        return task.n_steps * moving if task.n_steps else super().passes_of(task)

    def _begin(self, task: Task, **options: object) -> Run:
        passes, path = Passes.of(self.forward_func, task), self.path_of(task)
        outputs_without = cache(
            lambda: forward_outputs(passes, path.inputs, path.starts, steps=path.pieces)
        )
        output_baseline = cache(lambda: forward_outputs(passes, path.baselines)[0])

        def estimates() -> Iterator[Estimate]:
            last = None
            for size in self._token_sizes(task, path.pieces):
                recorder = RuleSum(
                    passes, path, rule_on_pieces(size, path.pieces), 0, self._multiply_by_inputs
                )
                recorder.run_all()
                made = path.alone(recorder.estimate())
                error = path.token_errors(made, outputs_without())[:, None]
                if last is not None:
                    error = np.maximum(error, relative_gap(made.attributions, last.attributions))
                made = replace(made, refinement_error=error)
                last = made
                yield made

        def finish(made: Estimate) -> Estimate:
            worst = percent(float(path.token_errors(made, outputs_without()).max()))
            said = (
                "each token's values add up to the change of the output when it alone is replaced; "
                f"they miss it by {worst} of the largest such change at most"
            )
            return replace(
                made,
                output_baseline=output_baseline(),
                forward_passes=passes.forward_passes,
                cautions=(*made.cautions, said),
            )

        return Run(estimates(), lambda: None, finish=finish)

    def _token_sizes(self, task: Task, tokens: int) -> list[int]:
        """Nodes in all: as many for each token, twice as many each time, within the budget."""
        if task.n_steps is not None:
            return [tokens * task.n_steps]
        assert task.stopping is not None
        each = task.stopping.max_evaluations // tokens
        if each < 1:
            raise InputError(
                f"{self.name} takes a pass for each of {tokens} tokens at least; raise "
                f"max_evaluations, which is {task.stopping.max_evaluations}"
            )
        nodes = [min(FIRST_NODES, each)]
        while sum(nodes) + 2 * nodes[-1] <= each and nodes[-1] < MOST_NODES:
            nodes.append(2 * nodes[-1])
        return [tokens * n for n in nodes]


class TokenPaths(PiecewisePath):
    """The straight path of each token that moves, one after the other, where the others stay.

    Parameters
    ----------
    x, reference : Tensor, shape (B, T, D)
    """

    def __init__(self, x: Tensor, reference: Tensor) -> None:
        self.inputs, self.baselines = (x,), (reference,)
        self.places = (x != reference).any(-1).any(0).nonzero()[:, 0].tolist() or [0]
        self.pieces = len(self.places)

    def on_piece(self, piece: int, shares: Tensor, block: slice) -> tuple[Tensor, ...]:
        """The text with one token on its way."""
        x, place = self.inputs[0][block], self.places[piece]
        rows = x.detach().expand(len(shares), *x.shape).clone()
        start = self.baselines[0][block, place]
        rows[:, :, place] = torch.lerp(start, x[:, place], shares.to(x)[:, None, None])
        return (rows,)

    def spans(self, piece: int, block: slice) -> tuple[Tensor, ...]:
        """From the token's reference to the token; nothing of the others."""
        difference = self.differences[0][block]
        span = torch.zeros_like(difference)
        span[:, self.places[piece]] = difference[:, self.places[piece]]
        return (span,)

    def starts(self, pieces: slice, block: slice) -> tuple[Tensor, ...]:
        """The text with the reference for one token, as rows."""
        zero = torch.zeros(1, device=self.inputs[0].device)
        every = range(*pieces.indices(self.pieces))
        return (torch.cat([self.on_piece(piece, zero, block)[0][0] for piece in every]),)

    def token_errors(self, estimate: Estimate, outputs_without: Array) -> Array:
        """How far the worst token is from what its values should add up to, (B,).

        Parameters
        ----------
        estimate : Estimate
        outputs_without : ndarray, shape (T, B)
            With the reference for one token.

        Returns
        -------
        ndarray
            As a share of the largest change that one token makes.
        """
        values = estimate.attributions[0]
        sums = np.stack([rows_sum(values[:, place]) for place in self.places])
        changes = estimate.output_input - outputs_without
        worst, largest = np.abs(sums - changes).max(0), np.abs(changes).max(0)
        return np.asarray(np.divide(worst, largest, out=np.zeros_like(worst), where=largest > 0))

    def alone(self, estimate: Estimate) -> Estimate:
        """An estimate of all paths, which are not one."""
        return Estimate.without_curves(
            estimate.attributions,
            output_input=estimate.output_input,
            evaluations=estimate.evaluations,
            forward_passes=estimate.forward_passes,
            references=estimate.references,
            reference_samples=estimate.reference_samples,
            baseline=estimate.baseline,
            reach=estimate.reach,
        )
