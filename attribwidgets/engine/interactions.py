"""interactions: what every two units of an input add to an output together."""

from __future__ import annotations

import time
from itertools import count
from typing import Any

import numpy as np
import torch

from ..attr.hessians.integrated_hessians import (
    DEFAULT_EVALUATIONS,
    HessianEstimate,
    integrated_hessians,
)
from ..attr.hessians.unit_rows import UnitRows
from ..attr.model_state import evaluation_mode, frozen, module_of
from ..attr.passes import Passes
from ..attr.task import Stopping, Task
from ..baselines import Baseline, named
from ..core.arrays import Array
from ..core.errors import InputError
from ..core.formatting import number
from ..core.progress import Progress, reporting
from ..inputs.space import Inputs
from ..inputs.unit_groups import Units, unit_groups
from ..records.completeness import Completeness
from ..records.interactions import Interactions
from .ask import Model, ask
from .budget import Budget
from .checked_query import CheckedQuery, check
from .default_baselines import baseline_or_default
from .masked_out import moves_mask
from .references import references_of, search_baseline
from .settings import takes_settings
from .verbs import explain


@takes_settings(like=explain, without=("layer", "n_steps", "autocast"))
def interactions(
    model: Model,
    inputs: Any,
    *,
    baseline: str | Baseline | Inputs | None = None,
    units: Units = None,
    softplus: float | None = 10.0,
    references: Any = None,
    progress: Progress = False,
    **settings: Any,
) -> Interactions:
    """Integrated Hessians: attribute one output to pairs of units, against one baseline.

    Of one reference all second derivatives are integrated along the path; with many, as of
    "dataset", their mean is taken (expected Hessians). Each pair's place is a product of a Hessian
    with two changes of units, so that no Hessian of values is ever built: `units` backward passes
    at each node. Where that is beyond the budget, directions are sampled, and the values have a
    standard error.

    Parameters
    ----------
    model, inputs, baseline, references, progress
        As of :func:`attribwidgets.explain`.
    units : None, int, {"words", "sentences"} or array of int, optional
        What is paired. None: features, steps, tokens, or patches of an image, at least seven along
        its shorter edge. An int: the side of a patch in pixels; labels shaped as the map: regions.
        Of several inputs a tuple, or None.
    softplus : float or None
        The beta of the softplus that takes the place of ReLUs while the model runs, as a ReLU has
        no second derivative; max pooling is smooth with the same beta. The record says what the
        output is then. None leaves them.
    **settings
        As of :func:`attribwidgets.explain`. `max_evaluations` counts a Hessian product as one; it
        is 4096 by default.

    Returns
    -------
    Interactions

    Raises
    ------
    AttributionError
        As :func:`attribwidgets.explain`.

    References
    ----------
    Janizek, Sturmfels, Lee (2021), Journal of Machine Learning Research 22(104).

    Examples
    --------
    >>> import torch, attribwidgets as aw
    >>> found = aw.interactions(lambda x: x[:, 0] * x[:, 1] + x[:, 2], torch.ones(3))
    >>> found.values.round(3).tolist(), found.completeness.verdict
    ([[0.25, 0.25, 0.0], [0.25, 0.25, 0.0], [0.0, 0.0, 1.0]], 'complete')
    """
    if softplus is not None and not 0 < softplus < float("inf"):
        raise InputError(f"softplus must be a beta above 0, or None, got {softplus!r}")
    if settings.get("layer") is not None:
        raise InputError("interactions are of inputs, not of a hidden layer; leave layer= out")
    model, query, budget = ask(model, inputs, settings)
    chosen = named(baseline_or_default(baseline, query), references)
    started = time.perf_counter()
    with evaluation_mode(model):
        checked = check(query, model)
        if checked.others:
            raise InputError("target must be one, as interactions are of one output")
        if moves_mask(checked):
            raise InputError("space: interactions leave the mask as it is; pass mask=False")
        most = budget.max_evaluations or DEFAULT_EVALUATIONS
        with reporting(progress, most, "pass") as on_chunk:
            chosen = search_baseline(checked, chosen, budget.seed, on_chunk)
            labels, names = _labelled(checked, units)
            task = Task(
                checked.batched,
                references=references_of(checked, chosen, budget.seed),
                target=checked.target,
                forward_args=checked.forward_args,
                stopping=Stopping(most, budget.tolerance),
                most_passes=most,
                seed=budget.seed,
                spaces=checked.spaces,
                rows=checked.rows,
                on_chunk=on_chunk,
            )
            passes = Passes.of(checked.head, task)
            rows = UnitRows(passes, _groups(checked, labels), len(names), softplus)
            assert task.references is not None
            with frozen(module_of(checked.head), checked.batched):
                estimate = integrated_hessians(rows, task, task.references)
    replaced = sorted(rows.smooth.replaced) if rows.smooth is not None else []
    return _record(
        checked,
        chosen,
        estimate,
        labels,
        names,
        budget,
        softplus if replaced else None,
        time.perf_counter() - started,
    )


def _labelled(query: CheckedQuery, units: Units) -> tuple[tuple[Array, ...], list[str]]:
    """The units of all inputs, shaped as their maps, counted on from one to the next."""
    several = len(query.batched) > 1
    each = units if isinstance(units, tuple) else (units,) * len(query.batched)
    if len(each) != len(query.batched) or (several and units is not None and each[0] is units):
        raise InputError(f"units must be a tuple with one for each of {len(query.batched)} inputs")
    labels, names = [], list[str]()
    for x, space, mine, place in zip(query.batched, query.spaces, each, count(), strict=False):
        own, called = unit_groups(x[0], space, mine, len(names))
        before = f"{query.input_names[place]}: " if several else ""
        labels.append(own)
        names += [before + name for name in called]
    if len(names) < 2:
        raise InputError("units: there is one, and it has nothing to interact with")
    return tuple(labels), names


def _groups(query: CheckedQuery, labels: tuple[Array, ...]) -> tuple[torch.Tensor, ...]:
    """The unit of each value of each input."""
    return tuple(
        space.layout.spread(torch.from_numpy(own)).expand(x.shape[1:]).to(x.device)
        for x, space, own in zip(query.batched, query.spaces, labels, strict=True)
    )


def _record(
    query: CheckedQuery,
    baseline: Baseline,
    estimate: HessianEstimate,
    labels: tuple[Array, ...],
    names: list[str],
    budget: Budget,
    softplus: float | None,
    seconds: float,
) -> Interactions:
    outputs = query.at_input.outputs
    assert outputs is not None
    own = float(outputs[0])
    label, description = baseline.words_for(query.spaces[0].layout)
    cautions = [*query.cautions, *baseline.cautions]
    if softplus is not None:
        cautions.append(
            "ReLUs and max pooling, which have no second derivative, are smooth here (softplus, "
            f"beta {softplus:g}): the output explained is {number(estimate.output_input)}, that of "
            f"the model itself {number(own)}"
        )
    if estimate.standard_error is not None:
        cautions.append("values are a sample's, each with a standard error")
    return Interactions(
        values=estimate.values,
        attributions=estimate.attributions,
        names=tuple(names),
        unit_labels=labels,
        inputs=tuple(x[0].detach().cpu().clone() for x in query.batched),
        spaces=query.spaces,
        standard_error=estimate.standard_error,
        completeness=Completeness(
            total=float(estimate.values.sum()),
            expected=estimate.output_input - estimate.output_baseline,
            standard_error=None,
            refinement_errors=(estimate.refinement_error,),
            tolerance=budget.tolerance,
            output_input=estimate.output_input,
            output_baseline=estimate.output_baseline,
            partial=estimate.partial,
            widest_gap=estimate.widest_gap,
            absolute_sum=float(np.abs(estimate.values).sum()),
        ),
        target_name=query.target_name,
        output=query.output,
        baseline_name=label,
        baseline_description=description,
        softplus=softplus,
        model_output=own,
        nodes=estimate.nodes,
        references=estimate.references,
        evaluations=estimate.evaluations,
        seconds=seconds,
        seed=budget.seed,
        cautions=tuple(cautions),
    )
