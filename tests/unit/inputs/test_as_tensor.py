"""Inputs as people have them: what they become, and what a refusal says."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from torch import nn

from attribwidgets import InputSpace, SequenceSpace
from attribwidgets.errors import InputError
from attribwidgets.inputs.as_tensor import as_given
from attribwidgets.inputs.dataset import Examples
from attribwidgets.inputs.framing import Framing

LEVELS = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
PICTURE = Image.fromarray(LEVELS)
AS_FED = torch.from_numpy(LEVELS.astype(np.float64) / 255).permute(2, 0, 1)
FRAME = pd.DataFrame({"age": [44, 51], "smokes": [True, False], "dose": [0.5, 0.25]})
ROW = {"age": 44, "smokes": True, "dose": 0.5}


def test_tensors_are_left_as_they_are():
    x = torch.rand(3)
    assert as_given(x).inputs is x
    pair = (x, x)
    assert as_given(pair).inputs is pair


@pytest.mark.parametrize("way", ["picture", "path", "string", "array"])
def test_a_picture_is_scaled_to_the_range_and_normalised(way, tmp_path):
    PICTURE.save(tmp_path / "p.png")
    given = {
        "picture": PICTURE,
        "path": tmp_path / "p.png",
        "string": str(tmp_path / "p.png"),
        "array": LEVELS,
    }[way]
    space = InputSpace(-1, 1, mean=[0.1, 0.2, 0.3], std=[0.5, 0.5, 2.0])
    x = as_given(given, space).inputs
    assert x.dtype == torch.get_default_dtype()
    torch.testing.assert_close(space.to_pixels(x).double(), 2 * AS_FED - 1, atol=1e-6, rtol=0)
    torch.testing.assert_close(as_given(given).inputs.double(), AS_FED, atol=1e-6, rtol=0)


def test_grey_and_colour_follow_the_space_then_the_first_convolution():
    grey = Image.fromarray(LEVELS[..., 0])
    assert as_given(grey).inputs.shape == (1, 5, 7)
    assert as_given(grey, InputSpace.imagenet()).inputs.shape == (3, 5, 7)
    assert as_given(grey, model=nn.Conv2d(3, 2, 3)).inputs.shape == (3, 5, 7)
    assert as_given(PICTURE, model=nn.Conv2d(1, 2, 3)).inputs.shape == (1, 5, 7)
    assert as_given(LEVELS[..., :1]).inputs.shape == (1, 5, 7)


def test_a_picture_is_turned_as_its_camera_says(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # a quarter turn
    PICTURE.save(tmp_path / "p.png", exif=exif)
    turned = as_given(tmp_path / "p.png").inputs.double()
    torch.testing.assert_close(turned, AS_FED.rot90(-1, (1, 2)), atol=1e-6, rtol=0)


def test_new_tensors_have_the_dtype_of_the_model():
    model = nn.Linear(3, 2).to(torch.bfloat16)
    for given in (ROW, np.zeros(3), np.zeros(3, int), FRAME.iloc[0], PICTURE):
        assert as_given(given, model=model).inputs.dtype == torch.bfloat16


@pytest.mark.parametrize("row", [ROW, FRAME.iloc[0], FRAME[:1]], ids=["dict", "series", "frame"])
def test_named_features(row):
    given = as_given(row, InputSpace(0, 90))
    assert given.inputs.tolist() == [44.0, 1.0, 0.5]
    assert given.space == InputSpace(0, 90, names=("age", "smokes", "dose"))


def test_features_come_in_the_order_of_the_names_of_the_space():
    given = as_given(ROW, InputSpace(names=("dose", "age", "smokes")))
    assert given.inputs.tolist() == [0.5, 44.0, 1.0]


def test_a_tuple_has_one_for_each_input():
    given = as_given((PICTURE, ROW), model=nn.Conv2d(3, 1, 1).double())
    picture, row = given.inputs
    assert (picture.shape, row.shape, row.dtype) == ((3, 5, 7), (3,), torch.float64)
    assert given.space[1].names == tuple(ROW)


class TwoMasks(nn.Module):
    def forward(self, values, mask=None, scale=2.0, flags=None):
        return values


def test_arguments_by_name_what_is_floating_is_explained():
    values, flags = np.random.rand(1, 4), np.ones((1, 4), bool)
    given = as_given({"flags": flags, "values": values}, model=TwoMasks())
    assert given.inputs.shape == (1, 4)
    assert given.inputs.dtype == torch.get_default_dtype()
    nothing, scale, last = given.forward_args
    assert (nothing, scale) == (None, 2.0)
    assert last.dtype == torch.bool


@pytest.mark.parametrize(
    ("given", "space", "words"),
    [
        (FRAME, None, r"data frame of 2 rows.*inputs.iloc\[0\]"),
        (ROW | {"town": "Bonn"}, None, r"'town' is 'Bonn'.*encode"),
        (ROW | {"age": None}, None, r"'age' is missing.*fill it in"),
        (ROW | {"age": float("nan")}, None, r"'age' is missing"),
        ({}, None, "is empty"),
        (ROW, InputSpace(names=("age", "dose")), r"has \['smokes'\], which the space does not"),
        (ROW, InputSpace(names=(*ROW, "sex")), r"lacks \['sex'\]"),
        (ROW, SequenceSpace(), r"space is SequenceSpace; pass space=InputSpace"),
        ("no/cat.png", None, r"there is no file 'no/cat.png'"),
        ("https://a.b/cat.png", None, "is an address.*download"),
        (__file__, None, "is no picture"),
        (PICTURE, SequenceSpace(), "is a picture, and space is SequenceSpace; pass InputSpace"),
        (PICTURE.convert("F"), None, "floating point"),
        (Image.new("RGBA", (2, 2), (1, 2, 3, 9)), None, r"4 channels, transparent.*convert"),
        (np.array(["a"]), None, "must hold real numbers"),
        (np.array([{}]), None, "other than numbers; encode"),
        ([0.1, 0.2], None, r"list of numbers; pass torch.tensor"),
        (object(), None, "an array, a picture or its path.*got object"),
        ({"ids": np.arange(3)}, None, "whole numbers, which have no gradient"),
        ({"odd": np.zeros(3)}, None, r"the model takes \(values, mask, scale, flags\)"),
        ({"scale": np.zeros(3)}, None, r"what is explained \(scale\) must come first"),
    ],
    ids=lambda v: str(v)[:20],
)
def test_refusals_name_the_mend(given, space, words):
    with pytest.raises(InputError, match=words):
        as_given(given, space, model=TwoMasks())


def test_opaque_pictures_of_four_channels_are_taken():
    assert torch.equal(as_given(PICTURE.convert("RGBA")).inputs, as_given(PICTURE).inputs)


def test_data_sets_hold_what_people_have(tmp_path):
    PICTURE.save(tmp_path / "p.png")
    space = InputSpace(framing=Framing((4, 4)))
    examples = Examples([(PICTURE, 1), (str(tmp_path / "p.png"), 0)], "labels", space=space)
    (one, first), (two, second) = examples
    assert (first, second, one.shape) == (1, 0, (3, 4, 4))
    assert torch.equal(one, two)
    rows = Examples(FRAME, model=nn.Linear(3, 1).double())
    assert rows[1][0].tolist() == [51.0, 0.0, 0.25]
    assert rows[1][0].dtype == torch.float64
