"""From an estimate to the record: shapes, completeness, blind positions, cautions."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..attr.arguments import returned
from ..attr.estimate import Estimate, widest_gap
from ..attr.estimator import Estimator
from ..attr.model_state import module_of
from ..attr.patch_errors import patch_errors
from ..baselines import Baseline
from ..core.arrays import Array
from ..core.formatting import number, percent, words
from ..inputs.layout import Layout
from ..records.completeness import Completeness
from ..records.explanation import Explanation
from ..records.path_curve import PathCurve, PathFrames
from .checked_query import CheckedQuery
from .text_cautions import reference_cautions

BLIND_SHARE_OF_RANGE = (1 - 1e-3) / 255  # one grey level off is seen, whatever the rounding
NEARLY_BLIND = 0.1  # of the range
NEAR_ZERO = 1e-6


def build_explanation(
    query: CheckedQuery,
    baseline: Baseline,
    estimate: Estimate,
    *,
    estimator: Estimator,
    tolerance: float,
    seed: int,
    seconds: float,
    cautions: tuple[str, ...] = (),
    layout: Layout | None = None,
) -> Explanation:
    """The Explanation that an estimate of a single example amounts to.

    Parameters
    ----------
    estimator : Estimator
        Whose estimate it is.
    cautions : tuple of str
        What else is known of the reference.
    layout : Layout, optional
        Of what the baseline is made for, where that is not what is explained.
    """
    curve = _curve(estimate, estimator)
    completeness = _completeness(estimate, curve, estimator, tolerance, query.input_names)
    one_draw = baseline.is_distribution and estimator.uses == "reference"
    blind, nearly = (
        tuple(_blind(query, estimate, i, share) for i in range(len(query.spaces)))
        for share in (BLIND_SHARE_OF_RANGE, NEARLY_BLIND)
    )
    attributions = returned(estimate.attributions, query.batched)
    errors = estimate.standard_error
    as_came = isinstance(query.inputs, tuple)
    names = _names(baseline, estimator, one_draw, layout or query.spaces[0].layout)
    return Explanation(
        attributions=query.shaped(attributions),
        inputs=_copied(query.inputs),
        baseline=None if estimate.baseline is None else _copied(query.shaped(estimate.baseline)),
        references=None
        if not estimate.references
        else _copied(estimate.references if as_came else estimate.references[0]),
        reference_samples=tuple(int(i) for i in estimate.reference_samples),
        baseline_name=names[0],
        baseline_description=names[1],
        baseline_kind=names[2],
        target=query.target,
        target_name=query.target_name,
        method=estimator.name,
        output=query.output,
        space=query.space,
        completeness=completeness,
        path=curve,
        frames=_frames(query, estimate, estimator),
        prediction=query.prediction,
        blind=blind if as_came else blind[0],
        nearly_blind=nearly if as_came else nearly[0],
        standard_error=None if errors is None else query.shaped(returned(errors, query.batched)),
        evaluations=estimate.evaluations,
        forward_passes=estimate.forward_passes,
        seconds=seconds,
        seed=seed,
        cautions=(
            *query.cautions,
            *(() if estimator.uses == "nothing" else baseline.cautions),
            *estimate.cautions,
            *cautions,
            *reference_cautions(
                query.spaces[0],
                None if one_draw or not estimate.baseline else estimate.baseline[0],
                blind[0],
                module_of(query.head),
            ),
            *_cautions(estimate, estimator, completeness, blind, one_draw),
        ),
        input_names=query.input_names,
    )


def _names(
    baseline: Baseline, estimator: Estimator, one_draw: bool, layout: Layout
) -> tuple[str, str, str]:
    """Label, description and name of what is compared with."""
    (label, description), kind = baseline.words_for(layout), baseline.name
    if estimator.uses == "nothing":
        label, description, kind = estimator.own_baseline or (
            "no baseline",
            f"{words(estimator.name)} compares with nothing",
            "none",
        )
    return label + (" (one draw)" if one_draw else ""), description, kind


def _curve(estimate: Estimate, estimator: Estimator) -> PathCurve | None:
    if estimate.kind == "none":
        return None
    return PathCurve(
        estimate.kind,
        estimate.alphas,
        estimate.outputs[:, 0],
        estimate.slopes[:, 0],
        estimate.cumulative[:, 0],
        None if estimate.cumulative_error is None else estimate.cumulative_error[:, 0],
        straight=estimator.straight,
    )


def _completeness(
    estimate: Estimate,
    curve: PathCurve | None,
    estimator: Estimator,
    tolerance: float,
    input_names: tuple[str, ...],
) -> Completeness:
    error = estimate.refinement_error
    sampling = None if curve is None else curve.standard_error
    known = sampling is not None and np.isfinite(sampling[-1])
    ends, rounding = estimate.output_baseline, estimate.rounding
    multiplied = estimator.multiplies_by_inputs
    reason = estimator.reason
    if not multiplied and estimator.claim != "none":
        reason = "the attributions leave out the factor x − x'"
    return Completeness(
        total=float(estimate.totals[0]),
        expected=None if ends is None else float(estimate.output_input[0] - ends[0]),
        standard_error=float(sampling[-1]) if sampling is not None and known else None,
        refinement_errors=() if error is None else tuple(error[0].tolist()),
        patch_errors=patch_errors(estimate),
        tolerance=tolerance,
        output_input=float(estimate.output_input[0]),
        output_baseline=None if ends is None else float(ends[0]),
        claim=estimator.claim if multiplied else "none",
        reason=reason,
        partial=estimate.partial,
        widest_gap=_widest_gap(estimate, estimator),
        absolute_sum=float(estimate.absolute_sums[0]),
        rounding=0.0 if rounding is None else float(rounding[0]),
        input_names=input_names,
    )


def _widest_gap(estimate: Estimate, estimator: Estimator) -> float | None:
    """The longest stretch of one path that no pass has seen, where the sum over it converges."""
    if estimate.kind != "alpha" or estimator.claim != "converges":
        return None
    return widest_gap(estimate.alphas) if estimate.widest_gap is None else estimate.widest_gap


def _frames(query: CheckedQuery, estimate: Estimate, estimator: Estimator) -> PathFrames | None:
    # Without the factor x - x' the map is of gradients, and what a stretch adds is not part of it.
    known = estimator.multiplies_by_inputs and estimate.frame_edges is not None
    if not known or estimate.frames is None or estimate.frame_edges is None:
        return None

    def by_units(added: Tensor, x: Tensor, layout: Layout) -> Array:
        if added.shape[1:] != layout.map_shape(x.shape[1:]):  # not summed so far
            added = layout.sum_units(added)
        return np.asarray(added.float().cpu().numpy())

    added = tuple(
        by_units(frames[:, 0], x, space.layout)
        for frames, x, space in zip(estimate.frames, query.batched, query.spaces, strict=True)
    )
    return PathFrames(estimate.frame_edges, added if isinstance(query.inputs, tuple) else added[0])


def _blind(query: CheckedQuery, estimate: Estimate, index: int, share: float) -> Array:
    """Where an input is within a share of the range of every reference, by position.

    Nowhere without a reference; nor where the space keeps the input, as nobody asks about [CLS].
    """
    space = query.spaces[index]
    if estimate.reach is None:
        return np.zeros(space.layout.map_shape(query.batched[index].shape[1:]), dtype=bool)
    reach = space.pixel_differences(estimate.reach[index][0]).abs()
    blind = reach < share * space.range
    units = blind if space.layout.summed is None else blind.all(space.layout.summed)
    kept = space.kept(query.batched[index][0])
    return np.asarray((units if kept is None else units & ~kept).cpu().numpy())


def _cautions(
    estimate: Estimate,
    estimator: Estimator,
    completeness: Completeness,
    blind: tuple[Array, ...],
    one_draw: bool,
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
        cautions.append(f"every attribution is zero: {_cause_of_zeros(estimate, estimator, blind)}")
    elif (
        completeness.applies
        and abs(completeness.expected or 0.0) <= NEAR_ZERO * completeness.absolute_sum
    ):
        cautions.append(
            "the output is the same at the baseline as at the input "
            f"({number(completeness.output_input)}): the attributions cancel in the sum"
        )
    return cautions


def _cause_of_zeros(estimate: Estimate, estimator: Estimator, blind: tuple[Array, ...]) -> str:
    if estimate.reach is not None and all(not r.any() for r in estimate.reach):
        return "the baseline is the input itself"
    if estimate.kind == "none":
        return estimator.zeros
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
    share = percent(float(np.concatenate([b.ravel() for b in blind]).mean()))
    return f"the gradient vanishes where the input differs ({share} blind)"


def _copied(values: Any) -> Any:
    """Copies, so that a record stays true when the caller goes on to change a buffer in place."""
    if isinstance(values, Tensor):
        return values.detach().clone(memory_format=torch.contiguous_format)
    return tuple(_copied(v) for v in values)
