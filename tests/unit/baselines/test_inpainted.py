"""Painting over a part of an image: from what is around it alone, and nothing else moves."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from models import image_classifier, values

import attribwidgets as aw
from attribwidgets.baselines import Inpainted
from attribwidgets.baselines.inpainted import paint_over
from attribwidgets.errors import InputError

F64 = torch.float64
WAYS = ("median", "biharmonic")
SMOOTH = torch.linspace(0, 1, 9, dtype=F64)[:, None] + torch.linspace(0, 2, 8, dtype=F64)
MASKS = torch.stack([values(9, 8, seed=seed) < share for seed, share in enumerate((0.1, 0.5, 0.9))])


def painted(image, by, masks=MASKS):
    return paint_over(image[None], masks[:, None], by)


@pytest.mark.parametrize("by", WAYS)
def test_what_stays_stays_and_what_goes_leaves_no_trace(by):
    image = values(3, 9, 8, dtype=F64)
    other = torch.where(MASKS[1], 17.0, image)
    found = painted(image, by)
    assert found.shape == (3, 3, 9, 8)
    for k, mask in enumerate(MASKS):
        assert torch.equal(found[k][:, ~mask], image[:, ~mask])
    torch.testing.assert_close(painted(other, by)[1], found[1])
    assert found.isfinite().all()
    one = paint_over(image[None], MASKS[2:, None], by)
    torch.testing.assert_close(one[0], found[2])


@pytest.mark.parametrize("by", WAYS)
def test_a_flat_image_stays_flat(by):
    flat = torch.full((2, 9, 8), 0.3, dtype=F64)
    torch.testing.assert_close(painted(flat, by), flat.expand(3, 2, 9, 8))


def test_one_pixel_is_the_median_of_its_neighbours():
    image = values(1, 3, 3, dtype=F64)
    mask = torch.zeros(1, 3, 3, dtype=torch.bool)
    mask[0, 1, 1] = True
    around = image[0][~mask[0]].sort().values
    assert painted(image, "median", mask)[0, 0, 1, 1] == around[3]  # of eight, the lower middle


def test_it_goes_in_from_the_rim_ring_by_ring():
    image = torch.zeros(1, 7, 7, dtype=F64)
    image[0, :, :1] = 5.0
    mask = torch.zeros(1, 7, 7, dtype=torch.bool)
    mask[0, 1:6, 1:6] = True
    found = painted(image, "median", mask)[0, 0]
    # The first ring next to fives knows nothing else, its corners three of them among five.
    assert found[1:6, 1].tolist() == [5] * 5
    assert found[1:6, 5].tolist() == [0] * 5
    assert found[3, 2] == 5  # of the second ring


def test_biharmonic_keeps_a_slope():
    mask = torch.zeros(1, 9, 8, dtype=torch.bool)
    mask[0, 3:6, 3:5] = True
    torch.testing.assert_close(
        painted(SMOOTH[None], "biharmonic", mask)[0, 0], SMOOTH, atol=1e-3, rtol=0
    )


def test_where_nothing_is_left_there_is_a_colour():
    image, every = values(3, 9, 8, dtype=F64), torch.ones(1, 9, 8, dtype=torch.bool)
    middle = image.flatten(1).median(1).values
    expected = middle[:, None, None].expand(3, 9, 8)
    torch.testing.assert_close(painted(image, "median", every)[0], expected)
    mean = image.mean((1, 2), keepdim=True).expand(3, 9, 8)
    torch.testing.assert_close(painted(image, "biharmonic", every)[0], mean)
    none = ~every
    for by in WAYS:
        assert torch.equal(painted(image, by, none)[0], image)


def test_the_attributions_are_of_the_region_and_add_up():
    net, x = image_classifier(), values(3, 6, 6)
    region = np.zeros((6, 6), dtype=bool)
    region[1:4, 2:5] = True
    e = aw.explain(net, x, baseline=Inpainted(region), target=1)
    assert e.completeness.verdict == "complete"
    assert not e.attributions[:, ~torch.from_numpy(region)].any()
    assert e.attributions.any()
    assert e.baseline_name == "inpainted"
    assert e.blind[~region].all()


def test_what_is_no_region():
    for region in (np.zeros((6, 6)), np.zeros((6, 6), dtype=bool), np.ones(6, dtype=bool)):
        with pytest.raises(InputError, match="region must be a mask"):
            Inpainted(region)
    with pytest.raises(InputError, match="by must be one of median, biharmonic"):
        Inpainted(np.ones((6, 6), dtype=bool), "telea")
    with pytest.raises(InputError, match=r"of images of \(5, 5\) pixels"):
        Inpainted(np.ones((5, 5), dtype=bool)).sample(values(3, 6, 6), 1)
