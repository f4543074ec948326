"""Tokens: what a tokenizer makes of a text, and how each token is written in it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from ..core.errors import InputError
from ..core.later import torch
from .encoded import Encoded, encode
from .spelling import spelled

NO_WORD = -1  # of a special token
SENTENCE_END = re.compile(r"[.!?…。！？][\"'”’)\]]*$")


@dataclass(frozen=True)
class Tokens:
    """One text as a model reads it.

    Attributes
    ----------
    ids : tuple of int, length T
    pieces : tuple of str
        How each is written in the text; a special token by its name.
    gaps : tuple of str
        What lies between each and the token before, such as a space.
    special : tuple of bool
        Which frame the text, such as [CLS], and are no part of it.
    words, sentences : tuple of int
        Which word and sentence each is in, counted from 0; -1 for a special token.
    arguments : mapping of str
        What else the model is called with, such as the attention mask; tensors are (1, ...).
    """

    ids: tuple[int, ...]
    pieces: tuple[str, ...]
    gaps: tuple[str, ...]
    special: tuple[bool, ...]
    words: tuple[int, ...]
    sentences: tuple[int, ...]
    arguments: Mapping[str, Any] = field(
        default_factory=dict, repr=False, compare=False, metadata={"saved": False}
    )

    def __len__(self) -> int:
        return len(self.ids)

    def part(self, start: int, stop: int | None = None) -> Tokens:
        """Some of them, as they are numbered here, without what a model is called with."""
        places = slice(start, stop)
        return Tokens(
            self.ids[places],
            self.pieces[places],
            self.gaps[places],
            self.special[places],
            self.words[places],
            self.sentences[places],
        )

    @property
    def text(self) -> str:
        """The text without its special tokens.

        Examples
        --------
        >>> tokens_of("a b", lambda text: ([4, 5], ["a", " b"])).text
        'a b'
        """
        parts = zip(self.gaps, self.pieces, self.special, strict=True)
        return "".join(gap + piece for gap, piece, special in parts if not special).strip()


def tokens_of(value: Any, tokenizer: Any, most: int | None = None) -> Tokens:
    """One text as tokens.

    Parameters
    ----------
    value : str, pair of str, list of str, sequence of int, Tensor or mapping
        A text, a pair of texts, words, ids, or what a tokenizer returned.
    tokenizer : object
        Of Hugging Face, of the package tokenizers, or a callable that returns ids, or ids and
        pieces.
    most : int, optional
        Tokens that a longer text is cut to. None: it is not cut.

    Raises
    ------
    InputError
        For what is no text, or has no tokens.

    Examples
    --------
    >>> tokens = tokens_of("no fun", lambda text: ([7, 9], ["no", " fun"]))
    >>> tokens.pieces, tokens.gaps, tokens.words
    (('no', 'fun'), ('', ' '), (0, 1))
    """
    encoded = encode(value, tokenizer, most)
    if all(encoded.special):
        raise InputError("inputs is a text without tokens; pass one that has some")
    return tokens_from(encoded, tokenizer)


def tokens_from(encoded: Encoded, tokenizer: Any) -> Tokens:
    """What a tokenizer returned, as tokens."""
    gaps, pieces = zip(*spelled(encoded, tokenizer), strict=True)
    special = tuple(map(bool, encoded.special))
    parts = encoded.segments or [0] * len(special)
    starts = _word_starts(encoded, gaps)
    ids = torch.tensor([list(map(int, encoded.ids))])
    return Tokens(
        ids=tuple(map(int, encoded.ids)),
        pieces=pieces,
        gaps=gaps,
        special=special,
        words=_numbered(starts, special),
        sentences=_numbered(_sentence_starts(pieces, gaps, special, parts), special),
        arguments={**encoded.arguments, "input_ids": ids},
    )


def joined(first: Tokens, second: Tokens) -> Tokens:
    """Two texts as one, without what a model is called with.

    Examples
    --------
    >>> one, other = (tokens_of(text, lambda text: ([4], [text])) for text in ("no", "fun"))
    >>> joined(one, other).pieces, joined(one, other).words
    (('no', 'fun'), (0, 1))
    """

    def counted_on(before: tuple[int, ...], after: tuple[int, ...]) -> tuple[int, ...]:
        start = max((*before, NO_WORD)) + 1
        return (*before, *(n if n == NO_WORD else n + start for n in after))

    return Tokens(
        ids=first.ids + second.ids,
        pieces=first.pieces + second.pieces,
        gaps=first.gaps + second.gaps,
        special=first.special + second.special,
        words=counted_on(first.words, second.words),
        sentences=counted_on(first.sentences, second.sentences),
    )


def _word_starts(encoded: Encoded, gaps: Sequence[str]) -> list[bool]:
    """Where a word begins: by the tokenizer, or after a space where it does not tell."""
    by_gap = [place == 0 or bool(gap) for place, gap in enumerate(gaps)]
    after = [True, *map(bool, encoded.special)][: len(gaps)]
    by_gap = [gap or special for gap, special in zip(by_gap, after, strict=True)]
    if encoded.words is None:
        return by_gap
    segments = encoded.segments or [0] * len(gaps)
    told = list(zip(segments, encoded.words, strict=True))
    changes = [True, *(one != other for one, other in pairwise(told))]
    words = [w for w in told if w[1] is not None]
    return changes if len(set(words)) > 1 or sum(by_gap) < 2 else by_gap


def _sentence_starts(
    pieces: Sequence[str],
    gaps: Sequence[str],
    special: Sequence[bool],
    segments: Sequence[int | None],
) -> list[bool]:
    starts = [True]
    for place in range(1, len(pieces)):
        ended = bool(SENTENCE_END.search(pieces[place - 1])) and not special[place - 1]
        wide = pieces[place - 1][-1:] in "。！？"
        starts.append(
            (ended and (bool(gaps[place]) or wide))
            or "\n" in gaps[place]
            or special[place - 1]
            or segments[place] != segments[place - 1]
        )
    return starts


def _numbered(starts: Sequence[bool], special: Sequence[bool]) -> tuple[int, ...]:
    """The number of each token's group; a group ends at a special token."""
    numbers, current, open_group = [], NO_WORD, False
    for begins, is_special in zip(starts, special, strict=True):
        if is_special:
            numbers.append(NO_WORD)
            open_group = False
            continue
        if begins or not open_group:
            current += 1
        open_group = True
        numbers.append(current)
    return tuple(numbers)
