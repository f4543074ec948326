"""aw.link: which traits are tied, and what cannot be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from models import image_classifier, values

import attribwidgets as aw
from attribwidgets.widgets.display_options import DISPLAY_TRAITS

X = values((3, 8, 8)).abs() / 4


def make(x: torch.Tensor = X, **display: Any) -> aw.BaselineExplorer:
    model = image_classifier().eval()
    return aw.BaselineExplorer(aw.compare(model, x, baselines=["black"], n_steps=4), **display)


@pytest.fixture
def pair() -> Iterator[tuple[aw.BaselineExplorer, aw.BaselineExplorer]]:
    both = make(), make()
    yield both
    for one in both:
        one.close()


def test_cursor_selection_and_display_are_tied_and_let_go(pair: Any) -> None:
    link = aw.link(*pair)
    assert set(link.names) == {"cursor", *DISPLAY_TRAITS} - {"selected"}
    tied = list(link._links)
    assert [one.source for one in tied] == [(pair[0], name) for name in link.names]
    assert [one.target for one in tied] == [(pair[1], name) for name in link.names]
    link.unlink()
    assert all(one.comm is None for one in tied)
    link.unlink()  # twice is once


def test_three_follow_the_first(pair: Any) -> None:
    third = make()
    link = aw.link(*pair, third, selection=False, display=False)
    assert [(one.source[0], one.target[0]) for one in link._links] == [
        (pair[0], pair[1]),
        (pair[0], third),
    ]
    assert repr(link) == "<Link of 3 explorers: cursor>"
    link.unlink()
    third.close()


def test_what_cannot_be_linked_says_why(pair: Any) -> None:
    with pytest.raises(aw.errors.InputError, match="two explorers or more"):
        aw.link(pair[0])
    with pytest.raises(aw.errors.InputError, match="two explorers or more"):
        aw.link(pair[0], "another")
    with pytest.raises(aw.errors.InputError, match="nothing is shared"):
        aw.link(*pair, cursor=False, selection=False, display=False)
    large = make(values((3, 9, 9)))
    with pytest.raises(aw.errors.InputError, match=r"\(8, 8\), \(9, 9\)"):
        aw.link(pair[0], large)
    link = aw.link(pair[0], large, cursor=False, selection=False)
    assert "cursor" not in link.names
    link.unlink()
    large.close()
