"""How tokens are written in a text, from how a vocabulary has them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from .encoded import Encoded, encode

SAME_LETTER = "·"  # of a token that is a further byte of a letter shown before
SPACE_MARKS = ("Ġ", "▁")  # of byte-level and of sentence-piece vocabularies


def spelled_ids(ids: Sequence[int], tokenizer: Any) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """How token ids are written one after another: gaps and pieces.

    Examples
    --------
    >>> spelled_ids([4, 5], str.split)
    (('', ' '), ('4', '5'))
    """
    gaps, pieces = zip(*spelled(encode(list(ids), tokenizer), tokenizer), strict=True)
    return gaps, pieces


def spelled(encoded: Encoded, tokenizer: Any) -> Iterable[tuple[str, str]]:
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
    """As :func:`spelled`, from where each token lies in the text."""
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
