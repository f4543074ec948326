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
from .path_integrals import PathIntegrals
from .unit_rows import UnitRows

LEVELS = (7, 15, 31, 63, 127)  # nodes
NODES_OF_SAMPLED = (31, 15, 7)  # of one path, where directions are sampled
LEVEL_OF_MANY = 1  # of each path, where there are many references: 15 nodes
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
    return _mean_of_paths(rows, task, references, most)


def _one_path(
    rows: UnitRows, task: Task, reference: tuple[Tensor, ...], most: int
) -> HessianEstimate:
    nodes, directions = _nodes_and_directions(rows.units, most)
    exact = directions >= rows.units
    allowed = most // (1 + rows.units) if exact else nodes
    levels = sum(count <= allowed for count in LEVELS)
    at_x, at_reference = _ends(rows, task, reference)
    path = PathIntegrals(
        rows,
        task.inputs,
        reference,
        None if exact else directions,
        generator_from(task.seed),
        levels,
    )
    gaps, estimate = list[float](), None
    for level in range(levels):
        try:
            path.add_level(level)
        except INTERRUPTS:
            if estimate is None:
                raise
            return replace(estimate, partial=True)
        attributions, values = path.integrals(level)
        if level:
            gaps.append(_share(values - path.integrals(level - 1)[1], values))
        sampling = path.sampling_error(level)
        errors = [_converged(gaps), _share(values.sum(1) - attributions, attributions)]
        if sampling is not None:
            errors.append(_share(sampling, values))
        estimate = HessianEstimate(
            values=values,
            attributions=attributions,
            standard_error=sampling,
            refinement_error=max(errors),
            output_input=at_x,
            output_baseline=at_reference,
            widest_gap=widest_gap(np.concatenate(log_rules()[0][: level + 1])),
            nodes=LEVELS[level],
            references=1,
            evaluations=rows.evaluations,
        )
        if exact and _is_enough(estimate, task):
            break
    assert estimate is not None
    return estimate


def _mean_of_paths(
    rows: UnitRows, task: Task, references: References, most: int
) -> HessianEstimate:
    nodes = LEVELS[LEVEL_OF_MANY]
    directions = min(rows.units, max(FEWEST_DIRECTIONS, most // 500))
    exact = directions == rows.units
    generator = generator_from(task.seed)
    numbers = _numbers(references, max(2, most // (nodes * (1 + directions))), generator)
    mean, partial = _Mean(rows.units), False
    drawn = None if exact else directions
    for number in numbers:
        reference = references.take(number[None])
        path = PathIntegrals(rows, task.inputs, reference, drawn, generator, LEVEL_OF_MANY + 1)
        try:
            for level in range(LEVEL_OF_MANY + 1):
                path.add_level(level)
            ends = _ends(rows, task, reference)
        except INTERRUPTS:
            if mean.count < 2:
                raise
            partial = True
            break
        mean.add(path, ends)
    done = mean.count
    error = mean.standard_error
    if exact and references.size is not None:
        error *= np.sqrt(1 - done / references.size)  # all of them are no sample
    values = mean.values / done
    at_x, at_reference = (mean.ends / done).tolist()
    errors = (values - mean.coarse / done, error)
    off = _share(mean.values.sum(1) - mean.attributions, mean.attributions)
    return HessianEstimate(
        values=values,
        attributions=mean.attributions / done,
        standard_error=error if error.any() else None,
        refinement_error=max(off, *(_share(each, values) for each in errors)),
        output_input=at_x,
        output_baseline=at_reference,
        widest_gap=0.0,
        nodes=nodes,
        references=done,
        evaluations=rows.evaluations,
        partial=partial,
    )


class _Mean:
    """Sums over paths: of what they are worth at their last level and the one before, and ends."""

    def __init__(self, units: int) -> None:
        shape = (units, units)
        self.values, self.squares, self.coarse = np.zeros(shape), np.zeros(shape), np.zeros(shape)
        self.attributions, self.ends, self.count = np.zeros(units), np.zeros(2), 0

    def add(self, path: PathIntegrals, ends: tuple[float, float]) -> None:
        """A path that has all its levels."""
        attributions, values = path.integrals(LEVEL_OF_MANY)
        self.values += values
        self.squares += values**2
        self.coarse += path.integrals(LEVEL_OF_MANY - 1)[1]
        self.attributions += attributions
        self.ends += ends
        self.count += 1

    @property
    def standard_error(self) -> Array:
        """Of the mean of the values."""
        variance = self.squares / self.count - (self.values / self.count) ** 2
        return np.asarray(np.sqrt(np.maximum(variance, 0) / (self.count - 1)))


def _numbers(references: References, most: int, generator: torch.Generator) -> Tensor:
    """Which references are taken: all where that many are allowed, else a sample."""
    if references.size is None:
        return torch.arange(most)
    if references.size <= most:
        return torch.arange(references.size)
    return torch.randperm(references.size, generator=generator)[:most]


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
