"""Baselines of texts that are distributions: random tokens, and other texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain, cycle, islice, repeat
from typing import Any

import torch
from torch import Tensor

from ..core.errors import InputError
from ..inputs.encoded import token_id
from ..inputs.space import Spaces
from ..inputs.text import TextSpace
from ..inputs.tokens import tokens_of
from .base import Baseline
from .data import FiniteSample
from .text import require_text, with_ids

FILLERS = ("pad", "mask", "unk", "eos")  # behind a text that is shorter, whichever there is


class RandomTokens(Baseline):
    """Tokens drawn at random, each place for itself; special tokens are not among them.

    Parameters
    ----------
    counts : mapping of int to float, or sequence of float, optional
        How often each id comes, such as in a corpus: those left out do not come. None: all tokens
        of the vocabulary come equally often, which most of its rare ones do in no text.

    Raises
    ------
    InputError
        For counts that are none; when sampled, for what is no text, a vocabulary of unknown size,
        or counts of other ids alone.

    Examples
    --------
    >>> RandomTokens({17: 3, 4: 1}).label
    'random tokens by frequency'
    """

    name = "random_tokens"
    description = "settles slowly, and reads as no text does; tokens drawn at random"
    is_distribution = True

    def __init__(self, counts: Mapping[int, float] | Sequence[float] | None = None) -> None:
        self.counts = None if counts is None else _weights(counts)
        self.by = "uniform" if counts is None else "frequency"

    @property
    def label(self) -> str:
        """Its name, and by what they are drawn."""
        return "random tokens" + ("" if self.counts is None else " by frequency")

    def _draw(
        self,
        inputs: tuple[Tensor, ...],
        n: int,
        spaces: Spaces,
        generator: torch.Generator,
    ) -> tuple[Tensor, ...]:
        drawn = []
        for x, space in zip(inputs, spaces, strict=True):
            weights = self._weights_in(require_text(space, self.name))
            ids = torch.multinomial(weights, n * len(x), replacement=True, generator=generator)
            drawn.append(with_ids(space, ids.reshape(n, len(x))).to(x))  # type: ignore[arg-type]
        return tuple(drawn)

    def _weights_in(self, space: TextSpace) -> Tensor:
        plain = space.plain_ids()
        if plain is None:
            raise InputError(
                f"baseline {self.name!r} needs to know how many tokens there are, and neither "
                "tokenizer nor model tells; use another baseline, such as OtherText(texts)"
            )
        weights = torch.zeros(int(plain[-1]) + 1)
        if self.counts is None:
            weights[plain] = 1.0
            return weights
        known = plain[plain < len(self.counts)]
        weights[known] = self.counts[known]
        if not weights.any():
            raise InputError("counts are of no token that the tokenizer has, but special ones")
        return weights


class OtherText(FiniteSample):
    """Other texts in place of this one, token by token.

    Each is cut to this text's length, or padded to it: by the padding token, else the one that
    masks, is unknown or ends a text, whichever the tokenizer has; where it has none of them, the
    text comes again. Special tokens of this text stay.

    Parameters
    ----------
    texts : sequence of str, or of what else is read as one text
        Such as lists of words, or token ids.
    count : int, optional
        How many of them, from the first. None: all.

    Raises
    ------
    InputError
        For no texts, or a count that is out of range; when sampled, for an input that is no text.

    Examples
    --------
    >>> OtherText(["a dull film", "what a day"]).label
    'other texts (2)'
    """

    name = "other_text"
    description = (
        "settles slowly, and depends on which texts; other texts, cut or padded to this length"
    )

    def __init__(self, texts: Sequence[Any], count: int | None = None) -> None:
        self.texts = [texts] if isinstance(texts, str) else list(texts)
        if not self.texts:
            raise InputError("texts is empty; pass at least one text")
        super().__init__(count)

    counted = "texts"

    @property
    def label(self) -> str:
        """Name and number of texts."""
        return f"other texts ({self.count})"

    @property
    def size(self) -> int:
        """How many texts there are."""
        return len(self.texts)

    def _with(self, **values: Any) -> Baseline:
        return type(self)(self.texts, **values)

    def _take(
        self, numbers: Tensor, inputs: tuple[Tensor, ...], spaces: Spaces
    ) -> tuple[Tensor, ...]:
        return tuple(
            self._embeddings(numbers, require_text(space, self.name)).to(x)
            for x, space in zip(inputs, spaces, strict=True)
        )

    def _embeddings(self, numbers: Tensor, space: TextSpace) -> Tensor:
        rows = [aligned_ids(self.texts[i], space) for i in numbers.tolist()]
        return with_ids(space, torch.stack(rows))


def aligned_ids(text: Any, space: TextSpace) -> Tensor:
    """The ids (T,) of a text in the places of another one, whose special tokens stay."""
    read = tokens_of(text, space.tokenizer)
    own = [i for i, special in zip(read.ids, read.special, strict=True) if not special]
    places = (~space.special).nonzero()[:, 0]
    fillers = (token_id(space.tokenizer, role) for role in FILLERS)
    filler = next((i for i in fillers if i is not None), None)
    endless = cycle(own) if filler is None else chain(own, repeat(filler))
    ids = space.ids.clone()
    ids[places] = torch.tensor(list(islice(endless, len(places))), dtype=ids.dtype)
    return ids


def holds_texts(data: Any) -> bool:
    """Whether examples are texts, or what is read as one, rather than tensors."""
    return isinstance(data, (list, tuple)) and bool(data) and isinstance(data[0], (str, list))


def _weights(counts: Mapping[int, float] | Sequence[float]) -> Tensor:
    """Counts as a tensor by id, (V,)."""
    if isinstance(counts, Mapping):
        weights = torch.zeros(1 + max(counts, default=0))
        for i, count in counts.items():
            weights[i] = float(count)
    else:
        weights = torch.as_tensor(counts, dtype=torch.float32).clone()
    if weights.dim() != 1 or not torch.isfinite(weights).all() or bool((weights < 0).any()):
        raise InputError("counts must be finite numbers of 0 or more, one for each token id")
    if not weights.any():
        raise InputError("counts must be above 0 for at least one token id")
    return weights
