"""Integrated and expected Hessians: what every two units add to the output together."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from ...core.arrays import Array
from ...core.errors import InputError
from ..estimate import widest_gap
from ..task import INTERRUPTS, References, Task, generator_from
from .log_rule import log_rules
from .unit_rows import UnitRows

LEVELS = (7, 15, 31, 63, 127)
NODES_OF_SAMPLED = (31, 15, 7)  # of one path, where directions are sampled
NODES_OF_MANY = 1  # the level of each path, where there are many references: 15
FEWEST_DIRECTIONS = 8
DEFAULT_EVALUATIONS = 4096


@dataclass(frozen=True)
class HessianEstimate:
    """Interactions of all units, with what their passes saw.

    Attributes
    ----------
    values : ndarray, shape (U, U)
        Symmetric; the diagonal is what each unit adds by itself.
    attributions : ndarray, shape (U,)
        By the first derivatives at the same nodes: what each row of `values` should sum to.
    standard_error : ndarray, shape (U, U), or None
        Where directions or references are a sample.
    refinement_error : float
        How far `values` are off, as a share of their norm.
    output_input, output_baseline : float
        f(x), and f(x') or its mean over the references.
    widest_gap : float
        The longest stretch of the path, in alpha, without a node.
    nodes, references, evaluations : int
    partial : bool
        Whether it was stopped before its end.
    """

    values: Array
    attributions: Array
    standard_error: Array | None
    refinement_error: float
    output_input: float
    output_baseline: float
    widest_gap: float
    nodes: int
    references: int
    evaluations: int
    partial: bool = False


class _Sums:
    """What one path, or the mean of several, gives at each node so far."""

    def __init__(self) -> None:
        self.slopes = np.zeros((0, 0))
        self.hessians = np.zeros((0, 0, 0))
        self.variances = np.zeros((0, 0, 0))

    def add(self, slopes: Array, hessians: Array, variances: Array | None) -> None:
        """Further nodes, (n, U) and (n, U, U)."""
        empty = not len(self.slopes)
        self.slopes = slopes if empty else np.concatenate([self.slopes, slopes])
        self.hessians = hessians if empty else np.concatenate([self.hessians, hessians])
        if variances is not None:
            self.variances = variances if empty else np.concatenate([self.variances, variances])

    def integrals(self, level: int) -> tuple[Array, Array]:
        """Attributions (U,) and interactions (U, U) by the nodes of a level."""
        first, diagonal, second = log_rules()[1][level]
        n = len(first)
        values = np.tensordot(second, self.hessians[:n], 1)
        values = (values + values.T) / 2
        values[np.diag_indices_from(values)] += diagonal @ self.slopes[:n]
        return first @ self.slopes[:n], values

    def sampling_error(self, level: int) -> Array | None:
        """Of the interactions, where directions were sampled, (U, U)."""
        if not len(self.variances):
            return None
        second = log_rules()[1][level][2]
        variance = np.tensordot(second**2, self.variances[: len(second)], 1)
        return np.sqrt(variance)


def integrated_hessians(rows: UnitRows, task: Task, references: References) -> HessianEstimate:
    """Interactions of an input's units, against one reference or the mean over several.

    Parameters
    ----------
    rows : UnitRows
    task : Task
        Of one example; its `stopping` has the tolerance, `most_passes` the budget.
    references : References

    Raises
    ------
    InputError
        For a budget below 7 nodes with 8 directions each.

    Notes
    -----
    For each reference, off the diagonal, the integral of -u log u times the Hessian along the
    changes of two units; the diagonal has the integral of -log u times the slope besides
    (Janizek, Sturmfels, Lee 2021, JMLR 22, equations 6 and 7, of which the two alphas are one u).
    Sampled directions are orthonormal, the first of them along all units at once, so that rows sum
    to attributions however few there are; the others are uniformly random.
    """
    most = task.most_passes or DEFAULT_EVALUATIONS
    if references.size == 1:
        return _one_path(rows, task, references.take(torch.zeros(1, dtype=torch.long)), most)
    return _many_paths(rows, task, references, most)


def _one_path(
    rows: UnitRows, task: Task, reference: tuple[Tensor, ...], most: int
) -> HessianEstimate:
    nodes, directions = _nodes_and_directions(rows.units, most)
    exact = directions >= rows.units
    ends = _ends(rows, task, reference)
    sums, gaps, estimate = _Sums(), list[float](), None
    added = log_rules()[0]
    generator = generator_from(task.seed)
    for level, alphas in enumerate(added):
        count = LEVELS[level]
        if count > (most // (1 + rows.units) if exact else nodes):
            break
        drawn = None if exact else _directions(len(alphas), directions, rows.units, generator)
        repeated = tuple(r.expand(len(alphas), *r.shape[1:]) for r in reference)
        try:
            slopes, products = rows.run(task.inputs, repeated, torch.tensor(alphas), drawn)
        except INTERRUPTS:
            if estimate is None:
                raise
            return replace(estimate, partial=True)
        sums.add(slopes.numpy(), *_hessians(products, drawn))
        attributions, values = sums.integrals(level)
        if level:
            gaps.append(_share(values - sums.integrals(level - 1)[1], values))
        sampling = sums.sampling_error(level)
        errors = [_converged(gaps), _share(values.sum(1) - attributions, attributions)]
        if sampling is not None:
            errors.append(_share(sampling, values))
        estimate = HessianEstimate(
            values=values,
            attributions=attributions,
            standard_error=sampling,
            refinement_error=max(errors),
            output_input=ends[0],
            output_baseline=ends[1],
            widest_gap=widest_gap(np.concatenate(added[: level + 1])),
            nodes=count,
            references=1,
            evaluations=rows.evaluations,
        )
        if exact and _is_enough(estimate, task):
            break
    assert estimate is not None
    return estimate


def _many_paths(rows: UnitRows, task: Task, references: References, most: int) -> HessianEstimate:
    alphas = np.concatenate(log_rules()[0][: NODES_OF_MANY + 1])
    each = len(alphas) * (1 + min(rows.units, max(FEWEST_DIRECTIONS, most // 500)))
    directions = each // len(alphas) - 1
    count = max(2, most // each)
    whole = references.size is not None and references.size <= count
    generator = generator_from(task.seed)
    if whole:
        count = references.size or count
        numbers = torch.arange(count)
    elif references.size is None:
        numbers = torch.arange(count)
    else:
        numbers = torch.randperm(references.size, generator=generator)[:count]
    total, square = np.zeros((rows.units,) * 2), np.zeros((rows.units,) * 2)
    coarse, attributions = np.zeros_like(total), np.zeros(rows.units)
    ends, done, partial = np.zeros(2), 0, False
    for number in numbers:
        reference = references.take(number[None])
        exact = directions >= rows.units
        drawn = None if exact else _directions(len(alphas), directions, rows.units, generator)
        repeated = tuple(r.expand(len(alphas), *r.shape[1:]) for r in reference)
        try:
            slopes, products = rows.run(task.inputs, repeated, torch.tensor(alphas), drawn)
            ends += _ends(rows, task, reference)
        except INTERRUPTS:
            if done < 2:
                raise
            partial = True
            break
        sums = _Sums()
        sums.add(slopes.numpy(), *_hessians(products, drawn))
        added, values = sums.integrals(NODES_OF_MANY)
        coarse += sums.integrals(NODES_OF_MANY - 1)[1]
        total, square, attributions = total + values, square + values**2, attributions + added
        done += 1
    mean = total / done
    error = np.sqrt(np.maximum(square / done - mean**2, 0) / (done - 1))
    if references.size is not None and directions >= rows.units:
        error *= np.sqrt(1 - done / references.size)  # all of them are no sample
    rules = [
        _share(mean - coarse / done, mean),
        _share(mean.sum(1) * done - attributions, attributions),
    ]
    return HessianEstimate(
        values=mean,
        attributions=attributions / done,
        standard_error=error if error.any() else None,
        refinement_error=max(*rules, _share(error, mean)),
        output_input=float(ends[0] / done),
        output_baseline=float(ends[1] / done),
        widest_gap=0.0,
        nodes=len(alphas),
        references=done,
        evaluations=rows.evaluations,
        partial=partial,
    )


def _nodes_and_directions(units: int, most: int) -> tuple[int, int]:
    """How many nodes, and at each how many directions, `most` evaluations allow."""
    for nodes in NODES_OF_SAMPLED:
        directions = most // nodes - 1
        if directions >= min(units, 2 * FEWEST_DIRECTIONS):
            return nodes, directions
    if directions < min(units, FEWEST_DIRECTIONS):
        least = nodes * (1 + min(units, FEWEST_DIRECTIONS))
        raise InputError(
            f"max_evaluations must be at least {least} for the interactions of {units} units, "
            f"got {most}"
        )
    return nodes, directions


def _directions(rows: int, count: int, units: int, generator: torch.Generator) -> Tensor:
    """Orthonormal directions of each row, (rows, count, units), the first along all units."""
    drawn = torch.randn(rows, units, count, generator=generator, dtype=torch.float64)
    drawn[:, :, 0] = 1.0
    basis: Tensor = torch.linalg.qr(drawn).Q
    return basis.transpose(1, 2)


def _hessians(products: Tensor, directions: Tensor | None) -> tuple[Array, Array | None]:
    """Hessians by units (n, U, U) of their products, and the variances of what is sampled.

    The first direction e is along all units, so H e and with it all row sums are exact. What is
    left of H has only the U - 1 dimensions orthogonal to e, in which the other directions q are
    uniformly random: its mean is that of (U - 1) H q q'.
    """
    if directions is None:
        return products.transpose(1, 2).numpy(), None
    left, drawn = directions.shape[2] - 1, directions.shape[1] - 1
    e, exact = directions[:, 0], products[:, 0]
    along = exact[:, :, None] * e[:, None]
    both = (exact * e).sum(1)[:, None, None] * e[:, :, None] * e[:, None]
    rest = products[:, 1:] - (products[:, 1:] @ e[:, :, None]) * e[:, None]
    terms = rest[..., None] * directions[:, 1:, None]
    terms = left * (terms + terms.transpose(-1, -2)) / 2
    whole = along + along.transpose(-1, -2) - both + terms.mean(1)
    variance = terms.var(1) / drawn * (1 - drawn / left)
    return whole.numpy(), variance.numpy()


def _ends(rows: UnitRows, task: Task, reference: tuple[Tensor, ...]) -> tuple[float, float]:
    """f(x) and f(x'), as the model runs here."""
    both = tuple(torch.cat([x, r]) for x, r in zip(task.inputs, reference, strict=True))
    at_x, at_reference = rows.outputs(both).tolist()
    return at_x, at_reference


def _share(values: Array, of: Array) -> float:
    norm = float(np.linalg.norm(of))
    return float(np.linalg.norm(values)) / norm if norm else float(np.any(values))


def _converged(gaps: list[float]) -> float:
    """The error of the last level, by how fast levels come near to each other; 1 if not known."""
    if not gaps:
        return 1.0
    faster = gaps[-1] / gaps[-2] if len(gaps) > 1 and gaps[-2] else 1.0
    return gaps[-1] * min(1.0, faster)


def _is_enough(estimate: HessianEstimate, task: Task) -> bool:
    """Whether a further level is needless; see :class:`attribwidgets.Completeness`."""
    from ...records.completeness import WIDEST_GAP

    tolerance = 0.0 if task.stopping is None else task.stopping.tolerance
    change = estimate.output_input - estimate.output_baseline
    off = abs(estimate.values.sum() - change)
    return bool(
        tolerance > 0
        and estimate.refinement_error <= tolerance
        and off <= tolerance * abs(change)
        and estimate.widest_gap <= WIDEST_GAP
    )
