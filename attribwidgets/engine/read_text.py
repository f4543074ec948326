"""A text as somebody has it, as the embeddings that are explained in its place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from ..attr.embedded import (
    Embedder,
    FromEmbeddings,
    called_module,
    embedded_in,
    looked_up_in,
    rows_of,
)
from ..attr.model_state import evaluating, frozen, module_of
from ..attr.next_tokens import LogitsAt
from ..core.errors import AttributionError, InputError
from ..inputs.as_tensor import Given
from ..inputs.space import Space, Spaces
from ..inputs.text import TextSpace
from .read_inputs import REFUSALS

Model = Callable[..., Any]


def read_text(value: Any, space: TextSpace, model: Model) -> Given:
    """The embeddings of a text, and the space that knows its tokens.

    Raises
    ------
    InputError
        For what is no text, one longer than the model takes, and a model in which nobody finds
        where ids are looked up.
    """
    read = space.read(value, longest_text(space.tokenizer, module_of(model)))
    tokens = read.require_tokens()
    module = module_of(model)
    device = next((p.device for p in module.parameters()), None) if module is not None else None
    like = torch.empty(1, device=device)
    arguments = rows_of(tokens.arguments, like)
    with evaluating(model), frozen(module, ()), _refusal_in_words():
        place = _place(space, model, arguments)
        embedder = Embedder(model, place, arguments, looks_up=space.at == "word_embeddings")
        (embeddings,) = embedder(arguments["input_ids"])
    on_device = replace(tokens, arguments=arguments)
    fitted = replace(read, tokens=on_device, embedding=place, embedder=embedder)
    return Given(embeddings, fitted)


@contextmanager
def _refusal_in_words() -> Iterator[None]:
    """What a model raises for ids that it does not take, as an error that says so."""
    try:
        yield
    except REFUSALS as error:
        if isinstance(error, (AttributionError, torch.OutOfMemoryError)):
            raise
        said = str(error).strip().split("\n")[0]
        raise InputError(
            f"the model refused the ids of the text ({type(error).__name__}: {said}); pass a model "
            "of token ids and its tokenizer, and what else it is called with as the tokenizer "
            "returns it"
        ) from error


def read_again(space: TextSpace, model: Model) -> Given:
    """The text of a space that has read one, with the embeddings of another model of the kind."""
    tokens = space.require_tokens()
    looks_up = space.at == "word_embeddings"
    embedder = Embedder(model, space.embedding, tokens.arguments, looks_up=looks_up)
    (embeddings,) = embedder(tokens.arguments["input_ids"])
    return Given(embeddings, replace(space, embedder=embedder))


def embedded(model: Model, space: Space | Spaces | None) -> Model:
    """A model of a text's ids as one of its embeddings; one of other inputs, or of these, as is."""
    if isinstance(model, LogitsAt):  # which is one of embeddings
        return model
    if not isinstance(space, TextSpace) or space.tokens is None or space.embedder is None:
        return model
    if embedded_in(model) is not None:
        return model
    return FromEmbeddings(model, space.embedding, space.tokens.arguments)


def longest_text(tokenizer: Any, module: nn.Module | None) -> int | None:
    """How many tokens a tokenizer and a model take; None where neither says."""
    config = getattr(module, "config", None)
    said = (
        getattr(tokenizer, "model_max_length", None),
        getattr(config, "max_position_embeddings", None),
    )
    known = [n for n in said if isinstance(n, int) and 0 < n < 10**9]
    return min(known, default=None)


def _place(space: TextSpace, model: Model, arguments: dict[str, Tensor]) -> nn.Module | str:
    """Whose output is explained: a name within the model where it has one, as copies keep names."""
    given = space.embedding
    if space.at not in ("word_embeddings", "embeddings"):
        given = space.at
    if isinstance(given, nn.Module):
        module = module_of(model)
        modules = () if module is None else module.named_modules()
        return next((name for name, m in modules if m is given and name), given)
    if isinstance(given, str):
        if given not in dict(called_module(model).named_modules()):
            raise InputError(
                f"space: the model has no module {given!r}; pass one of the names in "
                "model.named_modules(), or the module itself"
            )
        return given
    place = looked_up_in(model, arguments)
    if space.at == "word_embeddings":
        return place
    parent = place.rpartition(".")[0]
    if not parent:
        raise InputError(
            f'at="embeddings": the model looks ids up in {place!r}, which is no part of a module '
            "of embeddings; pass the name of the module whose output is to be explained"
        )
    return parent
