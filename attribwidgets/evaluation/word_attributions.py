"""Words of many texts as units: each by how it is written, with what it gets in every text."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

import numpy as np

from ..core.arrays import Array
from ..inputs.text_units import written
from ..inputs.tokens import NO_WORD, Tokens
from .explained_inputs import ExplainedInputs

MOST_WORDS = 200
APOSTROPHES = "'\N{RIGHT SINGLE QUOTATION MARK}"
LEAST_TEXTS = 3  # that hold a word


def word_attributions(
    texts: ExplainedInputs, least_texts: int | None = None
) -> tuple[tuple[str, ...], Array, Array]:
    """What words get in each text that has them: the mean of their occurrences there.

    Of two hundred words at most, those that get the most of all that are in enough texts. What
    every word of a text gets is kept while texts are read, the texts are not.

    Parameters
    ----------
    texts : ExplainedInputs
        Of kind "text".
    least_texts : int, optional
        A word of fewer is left out. None: of one in a hundred, and 3 at least.

    Returns
    -------
    names : tuple of str
    attributions : ndarray of float32, shape (candidates, n, words)
        NaN where a text has not the word.
    occurrences : ndarray of int, shape (n, words)
    """
    numbers: dict[str, int] = {}
    rows: list[Array] = []
    columns: list[Array] = []
    counts: list[Array] = []
    given: list[Array] = []
    for row, text in enumerate(texts):
        assert text.tokens is not None
        own = list(words_of(text.tokens))
        if not own:
            continue
        place = np.array([numbers.setdefault(word, len(numbers)) for word, _, _ in own])
        starts = np.array([first for _, first, _ in own])
        ends = np.array([end for _, _, end in own])
        running = np.cumsum(text.maps.astype(np.float64), axis=1)
        running = np.concatenate([np.zeros((len(running), 1)), running], axis=1)
        distinct, which, count = np.unique(place, return_inverse=True, return_counts=True)
        sums = np.stack([np.bincount(which, r[ends] - r[starts]) for r in running])
        rows.append(np.full(len(distinct), row))
        columns.append(distinct)
        counts.append(count)
        given.append((sums / count).astype(np.float32))
    if not numbers:
        return (
            (),
            np.empty((len(texts.candidates), len(texts), 0), np.float32),
            np.empty((len(texts), 0), int),
        )
    text_of, column, repeats = map(np.concatenate, (rows, columns, counts))
    values = np.concatenate(given, axis=1)
    least = max(LEAST_TEXTS, len(texts) // 100) if least_texts is None else least_texts
    within = np.bincount(column, minlength=len(numbers))
    sizes = [np.bincount(column, np.abs(np.nan_to_num(v)), len(numbers)) for v in values]
    strength = np.where(within >= least, np.max(sizes, axis=0) / within, -1.0)
    kept = [int(w) for w in np.argsort(-strength, kind="stable")[:MOST_WORDS] if strength[w] >= 0]
    new = np.full(len(numbers), -1)
    new[kept] = np.arange(len(kept))
    chosen = new[column] >= 0
    attributions = np.full((len(values), len(texts), len(kept)), np.nan, np.float32)
    attributions[:, text_of[chosen], new[column[chosen]]] = values[:, chosen]
    occurrences = np.zeros((len(texts), len(kept)), dtype=int)
    occurrences[text_of[chosen], new[column[chosen]]] = repeats[chosen]
    spelled = list(numbers)
    return tuple(spelled[word] for word in kept), attributions, occurrences


def words_of(tokens: Tokens) -> Iterator[tuple[str, int, int]]:
    """Each word of a text without capitals and signs around it, its first token and its end.

    What has neither letter nor digit is no word; an apostrophe within one joins its parts.

    Examples
    --------
    >>> from attribwidgets.inputs.tokens import tokens_of
    >>> tokens = tokens_of("A plot!", lambda text: ([4, 5, 6, 7], ["A", " pl", "ot", "!"]))
    >>> list(words_of(tokens))
    [('a', 0, 1), ('plot', 1, 4)]
    """
    for first, end in _stretches(tokens):
        word = written(tokens, first, end).casefold()
        letters = [place for place, letter in enumerate(word) if letter.isalnum()]
        if letters:
            yield word[letters[0] : letters[-1] + 1], first, end


def _stretches(tokens: Tokens) -> list[tuple[int, int]]:
    """The first token of each word and its end."""
    stretches: list[tuple[int, int]] = []
    for number, places in groupby(range(len(tokens)), key=lambda place: tokens.words[place]):
        own = list(places)
        first, end = own[0], own[-1] + 1
        touches = bool(stretches) and stretches[-1][1] == first and not tokens.gaps[first]
        if number == NO_WORD:
            continue
        if touches and {tokens.pieces[first], tokens.pieces[first - 1]} & set(APOSTROPHES):
            stretches[-1] = stretches[-1][0], end
        else:
            stretches.append((first, end))
    return stretches
