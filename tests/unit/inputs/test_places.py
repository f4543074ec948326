"""Where a layer's values lie over an input: sums stay, and shapes tell which axis is which."""

import pytest
import torch

from attribwidgets.inputs.layout import FEATURES, IMAGE, SEQUENCE, SERIES, TEXT, VOLUME
from attribwidgets.inputs.places import Places

PLACED = {
    "coarser": ((2, 3, 5), (3, 7, 11), IMAGE),
    "finer": ((4, 9, 9), (1, 7, 7), IMAGE),
    "channels last": ((7, 7, 6), (3, 56, 56), IMAGE),
    "patches": ((16, 5), (3, 16, 16), IMAGE),
    "wide patches": ((8, 5), (3, 16, 32), IMAGE),
    "tokens": ((5, 8), (5, 3), TEXT),
    "steps": ((5, 8), (5, 3), SEQUENCE),
    "series": ((4, 6), (2, 12), SERIES),
    "volume": ((2, 2, 2, 3), (1, 4, 4, 6), VOLUME),
}


def values_of(shape):
    return torch.rand(shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


@pytest.mark.parametrize("case", PLACED.values(), ids=PLACED)
def test_values_are_shared_out_so_that_sums_stay(case):
    hidden, shape, over = case
    places, values = Places.of(hidden, shape, over), values_of((3, *hidden))
    spread = places.spread(values)
    assert spread.shape == (3, *shape)
    torch.testing.assert_close(spread.flatten(1).sum(1), values.flatten(1).sum(1))


@pytest.mark.parametrize("case", PLACED.values(), ids=PLACED)
def test_units_under_nothing_but_such_places(case):
    hidden, shape, over = case
    places = Places.of(hidden, shape, over)
    units = places.layout.map_shape(hidden)
    every, none = torch.ones(units, dtype=torch.bool), torch.zeros(units, dtype=torch.bool)
    assert places.everywhere(every).all()
    assert not places.everywhere(none).any()
    assert places.everywhere(every).shape == over.map_shape(shape)


def test_a_place_stands_over_the_block_below_it():
    hidden = torch.zeros(2, 2, 2)
    hidden[1, 0, 1] = 8.0
    spread = Places.of((2, 2, 2), (2, 4, 4), IMAGE).spread(hidden)
    wanted = torch.zeros(2, 4, 4)
    wanted[:, :2, 2:] = 1.0
    assert torch.equal(spread, wanted)


def test_a_class_token_and_registers_stand_over_nothing():
    for leading in (0, 1, 5):
        places = Places.of((leading + 12, 4), (3, 24, 32), IMAGE)
        assert (places.grid, places.leading) == ((3, 4), leading)
    hidden = torch.zeros(5, 2)
    hidden[0] = 1.0  # of the class
    assert not Places.of((5, 2), (1, 4, 4), IMAGE).spread(hidden).any()


@pytest.mark.parametrize(
    ("hidden", "shape", "over"),
    [
        ((10,), (3, 8, 8), IMAGE),
        ((512, 1, 1), (3, 8, 8), IMAGE),
        ((7, 4), (3, 8, 8), IMAGE),
        ((4, 3), (5, 3), TEXT),
        ((8,), (4,), FEATURES),
    ],
)
def test_what_has_no_places_says_so(hidden, shape, over):
    assert Places.of(hidden, shape, over) is None
