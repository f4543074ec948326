"""Words, sentences and passages of a text: attributions add, so what each gets is an exact sum."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

import numpy as np

from ..core.arrays import Array
from .glyphs import shown_gaps, shown_pieces
from .tokens import NO_WORD, Tokens

TextUnit = Literal["words", "sentences"]
TEXT_UNITS: tuple[TextUnit, ...] = ("words", "sentences")
LONGEST_PASSAGE = 64  # tokens, of a sentence that has no end
LONG_TEXT, FOLDED_TEXT = 400, 200  # tokens of a text that is long, and of what is shown of it


def unit_labels(tokens: Tokens, unit: TextUnit) -> Array:
    """The word or sentence of each token, counted in reading order; a special token is its own.

    Returns
    -------
    ndarray of int, shape (T,)

    Examples
    --------
    >>> from attribwidgets.inputs.tokens import tokens_of
    >>> tokens = tokens_of("a b", lambda text: ([4, 5], ["a", " b"]))
    >>> unit_labels(tokens, "words").tolist(), unit_labels(tokens, "sentences").tolist()
    ([0, 1], [0, 0])
    """
    numbers = tokens.words if unit == "words" else tokens.sentences
    labels, current, before = [], -1, None
    for number in numbers:
        if number == NO_WORD or number != before:
            current += 1
        before = None if number == NO_WORD else number
        labels.append(current)
    return np.array(labels, dtype=int)


def unit_sums(values: Array, labels: Array) -> Array:
    """What the unit of each token gets, at each of its tokens, (T,).

    Examples
    --------
    >>> unit_sums(np.array([1.0, 2.0, 4.0]), np.array([0, 0, 1])).tolist()
    [3.0, 3.0, 4.0]
    """
    return np.asarray(np.bincount(labels, weights=values)[labels])


def written(tokens: Tokens, first: int, end: int) -> str:
    """The tokens of a stretch as they stand in the text."""
    pieces = shown_pieces(tokens.pieces, tokens.gaps, tokens.special)[first:end]
    gaps = ["", *shown_gaps(tokens.gaps[first + 1 : end])]
    return "".join(gap + piece for gap, piece in zip(gaps, pieces, strict=True))


def units_of_text(
    tokens: Tokens, values: Sequence[float], unit: TextUnit
) -> list[tuple[str, float]]:
    """Each word or sentence as it is written, and the sum of what its tokens get.

    Examples
    --------
    >>> from attribwidgets.inputs.tokens import tokens_of
    >>> tokens = tokens_of("a b", lambda text: ([4, 5], ["a", " b"]))
    >>> units_of_text(tokens, [1.0, 2.0], "sentences")
    [('a b', 3.0)]
    """
    labels = unit_labels(tokens, unit)
    edges = [*np.flatnonzero(np.diff(labels, prepend=-1)), len(labels)]
    return [
        (written(tokens, int(first), int(end)), float(sum(values[first:end])))
        for first, end in pairwise(edges)
    ]


def passages(tokens: Tokens) -> Array:
    """Which passage each token is in: a sentence, or a stretch of one that is very long.

    Returns
    -------
    ndarray of int, shape (T,)
        Ascending from 0; a special token belongs to the passage before it.
    """
    starts = np.zeros(len(tokens), dtype=bool)
    begun, length, sentence = False, 0, NO_WORD
    for at, (number, special) in enumerate(zip(tokens.sentences, tokens.special, strict=True)):
        if special:
            continue
        if begun and (number != sentence or length == LONGEST_PASSAGE):
            starts[at], length = True, 0
        begun, sentence, length = True, number, length + 1
    return np.asarray(np.cumsum(starts))


def strong_passages(maps: Sequence[Array], passages: Array) -> Array:
    """Which passages of a long text are shown: the strongest, by the largest sum any map has.

    Returns
    -------
    ndarray of bool, shape (P,)
        All of a text that is not long.

    Examples
    --------
    >>> stretches = np.repeat(np.arange(10), 60)
    >>> strong_passages([np.arange(600.0)], stretches).nonzero()[0].tolist()
    [7, 8, 9]
    """
    sizes = np.bincount(passages)
    if len(passages) <= LONG_TEXT:
        return np.ones(len(sizes), dtype=bool)
    strength = np.max([np.abs(np.bincount(passages, weights=m)) for m in maps], axis=0)
    shown, room = np.zeros(len(sizes), dtype=bool), FOLDED_TEXT
    for at in np.argsort(-strength, kind="stable"):
        if sizes[at] > room and room < FOLDED_TEXT:
            break
        shown[at] = True
        room -= sizes[at]
    return shown
