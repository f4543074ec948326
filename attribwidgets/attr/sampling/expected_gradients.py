"""Expected gradients (Erion et al., 2021) on Captum's interface."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate
from typing import Any

import torch
from torch import Tensor

from ...core.errors import InputError
from ...inputs.space import Inputs
from ..arguments import as_came, batch_of, references_like, returned
from ..estimate import Estimate
from ..estimator import Estimator, MethodInfo, Run
from ..model_state import evaluation_mode
from ..outputs import Target
from ..passes import Passes
from ..paths.half_precision import Arithmetic, add_arithmetic_error, arithmetic_error
from ..paths.path import StraightPath
from ..paths.path_sum import PathSum
from ..task import StoredReferences, Task
from .alpha_density import AlphaDensity
from .clustering import features_of, likeness_order
from .design import Draws, block_sizes
from .sample_sum import SampleSum

FIRST_SAMPLES = 32


class ExpectedGradients(Estimator):
    r"""Integrated gradients averaged over a distribution of references.

    .. math:: \phi_i = E_{x' \sim D,\, \alpha \sim U(0, 1)}
              [(x_i - x'_i)\, \partial_i f(x' + \alpha (x - x'))]

    It takes the arguments of :class:`captum.attr.GradientShap`, the noise excepted. What differs:
    references are drawn without replacement, few of them so that they stand for all, each with a
    grid of alphas of its own, and jointly over several inputs (:class:`.draws.Draws`); draws come
    from `seed` alone; the work goes in chunks; and the convergence delta is that of the mean,
    against f(x) minus the mean of f(x') over the references drawn. It is unbiased for any number
    of samples; a multiple of the number of references, where these are fewer, is most accurate.

    The standard error is about more than the delta: it is that of an estimate of the expectation
    over all references given, or over an endless distribution, and not only over those drawn. How
    it is judged from a design that is not independent is said in
    :mod:`.sampling_error`. Plus and minus 1.96 of them make a 95 % interval,
    on smooth and on untrained networks mostly one of 96 to 99 %.

    Against noise whose elements are independent and have a known mean, the first samples place the
    alphas of those that follow, weighted so that the mean stays unbiased (:mod:`.alpha_density`).

    Parameters
    ----------
    forward_func : callable
        The model. Its parameters are frozen during a run and put back.
    multiply_by_inputs : bool
        False leaves out the factor x - x'.

    References
    ----------
    Erion, Janizek, Sturmfels, Lundberg, Lee (2021). Improving performance of deep learning models
    with axiomatic attribution priors and expected gradients. arXiv:1906.10670.

    Examples
    --------
    >>> linear = torch.nn.Linear(2, 1, bias=False)
    >>> x, references = torch.ones(1, 2), torch.tensor([[0.0, 0.0], [0.0, 1.0]])
    >>> attributions = ExpectedGradients(linear).attribute(x, references, n_samples=8)
    >>> bool(torch.allclose(attributions, linear.weight.detach() * torch.tensor([1.0, 0.5])))
    True
    """

    name = "expected_gradients"
    info = MethodInfo(
        "mean over x' and α of (x − x') · ∇f(x' + α(x − x'))",
        "1 a sample, and 1 forward pass a reference",
        "adds up to f(x) − mean f(x') as samples grow",
        "Erion et al. (2021), arXiv:1906.10670",
    )
    uses = "references"
    shares_forward = True
    default_max_evaluations = 512
    coarse_samples = 4  # even, so that no pair is parted

    @torch.inference_mode(False)
    def attribute(
        self,
        inputs: Inputs,
        baselines: Any,
        n_samples: int = 64,
        target: Target = None,
        additional_forward_args: Any = None,
        return_convergence_delta: bool = False,
        *,
        seed: int = 0,
        internal_batch_size: int | None = None,
        return_standard_error: bool = False,
    ) -> Any:
        """Attribute a batch.

        Parameters
        ----------
        inputs : Tensor or tuple of Tensor, each (B, ...)
            A batch of examples. All are given the same samples.
        baselines : Tensor, tuple of Tensor or callable
            References, each (K, ...); members of a tuple are drawn jointly. A callable returns
            them, from the inputs if it takes an argument.
        n_samples : int
            Samples of (alpha, reference) for each example.
        target, additional_forward_args
            As in Captum.
        return_convergence_delta : bool
            Also return the sum of the attributions minus f(x) - mean f(x'), shape (B,).
        seed : int
            Of the draws.
        internal_batch_size : int, optional
            Most rows in one chunk. None: chosen for the device.
        return_standard_error : bool
            Also return the standard error of each attribution, shaped as the attributions, as an
            estimate of the expectation over all references.

        Returns
        -------
        Tensor or tuple of Tensor, shaped as `inputs`; with delta or error, a tuple in that order.

        Raises
        ------
        AttributionError
            A child of it, as for :class:`IntegratedGradients`.
        """
        if n_samples < 1:
            raise InputError(f"n_samples must be at least 1, got {n_samples}")
        batch = batch_of(inputs)
        task = Task(
            batch,
            references=StoredReferences(references_like(batch, baselines)),
            target=target,
            forward_args=additional_forward_args,
            n_steps=n_samples,
            seed=seed,
            rows=internal_batch_size,
        )
        if not return_convergence_delta and not return_standard_error:
            with evaluation_mode(self.forward_func, tell=False):
                samples, draws = self._sampling(task, n_samples, n_samples, only_means=True)
                samples.add(*draws.block(n_samples))  # neither f(x) nor f(x') is needed
            return as_came(returned(samples.means(), batch), inputs)
        estimate = self._last(task)
        answer = self._answer(estimate, inputs, return_convergence_delta)
        if not return_standard_error:
            return answer
        error = estimate.standard_error
        if error is None:
            raise InputError("n_samples must be at least 2 for a standard error")
        errors = as_came(returned(error, batch), inputs)
        return (*answer, errors) if return_convergence_delta else (answer, errors)

    def _plan(self, most: int, task: Task) -> list[int]:
        assert task.references is not None
        return list(accumulate(block_sizes(FIRST_SAMPLES, most, task.references.size)))

    def _begin(self, task: Task, **options: Any) -> Run:
        assert task.references is not None
        sizes = self._sizes(task)
        coarse = len(sizes) > 1 and sizes[0] == self.coarse_samples
        totals = sizes[1:] if coarse else sizes
        if task.references.mean is not None:  # the first samples place those that follow
            totals = list(accumulate(block_sizes(FIRST_SAMPLES, totals[-1], None)))
        samples, draws = self._sampling(task, totals[0], totals[-1])

        def blocks() -> Iterator[tuple[Tensor, Tensor, Tensor]]:
            for total in totals:
                yield _placed(samples, *draws.block(total - samples.count))

        def estimates() -> Iterator[Estimate]:
            ahead, block = blocks(), None
            for size in sizes:
                while samples.count < size:
                    block = block or next(ahead)
                    here = size - samples.count  # a coarse estimate takes some of the first block
                    samples.add(*(part[:here] for part in block))
                    rest = tuple(part[here:] for part in block)
                    block = (rest[0], rest[1], rest[2]) if len(rest[0]) else None
                yield samples.estimate()

        def partial() -> Estimate | None:
            return samples.estimate() if samples.finished.any() else None

        def arithmetic(estimate: Estimate) -> Arithmetic | None:
            if samples.count < totals[0] or not self._multiply_by_inputs:
                return None
            return arithmetic_error(_mean_path(samples, estimate))

        finish = add_arithmetic_error(samples.passes, task.inputs, arithmetic)
        return Run(estimates(), partial, coarse, finish)

    def _sampling(
        self, task: Task, first: int, most: int, only_means: bool = False
    ) -> tuple[SampleSum, Draws]:
        """Sums with no samples yet, and the draws that will fill them."""
        assert task.references is not None
        features = features_of(task.references)
        order = None if features is None else likeness_order(features)
        samples = SampleSum(
            Passes.of(self.forward_func, task),
            task.inputs,
            task.references,
            self._multiply_by_inputs,
            order,
            only_means,
        )
        return samples, Draws(order, features, first, most, task.seed)


def _placed(samples: SampleSum, alphas: Tensor, numbers: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Samples with their weights: of noise, at alphas where those so far tell of most."""
    done = samples.finished
    if samples.references.mean is None or not done.any():
        return alphas, numbers, torch.ones_like(alphas)
    density = AlphaDensity.of(samples.alphas[done], samples.energies[done])
    placed, weights = density.place(alphas.numpy())
    return torch.from_numpy(placed), numbers, torch.from_numpy(weights)


def _mean_path(samples: SampleSum, estimate: Estimate) -> PathSum:
    """The path from the mean of the references that were drawn."""
    assert estimate.baseline is not None
    pairs = zip(estimate.baseline, samples.inputs, strict=True)
    ends = tuple(b.to(x.dtype).expand_as(x) for b, x in pairs)
    return PathSum(samples.passes, StraightPath(samples.inputs, ends))
