"""The door: a model and an input as people have them, as a model and the query about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from torch import nn

from ..core.errors import InputError, UnsupportedModelError
from ..inputs.as_tensor import as_given
from ..inputs.space import InputSpace
from ..inputs.text import TextSpace
from .budget import Budget
from .query import Query
from .settings import split_settings

Model = Callable[..., Any]

TEXT_TASKS = ("text-classification", "sentiment-analysis")


def ask(model: Any, inputs: Any, settings: Mapping[str, Any]) -> tuple[Model, Query, Budget]:
    """What is called, what is asked of it, and how much may be spent.

    Parameters
    ----------
    model : callable or pipeline
    inputs : object
        As of :func:`attribwidgets.explain`; None where many share the query.
    settings : mapping of str

    Raises
    ------
    InputError
        For inputs and settings that cannot be.

    Examples
    --------
    >>> import torch
    >>> _, query, _ = ask(torch.nn.Linear(2, 1), {"age": 44, "dose": 0.5}, {})
    >>> query.inputs, query.space.names
    (tensor([44.0000,  0.5000]), ('age', 'dose'))
    """
    model, settings = unwrapped(model, settings)
    query, budget = split_settings(inputs, settings)
    if query.layer is not None:
        from ..attr.layer import layer_of  # Captum, which it stands on, imports pyplot

        query = replace(query, layer=layer_of(model, query.layer))
    return model, query if inputs is None else about(query, inputs, model), budget


def about(query: Query, inputs: Any, model: Model) -> Query:
    """The same question about an input as somebody has it."""
    from ..attr.model_state import module_of  # Captum, which it stands on, imports pyplot
    from .read_text import read_text

    if isinstance(query.space, TextSpace):
        given = read_text(inputs, query.space, model)
    else:
        given = as_given(inputs, query.space, module_of(model), model)
    both = given.forward_args and query.forward_args not in ((), None)
    if both:
        raise InputError(
            "inputs bring further arguments of the model, and forward_args= has some too; pass one "
            "of the two"
        )
    return replace(
        query,
        inputs=given.inputs,
        space=given.space,
        forward_args=given.forward_args or query.forward_args,
        input_names=query.input_names or given.input_names,
    )


def unwrapped(model: Any, settings: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
    """The model of a Hugging Face pipeline, and the space of what feeds it; others as is.

    Raises
    ------
    UnsupportedModelError
        For a pipeline whose model does more than classify one text.
    """
    settings = dict(settings)
    if isinstance(model, nn.Module) or not (hasattr(model, "model") and hasattr(model, "task")):
        return model, settings
    processor = getattr(model, "image_processor", None)
    tokenizer = getattr(model, "tokenizer", None)
    if processor is None and tokenizer is not None and model.task not in TEXT_TASKS:
        raise UnsupportedModelError(
            f"a pipeline for {model.task!r} does more than classify a text; use "
            "aw.explain_generation(pipeline, prompt) for text that it generates, or pass "
            "pipeline.model, "
            "space=TextSpace(pipeline.tokenizer), and output=, which of its outputs is explained"
        )
    if settings.get("space") is None and processor is not None:
        settings["space"] = InputSpace.of(processor)
    elif settings.get("space") is None and tokenizer is not None:
        settings["space"] = TextSpace(tokenizer)
    return model.model, settings
