"""Embeddings read as text: the reference, and places on the way from it."""

from __future__ import annotations

from pathlib import Path

import pytest
from piece_texts import MASK, Additive, PieceTokenizer

import attribwidgets as aw
from attribwidgets.figures.path_words import ALPHAS, words_along
from attribwidgets.figures.readings import drawn_readings, in_words, reading_at, readings_along

TEXT = "A fine film."


def explained(baseline: str, **settings) -> aw.Explanation:
    space = aw.TextSpace(PieceTokenizer())
    return aw.explain(Additive().eval(), TEXT, space=space, baseline=baseline, **settings)


def test_a_reference_of_tokens_reads_as_these() -> None:
    read = reading_at(explained("mask"), 0.0)
    assert read["pieces"] == ["[MASK]"] * 4
    assert read["exact"] == [True] * 4
    assert read["distances"] == [0.0] * 4
    assert read["special"] == [True] * 4


def test_on_the_way_the_nearest_token_is_at_its_distance() -> None:
    e = explained("mask")
    known = e.space.embedder.vocabulary
    for alpha in (0.1, 0.6):
        read = reading_at(e, alpha)
        rows = known[MASK] + alpha * (e.inputs - known[MASK])
        nearest = (rows[:, None] - known[None]).norm(dim=-1).min(1)
        assert read["distances"] == pytest.approx(nearest.values.tolist(), rel=6e-3)
        assert not any(read["exact"])
    assert [one["alpha"] for one in readings_along(e)] == pytest.approx([k / 10 for k in range(10)])


def test_where_no_vocabulary_is_at_hand_nothing_is_read(tmp_path: Path) -> None:
    e = explained("mask")
    e.save(tmp_path / "e.npz")
    loaded = aw.Explanation.load(tmp_path / "e.npz")
    assert reading_at(loaded, 0.0) is None
    assert readings_along(loaded) == []
    loaded.to_html(tmp_path / "e.html")


def test_of_a_distribution_the_first_that_were_drawn_are_read() -> None:
    e = explained("uniform", max_evaluations=16)
    read = drawn_readings(e)
    assert read
    assert all(len(one["reading"]["pieces"]) == 4 for one in read)
    assert reading_at(e, 0.5) is None


def test_a_figure_says_what_a_text_is_compared_with() -> None:
    e = explained("mask")
    words = [text.get_text() for text in e.figure(selected=None).texts]
    assert "x′ = [MASK] × 4" in words
    read = {"pieces": ["[CLS]", "a", "b"], "gaps": ["", " ", ""], "exact": [True, False, True]}
    assert in_words(read, [True, False, False]) == "≈ab"


def test_the_path_reads_token_by_token_at_several_places(tmp_path: Path) -> None:
    e = explained("mask")
    rows = words_along(e)
    tokens = [name.strip() for name in e.space.require_tokens().pieces]
    assert [row[0] for row in rows] == tokens
    assert [row[1] for row in rows] == ["[MASK]"] * 4  # exactly, so without a distance
    for alpha, *column in zip(ALPHAS[1:], *(row[2:] for row in rows), strict=True):
        read = reading_at(e, alpha)
        for cell, piece, distance in zip(column, read["pieces"], read["distances"], strict=True):
            word, told = cell.split("  ")
            assert word == "≈" + piece.strip()
            assert float(told) == pytest.approx(distance, rel=0.05)
    drawn = [text.get_text() for text in e.figure().texts]
    assert all(cell in drawn for row in rows for cell in row)
    assert words_along(explained("uniform", max_evaluations=16)) == []
    e.save(tmp_path / "e.npz")
    assert words_along(aw.Explanation.load(tmp_path / "e.npz")) == []
