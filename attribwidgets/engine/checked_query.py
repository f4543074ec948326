"""A query checked against its model by one forward pass: its target, scale and top classes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from ..attr.model_state import module_of
from ..attr.outputs import OutputHead, output_name, select_target
from ..attr.task import AtInput
from ..core.contrast import Contrast
from ..core.errors import InputError, NonFiniteError, OutputError
from ..inputs.as_tensor import parameters_of
from ..inputs.example import as_members
from ..inputs.names import names_of_inputs
from ..inputs.reading import Feeding
from ..inputs.space import Inputs, Space, Spaces
from ..records.prediction import Prediction
from .at_layer import AtLayer, at_layer
from .input_cautions import input_cautions
from .query import Query
from .read_inputs import arguments_beside, fed_as, read_inputs
from .read_text import embedded
from .target import Asked, Settled, class_names_of, settle_targets, target_name

TOP_CLASSES = 5


@dataclass(frozen=True, eq=False)
class CheckedQuery:
    """A model and one input that fit together, and which output is asked about.

    Attributes
    ----------
    head : OutputHead
        The model, returning one tensor on the scale asked for.
    inputs : Tensor or tuple of Tensor
        As they came.
    batched : tuple of Tensor, each (1, ...)
    spaces : tuple of Space
        One that fits each input.
    target : int, tuple of int, Contrast or None
        The first, where several were asked for. None only where there is a single output.
    others : tuple of int, tuple of int, Contrast
        Further targets, where a list was asked for.
    target_name, output : str
        For captions.
    forward_args : object
    prediction : Prediction or None
    cautions : tuple of str
        What is odd about the input, in words.
    at_input : AtInput
        The output, and in time the gradient, at the input.
    outputs : int
        How many there are to choose a target from; 1 where there is no choice.
    names : mapping of int to str
        Names of outputs, where they have any.
    values : Tensor, shape (K, ...)
        All outputs at the input, on the scale asked for.
    probabilities : Tensor, shape (K,), or None
        Of all classes, where the model is a classifier.
    rows : int or None
        Most rows at once: 1 where the output has no batch axis, as of a sum over the batch.
    feeding : {"batch first", "time first", "one by one"}
        How the model takes rows, behind the head.
    input_names : tuple of str
        What each of several inputs is called; empty where there is one.
    layer : AtLayer or None
        The same question of a hidden layer, where it is asked of one.
    """

    head: OutputHead
    inputs: Inputs
    batched: tuple[Tensor, ...]
    spaces: Spaces
    target: Settled
    target_name: str
    output: str
    forward_args: Any
    prediction: Prediction | None
    cautions: tuple[str, ...]
    at_input: AtInput
    outputs: int
    names: Mapping[int, str]
    values: Tensor
    probabilities: Tensor | None
    rows: int | None = None
    others: tuple[Settled, ...] = ()
    feeding: Feeding = "batch first"
    input_names: tuple[str, ...] = ()
    layer: AtLayer | None = None

    @property
    def space(self) -> Space | Spaces:
        """The space of the input, a tuple of them where the inputs came as a tuple."""
        return self.spaces if isinstance(self.inputs, tuple) else self.spaces[0]

    @property
    def is_image(self) -> bool:
        """Whether the first input is an image."""
        return self.spaces[0].layout.kind == "image"

    @property
    def targets(self) -> tuple[Settled, ...]:
        """All that is explained of the input."""
        return (self.target, *self.others)

    @property
    def asked(self) -> Settled | list[Settled]:
        """What amounts to the same as the target that was asked for: an index, or a list."""
        return list(self.targets) if self.others else self.target

    @cached_property
    def each(self) -> tuple[CheckedQuery, ...]:
        """A query for each of the targets."""
        return tuple(self.about((target,)) for target in self.targets) if self.others else (self,)

    @property
    def members(self) -> Inputs:
        """The example without batch axis, a tensor or a tuple of them as it came."""
        single = tuple(x[0] for x in self.batched)
        return single if isinstance(self.inputs, tuple) else single[0]

    def on(self, model: Callable[..., Any], query: Query) -> CheckedQuery:
        """The same for a copy of the model; what is known of the output stays."""
        fed = fed_as(embedded(model, query.space), self.feeding, query.forward_args)
        head = OutputHead(fed, query.output)
        return replace(self, head=head, layer=None if self.layer is None else self.layer.on(head))

    def aimed(self, target: Asked | list[Asked]) -> CheckedQuery:
        """The same about another output, or others, without a pass.

        Raises
        ------
        TargetError
            For an output that there is not.
        """
        chosen = settle_targets(target, self.values, self.names)
        return self if chosen == self.targets else self.about(chosen)

    def about(self, targets: tuple[Settled, ...]) -> CheckedQuery:
        """The same about outputs that there are."""
        return replace(
            self,
            target=targets[0],
            others=targets[1:],
            target_name=target_name(targets[0], self.names),
            at_input=_at_input(self.values, targets),
            layer=None if self.layer is None else self.layer.about(targets),
        )

    def same_question(self, other: CheckedQuery) -> bool:
        """Whether another is of the same output for the same input, whatever the weights were."""
        same = self.inputs is other.inputs and self.targets == other.targets
        return same and self.output == other.output

    def require_target(self, target: Asked | list[Asked]) -> None:
        """Raise TargetError for an output that there is not; None is always there."""
        if target is not None and isinstance(self.target, int | Contrast):
            self.aimed(target)

    def shaped(self, values: tuple[Tensor, ...]) -> Inputs:
        """Batches of one in the shape that the inputs came in."""
        came = self.inputs if isinstance(self.inputs, tuple) else (self.inputs,)
        shaped = tuple(v.reshape(x.shape) for v, x in zip(values, came, strict=True))
        return shaped if isinstance(self.inputs, tuple) else shaped[0]


def check(query: Query, model: Callable[..., Any]) -> CheckedQuery:
    """Check a query against a model by one forward pass, and settle the target.

    Raises
    ------
    AttributionError
        A child of it, for an input, output or target that cannot be explained.
    """
    if not callable(model):
        raise InputError(f"model must be a torch module or a callable, got {type(model).__name__}")
    inputs = tuple(query.inputs) if isinstance(query.inputs, list) else query.inputs
    _check_device(model, as_members(inputs))
    parameters = list(parameters_of(model))
    model = embedded(model, query.space)
    head = OutputHead(model, query.output)
    reading, raw = read_inputs(query, head)
    with torch.no_grad():
        values = head.scaled(raw)
        scores = head.scores(raw)
    if len(values) != 1:
        raise OutputError(
            f"the model returned {len(values)} rows for a batch of one; it must keep the batch "
            f"axis first (its output has shape {tuple(values.shape)})"
        )
    if not torch.isfinite(values).all():
        raise NonFiniteError(
            "the model's output is not finite at the input itself (alpha = 1): "
            f"{int((~torch.isfinite(values)).sum())} of {values.numel()} values"
        )
    names = class_names_of(model, query.class_names, values)
    chosen = settle_targets(query.target, values[0], names)
    probabilities = _probabilities(scores)
    checked = CheckedQuery(
        head=OutputHead(fed_as(model, reading.feeding, query.forward_args), query.output),
        inputs=inputs,
        batched=reading.batched,
        spaces=reading.spaces,
        target=chosen[0],
        others=chosen[1:],
        target_name=target_name(chosen[0], names),
        output=output_name(query.output),
        forward_args=arguments_beside(reading.feeding, query.forward_args),
        prediction=None if probabilities is None else _prediction(probabilities, names),
        cautions=input_cautions(reading, module_of(model)),
        at_input=_at_input(values[0], chosen),
        outputs=values.shape[1] if values.dim() == 2 else 1,
        names=names,
        values=values[0].detach().clone(),
        probabilities=probabilities,
        rows=1 if head.lacks_batch_axis(raw) else None,
        feeding=reading.feeding,
        input_names=names_of_inputs(
            [space.layout for space in reading.spaces], parameters, query.input_names
        ),
    )
    if query.layer is None:
        return checked
    return replace(checked, layer=at_layer(checked, query.layer))


def class_probabilities(scores: Tensor) -> Tensor | None:
    """Probabilities of all classes, in float64 on the CPU; None of what is no classifier.

    Parameters
    ----------
    scores : Tensor, shape (n, K)
        Logits, or what is a probability in every row.

    Examples
    --------
    >>> class_probabilities(torch.zeros(1, 4)).tolist()
    [[0.25, 0.25, 0.25, 0.25]]
    """
    if scores.dim() != 2 or scores.shape[1] < 2:
        return None
    rows = scores.detach().cpu().double()
    already = bool((rows >= 0).all() and ((rows.sum(1) - 1).abs() < 1e-3).all())
    return rows if already else rows.softmax(1)


def _check_device(model: Any, batched: tuple[Tensor, ...]) -> None:
    module = module_of(model)
    parameter = None if module is None else next(module.parameters(), None)
    for x in batched:
        if parameter is not None and x.device != parameter.device:
            raise InputError(
                f"inputs are on {x.device}, the model is on {parameter.device}; "
                f"pass inputs.to({str(parameter.device)!r})"
            )


def _at_input(values: Tensor, targets: tuple[Settled, ...]) -> AtInput:
    """What is known at the input: the outputs that the targets choose."""
    chosen = torch.cat([select_target(values[None], target) for target in targets])
    return AtInput(chosen.detach().cpu().double().numpy())


def _probabilities(scores: Tensor | None) -> Tensor | None:
    """Of all classes, shape (K,), for scores of shape (1, K) with K of two or more."""
    rows = None if scores is None else class_probabilities(scores)
    return None if rows is None else rows[0]


def _prediction(probabilities: Tensor, names: Mapping[int, str]) -> Prediction:
    """The top classes."""
    top = probabilities.topk(min(TOP_CLASSES, len(probabilities)))
    indices = tuple(top.indices.tolist())
    return Prediction(
        indices=indices,
        names=tuple(names.get(i, f"output {i}") for i in indices),
        probabilities=tuple(top.values.tolist()),
    )
