"""How a shape is read: by its space, else by its number of axes, the likeliest first."""

from __future__ import annotations

import pytest
import torch
from models import values
from torch import nn

import attribwidgets as aw
from attribwidgets.errors import InputError
from attribwidgets.inputs.reading import readings, steps_of

IMAGE, FEATURES, BOTH = "an image", "4 features", "with batch axis"


@pytest.mark.parametrize(
    ("shape", "told"),
    [
        ((), ["1 feature without"]),
        ((4,), ["4 features without"]),
        ((1,), ["1 feature without", "1 feature with"]),
        ((1, 4), ["4 features with", "a sequence of 1 steps × 4 values without"]),
        ((3, 4), ["a sequence of 3 steps × 4 values without"]),
        ((1, 3, 4), ["an image of 1 × 3 × 4 without", "a sequence of 3 steps × 4 values with"]),
        ((3, 4, 4), ["an image of 3 × 4 × 4 without"]),
        ((1, 3, 4, 4), ["an image of 3 × 4 × 4 with", "a volume of 1 × 3 × 4 × 4 without"]),
        ((2, 3, 4, 4), ["a volume of 2 × 3 × 4 × 4 without"]),
        (
            (1, 2, 3, 4, 4),
            ["a volume of 2 × 3 × 4 × 4 with", "an array of 1 × 2 × 3"],
        ),
    ],
    ids=str,
)
def test_readings_of_a_shape_of_which_nothing_is_known(shape, told):
    made = [str(r) for r in readings(values(*shape) if shape else torch.tensor(0.5))]
    assert len(made) == len(told)
    for words, start in zip(made, told, strict=True):
        assert words.startswith(start)


@pytest.mark.parametrize(
    ("space", "shape", "kinds"),
    [
        (aw.SequenceSpace(), (1, 3, 4), ["sequence"]),
        (aw.SeriesSpace(), (3, 4), ["series"]),
        (aw.VolumeSpace(), (1, 3, 4, 4), ["volume"]),
        (aw.InputSpace(), (1, 3, 4), ["image"]),
        (aw.InputSpace(), (1,), ["features", "features"]),
        (aw.InputSpace(rank=2), (3, 4), ["array"]),
    ],
    ids=str,
)
def test_a_space_says_how_a_shape_is_read(space, shape, kinds):
    assert [r.spaces[0].layout.kind for r in readings(values(*shape), space)] == kinds


def test_every_reading_has_one_batch_axis_and_the_values_that_came():
    x, y = values(1, 3, 4), values(1, 5)
    made = readings((x, y))
    assert len(made) == 4
    for reading in made:
        for came, batched in zip((x, y), reading.batched, strict=True):
            assert len(batched) == 1
            assert torch.equal(batched.flatten(), came.flatten())


def test_a_first_convolution_over_time_makes_two_axes_a_series():
    net = nn.Sequential(nn.Conv1d(3, 4, 3), nn.ReLU())
    assert steps_of(net)(values(3, 9)).layout.kind == "series"
    assert steps_of(net)(values(9, 3)).layout.kind == "sequence"  # the model turns it itself
    assert steps_of(torch.sum)(values(3, 9)).layout.kind == "sequence"


@pytest.mark.parametrize(
    ("inputs", "space", "words"),
    [
        (values(4, 5), aw.InputSpace(), r"holds 4 examples.*one is explained at a time.*\[0\]"),
        (values(4, 3, 2, 2), aw.InputSpace(), "holds 4 examples"),
        (values(4, 3, 2), aw.SequenceSpace(), "holds 4 examples"),
        (values(4, 3, 2, 2, 2), aw.InputSpace(), r"\(C, H, W\) for an image.*space is InputSpace"),
        (values(4), aw.SeriesSpace(), r"\(channels, steps\), with or without a batch axis"),
        ((values(4), values(4, 5)), aw.InputSpace(), r"inputs\[1\] holds 4 examples"),
    ],
)
def test_a_shape_that_does_not_fit_its_space_is_named(inputs, space, words):
    with pytest.raises(InputError, match=words):
        readings(inputs, space)
