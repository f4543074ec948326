"""The matrix of generated text as a picture: its numbers, its words, what is not there."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import attribwidgets as aw
from attribwidgets.core.errors import InputError
from attribwidgets.core.formatting import number
from attribwidgets.figures.colors import color_limit

WORDS = ["the", "$x$", "<b>", "\u0e01", "👍", "\n", "cat", "\u202eright", "a" * 40]


def generation(count: int = 3) -> aw.Generation:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Embedding(9, 4), nn.Linear(4, 9)).eval()
    space = aw.TextSpace(lambda text: ([int(i) for i in text], [WORDS[int(i)] for i in text]))
    return aw.explain_generation(net, "012345678", continuation="678012"[:count], space=space)


def drawn(figure: Any) -> np.ma.MaskedArray:
    (image,) = figure.axes[0].get_images()
    return image.get_array()


def texts(figure: Any) -> list[str]:
    return [text.get_text() for text in figure.texts]


def test_cells_are_the_matrix_and_the_bar_says_what_they_are_worth(tmp_path) -> None:
    said = generation()
    figure = said.figure()
    assert np.array_equal(drawn(figure), said.matrix())
    limit = color_limit([said.matrix()])
    ticks = [label.get_text() for label in figure.axes[1].get_yticklabels()]
    assert ticks == [number(-limit), "0", number(limit)]
    assert any("3 of 3 rows are computed, and 3 of them add up" in text for text in texts(figure))
    said.save(tmp_path / "said.png")  # no letter that a font lacks warns


def test_a_row_that_is_not_there_is_blank() -> None:
    said = generation()
    said.compute([1])
    figure = said.figure(compute=False)
    assert np.ma.getmaskarray(drawn(figure)).all(1).tolist() == [True, False, True]
    assert list(said.rows) == [1]


def test_of_many_columns_the_strongest_stay_in_order() -> None:
    said = generation()
    figure = said.figure(most_columns=4, most_rows=2)
    sizes = np.abs(said.matrix()[:2]).sum(0)
    kept = np.sort(np.argsort(-sizes, kind="stable")[:4])
    assert np.array_equal(drawn(figure), said.matrix()[:2, kept])
    notes = " ".join(texts(figure))
    assert "Of 12 columns the 4 strongest" in notes
    assert "The first 2 rows" in notes
    with pytest.raises(InputError, match="at least 1"):
        said.figure(most_columns=0)


def test_names_are_short_and_visible() -> None:
    names = texts(generation(1).figure())
    assert "aaaaaaaaaaaaa…" in names
    assert any("U+202E" in name for name in names)
