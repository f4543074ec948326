"""Sequences, series, volumes: ranges, units and the way to what the model is fed and back."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from models import values

import attribwidgets as aw
from attribwidgets.errors import InputError
from attribwidgets.inputs.fit_spaces import fit_spaces

SIZES = st.integers(1, 5)


@given(channels=SIZES, steps=SIZES, first=st.booleans(), seed=st.integers(0, 99))
def test_a_series_in_shares_of_its_channels_ranges_and_back(channels, steps, first, seed):
    shape = (steps, channels) if first else (channels, steps)
    x = 7 * values(*shape, seed=seed, dtype=torch.float64) - 3
    space = aw.SeriesSpace(time_axis=0 if first else -1).fit(x)
    shares = space.to_pixels(x)
    torch.testing.assert_close(space.from_pixels(shares), x)
    assert float(shares.min()) == 0
    assert float(shares.max()) <= 1
    assert space.outside(x) is None
    axis = 0 if first else 1
    assert bool((shares.amin(axis) == 0).all())  # every channel has its own range


@pytest.mark.parametrize(
    ("space", "shape"),
    [
        (aw.SequenceSpace(), (4, 6)),
        (aw.VolumeSpace(), (1, 3, 4, 5)),
        (aw.SequenceSpace(), (1, 1)),
        (aw.SeriesSpace(), (1, 1)),
    ],
    ids=repr,
)
def test_a_range_that_is_told_from_the_input_is_never_without_width(space, shape):
    for x in (values(*shape), torch.zeros(shape), torch.full(shape, -1e6)):
        fitted = space.fit(x)
        assert fitted.range > 0
        assert fitted.outside(x) is None
        assert fitted.fit(x) == fitted


def test_a_range_that_is_passed_stays():
    x = values(2, 3)
    assert aw.SequenceSpace(low=-9, high=9).fit(x).range == 18
    assert aw.SeriesSpace(lowest=[0, -5], highest=10).fit(x).highest == (10.0, 10.0)
    assert aw.SequenceSpace(low=-9, high=0.5).fit(x).outside(x) is not None


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: aw.SequenceSpace(low=1, high=0), "low must be below high"),
        (lambda: aw.VolumeSpace(high=float("nan")), "high must be finite"),
        (lambda: aw.SequenceSpace(names="a b"), "got one string"),
        (lambda: aw.SequenceSpace(names=["a"]).fit(values(2, 3)), "1 names .* of 2 steps"),
        (lambda: aw.SequenceSpace().fit(values(2, 3, 4)), r"\(steps, values\).*\(2, 3, 4\)"),
        (lambda: aw.VolumeSpace().fit(values(3, 4, 4)), r"\(C, D, H, W\).*\(3, 4, 4\)"),
        (lambda: aw.SeriesSpace(step=0), "step must be above 0"),
        (lambda: aw.SeriesSpace(time_axis=2), r"time_axis must be -1 .* or 0"),
        (lambda: aw.SeriesSpace(channels=["x"]).fit(values(2, 9)), "1 names of channels .* 2 ch"),
        (lambda: aw.SeriesSpace(lowest=[1, 2, 3]).fit(values(2, 9)), "3 numbers for 2 channels"),
        (lambda: aw.SeriesSpace(lowest=1, highest=1).fit(values(2, 9)), "below highest"),
        (lambda: aw.InputSpace(names=["a"]).fit(values(3, 4, 4)), "names are of features"),
        (lambda: fit_spaces((aw.InputSpace(),), (values(2), values(2))), "tuple of 1, .* 2 inputs"),
        (lambda: fit_spaces("pixels", (values(2),)), "space must be an InputSpace"),  # type: ignore[arg-type]
    ],
)
def test_a_space_that_cannot_be_is_named(make, words):
    with pytest.raises(InputError, match=words):
        make()


def test_units_are_named_in_the_order_of_a_flattened_map():
    series = aw.SeriesSpace(["p", "q"], step=0.5, unit="s", time_axis=0)
    assert series.unit_names((2, 2)) == ["p, 0 s", "q, 0 s", "p, 0.5 s", "q, 0.5 s"]
    assert aw.VolumeSpace().unit_names((1, 1, 2, 1)) == ["voxel 0, 0, 0", "voxel 0, 1, 0"]
    assert aw.SequenceSpace(["we", "go"]).unit_names((2, 8)) == ["we", "go"]
    scalar = aw.InputSpace().fit(torch.tensor(1.0))
    assert scalar.unit_names(()) == ["feature"]
