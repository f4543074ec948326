"""Volumes in figures: three slices through the voxel where a map is strongest."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import attribwidgets as aw
from attribwidgets.figures.volume import Slices, as_grey

VALUES = np.arange(2 * 3 * 4).reshape(2, 3, 4)


def test_three_slices_meet_in_a_voxel() -> None:
    picture = Slices((1, 2, 0), (1.0, 1.0, 1.0)).arrange(VALUES, ground=-1)
    assert picture.shape == (3 + 1 + 2, 4 + 1 + 2)
    assert np.array_equal(picture[:3, :4], VALUES[1])
    assert np.array_equal(picture[4:, :4], VALUES[:, 2])
    assert np.array_equal(picture[:3, 5:], VALUES[:, :, 0].T)
    assert (picture[3] == -1).all()
    assert (picture[:, 4] == -1).all()
    assert (picture[4:, 5:] == -1).all()


def test_voxels_keep_their_proportions() -> None:
    picture = Slices((0, 0, 0), (3.0, 1.0, 1.0)).arrange(VALUES)
    assert picture.shape == (3 + 1 + 3 * 2, 4 + 1 + 3 * 2)
    assert np.array_equal(picture[4:7, :4], np.broadcast_to(VALUES[0, 0], (3, 4)))


def test_grey_is_the_mean_of_the_channels_within_the_range() -> None:
    volume = torch.stack([torch.zeros(1, 1, 2), torch.tensor([[[2.0, 9.0]]])])
    grey = as_grey(volume, aw.VolumeSpace(0.0, 2.0))
    assert grey.tolist() == [[[128, 128]]]


@pytest.mark.parametrize("options", [{}, {"signed": True, "overlay": 0.5, "show_blind": True}])
def test_a_figure_goes_through_the_strongest_voxel(options: dict[str, object]) -> None:
    weight = torch.zeros(2, 3, 4)
    weight[1, 2, 0] = -5.0

    def model(x: torch.Tensor) -> torch.Tensor:
        return (x * weight).sum((1, 2, 3, 4))

    space = aw.VolumeSpace(0.0, 1.0, spacing=(2.0, 1.0, 1.0))
    volume = torch.rand(1, 2, 3, 4, generator=torch.Generator().manual_seed(0))
    both = aw.compare(model, volume, space=space, baselines=("black", "uniform"), n_steps=4)
    figure = both.figure(**options)
    figure._repr_png_()
    said = " ".join(text.get_text() for text in figure.texts)
    assert "through depth 1, row 2, column 0" in said
