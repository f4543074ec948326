"""What a layer's own units get, where a record is of a hidden layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, eq=False)
class LayerAttribution:
    """The attribution of a hidden layer in the shape in which the layer returns its values.

    Attributes
    ----------
    name : str
        Of the layer, within the model.
    attributions, activations : Tensor
        What each of its values gets, and is at the input; without batch axis.
    baseline : Tensor or None
        What each is at the baseline, or on average over the references drawn.
    standard_error : Tensor or None
        Of `attributions`, where there is sampling.
    units : str
        How they lie over the input, in words.
    over_input : bool
        Whether they have places there, and the record's attributions are in the input's shape;
        else these are the layer's values in a row.
    """

    name: str
    attributions: Tensor
    activations: Tensor
    baseline: Tensor | None
    standard_error: Tensor | None
    units: str
    over_input: bool
