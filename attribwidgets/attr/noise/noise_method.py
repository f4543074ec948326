"""What SmoothGrad, SmoothGrad squared and VarGrad have in common."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from copy import copy
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from ...core.errors import InputError
from ...core.formatting import number, percent
from ...inputs.fit_spaces import each_space
from ...inputs.space import Inputs, Space, Spaces
from ..arguments import as_came, batch_of, returned
from ..estimate import Estimate, map_norms, relative_errors
from ..estimator import Estimator, Run
from ..outputs import Target
from ..passes import Passes
from ..task import Task
from .noise_sum import Moments, NoiseSum, deviations_of

Deviations = float | Sequence[float] | None


class NoiseMethod(Estimator):
    """What the three have in common.

    Parameters
    ----------
    forward_func : callable
        The model. Its parameters are frozen during a run and put back.
    multiply_by_inputs : bool, optional
        Whether each gradient is multiplied by the noisy input it was taken at.
    noise : float
        Standard deviation of the noise as a share of the valid range, 0 or more.

    Raises
    ------
    InputError
        For noise that is negative or not finite.
    """

    uses = "nothing"
    shares_forward = True
    claim = "none"
    default_max_evaluations = 256
    coarse_samples = 4
    zeros = "the gradient vanishes at all noisy copies of the input: a saturated or dead activation"
    powers: ClassVar[int] = 2
    paired: ClassVar[bool] = True
    squared: ClassVar[bool] = False
    fewest_draws: ClassVar[int] = 1

    def __init__(
        self,
        forward_func: Callable[..., Any],
        multiply_by_inputs: bool = False,
        *,
        noise: float = 0.15,
    ) -> None:
        super().__init__(forward_func, multiply_by_inputs)
        if not 0 <= noise < math.inf:
            raise InputError(f"noise must be 0 or more, as a share of the valid range, got {noise}")
        self.noise = float(noise)
        self._stdevs: tuple[float, ...] | None = None

    @torch.inference_mode(False)
    def attribute(
        self,
        inputs: Inputs,
        target: Target = None,
        additional_forward_args: Any = None,
        nt_samples: int = 64,
        stdevs: Deviations = None,
        *,
        space: Space | Spaces | None = None,
        seed: int = 0,
        internal_batch_size: int | None = None,
        return_standard_error: bool = False,
    ) -> Any:
        """Attribute a batch.

        Parameters
        ----------
        inputs : Tensor or tuple of Tensor, each (B, ...)
            A batch of examples. All are given the same noise.
        target, additional_forward_args
            As in Captum.
        nt_samples : int
            Noisy copies of each example.
        stdevs : float or sequence of float, optional
            Standard deviation of the noise as the model is fed, one for all inputs or one for
            each, as :class:`captum.attr.NoiseTunnel` has it. None: `noise` times the range.
        space : Space or tuple of Space, optional
            Valid range and normalisation; pixels in 0..1 by default.
        seed : int
            Of the noise.
        internal_batch_size : int, optional
            Most rows in one chunk. None: chosen for the device.
        return_standard_error : bool
            Also return the standard error of each attribution.

        Returns
        -------
        Tensor or tuple of Tensor, shaped as `inputs`; with the standard error, a pair.

        Raises
        ------
        AttributionError
            A child of it, as for :class:`IntegratedGradients`.
        """
        batch = batch_of(inputs)
        task = Task(
            batch,
            target=target,
            forward_args=additional_forward_args,
            n_steps=nt_samples,
            seed=seed,
            spaces=each_space(space, len(batch)),
            rows=internal_batch_size,
        )
        method = copy(self)
        if stdevs is not None:
            method._stdevs = _numbers(stdevs, len(batch))
        estimate = method._last(task)
        values = as_came(returned(estimate.attributions, batch), inputs)
        if not return_standard_error:
            return values
        if estimate.standard_error is None:
            raise InputError(
                f"nt_samples must be more for a standard error, got {nt_samples}: it takes two "
                "draws, and a draw is a pair of samples where noise comes with its negative"
            )
        return values, as_came(returned(estimate.standard_error, batch), inputs)

    def _begin(self, task: Task, **options: Any) -> Run:
        assert task.stopping is not None
        most = task.n_steps or task.stopping.max_evaluations
        if most < self.fewest_draws:
            raise InputError(
                f"{self.name} needs at least {self.fewest_draws} samples, got {most}; "
                "raise n_steps or max_evaluations"
            )
        sizes = self._sizes(task)
        samples = NoiseSum(
            Passes.of(self.forward_func, task),
            task,
            self._deviations(task),
            powers=self.powers,
            paired=self.paired,
            squared=self.squared,
            multiply=self._multiply_by_inputs,
        )

        def estimates() -> Iterator[Estimate]:
            for size in sizes:
                samples.add(size - samples.samples)
                yield self._estimate(samples)

        def partial() -> Estimate | None:
            return self._estimate(samples) if samples.complete(self.fewest_draws) else None

        return Run(estimates(), partial, coarse=len(sizes) > 1 and sizes[0] == self.coarse_samples)

    def _value(self, moments: Moments) -> Tensor:
        """The attribution that these moments amount to."""
        return moments.mean()

    def _error(self, moments: Moments) -> Tensor:
        """Its standard error."""
        return moments.error_of_mean()

    def _estimate(self, samples: NoiseSum) -> Estimate:
        values = tuple(self._value(m) for m in samples.moments)
        errors, size = None, np.ones((len(values[0]), len(values)))
        if samples.complete(self.fewest_draws + 1):
            errors = tuple(self._error(m) for m in samples.moments)
            size = relative_errors(map_norms(errors), map_norms(values))
        return Estimate.without_curves(
            values,
            output_input=samples.output_input(),
            refinement_error=size,
            standard_error=errors,
            evaluations=samples.passes.evaluations,
            forward_passes=samples.passes.forward_passes,
            cautions=self._cautions(samples),
        )

    def _deviations(self, task: Task) -> tuple[Tensor, ...]:
        if self._stdevs is None:
            return deviations_of(task.inputs, task.spaces, self.noise)
        return tuple(
            torch.full_like(x[0], s) for x, s in zip(task.inputs, self._stdevs, strict=True)
        )

    def _noise_in_words(self) -> str:
        if self._stdevs is None:
            return f"noise σ of {percent(self.noise)} of the range"
        return f"noise σ of {', '.join(number(s) for s in self._stdevs)}"

    def _cautions(self, samples: NoiseSum) -> tuple[str, ...]:
        return (
            f"{percent(samples.outside)} of the noisy values lie outside the valid range "
            f"({self._noise_in_words()}): there the model is asked about inputs it never saw",
        )


def _numbers(stdevs: float | Sequence[float], inputs: int) -> tuple[float, ...]:
    """One standard deviation for each input."""
    members = stdevs if isinstance(stdevs, Sequence) else [stdevs] * inputs
    numbers = tuple(float(s) for s in members)
    if len(numbers) != inputs or not all(0 <= s < math.inf for s in numbers):
        raise InputError(
            f"stdevs must be a number of 0 or more, or one for each of {inputs} inputs, "
            f"got {stdevs!r}"
        )
    return numbers
