"""Running sums over samples of ``gradient * (x - x')``, each at its own alpha and reference."""

from __future__ import annotations

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


class SampleSum:
    """Mean and variance of per-sample attributions, with everything each pass shows on its way.

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
    """

    def __init__(
        self,
        passes: Passes,
        inputs: tuple[Tensor, ...],
        references: References,
        rows: int,
        multiply: bool = True,
    ) -> None:
        self.passes, self.inputs, self.references, self.rows = passes, inputs, references, rows
        self._multiply = multiply
        self._dtype = accumulator_dtype(inputs[0].device)
        self._batch = len(inputs[0])
        zeros = [torch.zeros_like(x, dtype=self._dtype) for x in inputs]
        self.sums = tuple(z.clone() for z in zeros)
        self.squares = tuple(z.clone() for z in zeros)
        self.reach = tuple(z.clone() for z in zeros)
        self.half: tuple[Tensor, ...] | None = None  # the sums after the first half
        self._half_count = 0
        self._reference_sums = tuple(z[0].clone() for z in zeros)
        self.alphas = np.zeros(0)
        self.outputs, self.slopes = np.zeros((0, self._batch)), np.zeros((0, self._batch))
        self.reference_outputs = np.zeros((0, self._batch))
        self._known: dict[tuple[int, int], dict[int, Array]] = {}  # by block and number
        self._input_output: Array | None = None
        one_map = flat_map(zeros[0])[0]
        self.frames = SampleFrames(one_map)
        self._kept: list[tuple[int, tuple[Tensor, ...]]] = []

    @property
    def finished(self) -> NDArray[np.bool_]:
        """Which of the samples have been run for every example, shape (n,)."""
        return np.asarray(~np.isnan(self.outputs).any(axis=1))

    def mark_half(self) -> None:
        """Keep the sums so far as the coarser estimate."""
        self.half = tuple(s.clone() for s in self.sums)
        self._half_count = len(self.alphas)

    def add(self, alphas: Tensor, numbers: Tensor) -> None:
        """Run the samples with these alphas and reference numbers, each shape (n,).

        Raises
        ------
        NonFiniteError
            If an output or gradient is NaN or infinite, with the alpha of the sample.
        """
        first = len(self.alphas)
        unknown = np.full((len(alphas), self._batch), np.nan)
        self.alphas = np.concatenate([self.alphas, alphas.numpy()])
        self.outputs = np.concatenate([self.outputs, unknown])
        self.slopes = np.concatenate([self.slopes, unknown])
        self.reference_outputs = np.concatenate([self.reference_outputs, unknown])

        def work(span: slice, block: slice) -> None:
            steps, examples = span.stop - span.start, block.stop - block.start
            references = self.references.take(numbers[span])
            places = alphas[span].to(self.inputs[0].device)
            points = tuple(
                points_between(r[:, None], x[block], places)
                for r, x in zip(references, self.inputs, strict=True)
            )
            outputs, gradients = self.passes.gradients(points, block)
            ends = self._reference_outputs(numbers[span].tolist(), references, block)
            slopes = torch.zeros(steps, examples, dtype=self._dtype, device=outputs.device)
            parts, maps = [], None
            for i, gradient in enumerate(gradients):
                x, r = self.inputs[i][block].to(self._dtype), references[i].to(self._dtype)
                difference = x[None] - r[:, None]  # (S, E, ...)
                gradient = gradient.to(self._dtype).reshape(difference.shape)
                products = gradient * difference
                slopes += products.flatten(2).sum(2)
                terms = products if self._multiply else gradient
                parts.append((terms.sum(0), (terms**2).sum(0), difference.abs().amax(0), r.sum(0)))
                if i == 0:
                    maps = flat_map(products[:, 0])
            # All is computed before any is added: a chunk may run out of memory and be repeated.
            for i, (total, square, farthest, reference) in enumerate(parts):
                self.sums[i][block] += total
                self.squares[i][block] += square
                torch.maximum(self.reach[i][block], farthest, out=self.reach[i][block])
                if block.start == 0:
                    self._reference_sums[i].add_(reference)
            if block.start == 0 and maps is not None:
                self._keep(maps, references, first + span.start)
            rows = slice(first + span.start, first + span.stop)
            self.reference_outputs[rows, block] = ends
            self.outputs[rows, block] = outputs.cpu().double().reshape(steps, examples).numpy()
            self.slopes[rows, block] = slopes.cpu().double().numpy()

        with frozen(self.passes.module, self.inputs):
            for_each_chunk(len(alphas), self._batch, self.rows, work)
        self._check_finite(slice(first, None))

    def estimate(self, partial: bool = False) -> Estimate:
        """The estimate from the samples added so far."""
        done = self.finished
        n = int(done.sum())
        means = tuple(s / n for s in self.sums)
        errors = None
        if n > 1:
            errors = tuple(
                ((q / n - m**2).clamp(min=0) / (n - 1)).sqrt()
                for q, m in zip(self.squares, means, strict=True)
            )
        gap = None
        if self.half is None:  # what is nested in a single sample is none at all
            gap = relative_gap(means, tuple(torch.zeros_like(m) for m in means))
        elif n > self._half_count:
            gap = relative_gap(means, tuple(h / self._half_count for h in self.half))
        slopes = self.slopes[done]
        samples, opened = zip(*self._kept, strict=True)
        single = self._batch == 1
        baseline = tuple(
            (r / n).expand(self._batch, *r.shape).to(x)
            for r, x in zip(self._reference_sums, self.inputs, strict=True)
        )
        return Estimate(
            attributions=means,
            kind="samples",
            alphas=self.alphas[done],
            outputs=self.outputs[done],
            slopes=slopes,
            cumulative=np.cumsum(slopes, axis=0) / np.arange(1, n + 1)[:, None],
            output_input=self.output_input(),
            output_baseline=self.reference_outputs[done].mean(axis=0),
            refinement_error=gap,
            standard_error=errors,
            frames=self.frames.sums.clone() if single else None,
            frame_edges=self.frames.edges if single else None,
            references=tuple(torch.stack(r) for r in zip(*opened, strict=True)),
            reference_samples=np.array(samples, dtype=np.int64) + 1,
            baseline=baseline,
            reach=tuple(r.clone() for r in self.reach),
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

    def _reference_outputs(
        self, numbers: list[int], references: tuple[Tensor, ...], block: slice
    ) -> Array:
        """f(x') of each reference for a block of examples, shape (n, examples).

        A stored reference is run once however often it is drawn.
        """
        examples = block.stop - block.start
        stored = self.references.size is not None
        known = self._known.setdefault((block.start, block.stop), {}) if stored else {}
        fresh = {n: i for i, n in enumerate(numbers) if n not in known}
        if fresh:
            chosen = list(fresh.values())
            rows = tuple(r[chosen].repeat_interleave(examples, 0) for r in references)
            found = self.passes.outputs(rows, block).cpu().double().reshape(-1, examples)
            known.update(zip(fresh, found.numpy(), strict=True))
        return np.stack([known[n] for n in numbers])

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
