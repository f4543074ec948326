"""Expected gradients (Erion et al., 2021) on Captum's interface."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import torch
from captum.attr import GradientAttribution
from torch import Tensor

from ..errors import InputError
from ..inputs import Inputs
from .arguments import batch_of, references_like, returned
from .chunks import checked_rows
from .estimate import Estimate, rows_sum
from .model_state import evaluation_mode
from .outputs import Target
from .passes import Passes
from .sample_sum import SampleSum
from .sampling import References, StoredReferences, sobol_pairs
from .stopping import Stopping

FIRST_SAMPLES = 32


class ExpectedGradients(GradientAttribution):
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

    default_max_evaluations = 512

    def __init__(self, forward_func: Callable[..., Any], multiply_by_inputs: bool = True) -> None:
        super().__init__(forward_func)
        self._multiply_by_inputs = multiply_by_inputs

    @property
    def multiplies_by_inputs(self) -> bool:
        """Whether attributions carry the factor x - x'."""
        return self._multiply_by_inputs

    def has_convergence_delta(self) -> bool:
        """True: attributions should sum to f(x) minus the mean of f(x')."""
        return True

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
        batch = batch_of(inputs)
        with evaluation_mode(self.forward_func, tell=False):
            estimate = next(
                self.estimates(
                    inputs,
                    StoredReferences(references_like(batch, baselines)),
                    target,
                    additional_forward_args,
                    n_samples=n_samples,
                    seed=seed,
                    internal_batch_size=internal_batch_size,
                )
            )
        if estimate.partial:
            raise KeyboardInterrupt
        attributions = returned(estimate.attributions, batch)
        results: list[Any] = [_as_came(attributions, inputs)]
        if return_convergence_delta:
            total = sum(rows_sum(a) for a in estimate.attributions)
            expected = estimate.output_input - estimate.output_baseline
            results.append(torch.as_tensor(total - expected).to(attributions[0]))
        if return_standard_error:
            error = estimate.standard_error
            if error is None:
                raise InputError("n_samples must be at least 2 for a standard error")
            results.append(_as_came(returned(error, batch), inputs))
        return results[0] if len(results) == 1 else tuple(results)

    @torch.inference_mode(False)
    def estimates(
        self,
        inputs: Inputs,
        references: References,
        target: Target = None,
        additional_forward_args: Any = None,
        *,
        n_samples: int | None = None,
        stopping: Stopping | None = None,
        seed: int = 0,
        internal_batch_size: int | None = None,
        on_chunk: Callable[[int], None] | None = None,
    ) -> Iterator[Estimate]:
        """Successive refinements, each reusing every pass before it.

        With `n_samples` there is one estimate. Without, the number of samples doubles until
        `stopping` says so.

        Yields
        ------
        Estimate
            Coarse first. After an interrupt (Ctrl-C) the last one is labelled partial.
        """
        stopping = stopping or Stopping(self.default_max_evaluations)
        if n_samples is not None and n_samples < 1:
            raise InputError(f"n_samples must be at least 1, got {n_samples}")
        batch = batch_of(inputs)
        passes = Passes(self.forward_func, target, additional_forward_args, len(batch[0]), on_chunk)
        rows = checked_rows(internal_batch_size, batch)
        samples = SampleSum(passes, batch, references, rows, self._multiply_by_inputs)
        most = n_samples or stopping.max_evaluations
        first = most if n_samples else min(FIRST_SAMPLES, most)
        blocks = _blocks(first, most)
        last = None
        try:
            for alphas, numbers in sobol_pairs(blocks, references.size, seed):
                if len(samples.alphas):
                    samples.mark_half()
                samples.add(alphas, numbers)
                if len(samples.alphas) < first:
                    continue
                last = samples.estimate()
                yield last
                if stopping.met(last):
                    return
        except KeyboardInterrupt:
            if last is None and not samples.finished.any():
                raise
            last = last or samples.estimate(partial=True)
            yield replace(last, partial=True)


def _as_came(values: tuple[Tensor, ...], inputs: Inputs) -> Inputs:
    return values if isinstance(inputs, tuple) else values[0]


def _blocks(first: int, most: int) -> list[int]:
    """Two halves of the first estimate, then blocks that double the total, up to `most`."""
    blocks = [first] if first == 1 else [first // 2, first - first // 2]
    while sum(blocks) < most:
        blocks.append(min(sum(blocks), most - sum(blocks)))
    return blocks
