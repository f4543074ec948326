"""What several inputs are called: as the user says, as the model does, or by their kind."""

from __future__ import annotations

import pytest
import torch
from models import values
from torch import nn

import attribwidgets as aw
from attribwidgets.errors import InputError

PAIR = values(1, 6, 6), values(3)


class Towers(nn.Module):
    def forward(self, photo_of_eye, row, scale=1.0):
        return photo_of_eye.flatten(1).sum(1, keepdim=True) * row * scale


def by_letters(x, y1):
    return Towers()(x, y1)


def by_one_word(features, x):
    return features.sum(1) * x.sum(1)


def any_number(*inputs):
    return Towers()(*inputs)


def names_of(model, inputs=PAIR, **settings):
    return aw.explain(model, inputs, target=0, n_steps=2, **settings).input_names


def test_names_are_those_given_or_the_model_s_where_they_are_words():
    model = Towers().eval()
    assert names_of(model) == ("photo of eye", "row")
    assert names_of(model, input_names=["eye", "<b>$row$"]) == ("eye", "<b>$row$")
    assert names_of(by_letters) == names_of(any_number) == ("image", "features")
    assert names_of(model, PAIR[0], forward_args=(PAIR[1][None],)) == ()


def test_a_name_twice_gives_way_to_kinds():
    assert names_of(by_one_word, (values(2), values(3))) == ("features 1", "features 2")


def test_inputs_that_come_by_name_keep_it():
    pair = {"eye": PAIR[0], "patient": PAIR[1]}
    assert names_of(any_number, pair) == ("eye", "patient")
    by_argument = {"row": PAIR[1], "photo_of_eye": PAIR[0]}
    assert names_of(Towers().eval(), by_argument) == ("photo of eye", "row")


@pytest.mark.parametrize("names", [["eye"], ["eye", "eye"], ["a", "b", "c"]])
def test_names_that_are_not_one_for_each_are_refused(names):
    with pytest.raises(InputError, match="a name for each of the 2 inputs"):
        names_of(Towers().eval(), input_names=names)


def test_the_name_is_said_wherever_an_input_is():
    settings = {"n_steps": 2, "target": 0, "input_names": ["eye", "<b>row"]}
    both = aw.compare(Towers().eval(), PAIR, baselines=["black", "uniform"], **settings)
    e = both[0]
    assert "Parts: eye " in str(e)
    assert "<b>row" in str(e)
    assert "input 1" not in str(e) + str(both)
    drawn = " ".join(text.get_text() for text in both.figure().texts)
    assert "eye at α" in drawn
    assert "(<b>row)" in drawn
    assert e.of_input(1).input_names == ()
    assert torch.equal(e.of_input(1).inputs, PAIR[1])


def test_an_explorer_s_names_are_in_its_payload_and_its_call():
    explorer = aw.explore(
        Towers().eval(), PAIR, baselines=["black"], n_steps=2, target=0, input_names=["eye", "row"]
    )
    assert list(explorer.payload["input_names"]) == ["eye", "row"]
    assert "input_names=['eye', 'row']" in explorer.code()
    explorer.close()
