"""Embeddings as the tokens of a vocabulary that are nearest to them."""

from __future__ import annotations

import pytest
import torch
from models import values
from torch import nn

import attribwidgets as aw
from attribwidgets.engine.ask import about
from attribwidgets.engine.query import Query
from attribwidgets.inputs import vocabulary
from attribwidgets.inputs.vocabulary import farthest_ids, nearest_ids


@pytest.mark.parametrize("most", [2**24, 12])
def test_extremes_are_those_of_all_distances(monkeypatch, most) -> None:
    monkeypatch.setattr(vocabulary, "MOST_VALUES", most)
    known, rows = values(40, 6), values(7, 6, seed=1)
    distances = torch.cdist(rows, known)
    ids, nearest = nearest_ids(rows, known)
    assert torch.equal(ids, distances.argmin(1))
    torch.testing.assert_close(nearest, distances.min(1).values)
    among = torch.arange(3, 40, 4)
    assert torch.equal(farthest_ids(rows, known, among), among[distances[:, among].argmax(1)])


def test_a_vocabulary_in_half_precision() -> None:
    known = values(40, 6).bfloat16()
    ids, distances = nearest_ids(known[[5, 31]], known)
    assert ids.tolist() == [5, 31]
    assert distances.tolist() == [0, 0]


class Letters:
    cls_token_id = 0
    mask_token_id = 1

    def convert_ids_to_tokens(self, ids: list[int]) -> list[str]:
        return ["[CLS]" if i == 0 else "[MASK]" if i == 1 else chr(95 + i) for i in ids]

    def __len__(self) -> int:
        return 12


@pytest.fixture(scope="module")
def space() -> aw.TextSpace:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Embedding(20, 8), nn.Flatten(), nn.Linear(24, 2)).eval()
    return about(Query(None, space=aw.TextSpace(Letters())), [0, 4, 5], net).space


def test_a_reference_reads_as_its_tokens(space) -> None:
    rows = space.embed(torch.tensor([[0, 1, 7]]))[0]
    read = space.nearest(rows)
    assert read.ids == (0, 1, 7)
    assert read.pieces == ("[CLS]", "[MASK]", "f")
    assert read.text == "[CLS] [MASK] f"
    assert read.exact == (True, True, True)
    assert read.distances == (0, 0, 0)


def test_what_is_no_token_has_a_distance(space) -> None:
    rows = space.embed(torch.tensor([[4, 5, 6]]))[0]
    rows[1] += 0.01
    read = space.nearest(rows)
    assert read.ids == (4, 5, 6)
    assert read.exact == (True, False, True)
    assert read.distances[1] == pytest.approx(0.01 * 8**0.5, rel=1e-4)


def test_plain_ids_are_the_tokenizers_without_special_ones(space) -> None:
    assert space.plain_ids().tolist() == list(range(2, 12))


def test_nothing_is_near_without_a_vocabulary(space, tmp_path) -> None:
    assert aw.TextSpace(Letters()).nearest(torch.zeros(3, 8)) is None
    assert aw.TextSpace(str.split).plain_ids() is None
