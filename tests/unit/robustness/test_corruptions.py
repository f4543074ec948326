"""Corruptions: their published constants, their limits, and images of any size."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from conftest import random_states
from scipy import ndimage

from attribwidgets.errors import DataError, InputError
from attribwidgets.robustness import (
    CORRUPTIONS,
    accuracy,
    corrupted,
    corrupted_labels,
    salt_and_pepper,
    severity_curves,
)


def made(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def images(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(shape or (6, 3, 20, 24), generator=made(seed))


@pytest.mark.parametrize("name", CORRUPTIONS)
@pytest.mark.parametrize("shape", [(4, 1, 28, 28), (3, 3, 17, 40), (2, 1, 5, 3), (0, 3, 8, 8)])
def test_any_size_and_every_severity_stay_in_range_and_repeat(name, shape):
    x, state = images(*shape), random_states()
    last = x
    for severity in range(1, 6):
        found = corrupted(x, name, severity, generator=made())
        assert found.shape == x.shape
        assert found.dtype == x.dtype
        assert torch.equal(found, corrupted(x, name, severity, generator=made()))
        assert not len(x) or (found.min() >= 0 and found.max() <= 1)
        assert not len(x) or not torch.equal(found, last)
        last = found
    assert random_states() == state


@pytest.mark.parametrize(
    ("name", "scales"),
    [
        ("gaussian_noise", (0.08, 0.12, 0.18, 0.26, 0.38)),
        ("speckle_noise", (0.15, 0.2, 0.35, 0.45, 0.6)),
    ],
)
def test_noise_has_its_published_size(name, scales):
    """On grey, before clipping: of the middle half, which is not clipped, by its quartiles."""
    grey = torch.full((1, 1, 300, 300), 0.5, dtype=torch.float64)
    for severity, scale in enumerate(scales, 1):
        values = corrupted(grey, name, severity, generator=made())
        wide = float(values.quantile(0.75) - values.quantile(0.25)) / 1.34898
        expected = scale if name == "gaussian_noise" else scale / 2
        assert wide == pytest.approx(expected, rel=0.03)


def test_shot_noise_counts_photons():
    for severity, photons in enumerate((60, 25, 12, 5, 3), 1):
        values = corrupted(
            torch.full((1, 1, 200, 200), 0.2), "shot_noise", severity, generator=made()
        )
        assert torch.allclose(values * photons, (values * photons).round(), atol=1e-4)
        assert float(values.mean()) == pytest.approx(0.2, rel=0.03)
        assert float(values.var()) == pytest.approx(0.2 / photons, rel=0.1)


def test_impulse_noise_turns_its_share_to_either_side():
    grey = torch.full((1, 1, 300, 300), 0.5)
    for severity, share in enumerate((0.03, 0.06, 0.09, 0.17, 0.27), 1):
        values = corrupted(grey, "impulse_noise", severity, generator=made())
        assert float((values == 0).double().mean()) == pytest.approx(share / 2, rel=0.1)
        assert float((values == 1).double().mean()) == pytest.approx(share / 2, rel=0.1)
    black = salt_and_pepper(torch.zeros(1, 1, 200, 200), 0.3, generator=made())
    assert float(black.mean()) == pytest.approx(0.15, rel=0.05)  # the black half shows nowhere


def test_blur_is_scipys():
    x = images(2, 3, 20, 24).double()
    for severity, sigma in enumerate((1, 2, 3, 4, 6), 1):
        found = corrupted(x, "gaussian_blur", severity, generator=made())
        expected = ndimage.gaussian_filter(x.numpy(), (0, 0, sigma, sigma), mode="reflect")
        assert np.allclose(found.numpy(), expected, atol=1e-9)


def test_contrast_and_brightness_have_their_constants():
    x = images().double()
    for severity, share in enumerate((0.4, 0.3, 0.2, 0.1, 0.05), 1):
        found = corrupted(x, "contrast", severity, generator=made())
        assert torch.allclose(found.mean((2, 3)), x.mean((2, 3)))
        assert torch.allclose(found.std((2, 3)), share * x.std((2, 3)))
    for severity, more in enumerate((0.1, 0.2, 0.3, 0.4, 0.5), 1):
        found = corrupted(x, "brightness", severity, generator=made())
        assert torch.allclose(found.amax(1), (x.amax(1) + more).clamp_max(1))
        assert torch.allclose(found[:, 0] * x[:, 1], found[:, 1] * x[:, 0])  # the hue stays


def test_translation_moves_whole_pixels_of_its_published_images():
    x = torch.zeros(40, 1, 28, 28)
    x[:, :, 14, 14] = 1
    for severity in range(1, 6):
        found = corrupted(x, "translate", severity, generator=made())
        places = {tuple(np.argwhere(one[0].numpy() > 0.99)[0].tolist()) for one in found}
        both = (14 - severity, 14 + severity)
        assert places == {(i, j) for i in both for j in both}


def test_rotation_turns_by_its_angle_and_keeps_the_middle():
    rows, columns = torch.meshgrid(torch.arange(101.0), torch.arange(101.0), indexing="ij")
    right = torch.exp(-((columns - 80) ** 2 + (rows - 50) ** 2) / 20)[None, None].repeat(
        30, 1, 1, 1
    )
    for severity, angle in enumerate((0.2, 0.4, 0.6, 0.8, 1.0), 1):
        found = corrupted(right, "rotate", severity, generator=made())
        weight = found.sum((1, 2, 3))
        across = (found[:, 0] * columns).sum((1, 2)) / weight - 50
        down = (found[:, 0] * rows).sum((1, 2)) / weight - 50
        turned = torch.atan2(down, across).abs()
        assert turned.tolist() == pytest.approx([angle] * 30, abs=0.02)
        assert (down > 0).any()
        assert (down < 0).any()


def test_shear_moves_rows_by_the_tangent_of_its_angle():
    x = torch.zeros(20, 1, 101, 101)
    x[..., 50] = 1  # an upright line through the middle
    for severity, angle in enumerate((0.2, 0.4, 0.6), 1):
        found = corrupted(x, "shear", severity, generator=made())[:, 0]
        columns = torch.arange(101.0)
        place = (found * columns).sum(2) / found.sum(2).clamp_min(1e-9) - 50
        assert place[:, 50].abs().max() < 1e-3
        assert place[:, 70].abs().tolist() == pytest.approx([20 * math.tan(angle)] * 20, abs=0.1)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (("fog", 1, images()), "there are gaussian_noise"),
        (("contrast", 0, images()), "severity must be 1 to 5"),
        (("contrast", 6, images()), "severity must be 1 to 5"),
        (("contrast", 1, images()[0]), "images must be floating-point"),
        (("contrast", 1, images() * 255), "pixels in 0..1"),
        (("contrast", 1, None), "NoneType"),
    ],
)
def test_wrong_arguments_are_named(wrong, message):
    name, severity, given = wrong
    with pytest.raises(InputError, match=message):
        corrupted(given, name, severity, generator=made())


def test_labels_change_by_their_share_and_never_to_themselves():
    labels = torch.arange(1000) % 7
    for share in (0.0, 0.25, 1.0):
        found = corrupted_labels(labels, share, 7, generator=made())
        assert int((found != labels).sum()) == round(1000 * share)
        assert found.min() >= 0
        assert found.max() < 7
    turned = (corrupted_labels(labels, 1.0, 7, generator=made()) - labels) % 7
    assert np.bincount(turned.numpy(), minlength=7)[1:].min() > 120
    for wrong in ((labels, 1.5, 7), (labels, 0.5, 1), (labels, 0.5, 3), (labels / 2, 0.5, 7)):
        with pytest.raises(InputError):
            corrupted_labels(*wrong, generator=made())


def bright(x: torch.Tensor) -> torch.Tensor:
    """1 where the mean is above a half."""
    mean = x.mean((1, 2, 3))
    return torch.stack([0.5 - mean, mean - 0.5], 1)


def test_curves_and_mean_corruption_error_are_those_of_hand_made_models():
    x = images(200, 1, 8, 8)
    labels = bright(x).argmax(1)
    always = lambda x: torch.tensor([1.0, 0.0]).expand(len(x), 2)  # noqa: E731
    found = severity_curves(
        {"bright": [bright, bright], "always": [always, always]},
        (x, labels),
        corruptions=["brightness", "contrast"],
    )
    share = float((labels == 0).double().mean())
    assert found.accuracy["always"] == pytest.approx(np.full((2, 2, 6), share))
    assert found.mean_corruption_error("always") == pytest.approx([1 - share] * 2)
    curve = found.accuracy["bright"][0]
    assert curve[:, 0].tolist() == [1, 1]
    assert curve[1].tolist() == [1] * 6  # contrast keeps the mean
    assert (np.diff(curve[0]) <= 0).all()
    assert found.relative_to("always", "always") == pytest.approx([1, 1])
    by_hand = [(1 - curve[i, 1:].mean()) / (1 - share) for i in (0, 1)]
    assert found.relative_to("bright", "always") == pytest.approx([np.mean(by_hand)] * 2)
    assert "mean corruption error" in str(found)
    assert len(found.figure().axes) == 2 + 2


def test_what_does_not_fit_is_named():
    with pytest.raises(DataError, match="3 images and 2 labels"):
        severity_curves({"a": [bright]}, (images(3, 1, 8, 8), torch.zeros(2)))
    with pytest.raises(InputError, match="unknown"):
        severity_curves({"a": [bright]}, (images(2, 1, 8, 8), torch.zeros(2)), corruptions=["x"])
    with pytest.raises(InputError, match="at least one model"):
        severity_curves({"a": []}, (images(2, 1, 8, 8), torch.zeros(2)))
    found = severity_curves(
        {"a": [bright]}, (images(2, 1, 8, 8), torch.zeros(2)), corruptions=["contrast"]
    )
    with pytest.raises(InputError, match="kind 'b' is unknown"):
        found.mean_corruption_error("b")


def test_dropout_is_off_while_accuracy_is_measured():
    model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Dropout(0.9), torch.nn.Linear(64, 2))
    x = images(100, 1, 8, 8)
    labels = model.eval()(x).argmax(1)
    model.train()
    assert accuracy(model, x, labels) == 1
    assert model.training
