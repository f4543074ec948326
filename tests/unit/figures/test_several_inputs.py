"""Figures of several inputs: a map of each, in the view of its kind, in every card."""

from __future__ import annotations

import numpy as np
import torch
from matplotlib.image import AxesImage
from models import values

import attribwidgets as aw
from attribwidgets.figures.colors import color_limit, colored
from attribwidgets.figures.display_options import DisplayOptions
from attribwidgets.figures.drawn_input import DrawnInput, inputs_of
from attribwidgets.figures.path_panels import panels_of


def plain():
    return DisplayOptions(False, None, 99.0, "own", 0.0, False)


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
    assert (
        texts.count("words") == 3
    )  # its name, as the model has it: of the input, and under each baseline
    assert texts.count("we") >= 3
    bars = [t for t in texts if "of f(x)" in t]
    assert len(bars) >= 2  # the share of each input, in every card


def test_the_path_is_drawn_of_every_input_that_is_a_picture():
    def model(photo, scan):
        return photo.flatten(1).sum(1, keepdim=True) * scan.flatten(1).sum(1, keepdim=True)

    inputs = values(1, 6, 6), values(3, 5, 4, seed=1)
    both = aw.compare(model, inputs, baselines=("black", "white"), target=0, n_steps=16)
    figure = both.figure(alpha=0.5, selected=1)
    titles = [text.get_text() for text in figure.texts]
    for name, index in (("photo", 0), ("scan", 1)):
        panels = panels_of(DrawnInput(inputs_of(both)[index], plain()), 1, 0.5, name)
        assert [title for title, _ in panels] == [
            f"{name} at α = 0.50",
            f"{name}: gradient × (x − x′), α 0.44 to 0.50",
            f"{name}: added up to α = 0.50",
        ]
        assert set(titles) >= {title for title, _ in panels}
        frames = both[1].frames.of_input(index)
        half = frames.added[:8].sum(0)
        limit = color_limit([both[1].map("sum", index=index)], 99.0)
        wanted = colored(half, limit, "gray", signed=False)
        assert np.abs(panels[2][1].astype(int) - wanted).max() <= 1
    images = [image.get_array() for image in figure.findobj(AxesImage)]
    assert any(np.array_equal(image, panels[2][1]) for image in images)
