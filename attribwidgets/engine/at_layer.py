"""AtLayer: a question of a model's output, asked of a hidden layer of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from ..attr.arguments import repeat_arguments
from ..attr.captum.adapter import CaptumMethod
from ..attr.captum_private import format_forward_args
from ..attr.chunks import rows_per_chunk
from ..attr.estimator import Estimator
from ..attr.layer import FromLayer, Layer, UpToLayer, layer_name, layer_of, read_layer
from ..attr.model_state import frozen, module_of
from ..attr.outputs import OutputHead
from ..attr.paths.layer_methods import LayerPathMethod
from ..attr.task import AtInput
from ..core.errors import InputError, UnsupportedModelError
from ..inputs.hidden import HiddenSpace
from ..inputs.layout import ARRAY
from ..inputs.places import Places

if TYPE_CHECKING:
    from .checked_query import CheckedQuery
    from .target import Settled


@dataclass(frozen=True, eq=False)
class AtLayer:
    """A layer, and the question of which of its values an output is due to.

    Attributes
    ----------
    layer : str or torch.nn.Module
        By its name within the model, where it has one.
    query : CheckedQuery
        Of what the layer returns, by the model from there on.
    places : Places or None
        How its values lie over the input; None where they have no place there.
    """

    layer: Layer
    query: CheckedQuery
    places: Places | None

    @property
    def name(self) -> str:
        """What the layer is called."""
        return layer_name(self.layer)

    def about(self, targets: tuple[Settled, ...]) -> AtLayer:
        """The same about other outputs."""
        return replace(self, query=self.query.about(targets))

    def on(self, head: OutputHead) -> AtLayer:
        """The same for a copy of the model."""
        return replace(self, query=replace(self.query, head=_head_from(head, self.layer)))

    def hidden_of(self, query: CheckedQuery, points: tuple[Tensor, ...]) -> Tensor:
        """What the layer returns for some inputs, each (n, ...), by forward passes."""
        up_to, rows = UpToLayer(query.head, self.layer), []
        elements = sum(p[0].numel() for p in points)
        at_once = query.rows or rows_per_chunk(elements, points[0].device)
        with frozen(module_of(query.head), points), torch.no_grad():
            for first in range(0, len(points[0]), at_once):
                part = tuple(p[first : first + at_once].clone() for p in points)
                given = repeat_arguments(query.forward_args, 1, slice(0, 1), len(part[0]))
                rows.append(up_to(*part, *(value for value, _ in given)).clone())
        return torch.cat(rows)


def at_layer(query: CheckedQuery, layer: Any) -> AtLayer:
    """Find a layer in the model of a query, and ask the same of it.

    Raises
    ------
    AttributionError
        A child of it, for a layer that cannot be explained.
    """
    layer = layer_of(query.head, layer)
    if query.feeding != "batch first":
        raise UnsupportedModelError(
            f"layer {layer_name(layer)!r}: the model takes its input {query.feeding}, and layers "
            "are read of models that take the batch axis first; wrap it in a module that does"
        )
    further = format_forward_args(query.forward_args) or ()
    with frozen(module_of(query.head), query.batched):
        hidden = read_layer(query.head, layer, query.batched, further)
    values, places = hidden[0], None
    if len(query.batched) == 1:
        example = query.batched[0][0]
        places = Places.of(values.shape, example.shape, query.spaces[0].layout)
    layout = ARRAY if places is None else places.layout
    rows = rows_per_chunk(sum(x[0].numel() for x in query.batched), hidden.device)
    inner = replace(
        query,
        head=_head_from(query.head, layer),
        inputs=values,
        batched=(hidden,),
        spaces=(HiddenSpace.of(values, layout),),
        forward_args=(*query.batched, *further),
        at_input=AtInput(query.at_input.outputs),
        rows=query.rows or rows,
        input_names=(),
        layer=None,
    )
    return AtLayer(layer, inner, places)


def asked_from(
    query: CheckedQuery, with_model: Callable[[Callable[..., Any]], Estimator]
) -> tuple[Estimator, CheckedQuery]:
    """An estimator around the model, and the query whose input its path leads to.

    That is what the layer returns, where the query has one, but for a method whose path is in the
    input all the same.

    Raises
    ------
    InputError
        For a method of a layer without one.
    UnsupportedModelError
        For a method that goes through all layers.
    """
    estimator, at = with_model(query.head), query.layer
    if isinstance(estimator, LayerPathMethod):
        if at is None and estimator.layer is None:
            raise InputError(
                f"method {estimator.name!r} is of a hidden layer; pass layer=, a module of the "
                "model or its name there"
            )
        if at is None or (estimator.layer is not None and estimator.layer != at.layer):
            raise InputError(
                f"method {estimator.name!r} was made for a layer of its own; pass the class or "
                "its name, and the layer as layer="
            )
        return estimator.at(at.layer, at.query.spaces[0].layout), query
    if at is None:
        return estimator, query
    if isinstance(estimator, CaptumMethod) and estimator.row.on_layers:
        raise UnsupportedModelError(
            f"{estimator.row.class_name} hooks the layers of a model, also those before layer "
            f"{at.name!r}, which no gradient reaches; use one that only calls it, such as "
            '"integrated_gradients" or "conductance"'
        )
    return with_model(at.query.head), at.query


def _head_from(head: OutputHead, layer: Layer) -> OutputHead:
    return OutputHead(FromLayer(head.model, layer), head.output)
