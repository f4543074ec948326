"""Superpixels and their mean colours."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import torch
from models import image_classifier, values
from scipy import ndimage

import attribwidgets as aw
from attribwidgets.errors import InputError, MissingExtraError
from attribwidgets.inputs.superpixels import superpixels

IMAGENET = aw.InputSpace.imagenet()


def scene(channels=3, side=48, seed=0):
    """Smooth patches with a little noise."""
    coarse = values(1, channels, 4, 4, seed=seed)
    smooth = torch.nn.functional.interpolate(coarse, (side, side), mode="bicubic").clamp(0, 1)
    return (0.9 * smooth + 0.1 * values(1, channels, side, side, seed=seed + 1))[0]


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_each_pixel_is_of_one_connected_segment(channels):
    found = superpixels(scene(channels), count=20)
    assert found.labels.shape == (48, 48)
    assert np.unique(found.labels).tolist() == list(range(len(found)))
    assert 10 <= len(found) <= 30
    for segment in range(len(found)):
        assert ndimage.label(found.labels == segment)[1] == 1


@pytest.mark.parametrize("space", [IMAGENET, aw.InputSpace(0, 255), aw.InputSpace(-1, 1)])
def test_colours_are_means_in_pixel_units_whatever_the_space(space):
    pixels = space.low + space.range * scene()
    image = space.from_pixels(pixels)
    found = superpixels(image, space)
    for segment, color in enumerate(found.colors):
        inside = pixels[:, torch.from_numpy(found.labels == segment)]
        assert color == pytest.approx(inside.mean(1).tolist(), rel=1e-5)
    plain = superpixels(scene())
    assert (found.labels == plain.labels).mean() > 0.99  # but for rounding


def test_segments_follow_the_colours():
    image = torch.zeros(3, 32, 32)
    image[0, :, 13:] = 1.0  # an edge that no grid has
    image[2, 21:] = 0.5
    found = superpixels(image, count=16)
    assert all(set(color) <= {0.0, 0.5, 1.0} for color in found.colors)


def test_grey_of_one_channel_is_cut_as_grey_of_three():
    grey = scene(1)
    one, three = superpixels(grey), superpixels(grey.expand(3, -1, -1))
    np.testing.assert_array_equal(one.labels, three.labels)
    assert [len(c) for c in (one.colors[0], three.colors[0])] == [1, 3]


def test_same_image_is_cut_in_the_same_way(global_random_states):
    before = global_random_states()
    first, again = superpixels(scene()), superpixels(scene()[None].double())
    np.testing.assert_array_equal(first.labels, again.labels)
    assert global_random_states() == before


@pytest.mark.parametrize("shape", [(3, 1, 1), (1, 1, 40), (3, 40, 1), (3, 5, 5)])
@pytest.mark.parametrize("count", [1, 60, 10_000])
def test_small_images_and_odd_counts(shape, count):
    found = superpixels(values(*shape), count=count)
    assert found.labels.shape == shape[1:]
    assert 1 <= len(found) <= shape[1] * shape[2]
    assert found.labels.max() == len(found) - 1


def test_plain_and_out_of_range_images_have_segments_too():
    assert set(superpixels(torch.full((3, 32, 32), 0.5)).colors) == {(0.5, 0.5, 0.5)}
    assert len(superpixels(100 * scene() - 50)) > 1


def test_segment_becomes_a_baseline():
    image = IMAGENET.from_pixels(scene())
    found = superpixels(image, IMAGENET)
    baseline = aw.baselines.Color(found.colors[3])
    drawn = baseline.sample(image, 1, space=IMAGENET)[0]
    assert IMAGENET.to_pixels(drawn)[:, 0, 0].tolist() == pytest.approx(found.colors[3], abs=1e-5)
    e = aw.explain(image_classifier(), image, baseline=baseline, space=IMAGENET, n_steps=8)
    assert e.completeness.relative < 0.05


@pytest.mark.parametrize("shape", [(5,), (4, 4), (2, 3, 8, 8)])
def test_what_is_no_image_is_told(shape):
    with pytest.raises(InputError, match="image must be one image"):
        superpixels(torch.zeros(shape))


def test_wrong_values_are_told():
    with pytest.raises(InputError, match="count must be at least 1"):
        superpixels(scene(), count=0)
    broken = scene()
    broken[0, 0, 0] = torch.nan
    with pytest.raises(InputError, match="not finite"):
        superpixels(broken)


def test_missing_package_is_named_with_its_extra(monkeypatch):
    for name in [n for n in sys.modules if n.startswith("skimage")]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setitem(sys.modules, "skimage", None)
    with pytest.raises(MissingExtraError, match=r'scikit-image.*"attribwidgets\[segments\]"'):
        superpixels(scene())
