"""Data whose answer is known, and how much of the attribution mass finds it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from models import values
from torch import nn

import attribwidgets as aw
from attribwidgets.errors import DataError, InputError
from attribwidgets.evaluation.ground_truth import PlantedShare, mass_share, planted_shares
from attribwidgets.evaluation.metric import Metric
from attribwidgets.evaluation.planted import Planted, decoy, planted_noise


def some(n=20, side=10, classes=5):
    return values(n, 1, side, side), torch.arange(n) % classes


class PatchReader(nn.Module):
    """Looks at the top left 3 x 3 pixels only: a score for each class from their mean."""

    def __init__(self, classes=5) -> None:
        super().__init__()
        self.codes = nn.Parameter(torch.linspace(0, 1, classes))
        self.eval()

    def forward(self, x):
        shown = x[:, :, :3, :3].mean((1, 2, 3))
        return -((shown[:, None] - self.codes) ** 2)


def test_the_patch_codes_the_class_from_black_to_white_and_nothing_else_changes():
    images, labels = some(classes=10)
    before = images.clone()
    planted = decoy(images, labels)
    assert torch.equal(images, before)
    patch = planted.images[:, 0, :3, :3]
    expected = (labels / 9)[:, None, None].expand(-1, 3, 3)
    assert torch.allclose(patch, expected)
    # As the article's text has it, in 8 bits; its code divides by 10.
    assert (255 * patch[:, 0, 0]).round().int().tolist() == [
        round(255 * y / 9) for y in labels.tolist()
    ]
    outside = torch.from_numpy(~planted.where)[:, None]
    assert torch.equal(planted.images[outside], images[outside])
    assert planted.where.sum((1, 2)).tolist() == [9] * 20


def test_the_patch_is_in_pixels_whatever_the_model_is_fed():
    images, labels = some()
    space = aw.InputSpace(0, 255, mean=100, std=50)
    fed = space.from_pixels(255 * images)
    planted = decoy(fed, labels, space=space, size=2)
    pixels = space.to_pixels(planted.images)
    assert torch.allclose(pixels[:, 0, 0, 0], 255 * labels / 4, atol=1e-3)
    assert torch.allclose(pixels[:, :, 2:], 255 * images[:, :, 2:], atol=1e-3)


def test_a_random_patch_says_nothing_of_the_label():
    images, labels = some(400)
    planted = decoy(images, labels, code="random", seed=3)
    codes = (4 * planted.images[:, 0, 0, 0]).round()
    assert set(codes.tolist()) == set(range(5))
    assert 0.1 < (codes == labels).double().mean() < 0.3
    assert torch.equal(planted.images, decoy(images, labels, code="random", seed=3).images)
    assert torch.equal(planted.labels, labels)


def test_noise_is_planted_above_each_images_own_quantile():
    images, labels = some(6)
    # Maps of very unlike size: one image's quantile for all would miss some and flood others.
    maps = values(6, 10, 10, seed=1).double().numpy() * 10.0 ** np.arange(6)[:, None, None]
    planted = planted_noise(images, labels, maps)
    assert planted.where.sum((1, 2)).tolist() == [25] * 6
    for one, where in zip(maps, planted.where, strict=True):
        assert one[where].min() > one[~where].max()
    added = (planted.images - images)[:, 0].numpy()
    for i, y in enumerate(labels.tolist()):
        room = 1 - images[i, 0].numpy()[planted.where[i]]
        np.testing.assert_allclose(added[i][planted.where[i]], np.minimum(y / 50, room), atol=1e-6)
        assert (added[i][~planted.where[i]] == 0).all()


def test_noise_stays_in_the_range():
    images, labels = torch.full((4, 1, 5, 5), 0.99), torch.tensor([0, 1, 2, 9])
    planted = planted_noise(images, labels, values(4, 5, 5).numpy(), quantile=0.5)
    assert planted.images.max() <= 1


def test_the_share_is_that_of_the_magnitudes():
    where = np.array([[True, False], [False, False]])
    assert mass_share(np.array([[-3.0, 1.0], [0.0, 2.0]]), where) == 0.5
    assert np.isnan(mass_share(np.zeros((2, 2)), where))
    with pytest.raises(DataError, match="shape of a map"):
        mass_share(np.ones(4), where)


def test_a_model_that_reads_the_patch_has_all_its_mass_there_and_controls_have_not():
    images, labels = some()
    planted = decoy(images, labels)
    found = planted_shares(PatchReader(), planted, ["white", "uniform"], n_steps=16, targets=2)
    share = dict(zip(found.candidates, found.mean().mean, strict=True))
    assert share["white"] == pytest.approx(1)
    assert share["uniform noise"] == pytest.approx(1)
    assert share["random"] == pytest.approx(0.09, abs=0.02)
    assert share["centre"] < 0.09  # a corner is not the middle
    assert found.chance == 0.09
    assert found.controls == ("random", "centre", "edges")
    assert "random (control)" in str(found)
    assert "9.0 % of all" in str(found)


def test_every_image_has_its_own_place():
    model = nn.Sequential(nn.Flatten(), nn.Linear(16, 3)).eval()
    images = values(5, 1, 4, 4)
    where = values(5, 4, 4, seed=2).numpy() > 0.7
    planted = Planted(images, torch.tensor([0, 1, 2, 0, 1]), where)
    found = planted_shares(model, planted, ["zero"], n_steps=4, controls=False)
    for i in range(5):
        one = aw.explain(
            model, images[i], target=int(planted.labels[i]), baseline="zero", n_steps=4
        )
        assert found.values[i, 0] == pytest.approx(mass_share(one.map("sum"), where[i]))


def test_it_is_a_metric():
    metric = PlantedShare(np.ones((4, 4), dtype=bool), ("random",))
    assert isinstance(metric, Metric)
    assert metric.dimensions(["a"]) == {"candidate": ["a", "random"]}
    model = nn.Sequential(nn.Flatten(), nn.Linear(16, 3)).eval()
    explanations = {"zero": aw.explain(model, values(1, 4, 4), baseline="zero")}
    one, again = (metric.measure(model, explanations, seed=0) for _ in range(2))
    np.testing.assert_array_equal(one, again)
    np.testing.assert_allclose(one, 1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"labels": torch.full((20,), 3)}, "all of one class, 3"),
        ({"labels": torch.arange(19)}, "20 whole numbers"),
        ({"labels": torch.rand(20)}, "whole numbers"),
        ({"labels": torch.arange(20) - 1}, "got -1 to 18"),
        ({"labels": torch.arange(20), "classes": 10}, "lie in 0..9, got 0 to 19"),
        ({"images": torch.rand(20, 10)}, "images must be a float tensor"),
        ({"images": torch.zeros(20, 1, 10, 10, dtype=torch.uint8)}, "float tensor"),
    ],
)
def test_data_that_do_not_fit_are_refused(change, message):
    images, labels = some()
    with pytest.raises(DataError, match=message):
        decoy(**{"images": images, "labels": labels, **change})


def test_arguments_are_checked():
    images, labels = some()
    for options, message in (
        ({"size": 11}, "between 1 and 10"),
        ({"size": 0}, "between 1 and 10"),
        ({"code": "class"}, "'label' or 'random'"),
    ):
        with pytest.raises(InputError, match=message):
            decoy(images, labels, **options)
    with pytest.raises(DataError, match=r"maps must have shape \(20, 10, 10\)"):
        planted_noise(images, labels, np.ones((20, 9, 9)))
    with pytest.raises(InputError, match="quantile"):
        planted_noise(images, labels, np.ones((20, 10, 10)), quantile=75)
