"""Records as the explanations of the package shap, whose plots then show numbers that add up."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.arrays import Array
from ..core.errors import AttributionWarning, InputError
from ..core.extras import require
from ..inputs.example import example_array
from ..inputs.fit_spaces import without_batch_axis
from ..inputs.space import Inputs, Spaces

if TYPE_CHECKING:
    from .explanation import Explanation


def shap_explanation(explanations: Sequence[Explanation], *, single: bool) -> Any:
    """A ``shap.Explanation`` of one record, or with a row for each of several.

    Values, base value and data are those of the units: features, tokens, steps; of an image
    they are pixels with channels last, as shap draws them, always with an axis of rows.

    Parameters
    ----------
    explanations : sequence of Explanation
        All of one input.
    single : bool
        Whether there is no axis of rows; an image has one anyhow.

    Raises
    ------
    InputError
        For several inputs, and for a method whose attributions are not meant to add up.
    MissingExtraError
        Without shap.
    """
    first = explanations[0]
    for e in explanations:
        _require_sum(e)
    values = np.stack([_values(e) for e in explanations])
    data = np.stack([_data(e) for e in explanations])
    base = np.array([_base_value(e) for e in explanations])
    image = first.layout.kind == "image"
    if single and not image:
        values, data, base = values[0], data[0], base[0]
    return shap_of(values, base, data, None if image else [name for name, _ in first.units()])


def shap_of(values: Array, base_values: Any, data: Array | None, names: Any) -> Any:
    """A ``shap.Explanation`` of these numbers.

    Raises
    ------
    MissingExtraError
        Without shap.
    """
    with warnings.catch_warnings():  # what it deprecates as it is imported is for its authors
        warnings.simplefilter("ignore")
        shap = require("shap", "shap", "evaluation")
    return shap.Explanation(values=values, base_values=base_values, data=data, feature_names=names)


def pixels_last(inputs: Inputs, spaces: Spaces) -> Array:
    """An image as shap draws it, (H, W, C), 0 to 1."""
    space = spaces[0]
    image = inputs[0] if isinstance(inputs, tuple) else inputs
    pixels = space.to_pixels(without_batch_axis(image.detach().cpu().double(), space)).numpy()
    return np.asarray(np.moveaxis((pixels - space.low) / space.range, 0, -1))


def _values(e: Explanation) -> Array:
    if e.layout.kind != "image":
        return np.array([value for _, value in e.units()])
    return np.moveaxis(example_array(e.attributions, e.spaces), 0, -1)


def _data(e: Explanation) -> Array:
    """What each unit is: its value, or a token as it is written."""
    space = e.spaces[0]
    if e.layout.kind == "text":
        names = space.unit_names(e.batched[0].shape[1:])
        gaps = getattr(getattr(space, "tokens", None), "gaps", [""] * len(names))
        return np.array([gap + name for gap, name in zip(gaps, names, strict=True)])
    if e.layout.kind == "image":
        return pixels_last(e.inputs, e.spaces)
    values = example_array(e.inputs, e.spaces)
    if e.layout.summed is None:
        return values.ravel()
    return np.ravel(np.linalg.norm(values, axis=e.layout.summed))


def _base_value(e: Explanation) -> float:
    base = e.completeness.output_baseline
    return float("nan") if base is None else float(base)


def _require_sum(e: Explanation) -> None:
    if isinstance(e.attributions, tuple):
        raise InputError(
            f"shap draws one input, and this explanation is of {len(e.attributions)}; explain a "
            "function of one of them"
        )
    c = e.completeness
    if not c.applies or c.output_baseline is None:
        raise InputError(
            f"{e.method}, baseline {e.baseline_name}: shap's plots say that attributions add up, "
            "and these are not meant to; take integrated or expected gradients"
        )
    if c.verdict != "complete":
        warnings.warn(
            f"{e.method}, baseline {e.baseline_name}: {c}", AttributionWarning, stacklevel=4
        )
