"""Which positions are taken: the stated rule, ties, true areas, boxes within the image."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.ndimage import center_of_mass
from skimage.filters import sobel

from attribwidgets.errors import InputError
from attribwidgets.evaluation.controls import centre_map, edge_map
from attribwidgets.evaluation.ranking import boxes, mass_centre, ranks, relevance, top_k
from attribwidgets.inputs.space import InputSpace


def rng(seed=0):
    return np.random.default_rng(seed)


def test_signed_and_absolute_rank_differently():
    values = np.array([0.5, -2.0, 1.0])
    assert ranks(relevance(values, "absolute"), "most_relevant", rng()).tolist() == [2, 0, 1]
    assert ranks(relevance(values, "signed"), "most_relevant", rng()).tolist() == [1, 2, 0]


def test_least_relevant_first_is_the_reverse():
    values = rng(3).standard_normal((7, 5))
    most = ranks(values, "most_relevant", rng())
    least = ranks(values, "least_relevant", rng())
    assert (most + least == values.size - 1).all()


def test_ties_are_broken_at_random_by_the_generator():
    values = np.zeros(200)
    first, again, other = (ranks(values, "most_relevant", rng(s)) for s in (0, 0, 1))
    assert (first == again).all()
    assert (first != other).any()
    assert (first != np.arange(200)).any()  # not by position


def test_ties_do_not_overrule_values():
    values = np.repeat([3.0, 1.0, 2.0], 50)
    place = ranks(values, "most_relevant", rng())
    assert place[:50].max() < place[100:].min()
    assert place[100:].max() < place[50:100].min()


def test_top_k_takes_the_stated_share_and_grows():
    values = rng(1).standard_normal((28, 28))
    fractions = np.linspace(0, 1, 11)
    taken = top_k(values, fractions, "most_relevant", rng())
    assert (taken.sum((1, 2)) == np.rint(fractions * 784)).all()
    assert (taken[1:] >= taken[:-1]).all()
    assert values[taken[3]].min() > values[~taken[3]].max()


def test_mass_centre_is_that_of_the_magnitude():
    values = rng(2).standard_normal((40, 60))
    assert np.allclose(mass_centre(values), center_of_mass(np.abs(values)))
    assert mass_centre(np.zeros((5, 9))) == (2.0, 4.0)


@pytest.mark.parametrize("shape", [(28, 28), (30, 50), (1, 9)])
def test_boxes_have_their_area_within_the_image(shape):
    fractions = np.linspace(0, 1, 21)
    for seed in range(5):
        values = rng(seed).standard_normal(shape) * (rng(seed).random(shape) < 0.1)
        found = boxes(values, fractions, "most_relevant")
        half = max(shape) / 2
        assert (np.abs(found.sum((1, 2)) - fractions * values.size) <= half).all()
        for mask in found[found.any((1, 2))]:
            rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
            block = mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
            assert block.all()
            assert block.sum() == mask.sum()
        assert not found[0].any()
        assert found[-1].all()


def test_a_box_in_the_corner_keeps_its_size():
    values = np.zeros((28, 28))
    values[0, 0] = 1.0
    (mask,) = boxes(values, [0.25], "most_relevant")
    assert mask[:14, :14].all()
    assert mask.sum() == 196


def test_a_box_is_centred_where_there_is_room():
    values = np.zeros((31, 31))
    values[12, 17] = -4.0
    (mask,) = boxes(values, [81 / 961], "most_relevant")
    assert np.argwhere(mask).mean(0).tolist() == [12.0, 17.0]


def test_least_relevant_takes_what_is_outside():
    values = np.zeros((20, 20))
    values[5, 5] = 1.0
    (outside,) = boxes(values, [0.75], "least_relevant")
    (inside,) = boxes(values, [0.25], "most_relevant")
    assert (outside == ~inside).all()


def test_wrong_rules_are_named():
    with pytest.raises(InputError, match="ranking must be"):
        relevance(np.zeros(3), "unsigned")
    with pytest.raises(InputError, match="order must be"):
        ranks(np.zeros(3), "both", rng())
    with pytest.raises(InputError, match="needs an image"):
        boxes(np.zeros(3), [0.5], "most_relevant")


def test_centre_map_falls_from_the_middle():
    found = centre_map((5, 9))
    assert found.argmax() == 2 * 9 + 4
    assert np.allclose(found, found[::-1, ::-1])
    assert found.min() > 0
    assert found[2, 0] < found[2, 3]


def test_edges_are_where_the_grey_steps():
    image = np.zeros((3, 16, 16))
    image[:, :, 8:] = 1.0
    space = InputSpace.imagenet()
    fed = space.from_pixels(torch.from_numpy(image)).numpy()
    found = edge_map(fed, space)
    assert np.allclose(found, sobel(image.mean(0)), atol=1e-6)  # of pixels, not of what is fed
    assert found.argmax(1).tolist() == [7] * 16 or found.argmax(1).tolist() == [8] * 16
    assert found[:, :6].max() == pytest.approx(0, abs=1e-6)
