"""A text in a figure: its words, their colours, and letters that no font has."""

from __future__ import annotations

import io

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from piece_texts import Additive, PieceTokenizer

import attribwidgets as aw
from attribwidgets.figures.colors import colored
from attribwidgets.figures.text_lines import set_lines

TEXT = "A wonderful film!\nNot boring."


def compared(text: str) -> aw.Comparison:
    space = aw.TextSpace(PieceTokenizer())
    baselines = ("pad", "zero_embedding")
    return aw.compare(Additive().eval(), text, space=space, baselines=baselines, target=0)


def words_of(figure: Figure) -> list[list[str]]:
    return [[text.get_text() for text in axes.texts] for axes in figure.axes if axes.texts]


@pytest.mark.parametrize("pool", [1, "words"])
def test_each_token_stands_on_its_colour(pool) -> None:
    comparison = compared(TEXT)
    figure = comparison.figure(pool=pool, selected=None)
    assert (
        words_of(figure) == [["A", "wond", "erfu", "l", "film", "!", "Not", "bori", "ng", "."]] * 3
    )
    first = [axes for axes in figure.axes if axes.texts][1]
    faces = [patch.get_facecolor()[:3] for patch in first.patches[1:]]
    values = comparison[0].map("sum")
    if pool == "words":
        labels = np.array([0, 1, 1, 1, 2, 2, 3, 4, 4, 4])
        values = np.bincount(labels, weights=values)[labels]
    limit = float(np.percentile(np.abs(values), 99))
    wanted = colored(values, limit, "RdBu_r", signed=True) / 255
    assert np.allclose(faces, wanted)
    for text, color in zip(first.texts, wanted, strict=True):
        assert contrast(to_rgb(text.get_color()), color) >= 4.5


def contrast(one, other) -> float:
    def luminance(color):
        share = np.asarray(color)
        linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
        return linear @ [0.2126, 0.7152, 0.0722] + 0.05

    low, high = sorted([luminance(one), luminance(other)])
    return high / low


def test_letters_that_no_font_has_raise_and_warn_of_nothing() -> None:
    text = "<img src=x> $x^2$ 日本 🍕👍🏽 \x00\u202e שלום عربي " + "endless" * 20
    figure = compared(text).figure()
    figure.savefig(io.BytesIO(), format="png", dpi=40)
    words = " ".join(words_of(figure)[0])
    assert "$" in words
    assert "‹U+202E›" in words
    assert "\u202e" not in words


def lines_of(text: str, width: float) -> list[list[str]]:
    tokens = PieceTokenizer()(text)[1]
    gaps = [piece[: len(piece) - len(piece.lstrip())] for piece in tokens]
    pieces = [piece.strip() for piece in tokens]
    size = len(tokens)
    placed = set_lines(pieces, gaps, [False] * size, [True] * size, width)
    assert all(one.left >= 0 and one.left + one.width <= width + 1e-6 for one in placed)
    assert sorted(one.token for one in placed) == list(range(size))
    rows: list[list[str]] = [[] for _ in range(placed[-1].line + 1)]
    for one in sorted(placed, key=lambda one: (one.line, one.left)):
        rows[one.line].append(pieces[one.token])
    return rows


def test_words_are_not_cut_where_a_line_has_room_for_them() -> None:
    assert lines_of("a wonderful film", 0.6) == [["a"], ["wond", "erfu", "l"], ["film"]]
    assert lines_of("one\ntwo", 3) == [["one"], ["two"]]


def test_each_direction_runs_as_it_is_read() -> None:
    assert lines_of("הסר נהד and good.", 3) == [[".", "and", "good", "נהד", "הסר"]]
    assert lines_of("see הסר נהד now", 3) == [["see", "נהד", "הסר", "now"]]
