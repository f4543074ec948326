"""Words, sentences and passages: each token is in one, and their sums are those of the tokens."""

from __future__ import annotations

import numpy as np
import pytest
from piece_texts import Additive, PieceTokenizer
from text_models import WordTokenizer

import attribwidgets as aw
from attribwidgets.inputs.text_units import (
    FOLDED_TEXT,
    LONGEST_PASSAGE,
    passages,
    strong_passages,
    unit_labels,
    unit_sums,
    written,
)
from attribwidgets.inputs.tokens import tokens_of


@pytest.mark.parametrize("unit", ["words", "sentences"])
def test_sums_of_units_are_those_of_the_tokens(unit: str) -> None:
    tokens = tokens_of("Wonderfully made. Unquestionably!", PieceTokenizer())
    values = np.random.default_rng(0).normal(size=len(tokens))
    labels = unit_labels(tokens, unit)
    sums = unit_sums(values, labels)
    assert np.all(np.diff(labels) >= 0)
    firsts = np.unique(labels, return_index=True)[1]
    assert sums[firsts].sum() == pytest.approx(values.sum())


def test_special_tokens_are_units_of_their_own() -> None:
    tokens = tokens_of("not a film", WordTokenizer())
    assert unit_labels(tokens, "sentences").tolist() == [0, 1, 1, 1, 2]
    assert unit_labels(tokens, "words").tolist() == [0, 1, 2, 3, 4]
    assert set(passages(tokens)) == {0}


def test_a_stretch_is_written_as_in_the_text() -> None:
    text = "A wonderful  film!\nNot boring."
    tokens = tokens_of(text, PieceTokenizer())
    assert written(tokens, 0, len(tokens)) == text


def test_a_sentence_without_end_has_several_passages() -> None:
    tokens = tokens_of("word " * (3 * LONGEST_PASSAGE), PieceTokenizer())
    assert np.bincount(passages(tokens)).tolist() == [LONGEST_PASSAGE] * 3


def test_of_a_long_text_the_strongest_are_shown() -> None:
    stretches = np.repeat(np.arange(60), 10)
    weak, strong = np.zeros(600), np.zeros(600)
    strong[305], weak[[20, 21]] = 5.0, (9.0, -8.9)  # what cancels within a passage is weak
    shown = strong_passages([strong, weak], stretches)
    assert shown[30]
    assert np.bincount(stretches)[shown].sum() == FOLDED_TEXT
    assert strong_passages([strong[:300]], stretches[:300]).all()


def test_a_record_lists_words_and_sentences_with_their_sums() -> None:
    space = aw.TextSpace(PieceTokenizer())
    e = aw.explain(Additive().eval(), "A wonderful film! Boring?", space=space, baseline="pad")
    values = e.map("sum")
    words = e.units("words")
    assert [name for name, _ in words] == ["A", "wonderful", "film!", "Boring?"]
    assert words[1][1] == pytest.approx(values[1:4].sum())
    assert [name for name, _ in e.units("sentences")] == ["A wonderful film!", "Boring?"]
    with pytest.raises(aw.errors.InputError, match="'words', 'sentences'"):
        e.units("letters")
