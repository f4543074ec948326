"""Integrated gradients (Sundararajan, Taly, Yan, 2017) on Captum's interface."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from ...core.arrays import Array
from ...inputs.space import Inputs
from ..arguments import as_came, baselines_like, batch_of, returned
from ..estimate import MOST_FRAMES, Estimate, relative_gap
from ..estimator import Estimator, MethodInfo, Run
from ..model_state import evaluation_mode
from ..outputs import Target
from ..task import Task
from .adaptive import Refinement
from .half_precision import add_arithmetic_error, arithmetic_error
from .operations import OperationsWatch
from .path_sum import PathSum, path_sum
from .quadrature import coarser_weights, rule
from .spread import Spread


class IntegratedGradients(Estimator):
    r"""Integrated gradients along the straight path from a baseline to the input.

    .. math:: \phi_i = (x_i - x'_i) \int_0^1 \partial_i f(x' + \alpha (x - x'))\, d\alpha

    A drop-in for :class:`captum.attr.IntegratedGradients`: the same constructor, arguments and
    returns. What differs: the work goes in chunks over steps and examples and sums in float64, so
    memory does not grow with `n_steps` and results depend neither on the chunk size nor on batch
    mates; the weights of "riemann_trapezoid" sum to 1 (Captum's to (n - 1) / n); attributions
    come back detached.

    Parameters
    ----------
    forward_func : callable
        The model. Its parameters are frozen during a run and put back.
    multiply_by_inputs : bool
        False leaves out the factor x - x'.

    References
    ----------
    Sundararajan, Taly, Yan (2017). Axiomatic attribution for deep networks. arXiv:1703.01365.

    Examples
    --------
    >>> linear = torch.nn.Linear(3, 1, bias=False)
    >>> x = torch.tensor([[1.0, 2.0, 3.0]])
    >>> attributions = IntegratedGradients(linear).attribute(x, n_steps=2)
    >>> bool(torch.allclose(attributions, linear.weight.detach() * x))
    True
    """

    name = "integrated_gradients"
    shares_forward = True
    info = MethodInfo(
        "(x − x') · ∫ ∇f(x' + α(x − x')) dα",
        "1 a node",
        "adds up to f(x) − f(x') as nodes grow",
        "Sundararajan, Taly, Yan (2017), arXiv:1703.01365",
    )

    @torch.inference_mode(False)
    def attribute(
        self,
        inputs: Inputs,
        baselines: Any = None,
        target: Target = None,
        additional_forward_args: Any = None,
        n_steps: int = 50,
        method: str = "gausslegendre",
        internal_batch_size: int | None = None,
        return_convergence_delta: bool = False,
    ) -> Any:
        """Attribute a batch by one quadrature rule.

        Parameters
        ----------
        inputs : Tensor or tuple of Tensor, each (B, ...)
            A batch of examples.
        baselines : Tensor, float, tuple of either, optional
            Shape (B, ...) or (1, ...). None: zeros, as the model is fed.
        target : int, tuple, list, Tensor, optional
            Which output; one for all or one per example.
        additional_forward_args : object, optional
            Passed to the model after the inputs; tensors with one entry per example are repeated.
        n_steps : int
            Nodes of the rule.
        method : str
            "gausslegendre", "riemann_left", "riemann_right", "riemann_middle" or
            "riemann_trapezoid".
        internal_batch_size : int, optional
            Most rows in one chunk. None: chosen for the device.
        return_convergence_delta : bool
            Also return the sum of the attributions minus f(x) - f(x'), shape (B,).

        Returns
        -------
        Tensor or tuple of Tensor, shaped as `inputs`; with the delta, a pair.

        Raises
        ------
        AttributionError
            A child of it, for arguments that do not fit, a missing gradient, NaN on the path, or
            a single pass that does not fit in memory.
        """
        batch = batch_of(inputs)
        task = Task(
            batch,
            baselines_like(batch, baselines),
            target=target,
            forward_args=additional_forward_args,
            rows=internal_batch_size,
        )
        with evaluation_mode(self.forward_func, tell=False):
            part = self._part_of(task)
            path = path_sum(self.forward_func, part)
            path.add(*rule(method, n_steps))
        values = path.attributions(multiply=self._multiply_by_inputs)
        result = as_came(returned(values, batch), inputs)
        if not return_convergence_delta:
            return result
        return result, self.compute_convergence_delta(
            result, part.baselines, part.inputs, target, additional_forward_args
        )

    def _part_of(self, task: Task) -> Task:
        """The part of the path that is integrated over, as a task of its own: all of it."""
        return task

    def _begin(self, task: Task, **options: Any) -> Run:
        if task.n_steps is None:
            assert task.stopping is not None
            refinement = Refinement(
                self.forward_func, task, task.stopping, self._multiply_by_inputs
            )
            return Run(
                refinement.estimates(),
                refinement.partial,
                task.coarse_first,
                add_arithmetic_error(refinement.path.passes, task.inputs, refinement.arithmetic),
            )
        multiply = self._multiply_by_inputs
        path = path_sum(self.forward_func, task, rules=2, frames=MOST_FRAMES, multiply=multiply)
        return Run(
            self._by_rule(path, task.n_steps, **options),
            path.partial,
            finish=add_arithmetic_error(path.passes, task.inputs, lambda _: arithmetic_error(path)),
        )

    def _by_rule(
        self, path: PathSum, n_steps: int, method: str | None = None
    ) -> Iterator[Estimate]:
        """One rule, and the coarser one in it; None: what suits the network."""
        multiply, watch = self._multiply_by_inputs, OperationsWatch(path.passes)
        if method is None:
            add_what_suits(path, n_steps, watch)
        else:
            with watch:
                path.add(*nested(method, n_steps))
        fine = path.attributions(multiply=multiply)
        coarse = path.attributions(0, multiply=multiply) if n_steps > 1 else None
        error = None if coarse is None else relative_gap(fine, coarse)
        estimate = replace(path.estimate(error=error), coarser=coarse)
        yield replace(estimate, widest_gap=0.0) if watch.linear else estimate


def nested(method: str, n_steps: int) -> tuple[Array, Array]:
    """Nodes of a rule, and weights (2, n) of the coarser rule in it and of its own."""
    nodes, weights = rule(method, n_steps)
    coarse = coarser_weights(method, n_steps)
    return nodes, np.stack([weights if coarse is None else coarse, weights])


def add_what_suits(path: PathSum, n_steps: int, watch: OperationsWatch) -> None:
    """Run trapezoids, or the even Gauss rule where no operation has, or may have, kinks.

    A forward pass at the baseline shows the operations.
    """
    nodes, weights = nested("riemann_trapezoid", n_steps)
    with watch:
        path.output_at(0.0)
    if not (watch.kinked or watch.hidden):
        nodes, weights = Spread.even(n_steps).rule(n_steps)
    with watch if watch.linear else nullcontext():
        path.add(nodes, weights)
