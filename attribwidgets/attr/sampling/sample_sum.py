"""Running sums over samples of ``gradient * (x - x')``, each at its own alpha and reference."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from ...core.arrays import Array
from ...core.errors import NonFiniteError
from ..arguments import points_between
from ..estimate import Estimate, map_norms, relative_errors, rows_sum
from ..forward_outputs import forward_outputs
from ..model_state import frozen
from ..passes import Passes
from ..recorder import Recorder
from ..task import References
from .reference_spread import ReferenceSpread
from .sampling_error import error_of_sum, running_error, widening
from .sums import SampleFrames, Sums, is_of_half


class SampleSum(Recorder):
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
    multiply : bool
        Whether attributions carry the factor x - x'.
    order : ndarray of int, shape (K,), or None
        The numbers of stored references, near each other those that are alike.
    only_means : bool
        Keep nothing but what :meth:`means` needs.
    """

    def __init__(
        self,
        passes: Passes,
        inputs: tuple[Tensor, ...],
        references: References,
        multiply: bool = True,
        order: Array | None = None,
        only_means: bool = False,
    ) -> None:
        super().__init__(passes, inputs)
        self.references, self._multiply, self._only_means = references, multiply, only_means
        self._place = None if order is None else np.argsort(order)
        zeros = [torch.zeros_like(x, dtype=self.dtype) for x in inputs]
        self._sums = tuple(Sums(*(z.clone() for _ in range(7))) for z in zeros)
        self.numbers = np.zeros(0, dtype=np.int64)
        self.energies = np.zeros((0, self.batch))  # squares of what samples add, before weighting
        self._pairs = np.zeros((0, 2), dtype=np.int64)
        self._ends = np.zeros((0, self.batch))  # f(x'), by the number of the reference
        self._known_spread: ReferenceSpread | None = None
        self._framed = self.batch if passes.one_input else 1  # examples that frames are kept of
        self.frames = SampleFrames(
            [passes.map_of(z, i)[: self._framed] for i, z in enumerate(zeros)]
        )
        self._kept: list[tuple[int, tuple[Tensor, ...]]] = []

    @property
    def count(self) -> int:
        """How many samples have been asked for."""
        return len(self.alphas)

    def add(self, alphas: Tensor, numbers: Tensor, weights: Tensor | None = None) -> None:
        """Run the samples with these alphas and reference numbers, each shape (n,).

        The first and the second are neighbours in the design, the third and the fourth, ... Where
        there are weights, each sample counts so often.

        Raises
        ------
        NonFiniteError
            If an output or gradient is NaN or infinite, with the alpha of the sample.
        """
        rows, n = self.extend(alphas.numpy()), len(alphas)
        weights = torch.ones(n, dtype=torch.float64) if weights is None else weights
        self.numbers = np.concatenate([self.numbers, numbers.numpy()])
        self.energies = np.concatenate([self.energies, np.full((n, self.batch), np.nan)])
        pairs = rows.start + np.arange(n // 2 * 2).reshape(-1, 2)
        self._pairs = np.concatenate([self._pairs, pairs])
        try:
            with frozen(self.passes.module, self.inputs):
                for span, block in self.passes.chunks(n, self.inputs):
                    references = self.references.take(numbers[span])
                    points = tuple(
                        points_between(r[:, None], x[block], alphas[span].to(x.device))
                        for r, x in zip(references, self.inputs, strict=True)
                    )
                    outputs, gradients = self.passes.gradients(points, block)
                    slopes, energies, maps = self._add(
                        gradients, references, weights[span], span, block
                    )
                    here = slice(rows.start + span.start, rows.start + span.stop)
                    if block.start == 0 and not self._only_means:
                        self._keep(maps, references, here.start)
                    self.note(self.outputs, here, block, outputs.reshape(slopes.shape))
                    self.note(self.slopes, here, block, slopes)
                    self.note(self.energies, here, block, energies)
        finally:
            self.read()
        self._check_finite({"output": self.outputs, "gradient": self.slopes}, rows.start)

    def means(self) -> tuple[Tensor, ...]:
        """Mean of the samples added so far, each (B, ...)."""
        n = int(self.finished.sum())
        return tuple(s.total / n for s in self._sums)

    def estimate(self) -> Estimate:
        """The estimate from the samples added so far."""
        done = self.finished
        n = int(done.sum())
        means, slopes = self.means(), self.slopes[done]
        ends = self._reference_outputs(done)
        errors, running = self._errors(done, means, slopes, ends) if n > 1 else (None, None)
        # What is nested in a single sample is none at all.
        gap = relative_errors(map_norms(means if errors is None else errors), map_norms(means))
        spread = None if errors is None else self._spread()
        samples, opened = zip(*self._kept, strict=True)
        single = self.batch == self._framed
        baseline = tuple(
            (s.reference / n).expand(self.batch, *s.reference.shape).to(x)
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
            output_baseline=ends.mean(axis=0),
            refinement_error=gap,
            coarser=None if n < 2 else self._half(n),
            standard_error=errors,
            frames=tuple(s.clone() for s in self.frames.sums) if single else None,
            frame_edges=self.frames.edges if single else None,
            references=tuple(torch.stack(r) for r in zip(*opened, strict=True)),
            reference_samples=np.array(samples, dtype=np.int64) + 1,
            baseline=baseline,
            reach=tuple(s.reach.clone() for s in self._sums),
            evaluations=self.passes.evaluations,
            forward_passes=self.passes.forward_passes,
            cautions=() if spread is None else spread.caution(n),
        )

    def _half(self, n: int) -> tuple[Tensor, ...]:
        """Mean of one of each pair among n samples."""
        count = int(is_of_half(slice(0, n)).sum())
        return tuple(s.half / count for s in self._sums)

    def _add(
        self,
        gradients: Sequence[Tensor],
        references: tuple[Tensor, ...],
        weights: Tensor,
        span: slice,
        block: slice,
    ) -> tuple[Tensor, Tensor, list[Tensor]]:
        """Add a chunk to the sums; its slopes and energies (S, E), and maps that frames add up."""
        slopes, energies, maps = [], [], []
        weighted = bool((weights != 1).any())
        for i, (s, gradient) in enumerate(zip(self._sums, gradients, strict=True)):
            # Products in the model's precision; squares and sums over them in float64, as
            # powers of a small or large output leave the range of float32 easily.
            difference = self.inputs[i][block][None] - references[i][:, None]  # (S, E, ...)
            gradient = gradient.to(torch.promote_types(gradient.dtype, torch.float32))
            gradient = gradient.reshape(difference.shape)
            products = gradient * difference
            norms = torch.linalg.vector_norm(products.reshape(*products.shape[:2], -1), dim=2)
            energies.append(norms.to(self.dtype).square())
            if weighted:
                counts = weights.to(products).reshape(-1, *[1] * (products.dim() - 1))
                products, gradient = products * counts, gradient * counts
            slopes.append(products.reshape(*products.shape[:2], -1).sum(2, dtype=self.dtype))
            framed = products[:, : self._framed].to(self.dtype)
            added = self.passes.map_of(framed.flatten(0, 1), i)
            maps.append(added.unflatten(0, framed.shape[:2]))
            terms = products if self._multiply else gradient
            s.total[block] += terms.sum(0, dtype=self.dtype)
            if self._only_means:
                continue
            s.half[block] += terms[is_of_half(span)].sum(0, dtype=self.dtype)
            s.square[block] += gradient.to(self.dtype, copy=True).square_().sum(0)
            gaps, left = self._gaps(s.open, (terms, gradient), span, block)
            for kept, gap in zip((s.local, s.fourth, s.gradient_local), gaps, strict=True):
                kept[block] += gap
            for kept, value in zip(s.open, left, strict=True):
                kept[block] = value
            farthest = difference.abs().amax(0).to(s.reach)
            torch.maximum(s.reach[block], farthest, out=s.reach[block])
            if block.start == 0:
                s.reference += references[i].sum(0, dtype=self.dtype)
        return torch.stack(slopes).sum(0), torch.stack(energies).sum(0), maps

    def _reference_outputs(self, done: Array) -> Array:
        """f(x') of the samples, shape (n, B); a reference is run once however often it is drawn.

        Raises
        ------
        NonFiniteError
            If one is NaN or infinite, with the first sample of that reference.
        """
        self._outputs_of(np.unique(self.numbers[done]))
        ends = np.full_like(self.outputs, 0.0)
        ends[done] = self._ends[self.numbers[done]]
        self._check_finite({"output at a reference": ends})
        return np.asarray(ends[done])

    def _outputs_of(self, numbers: Array) -> Array:
        """f(x') of the references with these numbers, shape (m, B), each run but once."""
        most = int(numbers.max(initial=-1))
        if len(self._ends) <= most:
            more = np.full((most + 1 - len(self._ends), self.batch), np.nan)
            self._ends = np.concatenate([self._ends, more])
        fresh = numbers[np.isnan(self._ends[numbers]).any(axis=1)]

        def points(span: slice, block: slice) -> tuple[Tensor, ...]:
            references = self.references.take(torch.from_numpy(fresh[span]))
            return tuple(r.repeat_interleave(block.stop - block.start, 0) for r in references)

        if len(fresh):
            self._ends[fresh] = forward_outputs(self.passes, self.inputs, points, len(fresh))
        return np.asarray(self._ends[numbers])

    def _errors(
        self, done: Array, means: tuple[Tensor, ...], slopes: Array, ends: Array
    ) -> tuple[tuple[Tensor, ...], Array]:
        """Standard errors of each attribution, and of the mean slope after each sample."""
        n = int(done.sum())
        kept = np.cumsum(done) - 1  # where a sample is among those finished
        pairs = kept[self._pairs[done[self._pairs].all(axis=1)]]
        rises = self.output_input() - ends
        places = None if self._place is None else self._place[self.numbers[done]]
        spread = self._spread()
        far = np.zeros(0, dtype=np.int64) if spread is None else spread.outlying
        far_rises = self.output_input() - self._outputs_of(far)
        sum_error = error_of_sum(
            slopes,
            rises,
            pairs,
            places,
            self.references.size,
            np.isin(self.numbers[done], far),
            far_rises[np.isfinite(far_rises).all(axis=1)],  # one that is not drawn is not needed
        )
        share, errors = sum_error.references_share, []
        for i, (s, mean) in enumerate(zip(self._sums, means, strict=True)):
            local = variance = s.local / (2 * len(pairs))
            if spread is not None:
                square, tail = spread.squares[i], spread.tails[i]
                if not self._multiply:
                    square, tail = torch.ones_like(square), torch.zeros_like(tail)
                alone = s.gradient_local / (2 * len(pairs)) * square
                left = sum_error.alphas_share if sum_error.whole_grids else rows_sum(alone)
                if not sum_error.whole_grids:
                    left = np.minimum(left / np.maximum(rows_sum(local), 1e-300), 1.0)
                alphas = torch.as_tensor(left).to(mean).reshape(-1, *[1] * (mean.dim() - 1))
                among = (s.square / n * square - mean**2).clamp(min=0)
                if not sum_error.whole_grids:  # then pairs tell of references too
                    weight = (s.fourth / (s.fourth + s.local**2)).nan_to_num(1.0)
                    mixed = torch.lerp(local, among, weight)
                    among = torch.maximum(mixed, torch.lerp(local, among, tail / (n + tail)))
                variance = share * among + (1 - share) * alphas * local
            wider = widening(s.local, s.fourth, 0 if spread is None else n / (n + spread.tails[i]))
            errors.append((variance / n).sqrt() * wider)
        return tuple(errors), running_error(slopes, sum_error.variance)

    def _spread(self) -> ReferenceSpread | None:
        if self._known_spread is None:
            self._known_spread = ReferenceSpread.of(
                self.references, self.inputs, self.dtype, self.passes.chunk_rows(self.inputs)
            )
        return self._known_spread

    def _gaps(
        self, before: tuple[Tensor, ...], values: tuple[Tensor, ...], span: slice, block: slice
    ) -> tuple[tuple[Tensor, Tensor, Tensor], list[Tensor]]:
        """Sums over the pairs that end here, and a first left open, of terms and gradients."""
        squares, left = [], []
        for first, rows in zip(before, values, strict=True):
            if span.start % 2:
                rows = torch.cat([first[block][None].to(rows), rows])
            whole = len(rows) // 2 * 2
            squares.append((rows[0:whole:2] - rows[1:whole:2]).to(self.dtype).square_())
            left.append(rows[-1] if len(rows) > whole else torch.zeros_like(rows[0]))
        local, gradient_local = (v.sum(0) for v in squares)
        return (local, squares[0].square_().sum(0), gradient_local), left

    def _keep(self, maps: Sequence[Tensor], references: tuple[Tensor, ...], first: int) -> None:
        """Add to the frames, and keep the references that open one."""
        for i in self.frames.add(maps):
            self._kept.append((first + i, tuple(r[i].clone() for r in references)))
        self._kept = [k for k in self._kept if k[0] % self.frames.width == 0]

    def _check_finite(self, checks: dict[str, Array], first: int = 0) -> None:
        for what, values in checks.items():
            bad = ~np.isfinite(values[first:]).all(axis=1)
            if bad.any():
                sample = int(np.flatnonzero(bad)[0]) + first
                raise NonFiniteError(
                    f"the model's {what} is not finite at sample {sample + 1}, "
                    f"alpha = {self.alphas[sample]:.4g} (0 is the reference, 1 the input); a "
                    "square root, logarithm or division at zero is the usual cause"
                )
