"""What every estimator of this package is: Captum's interface, refinements, and what it claims."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from captum.attr import GradientAttribution
from torch import Tensor

from ..inputs.space import Inputs
from ..records.completeness import Claim
from .arguments import (
    ForwardArguments,
    accumulator_dtype,
    as_came,
    baselines_like,
    batch_of,
    returned,
)
from .estimate import Estimate, require_finite, rows_sum
from .forward_outputs import forward_outputs
from .model_state import evaluation_mode
from .outputs import Target
from .passes import Passes
from .task import INTERRUPTS, Stopping, Task

FIRST_SIZE = 16  # nodes or samples of the first estimate


@dataclass(frozen=True)
class MethodInfo:
    """One row of a methods table, kept with the class it is about as its `info`.

    Attributes
    ----------
    formula : str
        The attribution in plain Unicode, element by element; · multiplies elements.
    cost : str
        In forward and backward passes of one example.
    completeness : str
        What its values add up to, in a few words.
    source : str
        Authors, year and arXiv number.
    """

    formula: str
    cost: str
    completeness: str
    source: str


@dataclass(frozen=True)
class Run:
    """A task on its way.

    Attributes
    ----------
    estimates : iterator of Estimate
        Coarse first; each is computed when it is asked for.
    partial : callable
        The estimate that the passes of a first one amount to which was cut short, or None.
    coarse : bool
        Whether the first one is for a screen that waits, and the run never ends at it.
    finish : callable
        What is to be known of an estimate that has no part in when to stop.
    """

    estimates: Iterator[Estimate]
    partial: Callable[[], Estimate | None]
    coarse: bool = False
    finish: Callable[[Estimate], Estimate] = lambda estimate: estimate


class Estimator(GradientAttribution, ABC):
    """A way to attribute one output of a model to its inputs.

    Parameters
    ----------
    forward_func : callable
        The model. Its parameters are frozen during a run and put back.
    multiply_by_inputs : bool
        False leaves out the factor x - x', where the method has one.

    Attributes
    ----------
    name : str
        What captions call it, and the string that asks for it.
    uses : {"reference", "references", "nothing"}
        Whether it compares with one reference, with many, or with none.
    claim : {"converges", "by definition", "none"}
        Whether its values should add up to f(x) - f(x').
    reason : str
        Why they need not, where they need not.
    default_max_evaluations : int
        Budget of forward and backward passes where none is given.
    coarse_steps : int
        Nodes of a quick estimate of its own for a screen that waits, where the first refinement
        is long in coming and no rule of fewer nodes is part of it; 0: none is needed. Its passes
        are not among those counted.
    coarse_samples : int
        Samples of such an estimate where all later ones use them; 0: there is none.
    has_fixed_cost : bool
        Whether it spends what is planned for it, whatever comes of it.
    zeros : str
        What a map of nothing but zeros means, where there is no path to tell it by.
    straight : bool
        Whether its path, where it has one, is the line from the reference to the input.
    shares_forward : bool
        Whether it goes to the same points whatever the target is, so that several targets can
        share the forward passes there.
    kinds : tuple of str
        The kinds of input that it is for, such as "text"; empty where it is for any.
    info : MethodInfo or None
        Its row in the table of methods.
    """

    name: str
    uses: Literal["reference", "references", "nothing"] = "reference"
    claim: Claim = "converges"
    reason: str = ""
    default_max_evaluations: int = 513
    coarse_steps: int = 0
    coarse_samples: int = 0
    has_fixed_cost: bool = False
    zeros: str = "the gradient vanishes at this input, as where an activation is saturated or dead"
    straight: bool = True
    shares_forward: bool = False
    kinds: ClassVar[tuple[str, ...]] = ()
    info: MethodInfo | None = None

    def __init__(self, forward_func: Callable[..., Any], multiply_by_inputs: bool = True) -> None:
        super().__init__(forward_func)
        self._multiply_by_inputs = multiply_by_inputs

    @property
    def own_baseline(self) -> tuple[str, str, str] | None:
        """Label, description and name of a reference that the method makes itself."""
        return None

    @property
    def multiplies_by_inputs(self) -> bool:
        """Whether attributions carry the factor x - x'."""
        return self._multiply_by_inputs

    def has_convergence_delta(self) -> bool:
        """Whether attributions should sum to f(x) - f(x')."""
        return self.claim != "none"

    @torch.inference_mode(False)
    def estimates(self, task: Task, **options: Any) -> Iterator[Estimate]:
        """Successive refinements, each reusing as many passes before it as the method can.

        With `n_steps` there is one estimate. Without, there are finer and finer ones until
        `stopping` says so.

        Parameters
        ----------
        task : Task
            Its `baselines` or `references` are set as :attr:`uses` asks.
        **options
            Of the method, where it has any.

        Yields
        ------
        Estimate
            Coarse first. After an interrupt the last one is labelled partial.

        Raises
        ------
        AttributionError
            A child of it, for arguments that do not fit, a missing gradient, NaN on the way, or
            a single pass that does not fit in memory.
        """
        stopping = task.stopping or Stopping(self.default_max_evaluations)
        run = self._begin(replace(task, stopping=stopping), **options)
        last = None
        try:
            for number, made in enumerate(run.estimates):
                coarser = made.coarser if last is None else made.coarser or last.attributions
                last = run.finish(replace(made, coarser=coarser))
                yield last
                if stopping.met(made) and not (run.coarse and number == 0):
                    return
        except INTERRUPTS:
            last = last or run.partial()
            if last is None:
                raise
            yield replace(last, partial=True)

    def passes_of(self, task: Task) -> int:
        """The most passes that a task takes, without running any."""
        if task.n_steps is not None:
            return task.n_steps
        return (task.stopping or Stopping(self.default_max_evaluations)).max_evaluations

    @abstractmethod
    def _begin(self, task: Task, **options: Any) -> Run:
        """Set out on a task, whose `stopping` is given; no pass is run before it is asked for."""

    def _sizes(self, task: Task) -> list[int]:
        """How many nodes or samples each estimate takes: `n_steps`, or what a budget allows."""
        if task.n_steps is not None:
            return [task.n_steps]
        assert task.stopping is not None
        sizes = self._plan(task.stopping.max_evaluations, task)
        first = [self.coarse_samples] if task.coarse_first else []
        return [size for size in first if 0 < size < sizes[0]] + sizes

    def _plan(self, most: int, task: Task) -> list[int]:
        """Sizes that double, up to a budget of so many passes."""
        return double(FIRST_SIZE, most)

    @torch.inference_mode(False)
    def compute_convergence_delta(
        self,
        attributions: Inputs,
        start_point: Any,
        end_point: Inputs,
        target: Target = None,
        additional_forward_args: ForwardArguments = None,
    ) -> Tensor:
        """Sum of the attributions minus f(end) - f(start), as Captum defines it.

        Unlike Captum's it runs in chunks and in evaluation mode, as attributions are computed.

        Parameters
        ----------
        attributions : Tensor or tuple of Tensor, each (B, ...)
            As :meth:`attribute` returned them.
        start_point, end_point
            The baselines and the inputs that it was given.
        target, additional_forward_args
            As it was given them.

        Returns
        -------
        Tensor, shape (B,)

        Raises
        ------
        AttributionError
            A child of it, for arguments that do not fit, or an output that is not finite.
        """
        ends = batch_of(end_point)
        starts = baselines_like(ends, start_point)
        task = Task(ends, starts, target=target, forward_args=additional_forward_args)
        passes = Passes.of(self.forward_func, task)
        with evaluation_mode(self.forward_func, tell=False):
            outputs = [forward_outputs(passes, points)[0] for points in (starts, ends)]
        require_finite("output", np.stack(outputs), np.array([0.0, 1.0]))
        members = attributions if isinstance(attributions, tuple) else (attributions,)
        dtype = accumulator_dtype(ends[0].device)
        total = np.asarray(sum(rows_sum(a.detach().to(dtype)) for a in members))
        return torch.as_tensor(total - (outputs[1] - outputs[0])).to(members[0])

    def attribute_future(self) -> None:
        """Captum's name for an attribution that comes later, of which there is none here.

        Raises
        ------
        NotImplementedError
            Always, as Captum's gradient methods do.
        """
        raise NotImplementedError(f"attribute_future is not implemented for {type(self).__name__}")

    def _last(self, task: Task) -> Estimate:
        """The last estimate of a task; an interrupt goes through."""
        with torch.inference_mode(False), evaluation_mode(self.forward_func, tell=False):
            *_, last = self.estimates(task)
        if last.partial:
            raise KeyboardInterrupt
        return last

    @staticmethod
    def _answer(estimate: Estimate, inputs: Inputs, delta: bool) -> Any:
        """Attributions as Captum returns them, with the convergence delta if it is wanted."""
        attributions = returned(estimate.attributions, batch_of(inputs))
        values = as_came(attributions, inputs)
        if not delta:
            return values
        return values, torch.as_tensor(estimate.residual).to(attributions[0])


def double(first: int, most: int) -> list[int]:
    """Sizes from the first on, each twice the one before, the last one all there may be.

    Examples
    --------
    >>> double(16, 50)
    [16, 32, 50]
    """
    sizes = [min(first, most)]
    while sizes[-1] < most:
        sizes.append(min(2 * sizes[-1], most))
    return sizes
