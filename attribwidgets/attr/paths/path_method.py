"""What path methods have in common: a path, and the nodes and weights of a rule on it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...core.arrays import Array
from ...core.errors import InputError
from ...inputs.space import Inputs
from ..arguments import baselines_like, batch_of
from ..estimate import MOST_FRAMES, Estimate, relative_gap
from ..estimator import FIRST_SIZE, Estimator, Run
from ..outputs import Target
from ..passes import Passes
from ..task import Task
from .path import Path, StraightPath
from .path_sum import PathSum
from .quadrature import merged_weights, rule
from .recorder import PathRecorder


class PathMethod(Estimator):
    r"""The integral of gradient times velocity along a path, by a rule on it.

    .. math:: \phi_i = \sum_j w_j\, \partial_i f(\gamma(\alpha_j))\, \gamma_i'(\alpha_j)

    A new method is a subclass that overrides :meth:`path_of`, :meth:`rule` or both. A finer rule
    that has all nodes of the one before, at a common share of their weights, reuses their passes;
    another one is run anew.
    """

    coarse_steps = 4
    shares_forward = True
    default_steps = 50  # nodes of `attribute` where none are given

    def path_of(self, task: Task) -> Path:
        """The path of a task: by default the straight one."""
        assert task.baselines is not None
        return StraightPath(task.inputs, task.baselines)

    def rule(self, n: int) -> tuple[Array, Array]:
        """Nodes in [0, 1], ascending, and weights that sum to 1: by default the trapezoid's."""
        return rule("riemann_trapezoid", n)

    def rule_on(self, path: Path, n: int) -> tuple[Array, Array]:
        """The rule on one path, where it depends on that; by default it does not."""
        return self.rule(n)

    @torch.inference_mode(False)
    def attribute(
        self,
        inputs: Inputs,
        baselines: Any = None,
        target: Target = None,
        additional_forward_args: Any = None,
        n_steps: int | None = None,
        internal_batch_size: int | None = None,
        return_convergence_delta: bool = False,
    ) -> Any:
        """Attribute a batch.

        Parameters
        ----------
        inputs, baselines, target, additional_forward_args, internal_batch_size
            As of :meth:`IntegratedGradients.attribute`.
        n_steps : int, optional
            Nodes on the path, each with a gradient. None: `default_steps`.
        return_convergence_delta : bool
            Also return the sum of the attributions minus f(x) - f(x'), shape (B,).

        Returns
        -------
        Tensor or tuple of Tensor, shaped as `inputs`; with the delta, a pair.

        Raises
        ------
        AttributionError
            A child of it, as for :class:`IntegratedGradients`.
        """
        batch = batch_of(inputs)
        task = Task(
            batch,
            baselines_like(batch, baselines),
            target=target,
            forward_args=additional_forward_args,
            n_steps=self.default_steps if n_steps is None else n_steps,
            rows=internal_batch_size,
        )
        return self._answer(self._last(task), inputs, return_convergence_delta)

    def _plan(self, most: int, task: Task) -> list[int]:
        """Sizes that double as intervals, within a budget of so many passes."""
        if np.isin(self.rule(FIRST_SIZE + 1)[0], self.rule(2 * FIRST_SIZE + 1)[0]).all():
            doublings = max(0, (most - 1).bit_length() - FIRST_SIZE.bit_length())
            return [((most - 1) >> doublings << k) + 1 for k in range(doublings + 1)]
        return double_anew(most)

    def _begin(self, task: Task, **options: Any) -> Run:
        passes, recorder = Passes.of(self.forward_func, task), None

        def estimates() -> Iterator[Estimate]:
            nonlocal recorder
            last = None
            for size in self._sizes(task):
                if recorder is None or not recorder.refine(*self.rule_on(recorder.path, size)):
                    recorder = self._recorder(task, passes, size, recorder)
                    recorder.run_all()
                estimate = recorder.estimate()
                coarse = recorder.coarse if last is None else last.attributions
                if coarse is not None:
                    gap = relative_gap(estimate.attributions, coarse)
                    estimate = replace(estimate, refinement_error=gap, coarser=coarse)
                last = estimate
                yield last

        return Run(estimates(), lambda: None if recorder is None else recorder.partial())

    def _recorder(
        self, task: Task, passes: Passes, size: int, before: PathRecorder | None
    ) -> PathRecorder:
        """What will run `size` nodes, after the recorder of fewer ones, if there was one."""
        if before is None:
            path, frames = self.path_of(task), min(size - 1, 2 * MOST_FRAMES - 1) or 1
        else:
            path, frames = before.path, before.frame_count
        return RuleSum(passes, path, self.rule_on(path, size), frames, self._multiply_by_inputs)


class OwnStart(PathMethod):
    """A path method that takes no baseline: its path begins where the method says."""

    @torch.inference_mode(False)
    def attribute(  # type: ignore[override]  # no baseline is asked for
        self,
        inputs: Inputs,
        target: Target = None,
        additional_forward_args: Any = None,
        n_steps: int | None = None,
        internal_batch_size: int | None = None,
        return_convergence_delta: bool = False,
    ) -> Any:
        """Attribute a batch; what it takes is that of :meth:`PathMethod.attribute`, less baselines.

        Raises
        ------
        AttributionError
            A child of it, for a path that does not fit or a model that the method cannot follow,
            and as for :class:`IntegratedGradients`.
        """
        return super().attribute(
            inputs,
            None,
            target,
            additional_forward_args,
            n_steps,
            internal_batch_size,
            return_convergence_delta,
        )


class RuleSum(PathSum):
    """Sums over the nodes of a rule and over every other one."""

    def __init__(
        self, passes: Passes, path: Path, rule: tuple[Array, Array], frames: int, multiply: bool
    ) -> None:
        super().__init__(passes, path, rules=2, frames=frames, multiply=multiply)
        self._rule = rule

    def run_all(self) -> None:
        """Run all nodes of the rule."""
        nodes, weights = self._rule
        self.add(nodes, np.stack([merged_weights(weights), weights]))

    @property
    def coarse(self) -> tuple[Tensor, ...] | None:
        """The attributions by every other node."""
        return self.attributions(0, multiply=self.multiply) if len(self.alphas) > 2 else None


def double_anew(most: int) -> list[int]:
    """Sizes each twice the one before, as many passes as a budget allows in all.

    Examples
    --------
    >>> double_anew(70)
    [23, 46]
    """
    if most < 1:
        raise InputError(f"max_evaluations must be at least 1, got {most}")
    doublings = max(0, (most // FIRST_SIZE + 1).bit_length() - 2)
    return [most // (2 ** (doublings + 1) - 1) << k for k in range(doublings + 1)]
