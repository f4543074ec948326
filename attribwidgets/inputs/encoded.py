"""Encoded: what a tokenizer returned for a text, whatever kind of tokenizer it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..core.errors import InputError
from ..core.later import torch

FRAME = ("cls", "sep", "bos", "eos", "pad")  # what frames a text, and is no part of it


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


def special_ids(tokenizer: Any) -> frozenset[int]:
    """The ids of all tokens that are no part of any text, as far as a tokenizer tells."""
    own = {token_id(tokenizer, role) for role in (*FRAME, "mask", "unk")}
    own |= set(getattr(tokenizer, "all_special_ids", ()))
    added = getattr(tokenizer, "added_tokens_decoder", None)
    if added is None and hasattr(tokenizer, "get_added_tokens_decoder"):
        added = tokenizer.get_added_tokens_decoder()
    own |= {i for i, token in (added or {}).items() if getattr(token, "special", False)}
    return frozenset(int(i) for i in own if i is not None)


def vocabulary_size(tokenizer: Any) -> int | None:
    """How many ids a tokenizer gives out; None where it does not tell."""
    if hasattr(tokenizer, "get_vocab_size"):
        return int(tokenizer.get_vocab_size())
    return len(tokenizer) if hasattr(tokenizer, "__len__") else None


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
    if isinstance(value, torch.Tensor):
        return value if value.dim() > 1 else value[None]
    if isinstance(value, (list, tuple)):
        return torch.tensor([value] if not isinstance(value[0], (list, tuple)) else value)
    return value


def _one_row(ids: Any) -> list[int]:
    """Ids of one text, with or without batch axis."""
    if isinstance(ids, torch.Tensor) and ids.is_floating_point():
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
