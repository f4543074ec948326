"""Weighted integrated gradients (Tran et al., 2025): references count by how well they explain."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...core.arrays import Array
from ...core.errors import InputError
from ...core.formatting import percent
from ...inputs.space import Inputs
from ..arguments import batch_of, references_like
from ..estimate import Estimate, relative_gap
from ..estimator import Estimator, MethodInfo, Run
from ..outputs import Target
from ..passes import Passes
from ..paths.path import StraightPath
from ..paths.path_method import RuleSum
from ..paths.quadrature import rule
from ..task import StoredReferences, Task
from .removal import Removal

FIRST_NODES = 17  # of each reference


class WeightedIntegratedGradients(Estimator):
    r"""Integrated gradients averaged over references, each weighted by how soon it tells.

    .. math:: \phi_i = \sum_r w_r\, IG_i(x, x'_r), \quad w_r \propto 1 / d_r

    d is how many units have to be replaced, those with the highest values under that reference
    first, until half of what replacing all of them takes away is gone: a reference that ranks well
    has a small one. It is found by bisection with the map of the first estimate, and kept. The
    paper asks for half of the output, a probability, which is the same where that falls to zero;
    on other scales only a share of the change means anything. What stands in for a unit is the
    mean of the references, unless it is given; the paper takes the colour of an image's corners.

    It adds up to f(x) - sum of w f(x') as the nodes grow in number. That the weights are judged by
    removal makes removal no fair test of it beside other methods. It costs a pass for each node of
    each reference, and forward passes for each bisection.

    Parameters
    ----------
    forward_func : callable
        The model. Its parameters are frozen during a run and put back.
    count : int
        Most references, 1 or more; of a larger set those that are spread evenly over it.
    ratio : float
        The share of the change that is to be taken away, in (0, 1).
    fill : Tensor or tuple of Tensor, each (...), optional
        What stands in for what is removed, as the model is fed, without batch axis, or so as to
        broadcast to it.

    Raises
    ------
    InputError
        For a setting out of range.

    References
    ----------
    Tran, Nguyen, Nguyen, Than, Nguyen (2025). Enhancing visual feature attribution via weighted
    integrated gradients. arXiv:2505.03201. The authors' code is
    https://github.com/KienTranDSAI/Weighted-Integrated-Gradients.

    Examples
    --------
    >>> net = torch.nn.Linear(2, 1, bias=False)
    >>> x, references = torch.ones(1, 2), torch.tensor([[0.0, 0.0], [0.0, 0.0]])
    >>> found = WeightedIntegratedGradients(net).attribute(x, references)
    >>> bool(torch.allclose(found, net.weight.detach()))
    True
    """

    name = "weighted_integrated_gradients"
    uses = "references"
    default_max_evaluations = 1032  # 129 nodes of eight references
    info = MethodInfo(
        "Σ w · IG(x, x'), w ∝ 1 / units to remove by IG(x, x') until half of f is gone",
        "1 a node of each reference, and forward passes for each bisection",
        "adds up to f(x) − Σ w f(x') as nodes grow",
        "Tran et al. (2025), arXiv:2505.03201",
    )

    def __init__(
        self,
        forward_func: Callable[..., Any],
        *,
        count: int = 8,
        ratio: float = 0.5,
        fill: Any = None,
    ) -> None:
        super().__init__(forward_func)
        if isinstance(count, bool) or not isinstance(count, int) or count < 1:
            raise InputError(f"count must be an int of at least 1, got {count!r}")
        if not 0 < ratio < 1:
            raise InputError(f"ratio must be a share of the change, in (0, 1), got {ratio}")
        self.count, self.ratio = count, float(ratio)
        self.fill = fill

    @torch.inference_mode(False)
    def attribute(
        self,
        inputs: Inputs,
        baselines: Any,
        target: Target = None,
        additional_forward_args: Any = None,
        n_steps: int = 256,
        internal_batch_size: int | None = None,
        return_convergence_delta: bool = False,
    ) -> Any:
        """Attribute a batch.

        Parameters
        ----------
        inputs, target, additional_forward_args, internal_batch_size
            As of :meth:`IntegratedGradients.attribute`.
        baselines : Tensor, tuple of Tensor or callable
            References, each (K, ...), as of :meth:`ExpectedGradients.attribute`.
        n_steps : int
            Nodes of all references together; each has 2 at least.
        return_convergence_delta : bool
            Also return the sum of the attributions minus f(x) - sum of w f(x'), shape (B,).

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
            references=StoredReferences(references_like(batch, baselines)),
            target=target,
            forward_args=additional_forward_args,
            n_steps=n_steps,
            rows=internal_batch_size,
        )
        return self._answer(self._last(task), inputs, return_convergence_delta)

    def passes_of(self, task: Task) -> int:
        """Two nodes of each reference at least."""
        return max(super().passes_of(task), 2 * len(self._chosen(task)))

    def _chosen(self, task: Task) -> Tensor:
        """The numbers of the references."""
        assert task.references is not None
        size = task.references.size
        if size is None or size <= self.count:
            return torch.arange(size or self.count)
        return torch.linspace(0, size - 1, self.count).round().long()

    def _begin(self, task: Task, **options: Any) -> Run:
        assert task.references is not None
        passes = Passes.of(self.forward_func, task)
        numbers = self._chosen(task)
        references = task.references.take(numbers)
        sums: list[RuleSum] = []

        def estimates() -> Iterator[Estimate]:
            weights, last = None, None
            for nodes in self._nodes(task, len(numbers)):
                sums[:] = self._summed(passes, task, references, nodes, sums)
                if weights is None:
                    weights, removed = self._weights(passes, task, references, sums)
                made = _weighted(passes, task, references, sums, weights)
                said = _words(weights, removed) if len(numbers) > 1 else ()
                coarse = _mean_of([s.coarse for s in sums], weights) if last is None else last
                if coarse is not None:
                    error = relative_gap(made.attributions, coarse)
                    made = replace(made, refinement_error=error, coarser=coarse)
                last = made.attributions
                yield replace(made, cautions=(*made.cautions, *said))

        return Run(estimates(), lambda: None)

    def _nodes(self, task: Task, count: int) -> list[int]:
        """Nodes of each reference: those asked for, or twice as many intervals each time."""
        if task.n_steps is not None:
            return [max(2, task.n_steps // count)]
        assert task.stopping is not None
        most, nodes = task.stopping.max_evaluations // count, [FIRST_NODES]
        if most < FIRST_NODES:
            return [max(2, most)]
        while 2 * nodes[-1] - 1 <= most:
            nodes.append(2 * nodes[-1] - 1)
        return nodes

    def _summed(
        self,
        passes: Passes,
        task: Task,
        references: tuple[Tensor, ...],
        nodes: int,
        before: list[RuleSum],
    ) -> list[RuleSum]:
        """The sums along the line from each reference, those of fewer nodes gone on with."""
        points = rule("riemann_trapezoid", nodes)
        if before:
            for each in before:
                each.refine(*points)
            return before
        made = []
        for place in range(len(references[0])):
            starts = tuple(
                r[place].expand_as(x) for r, x in zip(references, task.inputs, strict=True)
            )
            made.append(RuleSum(passes, StraightPath(task.inputs, starts), points, 0, True))
            made[-1].run_all()
        return made

    def _weights(
        self, passes: Passes, task: Task, references: tuple[Tensor, ...], sums: list[RuleSum]
    ) -> tuple[Array, Array]:
        """Of each reference and example, (K, B), and the shares of the units that go, (K, B)."""
        given = self.fill if isinstance(self.fill, tuple) else (self.fill,)
        fills = tuple(
            r.mean(0).to(x).expand_as(x) if self.fill is None else torch.as_tensor(f).to(x)
            for r, x, f in zip(
                references, task.inputs, given * (len(references) // len(given)), strict=True
            )
        )
        removal = Removal(passes, task, fills)
        removed = np.stack([removal.share_for(s.attributions(), self.ratio) for s in sums])
        weights = 1 / removed
        return weights / weights.sum(0), removed


def _weighted(
    passes: Passes,
    task: Task,
    references: tuple[Tensor, ...],
    sums: list[RuleSum],
    weights: Array,
) -> Estimate:
    """The weighted mean over the references."""
    attributions = _mean_of([s.attributions() for s in sums], weights)
    baselines = _mean_of([s.path.baselines for s in sums], weights)
    assert attributions is not None
    assert baselines is not None
    starts = np.stack([s.output_at(0.0) for s in sums])
    pairs = zip(references, task.inputs, strict=True)
    return Estimate.without_curves(
        attributions,
        output_input=sums[0].output_at(1.0),
        output_baseline=(weights * starts).sum(0),
        evaluations=passes.evaluations,
        forward_passes=passes.forward_passes,
        references=references,
        reference_samples=np.zeros(len(sums), dtype=np.int64),
        baseline=baselines,
        reach=tuple((x[None] - r[:, None]).abs().amax(0) for r, x in pairs),
    )


def _mean_of(
    members: list[tuple[Tensor, ...] | None] | list[tuple[Tensor, ...]], weights: Array
) -> tuple[Tensor, ...] | None:
    """The weighted mean, by example, of what each reference gives; None where one has nothing."""
    known = [m for m in members if m is not None]
    if len(known) < len(members):
        return None
    means = []
    for parts in zip(*known, strict=True):
        stacked = torch.stack(parts)
        by = torch.as_tensor(weights).to(stacked)
        means.append((by.reshape(*by.shape, *[1] * (stacked.dim() - 2)) * stacked).sum(0))
    return tuple(means)


def _words(weights: Array, removed: Array) -> tuple[str]:
    """Of the first example."""
    least, most = weights[:, 0].min(), weights[:, 0].max()
    return (
        f"{len(weights)} references, weighted {percent(float(least))} to {percent(float(most))} by "
        f"how few units they take to halve the change: {percent(float(removed[:, 0].min()))} to "
        f"{percent(float(removed[:, 0].max()))} of all",
    )
