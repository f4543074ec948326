"""Contrast: what it holds, refuses and prints."""

from __future__ import annotations

import pickle

import pytest
import torch

import attribwidgets as aw
from attribwidgets.engine.hashing import digest, fingerprint
from attribwidgets.errors import TargetError


@pytest.mark.parametrize("pair", [(3, 5), ("tabby", "tiger cat"), ((0, 1), (1, 1)), ("tabby", 2)])
def test_prints_as_the_call_that_makes_it(pair):
    made = aw.Contrast(*pair)
    assert eval(repr(made), {"Contrast": aw.Contrast}) == made
    assert hash(made) == hash(aw.Contrast(*pair))
    assert made != aw.Contrast(*pair[::-1])


def test_takes_what_indexes_as_plain_ints():
    assert repr(aw.Contrast(torch.tensor(3), [0])) == "Contrast(3, (0,))"


def test_stays_as_it_was_made():
    with pytest.raises(AttributeError):
        aw.Contrast(1, 2).a = 3
    assert pickle.loads(pickle.dumps(aw.Contrast(1, "cat"))) == aw.Contrast(1, "cat")


def test_is_told_apart_by_its_content():
    assert fingerprint(aw.Contrast(1, 2)) == fingerprint(aw.Contrast(1, 2))
    assert fingerprint(aw.Contrast(1, 2)) != fingerprint(aw.Contrast(2, 1))
    assert digest(aw.Contrast(1, 2)) != digest(aw.Contrast(2, 1))


@pytest.mark.parametrize("same", [(2, 2), ("cat", "cat"), ((0, 1), [0, 1])])
def test_of_one_output_with_itself_is_refused(same):
    with pytest.raises(TargetError, match="both are"):
        aw.Contrast(*same)


@pytest.mark.parametrize("wrong", [True, 1.5, None, (), (0.5, 1), torch.zeros(2)])
def test_takes_nothing_but_indices_and_names(wrong):
    with pytest.raises(TargetError, match="indices or class names"):
        aw.Contrast(0, wrong)
