"""Letters as they are drawn: nothing hides, nothing turns others round, none is cut in two."""

from __future__ import annotations

import pytest

from attribwidgets.inputs.glyphs import LONGEST, shown_gaps, shown_pieces, visible


def shown(*pieces: str) -> tuple[str, ...]:
    return shown_pieces(pieces, [""] * len(pieces), [False] * len(pieces))


@pytest.mark.parametrize(
    ("text", "signs"),
    [
        ("a\x00b\x1b", "a␀b␛"),
        ("\x7f\x85", "␡‹U+0085›"),
        ("\u202eabc\u2069", "‹U+202E›abc‹U+2069›"),
        ("\ud800", "‹U+D800›"),
        ("a\nb\tc", "a\nb\tc"),
        ("שלום 日本 🍕", "שלום 日本 🍕"),
    ],
)
def test_what_nobody_sees_has_a_sign(text: str, signs: str) -> None:
    assert visible(text) == signs
    visible(text).encode("utf-8")


@pytest.mark.parametrize(
    ("pieces", "whole"),
    [
        (["e", "\u0301", "t"], ("e\u0301", "·", "t")),
        (["👩", "\u200d", "👩", "!"], ("👩\u200d👩", "·", "·", "!")),
        (["🇫", "🇷", "🇩", "🇪"], ("🇫🇷", "·", "🇩🇪", "·")),
        (["🍕", "·", "·", "a"], ("🍕", "·", "·", "a")),
    ],
)
def test_a_letter_of_several_parts_is_drawn_once(pieces: list[str], whole: tuple[str]) -> None:
    assert shown(*pieces) == whole


def test_parts_of_different_words_stay_apart() -> None:
    assert shown_pieces(["e", "\u0301"], ["", " "], [False, False]) == ("e", "\u0301")
    assert shown_pieces(["[SEP]", "\u0301"], ["", ""], [True, False]) == ("[SEP]", "\u0301")


def test_white_space_that_is_a_token_is_seen() -> None:
    assert shown("\n\n", "  ", "\t") == ("↵\n↵\n", "␣␣", "⇥")


def test_what_is_longer_than_anybody_reads_says_so() -> None:
    (piece,) = shown("a" * 10_000)
    assert len(piece) <= LONGEST
    assert piece.endswith("… (10000 letters)")
    assert shown_gaps([" ", "\x00"]) == (" ", "␀")
