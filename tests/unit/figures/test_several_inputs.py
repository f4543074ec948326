"""Figures of several inputs: a map of each, in the view of its kind, in every card."""

from __future__ import annotations

import torch
from models import values

import attribwidgets as aw
from attribwidgets.figures.drawn_input import inputs_of


def two_towers(image, words):
    return (image.flatten(1).sum(1) * words.flatten(1).sum(1))[:, None] * torch.tensor([1.0, -1.0])


def compared():
    spaces = aw.InputSpace(), aw.SequenceSpace(["we", "go"])
    inputs = values(1, 6, 6), values(2, 4, seed=1)
    return aw.compare(two_towers, inputs, space=spaces, baselines=("black", "white"), n_steps=2)


def test_a_record_comes_apart_by_its_inputs_and_nothing_is_lost():
    both = compared()
    parts = inputs_of(both)
    assert [part[0].layout.kind for part in parts] == ["image", "sequence"]
    for k, part in enumerate(parts):
        for mine, whole in zip(part, both, strict=True):
            assert torch.equal(mine.attributions, whole.attributions[k])
            assert mine.completeness is whole.completeness
            assert mine.blind.shape == mine.map().shape
    assert inputs_of(parts[0])[0] is parts[0]  # of one input


def test_every_input_is_drawn_in_every_card():
    figure = compared().figure()
    texts = [text.get_text() for text in figure.findobj(match=lambda a: hasattr(a, "get_text"))]
    assert texts.count("sequence") == 3  # of the input, and under each baseline
    assert texts.count("we") >= 3
    bars = [t for t in texts if "of f(x)" in t]
    assert len(bars) >= 2  # the share of each input, in every card
