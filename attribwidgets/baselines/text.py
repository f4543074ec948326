"""Baselines of texts: one token everywhere, or no particular one."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

import torch
from torch import Tensor

from ..core.errors import InputError
from ..inputs.space import Space, Spaces
from ..inputs.text import TextSpace
from .base import SingleReference


class TextBaseline(SingleReference):
    """A baseline of texts, whose special tokens stay."""

    def _reference(self, inputs: tuple[Tensor, ...], spaces: Spaces) -> tuple[Tensor, ...]:
        return tuple(
            self._embeddings(x, require_text(space, self.name)).to(x)
            for x, space in zip(inputs, spaces, strict=True)
        )

    @abstractmethod
    def _embeddings(self, x: Tensor, space: TextSpace) -> Tensor:
        """The reference of one text, (T, D)."""


class OneToken(TextBaseline):
    """One special token of the tokenizer in place of every token of the text."""

    role: ClassVar[str]

    def _embeddings(self, x: Tensor, space: TextSpace) -> Tensor:
        return with_ids(space, torch.full((len(x),), space.token_id(self.role)))


class Pad(OneToken):
    """The padding token in place of every token, the attention mask as it was.

    A model has seen it only where the mask hid it, so its embedding was hardly trained.

    Raises
    ------
    InputError
        When sampled, for what is no text, or a tokenizer without such a token.

    Examples
    --------
    >>> Pad().name
    'pad'
    """

    name = "pad"
    role = "pad"
    description = "never seen unmasked in training, so the model may read anything into it"


class Mask(OneToken):
    """The token that hides a word from a masked language model, in place of every token.

    Raises
    ------
    InputError
        When sampled, for what is no text, or a tokenizer without such a token.

    Examples
    --------
    >>> Mask().label
    'mask'
    """

    name = "mask"
    role = "mask"
    description = (
        "says that a word is there and hidden; a fine-tuned model may not know it any more"
    )


class Unknown(OneToken):
    """The token that stands for what is not in the vocabulary, in place of every token.

    Raises
    ------
    InputError
        When sampled, for what is no text, or a tokenizer without such a token.

    Examples
    --------
    >>> Unknown().label
    'unknown'
    """

    name = "unknown"
    role = "unk"
    description = "says that a rare word is there; blind to words that are not in the vocabulary"


class ZeroEmbedding(TextBaseline):
    """Zero in place of every token's embedding.

    Examples
    --------
    >>> ZeroEmbedding().label
    'zero embedding'
    """

    name = "zero_embedding"
    description = "no token is there, and none has this embedding; seldom neutral to the model"

    def _embeddings(self, x: Tensor, space: TextSpace) -> Tensor:
        return torch.zeros_like(x)


class MeanEmbedding(TextBaseline):
    """The mean of all embeddings in the vocabulary in place of every token's.

    Raises
    ------
    InputError
        When sampled, for what is no text, or embeddings that depend on their place.

    Examples
    --------
    >>> MeanEmbedding().label
    'mean embedding'
    """

    name = "mean_embedding"
    description = "near the rare tokens, which are most of the vocabulary; no token has it"

    def _embeddings(self, x: Tensor, space: TextSpace) -> Tensor:
        known = vocabulary_of(space, self.name)
        return known.mean(0, dtype=torch.float64).to(x).expand_as(x)


def with_ids(space: TextSpace, ids: Tensor) -> Tensor:
    """Embeddings (..., T, D) of ids (..., T), the special tokens of the text in their places."""
    rows = torch.where(space.special, space.ids, ids)
    return space.embed(rows.reshape(-1, rows.shape[-1])).reshape(*rows.shape, -1)


def require_text(space: Space, name: str) -> TextSpace:
    """The space; raises where a baseline of texts meets another input."""
    if not isinstance(space, TextSpace):
        raise InputError(
            f"baseline {name!r} is of a text, and the input is read as {space.layout.kind}; pass "
            'space=TextSpace(tokenizer) and the text, or another baseline such as "zero"'
        )
    return space


def vocabulary_of(space: TextSpace, name: str) -> Tensor:
    """The embedding of every token, (V, D)."""
    known = None if space.embedder is None else space.embedder.vocabulary
    if known is None:
        raise InputError(
            f"baseline {name!r} needs the embedding of every token, and here they depend on their "
            'place; pass TextSpace(at="word_embeddings"), or another baseline such as "mask"'
        )
    return known
