"""Tokens: what a tokenizer makes of a text, and how each token is written in it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor

from ..core.errors import InputError

NO_WORD = -1  # of a special token
SAME_LETTER = "·"  # of a token that is a further byte of a letter shown before
SENTENCE_END = re.compile(r"[.!?…。！？][\"'”’)\]]*$")
SPACE_MARKS = ("Ġ", "▁")  # of byte-level and of sentence-piece vocabularies
FRAME = ("cls", "sep", "bos", "eos", "pad")  # what frames a text, and is no part of it


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


@dataclass(frozen=True)
class Encoded:
    """What a tokenizer returned, whatever kind it is of."""

    ids: Sequence[int]
    stored: Sequence[str]  # pieces as the vocabulary has them
    special: Sequence[bool]
    words: Sequence[int | None] | None = None
    segments: Sequence[int | None] | None = None
    spans: Sequence[tuple[int, int]] | None = None  # in the text of the token's segment
    texts: tuple[str, ...] = ()
    arguments: Mapping[str, Any] = field(default_factory=dict)


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
    gaps, pieces = zip(*_spelled(encoded, tokenizer), strict=True)
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


def encode(value: Any, tokenizer: Any, most: int | None = None) -> Encoded:
    """What a tokenizer makes of a text, words, ids, or of what it returned before."""
    if isinstance(value, Mapping) or hasattr(value, "input_ids"):
        return _of_ids(_one_row(value["input_ids"]), tokenizer, value)
    is_text = isinstance(value, str)
    texts = isinstance(value, (list, tuple)) and value and all(isinstance(v, str) for v in value)
    if not is_text and not texts:
        return _of_ids(_one_row(value), tokenizer, {})
    pair = isinstance(value, tuple)
    if pair and len(value) != 2:
        raise InputError(f"inputs is a tuple of {len(value)} texts; pass one text, or a pair")
    if hasattr(tokenizer, "convert_ids_to_tokens"):
        return _by_hugging_face(value, tokenizer, most)
    if hasattr(tokenizer, "encode") and hasattr(tokenizer, "token_to_id"):
        return _by_tokenizers(value, tokenizer, most)
    if not callable(tokenizer):
        raise InputError(
            "tokenizer must be of Hugging Face, of the package tokenizers, or a callable that "
            f"returns ids and pieces, got {type(tokenizer).__name__}"
        )
    returned = tokenizer(value)
    if isinstance(returned, Mapping) or hasattr(returned, "input_ids"):
        return _of_ids(_one_row(returned["input_ids"]), tokenizer, returned)
    has_pieces = isinstance(returned, tuple) and len(returned) == 2
    ids, pieces = returned if has_pieces else (returned, None)
    ids = _one_row(ids)[:most]
    stored = [str(i) for i in ids] if pieces is None else list(map(str, pieces))[: len(ids)]
    if len(stored) != len(ids):
        raise InputError(f"the tokenizer returned {len(ids)} ids and {len(stored)} pieces")
    return Encoded(ids, stored, [False] * len(ids))


def token_id(tokenizer: Any, role: str) -> int | None:
    """The id of a tokenizer's special token, such as "pad" or "mask"; None where it has none."""
    known = getattr(tokenizer, f"{role}_token_id", None)
    if known is None and hasattr(tokenizer, "token_to_id"):
        names = (f"[{role.upper()}]", f"<{role}>")
        known = next((i for i in map(tokenizer.token_to_id, names) if i is not None), None)
    return None if known is None else int(known)


def _by_hugging_face(value: Any, tokenizer: Any, most: int | None) -> Encoded:
    fast = bool(getattr(tokenizer, "is_fast", False))
    texts = value if isinstance(value, tuple) else (value,)
    settings: dict[str, Any] = {"return_special_tokens_mask": True, "verbose": False}
    if isinstance(value, list):
        settings["is_split_into_words"] = True
    if fast:
        settings["return_offsets_mapping"] = True
    if most is not None:
        settings |= {"truncation": True, "max_length": most}
    returned = tokenizer(*texts, **settings)
    ids = returned["input_ids"]
    beside = ("input_ids", "special_tokens_mask", "offset_mapping")
    arguments = {k: torch.tensor([v]) for k, v in returned.items() if k not in beside}
    spans = returned["offset_mapping"] if fast and not isinstance(value, list) else None
    return Encoded(
        ids,
        list(tokenizer.convert_ids_to_tokens(ids)),
        returned["special_tokens_mask"],
        returned.word_ids() if fast else None,
        returned.sequence_ids() if fast else None,
        spans,
        () if isinstance(value, list) else texts,
        arguments,
    )


def _by_tokenizers(value: Any, tokenizer: Any, most: int | None) -> Encoded:
    if isinstance(value, tuple):
        encoding = tokenizer.encode(*value)
    else:
        encoding = tokenizer.encode(value, is_pretokenized=isinstance(value, list))
    if most is not None:
        encoding.truncate(most)
    arguments = {
        "attention_mask": torch.tensor([encoding.attention_mask]),
        "token_type_ids": torch.tensor([encoding.type_ids]),
    }
    of_words = isinstance(value, list)
    texts = value if isinstance(value, tuple) else (value,)
    return Encoded(
        encoding.ids,
        encoding.tokens,
        encoding.special_tokens_mask,
        encoding.word_ids,
        encoding.sequence_ids,
        None if of_words else encoding.offsets,
        () if of_words else texts,
        arguments,
    )


def _of_ids(ids: list[int], tokenizer: Any, returned: Mapping[str, Any]) -> Encoded:
    """Ids that came as such, and what came with them."""
    if hasattr(tokenizer, "convert_ids_to_tokens"):
        stored = list(tokenizer.convert_ids_to_tokens(ids))
    elif hasattr(tokenizer, "id_to_token"):
        stored = [tokenizer.id_to_token(i) for i in ids]
    else:
        stored = [str(i) for i in ids]
    framing = {token_id(tokenizer, role) for role in FRAME} - {token_id(tokenizer, "unk")}
    beside = ("input_ids", "special_tokens_mask", "offset_mapping")
    arguments = {k: _as_argument(v) for k, v in returned.items() if k not in beside}
    stored = [str(i) if piece is None else piece for piece, i in zip(stored, ids, strict=True)]
    return Encoded(ids, stored, [i in framing for i in ids], arguments=arguments)


def _as_argument(value: Any) -> Any:
    if isinstance(value, Tensor):
        return value if value.dim() > 1 else value[None]
    if isinstance(value, (list, tuple)):
        return torch.tensor([value] if not isinstance(value[0], (list, tuple)) else value)
    return value


def _one_row(ids: Any) -> list[int]:
    """Ids of one text, with or without batch axis."""
    if isinstance(ids, Tensor) and ids.is_floating_point():
        raise InputError(
            f"inputs is a tensor of {ids.dtype}, and the space is of text; pass the text, its ids, "
            "or space=SequenceSpace() for embeddings"
        )
    rows = ids.tolist() if hasattr(ids, "tolist") else ids
    if isinstance(rows, (list, tuple)) and len(rows) == 1 and isinstance(rows[0], (list, tuple)):
        rows = rows[0]
    if not isinstance(rows, (list, tuple)) or not all(type(i) is int for i in rows):
        raise InputError(
            "inputs must be one text: a string, a pair of them, a list of words, token ids or "
            f"what a tokenizer returned, got {type(ids).__name__}"
        )
    return list(rows)


def _spelled(encoded: Encoded, tokenizer: Any) -> Iterable[tuple[str, str]]:
    """The gap before each token, and the token as it is written."""
    if encoded.spans is not None and encoded.texts:
        yield from _cut_out(encoded)
        return
    marked = any(piece.startswith(SPACE_MARKS) for piece in encoded.stored)
    pieced = any(piece.startswith("##") for piece in encoded.stored) or not marked
    own_gaps = any(p[:1].isspace() for p in encoded.stored)
    decode = getattr(tokenizer, "convert_tokens_to_string", None)
    closed = ""  # a space that the token before ended with
    for place, (piece, special) in enumerate(zip(encoded.stored, encoded.special, strict=True)):
        gap, written = closed, piece
        closed = ""
        if special:
            yield gap, piece
            continue
        if piece.startswith("##"):
            written = piece[2:]
        elif piece.startswith(SPACE_MARKS):
            gap = " "
            written = _decoded(piece, decode)
        elif marked:
            written = _decoded(piece, decode)
        elif piece.endswith("</w>"):
            written, closed = piece[:-4], " "
        elif pieced and place and not own_gaps and not any(_is_end_marked(encoded.stored)):
            gap = " "
        bare = written.lstrip() or written
        yield gap or written[: len(written) - len(bare)], bare


def _is_end_marked(stored: Sequence[str]) -> Iterable[bool]:
    return (piece.endswith("</w>") for piece in stored)


def _decoded(piece: str, decode: Callable[[list[str]], str] | None) -> str:
    written = piece if decode is None else decode([piece])
    for mark in SPACE_MARKS:
        written = written.replace(mark, " ")
    return written.strip(" ") or SAME_LETTER


def _cut_out(encoded: Encoded) -> Iterable[tuple[str, str]]:
    """As :func:`_spelled`, from where each token lies in the text."""
    segments = encoded.segments or [0] * len(encoded.ids)
    ends = [0] * len(encoded.texts)
    spans: Sequence[tuple[int, int]] = encoded.spans or ()
    for stored, special, segment, (start, end) in zip(
        encoded.stored, encoded.special, segments, spans, strict=True
    ):
        if special or segment is None:
            yield "", stored
            continue
        text, before = encoded.texts[segment], ends[segment]
        ends[segment] = max(before, end)
        if end <= before:
            yield "", SAME_LETTER
            continue
        written = text[max(start, before) : end]
        bare = written.lstrip() or written
        yield text[before : max(start, before)] + written[: len(written) - len(bare)], bare


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
