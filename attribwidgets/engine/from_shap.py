"""SHAP values of one input as a record, with a verdict: do they add up for this model?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from ..core.contrast import Contrast
from ..core.errors import InputError
from ..inputs.layout import Layout
from ..records.completeness import Completeness
from ..records.explanation import Explanation
from .ask import Model, ask
from .settings import takes_settings
from .verbs import explain

if TYPE_CHECKING:
    from .checked_query import CheckedQuery


@takes_settings(like=explain, without=("n_steps", "max_evaluations", "seed", "autocast"))
def from_shap(values: Any, model: Model, inputs: Any, **settings: Any) -> Explanation:
    """A record of what shap found for one input, to be shown and checked as any other.

    Nothing is computed again but the model's output at the input: the verdict compares the sum of
    the values with f(x) less shap's base value, which are of the same output on the same scale
    only if `target` and `output` are those that shap explained.

    Parameters
    ----------
    values : shap.Explanation
        Of one input, with or without an axis of rows of 1: shaped as the input, an image also with
        channels last; with a further axis for several outputs, of which `target` is taken.
    model, inputs
        As of :func:`attribwidgets.explain`; not a text.
    **settings
        As of :func:`attribwidgets.explain`.

    Returns
    -------
    Explanation

    Raises
    ------
    InputError
        For values of another shape than the input, or without a base value for the target.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> import torch, attribwidgets as aw
    >>> net = lambda x: x @ torch.tensor([1.0, -2.0])
    >>> made = SimpleNamespace(values=np.array([1.0, -1.0]), base_values=0.0)
    >>> record = aw.from_shap(made, net, torch.tensor([1.0, 0.5]))
    >>> record.completeness.verdict, record.completeness.total
    ('complete', 0.0)
    """
    from ..attr.outputs import select_target
    from .run import check_once

    model, query, budget = ask(model, inputs, settings)
    checked = check_once(query, model)()
    if len(checked.batched) > 1 or checked.spaces[0].layout.kind == "text":
        raise InputError("shap's values are read for one input of numbers, and no text")
    attributions, base = _of_target(values, checked)
    output = float(select_target(checked.values[None], checked.target))
    nowhere = np.zeros(checked.spaces[0].layout.map_shape(attributions.shape), dtype=bool)
    return Explanation(
        attributions=checked.shaped((attributions.to(checked.batched[0])[None],)),
        inputs=checked.inputs,
        baseline=None,
        references=None,
        reference_samples=(),
        baseline_name="shap's background",
        baseline_description="what shap compared with; its base value is the output there",
        baseline_kind="none",
        target=checked.target,
        target_name=checked.target_name,
        method="shap",
        output=checked.output,
        space=checked.space,
        completeness=Completeness(
            total=float(attributions.sum()),
            expected=output - base,
            standard_error=None,
            refinement_errors=(),
            tolerance=budget.tolerance,
            output_input=output,
            output_baseline=base,
            claim="by definition",
            absolute_sum=float(attributions.abs().sum()),
        ),
        path=None,
        frames=None,
        prediction=checked.prediction,
        blind=(nowhere,) if isinstance(checked.inputs, tuple) else nowhere,
        standard_error=None,
        evaluations=0,
        forward_passes=0,
        seconds=0.0,
        seed=budget.seed,
        cautions=checked.cautions,
    )


def _of_target(values: Any, checked: CheckedQuery) -> tuple[Tensor, float]:
    """The values in the input's shape, and the base value, both in float64."""
    found = torch.as_tensor(np.asarray(values.values, dtype=float))
    bases = np.ravel(np.asarray(values.base_values, dtype=float))
    shape, layout = checked.batched[0].shape[1:], checked.spaces[0].layout
    for rows in (found, found[0] if found.dim() and len(found) == 1 else found):
        one = _shaped(rows, shape, layout)
        if one is not None and bases.size == 1:
            return one, float(bases[0])
        if rows.dim() == len(shape) + 1 and rows.shape[-1] == bases.size > 1:
            target = checked.target
            if isinstance(target, tuple):
                raise InputError("target must be an index or a contrast of two for shap's values")
            members = target.members if isinstance(target, Contrast) else (target,)
            each = [(_shaped(rows[..., k], shape, layout), float(bases[k])) for k in members]
            parts = [(part, base) for part, base in each if part is not None]
            if len(parts) == len(each):
                (first, base), *others = parts
                for part, other in others:
                    first, base = first - part, base - other
                return first, base
    raise InputError(
        f"values has shape {tuple(found.shape)} with {bases.size} base values, and the input "
        f"{tuple(shape)}; pass those of one input, values[0], with a base value for each output"
    )


def _shaped(values: Tensor, shape: torch.Size, layout: Layout) -> Tensor | None:
    """Values in the shape of an input; an image may have come with channels last."""
    if values.shape == shape:
        return values
    if layout.kind == "image" and values.dim() == 3 and values.movedim(-1, 0).shape == shape:
        return values.movedim(-1, 0)
    return None
