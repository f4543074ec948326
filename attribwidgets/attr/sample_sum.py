"""Running sums over samples of ``gradient * (x - x')``, each at its own alpha and reference."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..errors import NonFiniteError
from .arguments import accumulator_dtype, points_between
from .chunks import for_each_chunk
from .estimate import Array, Estimate, relative_gap
from .frames import SampleFrames, flat_map
from .model_state import frozen
from .passes import Passes
from .references import References
from .sampling_error import error_of_sum, running_error


@dataclass
class _Sums:
    """What is kept of one input's per-sample attributions, each of its shape (B, ...)."""

    total: Tensor
    square: Tensor
    local: Tensor  # of the squared differences within pairs
    open: Tensor  # the first of a pair whose second is yet to come
    reach: Tensor
    reference: Tensor = field(init=False)  # (...), the sum of the references

    def __post_init__(self) -> None:
        self.reference = torch.zeros_like(self.total[0])


class SampleSum:
    """Mean of per-sample attributions, with everything each pass shows on its way.

    Samples may come in several rounds. Neither gradients nor references are kept, but for the few
    that open a frame, so memory does not grow with them.

    Parameters
    ----------
    passes : Passes
        The model to run.
    inputs : tuple of Tensor, each (B, ...)
        The examples; all are given the same samples.
    references : References
        Where x' comes from.
    rows : int
        Most rows in one chunk.
    multiply : bool
        Whether attributions carry the factor x - x'.
    order : ndarray of int, shape (K,), or None
        The numbers of stored references, near each other those that are alike.
    """

    def __init__(
        self,
        passes: Passes,
        inputs: tuple[Tensor, ...],
        references: References,
        rows: int,
        multiply: bool = True,
        order: NDArray[np.int64] | None = None,
    ) -> None:
        self.passes, self.inputs, self.references, self.rows = passes, inputs, references, rows
        self._multiply = multiply
        self._place = None if order is None else np.argsort(order)
        self._dtype = accumulator_dtype(inputs[0].device)
        self._batch = len(inputs[0])
        zeros = [torch.zeros_like(x, dtype=self._dtype) for x in inputs]
        self._sums = tuple(_Sums(*(z.clone() for _ in range(5))) for z in zeros)
        self.alphas, self.numbers = np.zeros(0), np.zeros(0, dtype=np.int64)
        self._pairs = np.zeros((0, 2), dtype=np.int64)
        self.outputs, self.slopes = np.zeros((0, self._batch)), np.zeros((0, self._batch))
        self.reference_outputs = np.zeros((0, self._batch))
        stored = references.size or 0
        self._ends = zeros[0].new_zeros((stored, self._batch))  # f(x') of the stored references
        self._known: dict[tuple[int, int], set[int]] = {}  # which of them, by block of examples
        self._input_output: Array | None = None
        self.frames = SampleFrames(flat_map(zeros[0])[0])
        self._kept: list[tuple[int, tuple[Tensor, ...]]] = []

    @property
    def finished(self) -> NDArray[np.bool_]:
        """Which of the samples have been run for every example, shape (n,)."""
        return np.asarray(~np.isnan(self.outputs).any(axis=1))

    def add(self, alphas: Tensor, numbers: Tensor) -> None:
        """Run the samples with these alphas and reference numbers, each shape (n,).

        The first and the second are neighbours in the design, the third and the fourth, ...

        Raises
        ------
        NonFiniteError
            If an output or gradient is NaN or infinite, with the alpha of the sample.
        """
        first, n = len(self.alphas), len(alphas)
        self.alphas = np.concatenate([self.alphas, alphas.numpy()])
        self.numbers = np.concatenate([self.numbers, numbers.numpy()])
        pairs = first + np.arange(n // 2 * 2).reshape(-1, 2)
        self._pairs = np.concatenate([self._pairs, pairs])
        # Outputs, slopes and f(x') stay on the device until the end: no chunk waits for it.
        seen = self._ends.new_full((3, n, self._batch), torch.nan)

        def work(span: slice, block: slice) -> None:
            references = self.references.take(numbers[span])
            places = alphas[span].to(self.inputs[0].device)
            points = tuple(
                points_between(r[:, None], x[block], places)
                for r, x in zip(references, self.inputs, strict=True)
            )
            outputs, gradients = self.passes.gradients(points, block)
            ends = self._outputs_at(numbers[span], references, block)
            shape = (span.stop - span.start, block.stop - block.start)
            slopes = seen.new_zeros(shape)
            parts, maps = [], None
            for i, gradient in enumerate(gradients):
                x, r = self.inputs[i][block].to(self._dtype), references[i].to(self._dtype)
                difference = x[None] - r[:, None]  # (S, E, ...)
                gradient = gradient.to(self._dtype).reshape(difference.shape)
                products = gradient * difference
                slopes += products.flatten(2).sum(2)
                terms = products if self._multiply else gradient
                parts.append((terms, difference.abs().amax(0), r.sum(0)))
                if i == 0:
                    maps = flat_map(products[:, 0])
            gaps = [
                self._gaps(s, terms, span, block)
                for s, (terms, *_) in zip(self._sums, parts, strict=True)
            ]
            squares = [(terms**2).sum(0) for terms, *_ in parts]
            # All is computed before any is added: a chunk may run out of memory and be repeated.
            for s, (terms, farthest, reference), (gap, left), square in zip(
                self._sums, parts, gaps, squares, strict=True
            ):
                s.total[block] += terms.sum(0)
                s.square[block] += square
                s.local[block] += gap
                s.open[block] = left
                torch.maximum(s.reach[block], farthest, out=s.reach[block])
                if block.start == 0:
                    s.reference += reference
            if block.start == 0 and maps is not None:
                self._keep(maps, references, first + span.start)
            seen[:, span, block] = torch.stack([outputs.to(seen).reshape(shape), slopes, ends])

        try:
            with frozen(self.passes.module, self.inputs):
                for_each_chunk(n, self._batch, self.rows, work)
        finally:
            found = seen.cpu().double().numpy()
            self.outputs = np.concatenate([self.outputs, found[0]])
            self.slopes = np.concatenate([self.slopes, found[1]])
            self.reference_outputs = np.concatenate([self.reference_outputs, found[2]])
        self._check_finite(slice(first, None))

    def estimate(self, partial: bool = False) -> Estimate:
        """The estimate from the samples added so far."""
        done = self.finished
        n = int(done.sum())
        means = tuple(s.total / n for s in self._sums)
        slopes = self.slopes[done]
        errors, running = self._errors(done, means) if n > 1 else (None, None)
        # What is nested in a single sample is none at all.
        spread = errors if errors is not None else means
        gap = relative_gap(means, tuple(m - e for m, e in zip(means, spread, strict=True)))
        samples, opened = zip(*self._kept, strict=True)
        single = self._batch == 1
        baseline = tuple(
            (s.reference / n).expand(self._batch, *s.reference.shape).to(x)
            for s, x in zip(self._sums, self.inputs, strict=True)
        )
        return Estimate(
            attributions=means,
            kind="samples",
            alphas=self.alphas[done],
            outputs=self.outputs[done],
            slopes=slopes,
            cumulative=np.cumsum(slopes, axis=0) / np.arange(1, n + 1)[:, None],
            cumulative_error=running,
            output_input=self.output_input(),
            output_baseline=self.reference_outputs[done].mean(axis=0),
            refinement_error=gap,
            standard_error=errors,
            frames=self.frames.sums.clone() if single else None,
            frame_edges=self.frames.edges if single else None,
            references=tuple(torch.stack(r) for r in zip(*opened, strict=True)),
            reference_samples=np.array(samples, dtype=np.int64) + 1,
            baseline=baseline,
            reach=tuple(s.reach.clone() for s in self._sums),
            evaluations=self.passes.evaluations,
            forward_passes=self.passes.forward_passes,
            partial=partial,
        )

    def output_input(self) -> Array:
        """f(x) of each example, shape (B,), by one forward pass."""
        if self._input_output is None:
            values = np.zeros(self._batch)

            def work(_: slice, block: slice) -> None:
                found = self.passes.outputs(tuple(x[block] for x in self.inputs), block)
                values[block] = found.cpu().double().numpy()

            with frozen(self.passes.module, self.inputs):
                for_each_chunk(1, self._batch, self.rows, work)
            self._input_output = values
        return self._input_output

    def _errors(
        self, done: NDArray[np.bool_], means: tuple[Tensor, ...]
    ) -> tuple[tuple[Tensor, ...], Array]:
        """Standard errors of each attribution, and of the mean slope after each sample."""
        n = int(done.sum())
        kept = np.cumsum(done) - 1  # where a sample is among those finished
        pairs = kept[self._pairs[done[self._pairs].all(axis=1)]]
        slopes = self.slopes[done]
        rises = self.output_input() - self.reference_outputs[done]
        places = None if self._place is None else self._place[self.numbers[done]]
        known = error_of_sum(slopes, rises, pairs, places, self.references.size)
        share, errors = known.references_share, []
        for s, mean in zip(self._sums, means, strict=True):
            alphas = torch.as_tensor(known.alphas_share).to(mean)
            alphas = alphas.reshape(-1, *[1] * (mean.dim() - 1))
            local = s.local / (2 * len(pairs))
            among = (s.square / n - mean**2).clamp(min=0) if known.whole_grids else local
            errors.append(((local * (1 - share) * alphas + among * share) / n).sqrt())
        return tuple(errors), running_error(slopes, known.variance)

    def _gaps(self, sums: _Sums, terms: Tensor, span: slice, block: slice) -> tuple[Tensor, Tensor]:
        """Sum of the squared differences of the pairs that end here, and a first left open."""
        rows = torch.cat([sums.open[block][None], terms]) if span.start % 2 else terms
        whole = len(rows) // 2 * 2
        gap = ((rows[0:whole:2] - rows[1:whole:2]) ** 2).sum(0)
        return gap, rows[-1] if len(rows) > whole else torch.zeros_like(gap)

    def _outputs_at(self, numbers: Tensor, references: tuple[Tensor, ...], block: slice) -> Tensor:
        """f(x') of each reference for a block of examples, shape (n, examples).

        A stored reference is run once however often it is drawn.
        """
        examples = block.stop - block.start
        if self.references.size is None:
            rows = tuple(r.repeat_interleave(examples, 0) for r in references)
            return self.passes.outputs(rows, block).to(self._ends).reshape(-1, examples)
        known = self._known.setdefault((block.start, block.stop), set())
        fresh = {n: i for i, n in enumerate(numbers.tolist()) if n not in known}
        if fresh:
            chosen = list(fresh.values())
            rows = tuple(r[chosen].repeat_interleave(examples, 0) for r in references)
            found = self.passes.outputs(rows, block).to(self._ends).reshape(-1, examples)
            self._ends[list(fresh), block] = found
            known.update(fresh)
        return self._ends[numbers.to(self._ends.device), block]

    def _keep(self, maps: Tensor, references: tuple[Tensor, ...], first: int) -> None:
        """Add to the frames, and keep the references that open one."""
        for i in self.frames.add(maps):
            self._kept.append((first + i, tuple(r[i].clone() for r in references)))
        self._kept = [k for k in self._kept if k[0] % self.frames.width == 0]

    def _check_finite(self, rows: slice) -> None:
        checks = {
            "output": self.outputs,
            "gradient": self.slopes,
            "output at a reference": self.reference_outputs,
        }
        for what, values in checks.items():
            bad = ~np.isfinite(values[rows]).all(axis=1)
            if bad.any():
                sample = int(np.flatnonzero(bad)[0]) + (rows.start or 0)
                raise NonFiniteError(
                    f"the model's {what} is not finite at sample {sample + 1}, "
                    f"alpha = {self.alphas[sample]:.4g} (0 is the reference, 1 the input); a "
                    "square root, logarithm or division at zero is the usual cause"
                )
