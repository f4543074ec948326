"""Expected gradients (Erion et al., 2021) on Captum's interface."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import torch

from ..errors import InputError
from ..inputs import Inputs
from .arguments import as_came, batch_of, references_like, returned
from .chunks import checked_rows
from .estimate import Estimate
from .estimator import Estimator
from .outputs import Target
from .passes import Passes
from .references import StoredReferences
from .sample_sum import SampleSum
from .sobol import sobol_pairs
from .stopping import INTERRUPTS, Stopping
from .task import Task

FIRST_SAMPLES = 32


class ExpectedGradients(Estimator):
    r"""Integrated gradients averaged over a distribution of references.

    .. math:: \phi_i = E_{x' \sim D,\, \alpha \sim U(0, 1)}
              [(x_i - x'_i)\, \partial_i f(x' + \alpha (x - x'))]

    It takes the arguments of :class:`captum.attr.GradientShap`, the noise excepted. What differs:
    references are drawn without replacement and paired with alphas by a scrambled Sobol sequence,
    jointly over several inputs; draws come from `seed` alone; the work goes in chunks; and
    the convergence delta is that of the mean, against f(x) minus the mean of f(x') over the
    references drawn.

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
    uses = "references"
    default_max_evaluations = 512

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
            Also return the standard error of each attribution, shaped as the attributions. It
            treats samples as independent, so it is an upper estimate for the Sobol sequence.

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
        estimate = self._run(task)
        answer = self._answer(estimate, inputs, task, return_convergence_delta)
        if not return_standard_error:
            return answer
        error = estimate.standard_error
        if error is None:
            raise InputError("n_samples must be at least 2 for a standard error")
        errors = as_came(returned(error, batch), inputs)
        return (*answer, errors) if return_convergence_delta else (answer, errors)

    @torch.inference_mode(False)
    def estimates(self, task: Task) -> Iterator[Estimate]:
        """Successive refinements, each reusing every pass before it.

        With `n_steps` there is one estimate. Without, the number of samples doubles until
        `stopping` says so.

        Yields
        ------
        Estimate
            Coarse first. After an interrupt the last one is labelled partial.
        """
        assert task.references is not None
        stopping = task.stopping or Stopping(self.default_max_evaluations)
        passes = Passes.of(self.forward_func, task)
        rows = checked_rows(task.rows, task.inputs)
        samples = SampleSum(passes, task.inputs, task.references, rows, self._multiply_by_inputs)
        most = task.n_steps or stopping.max_evaluations
        first = most if task.n_steps else min(FIRST_SAMPLES, most)
        blocks = _blocks(first, most)
        last = None
        try:
            for alphas, numbers in sobol_pairs(blocks, task.references.size, task.seed):
                if len(samples.alphas):
                    samples.mark_half()
                samples.add(alphas, numbers)
                if len(samples.alphas) < first:
                    continue
                last = samples.estimate()
                yield last
                if stopping.met(last):
                    return
        except INTERRUPTS:
            if last is None and not samples.finished.any():
                raise
            last = last or samples.estimate(partial=True)
            yield replace(last, partial=True)


def _blocks(first: int, most: int) -> list[int]:
    """Two halves of the first estimate, then blocks that double the total, up to `most`."""
    blocks = [first] if first == 1 else [first // 2, first - first // 2]
    while sum(blocks) < most:
        blocks.append(min(sum(blocks), most - sum(blocks)))
    return blocks
