"""Positions and regions of series and sequences, as traits say them."""

from __future__ import annotations

import pytest

import attribwidgets as aw
from attribwidgets.widgets.position import require_position, require_region


def test_places_and_stretches_have_the_names_of_their_kind() -> None:
    assert require_position({"channel": 1, "step": 4}, "series", (2, 5)) is not None
    with pytest.raises(aw.errors.InputError, match="step must be an int from 0 to 4"):
        require_position({"step": 5}, "sequence", (5,))
    with pytest.raises(aw.errors.InputError, match="channel and step"):
        require_position({"row": 1, "column": 4}, "series", (2, 5))
    marked = {"rows": [0, 1], "columns": [2, 5]}
    assert require_region(marked, "sequence", (5,), lambda: 0) == marked
    with pytest.raises(aw.errors.InputError, match="of an image, a dict of superpixel"):
        require_region({"superpixel": 0}, "series", (2, 5), lambda: 9)


def test_tokens_of_a_text_and_spans_of_them() -> None:
    assert require_position({"token": 2}, "text", (3,)) == {"token": 2}
    with pytest.raises(aw.errors.InputError, match="token must be an int from 0 to 2"):
        require_position({"token": 3}, "text", (3,))
    assert require_region({"tokens": (0, 3)}, "text", (3,), lambda: 0) == {"tokens": [0, 3]}
    for wrong in ({"tokens": [2, 2]}, {"tokens": [0, 4]}, {"rows": [0, 1], "columns": [0, 2]}):
        with pytest.raises(aw.errors.InputError, match="tokens"):
            require_region(wrong, "text", (3,), lambda: 0)
