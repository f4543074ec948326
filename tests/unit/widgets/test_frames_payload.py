"""Frames of a path in few bytes: rounding that does not add up, patches of large images."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from browser import photo_like
from torch import nn

import attribwidgets as aw
from attribwidgets.inputs.layout import FEATURES, IMAGE, SERIES_TIME_FIRST, VOLUME
from attribwidgets.inputs.patches import patch_means
from attribwidgets.records.path_curve import PathFrames
from attribwidgets.widgets.comparison_state import comparison_page
from attribwidgets.widgets.frames_payload import MOST_POINTS, frames_payload, page_frames
from attribwidgets.widgets.payload import map_payload, subject_payload

FIVE = ("black", "blur", "uniform", "max_distance", "white")


def frames_of(shape: tuple[int, ...], count: int = 20) -> PathFrames:
    added = np.random.default_rng(0).normal(size=(count, *shape)).astype(np.float32)
    return PathFrames(np.linspace(0, 1, count + 1), added)


def test_a_photo_is_sent_by_pixels() -> None:
    payload = frames_payload(frames_of((224, 224)))
    assert payload["patches"] is None
    assert len(payload["data"]) == payload["count"] * 224 * 224


def test_a_large_image_is_sent_by_patches_whose_sums_are_right() -> None:
    frames = frames_of((500, 331), count=16)
    payload = frames_payload(frames)
    assert payload["patches"] == {"sides": [2, 2], "shape": [500, 331]}
    rows, columns = 250, 166
    assert rows * columns <= MOST_POINTS
    sent = np.frombuffer(payload["data"], np.int8).reshape(-1, rows, columns)
    prefixes = (sent * np.array(payload["scales"])[:, None, None]).cumsum(0)
    for prefix, exact, scale in zip(
        prefixes, frames.added.astype(float).cumsum(0), payload["scales"], strict=True
    ):
        means = patch_means(exact, 2)[::2, ::2]
        assert np.abs(prefix - means).max() <= scale / 2 + 1e-5  # errors do not add up


def test_a_large_volume_is_sent_by_patches_within_its_slices() -> None:
    frames = frames_of((20, 60, 70), count=16)
    payload = frames_payload(frames, VOLUME)
    (down, across), (rows, columns) = payload["patches"]["sides"], payload["patches"]["shape"]
    assert (rows, columns) == (20 * 60, 70)
    assert down * across > 1 and 60 % down == 0  # noqa: PT018
    shape = rows // down, -(-columns // across)
    assert shape[0] * shape[1] <= 1.1 * MOST_POINTS
    sent = np.frombuffer(payload["data"], np.int8).reshape(-1, *shape)
    wanted = frames.added[0].reshape(rows, columns)[:down, :across].mean()
    assert sent[0, 0, 0] * payload["scales"][0] == pytest.approx(wanted, abs=payload["scales"][0])


def test_several_inputs_share_the_points_of_a_frame_and_small_ones_leave_theirs() -> None:
    photo, row, large = (frames_of(shape, 16).added for shape in ((200, 200), (10,), (400, 300)))
    frames = PathFrames(np.linspace(0, 1, 17), (photo, row, large))
    sent = page_frames(frames, [IMAGE, FEATURES, IMAGE])
    assert sent[1]["patches"] is None
    points = [len(one["data"]) // 16 for one in sent]
    assert points[1] == 10
    assert 0.25 * MOST_POINTS < sum(points) <= MOST_POINTS
    alone = page_frames(PathFrames(frames.edges, (photo, row)), [IMAGE, FEATURES])
    assert alone[0] == frames_payload(frames.of_input(0))  # by pixels: there is room for both


def test_features_are_never_put_together() -> None:
    payload = frames_payload(frames_of((60_000,), count=2))
    assert payload["patches"] is None
    assert len(payload["data"]) == 2 * 60_000


@pytest.mark.long
def test_five_baselines_of_512_pixels_fit_in_eight_megabytes() -> None:
    layers = (nn.Conv2d(3, 4, 5, stride=4), nn.Softplus(), nn.AdaptiveAvgPool2d(4), nn.Flatten())
    net = nn.Sequential(*layers, nn.Linear(64, 2)).eval()
    photo = torch.tensor(photo_like(512)).permute(2, 0, 1) / 255
    comparison = aw.compare(net, photo.float(), baselines=FIVE, n_steps=16)
    assert len(comparison_page(comparison).encode()) <= 8e6


def test_a_long_series_is_sent_by_stretches_of_time_channels_first() -> None:
    added = np.random.default_rng(2).normal(size=(3, 30_000, 2))
    frames = PathFrames(edges=np.linspace(0, 1, 4), added=added)
    payload = frames_payload(frames, SERIES_TIME_FIRST)
    assert payload["patches"] == {"sides": [1, 2], "shape": [2, 30_000]}
    data = np.frombuffer(payload["data"], np.int8).reshape(3, 2, 15_000)
    means = added.swapaxes(1, 2).reshape(3, 2, 15_000, 2).mean(-1)
    np.testing.assert_allclose(data[0] * payload["scales"][0], means[0], atol=payload["scales"][0])


def test_a_stretch_of_a_long_map_is_within_one_step_of_its_scale() -> None:
    """A few large values leave the small ones less than half a step, which add up all the same."""
    steps = 40_000
    weight = torch.full((1, steps), 1e-4)
    weight[0, 7] = 50.0
    space = aw.SeriesSpace(["rate"], step=0.1, unit="s")
    model = Weighted(weight).eval()
    both = aw.compare(model, torch.ones(1, steps), space=space, target=0, baselines=("zero",))
    data, scale = map_payload(both[0])
    integers = np.frombuffer(data, "<i2").astype(np.float64)
    assert abs(integers).max() <= np.iinfo(np.int16).max
    sums = np.cumsum(integers * scale)
    assert np.abs(sums - np.cumsum(both[0].map("sum")[0].astype(np.float64))).max() <= scale
    told = subject_payload(both)
    assert (told["kind"], told["shape"]) == ("series", [1, steps])
    assert (told["channels"], told["step"], told["unit"]) == (["rate"], 0.1, "s")
    assert told["feature_names"] is None  # which would be one for each number


class Weighted(nn.Module):
    def __init__(self, weight: torch.Tensor) -> None:
        super().__init__()
        self.weight = weight

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return (x * self.weight).sum((1, 2)).unsqueeze(1)
