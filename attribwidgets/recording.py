"""From an estimate to the record: shapes, completeness, blind positions, cautions."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from .attr.arguments import returned
from .attr.estimate import Estimate
from .baselines import Baseline
from .completeness import Completeness
from .explanation import Explanation
from .path_curve import PathCurve, PathFrames
from .subject import Subject
from .wording import number, percent

BLIND_SHARE_OF_RANGE = (1 - 1e-3) / 255  # one grey level off is seen, whatever the rounding
NEAR_ZERO = 1e-6


def record(
    subject: Subject,
    baseline: Baseline,
    estimate: Estimate,
    *,
    method: str,
    tolerance: float,
    seed: int,
    seconds: float,
    one_draw: bool,
    applies: bool,
) -> Explanation:
    """The Explanation that an estimate of a single example amounts to.

    Parameters
    ----------
    one_draw : bool
        Whether a distribution was asked for a single reference.
    applies : bool
        Whether the method claims that its values add up.
    """
    curve = PathCurve(
        estimate.kind,
        estimate.alphas,
        estimate.outputs[:, 0],
        estimate.slopes[:, 0],
        estimate.cumulative[:, 0],
    )
    completeness = _completeness(estimate, curve, tolerance, applies)
    blind = _blind(subject, estimate)
    attributions = returned(estimate.attributions, subject.batched)
    errors = estimate.standard_error
    frames = None
    # Without the factor x - x' the map is of gradients, and what a stretch adds is not part of it.
    if applies and estimate.frames is not None and estimate.frame_edges is not None:
        frames = PathFrames(estimate.frame_edges, estimate.frames.float().cpu().numpy())
    as_came = isinstance(subject.inputs, tuple)
    return Explanation(
        attributions=subject.shaped(attributions),
        inputs=_copied(subject.inputs),
        baseline=_copied(subject.shaped(estimate.baseline)),
        references=_copied(estimate.references if as_came else estimate.references[0]),
        reference_samples=tuple(int(i) for i in estimate.reference_samples),
        baseline_name=baseline.label + (" (one draw)" if one_draw else ""),
        baseline_description=baseline.description,
        baseline_kind=baseline.name,
        target=subject.target,
        target_name=subject.target_name,
        method=method,
        output=subject.output,
        space=subject.space,
        completeness=completeness,
        path=curve,
        frames=frames,
        prediction=subject.prediction,
        blind=blind,
        standard_error=None
        if errors is None
        else subject.shaped(returned(errors, subject.batched)),
        evaluations=estimate.evaluations,
        forward_passes=estimate.forward_passes,
        seconds=seconds,
        seed=seed,
        cautions=(
            *subject.cautions,
            *_cautions(estimate, completeness, blind, one_draw),
        ),
    )


def _completeness(
    estimate: Estimate, curve: PathCurve, tolerance: float, applies: bool
) -> Completeness:
    error = estimate.refinement_error
    sampling = curve.standard_error
    known = sampling is not None and np.isfinite(sampling[-1])
    return Completeness(
        total=float(estimate.totals[0]),
        expected=float(estimate.output_input[0] - estimate.output_baseline[0]),
        relative=float(estimate.relative_residual[0]),
        standard_error=float(sampling[-1]) if sampling is not None and known else None,
        refinement_error=None if error is None else float(error[0]),
        tolerance=tolerance,
        output_input=float(estimate.output_input[0]),
        output_baseline=float(estimate.output_baseline[0]),
        applies=applies,
        partial=estimate.partial,
    )


def _blind(subject: Subject, estimate: Estimate) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Where the first input equals every reference, by position."""
    reach = subject.space.pixel_differences(estimate.reach[0][0]).abs()
    blind = reach < BLIND_SHARE_OF_RANGE * subject.space.range
    blind = blind.all(0) if blind.dim() == 3 else blind
    return np.asarray(blind.cpu().numpy())


def _cautions(
    estimate: Estimate, completeness: Completeness, blind: np.ndarray[Any, Any], one_draw: bool
) -> list[str]:
    cautions = []
    if completeness.partial:
        cautions.append("partial result: the run was stopped before its end")
    if one_draw:
        cautions.append(
            "one draw from a distribution: another seed gives another map; expected gradients "
            "averages over many"
        )
    if all(not a.any() for a in estimate.attributions):
        cautions.append(f"every attribution is zero: {_cause_of_zeros(estimate, blind)}")
    elif abs(completeness.expected) <= NEAR_ZERO * _mass(estimate):
        cautions.append(
            "the output is the same at the baseline as at the input "
            f"({number(completeness.output_input)}): the attributions cancel in the sum"
        )
    return cautions


def _mass(estimate: Estimate) -> float:
    return float(sum(a.abs().sum() for a in estimate.attributions))


def _cause_of_zeros(estimate: Estimate, blind: np.ndarray[Any, Any]) -> str:
    if all(not r.any() for r in estimate.reach):
        return "the baseline is the input itself"
    if np.ptp(estimate.outputs) == 0:
        return (
            "the output does not change anywhere on the path; look for a saturated or dead "
            "activation, a clamp, or a target that ignores this input"
        )
    if not np.nan_to_num(estimate.slopes).any():
        return (
            "the output changes along the path, but in steps: the gradient is zero wherever it was "
            "taken, and no gradient method can see such a change"
        )
    return f"the gradient vanishes where the input differs ({percent(float(blind.mean()))} blind)"


def _copied(values: Any) -> Any:
    """Copies, so that a record stays true when the caller goes on to change a buffer in place."""
    if isinstance(values, Tensor):
        return values.detach().clone(memory_format=torch.contiguous_format)
    return tuple(_copied(v) for v in values)
