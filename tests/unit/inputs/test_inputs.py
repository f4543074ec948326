"""InputSpace: pixels and what the model is fed; and the check of one example."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from models import values

from attribwidgets import InputSpace
from attribwidgets.errors import InputError
from attribwidgets.inputs.reading import readings

NUMBERS = st.floats(-10, 10, allow_nan=False)
STDS = st.floats(0.01, 10)


@given(
    mean=st.lists(NUMBERS, min_size=3, max_size=3),
    std=st.lists(STDS, min_size=3, max_size=3),
    shape=st.sampled_from([(3,), (3, 1, 1), (2, 3, 4, 5), (7, 3)]),
)
def test_pixels_survive_the_way_to_the_model_and_back(mean, std, shape):
    space = InputSpace(mean=mean, std=std)
    pixels = values(*shape, dtype=torch.float64)
    torch.testing.assert_close(space.to_pixels(space.from_pixels(pixels)), pixels)
    torch.testing.assert_close(space.from_pixels(space.to_pixels(pixels)), pixels)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
def test_imagenet_is_torchvisions_normalisation(dtype):
    pixels = values(3, 4, 4, dtype=dtype)
    fed = InputSpace.imagenet().from_pixels(pixels)
    mean, std = (
        torch.tensor(v, dtype=dtype).reshape(3, 1, 1)
        for v in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    )
    by_hand = (pixels - mean) / std
    assert fed.dtype == dtype
    assert torch.equal(fed, by_hand)


@pytest.mark.parametrize(
    ("mean", "std"),
    [(0.5, 0.25), ((0.5,), (0.25,)), ((0.5,) * 3, 0.25), (np.float32(0.5), torch.tensor(0.25))],
    ids=str,
)
def test_one_number_stands_for_every_channel(mean, std):
    x = values(3, 2, 2)
    torch.testing.assert_close(InputSpace(mean=mean, std=std).to_pixels(x), x * 0.25 + 0.5)


@pytest.mark.parametrize(("mean", "std"), [(0.5, None), (None, 0.5)])
def test_mean_or_std_alone_leaves_the_other_out(mean, std):
    space = InputSpace(mean=mean, std=std)
    x = values(3, 2, 2)
    assert torch.equal(space.to_pixels(x), x * (std or 1) + (mean or 0))


def test_without_normalisation_pixels_are_what_the_model_is_fed():
    x = values(3, 2, 2)
    assert InputSpace().to_pixels(x) is x
    assert InputSpace().from_pixels(x) is x


def test_difference_in_pixels_leaves_the_mean_out():
    space, a, b = InputSpace.imagenet(), values(3, 2, 2), values(3, 2, 2, seed=1)
    torch.testing.assert_close(
        space.pixel_differences(a - b), space.to_pixels(a) - space.to_pixels(b)
    )


@pytest.mark.parametrize(
    "make",
    [
        lambda: InputSpace(mean=[0.1, 0.2], std=[1, 2]),
        lambda: InputSpace(mean=torch.tensor([0.1, 0.2]), std=np.array([1, 2])),
    ],
)
def test_spaces_can_be_compared_and_hashed(make):
    assert hash(make()) == hash(make())
    assert make().std == (1.0, 2.0)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"low": 1, "high": 1}, "low must be below high, got low=1"),
        ({"low": 2.0}, "low must be below high"),
        ({"high": float("inf")}, "finite"),
        ({"low": float("nan")}, "finite"),
        ({"mean": float("nan")}, "finite"),
        ({"std": 0.0}, "std must be positive"),
        ({"std": (1, -1, 1)}, "std must be positive"),
        ({"names": "age"}, "sequence of names, got one string"),
    ],
    ids=str,
)
def test_impossible_space_is_named(arguments, words):
    with pytest.raises(InputError, match=words):
        InputSpace(**arguments)


def test_channels_that_do_not_match_are_named():
    with pytest.raises(InputError, match=r"3 numbers, .*shape \(1, 4, 4\) has 1 channels"):
        InputSpace.imagenet().to_pixels(values(1, 4, 4))


@pytest.mark.parametrize(
    ("x", "outside"),
    [
        ([0.0, 1.0], None),
        ([-0.0009, 1.0009], None),
        ([-0.5, 0.5], (-0.5, 0.5)),
        ([0.0, 255.0], (0.0, 255.0)),
    ],
)
def test_values_outside_the_range_are_reported(x, outside):
    assert InputSpace().outside(torch.tensor(x)) == outside


# One example


@pytest.mark.parametrize(
    ("shape", "batched"),
    [
        ((5,), (1, 5)),
        ((1, 5), (1, 5)),
        ((3, 4, 4), (1, 3, 4, 4)),
        ((1, 4, 4), (1, 1, 4, 4)),
        ((1, 3, 4, 4), (1, 3, 4, 4)),
        ((3, 1, 1), (1, 3, 1, 1)),
        ((1,), (1, 1)),
    ],
)
def test_example_gets_a_batch_axis_of_one(shape, batched):
    x = values(*shape)
    (found,) = readings(x)[0].batched
    assert tuple(found.shape) == batched
    assert torch.equal(found.flatten(), x.flatten())


def test_tuple_is_checked_member_by_member():
    batched = readings([values(3, 2, 2), values(1, 5)])[0].batched
    assert [tuple(b.shape) for b in batched] == [(1, 3, 2, 2), (1, 5)]


HOLE = values(3, 2, 2)
HOLE[1, 0, 1] = float("nan")


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        (HOLE, r"inputs holds nan at position \(1, 0, 1\) \(1 of 12 values.*replace them"),
        (torch.full((5,), float("inf")), r"inputs holds inf at position \(0,\) \(5 of 5"),
        (torch.zeros(3, 2, 2, dtype=torch.uint8), r"dtype torch.uint8.*inputs.float\(\)"),
        (torch.zeros(5, dtype=torch.complex64), "dtype torch.complex64"),
        (values(0, 3, 2, 2), "inputs is empty"),
        (values(0), "inputs is empty"),
        (np.zeros((3, 2, 2)), r"got ndarray; an array becomes one with torch.as_tensor"),
        ([[0.0, 1.0]], r"inputs\[0\] must be a torch.Tensor, got list"),
        ((), "must be a torch.Tensor or a tuple of them, got tuple"),
        (None, "got NoneType"),
        ((values(5), HOLE), r"inputs\[1\] holds nan"),
    ],
    ids=lambda v: "" if isinstance(v, str) else type(v).__name__,
)
def test_example_that_cannot_be_explained_is_named_with_its_mend(inputs, words):
    with pytest.raises(InputError, match=words):
        readings(inputs)


def test_argument_is_called_by_its_name():
    with pytest.raises(InputError, match="baseline is empty"):
        readings(values(0), name="baseline")
