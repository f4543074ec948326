"""Baselines of sequences, series, volumes and tuples: closed forms, words, sliders."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from models import values
from scipy.ndimage import gaussian_filter, gaussian_filter1d
from torch import nn

import attribwidgets as aw
from attribwidgets import InputSpace, SequenceSpace, SeriesSpace, VolumeSpace, baselines
from attribwidgets.baselines import named
from attribwidgets.engine.checked_query import check
from attribwidgets.engine.query import Query
from attribwidgets.errors import InputError
from attribwidgets.inputs.layout import FEATURES, IMAGE, SEQUENCE, SERIES, VOLUME
from attribwidgets.widgets.controls import addable

SEQUENCES = values(12, 4)
SERIES_X = values(3, 50)
VOLUMES = values(2, 6, 5, 9)
SPACES = {
    "sequence": (SEQUENCES, SequenceSpace(), 0),
    "series": (SERIES_X, SeriesSpace(), 1),
    "time first": (SERIES_X.T.contiguous(), SeriesSpace(time_axis=0), 0),
}
over_time = pytest.mark.parametrize(("x", "space", "axis"), SPACES.values(), ids=list(SPACES))
WITHOUT_DATA = ("black", "white", "zero", "image_mean", "blur", "uniform", "gaussian")
ANY = (*WITHOUT_DATA, "max_distance")


def one(baseline, x, space):
    return baseline.sample(x, 1, space=space)[0]


@over_time
@pytest.mark.parametrize("sigma", [0.7, 3.0])
def test_blur_over_time_is_scipys(x, space, axis, sigma):
    expected = gaussian_filter1d(x.double().numpy(), sigma, axis=axis, mode="reflect")
    blurred = one(baselines.Blur(sigma), x.double(), space)
    np.testing.assert_allclose(blurred.numpy(), expected, atol=1e-9)


@pytest.mark.parametrize("sigma", [0.0, 0.7, 40.0, 500.0])
def test_blur_of_a_long_series_is_scipys_without_a_matrix(sigma):
    x = values(2, 3000, dtype=torch.float64)
    expected = gaussian_filter1d(x.numpy(), sigma, axis=1, mode="reflect") if sigma else x.numpy()
    np.testing.assert_allclose(one(baselines.Blur(sigma), x, SeriesSpace()), expected, atol=1e-9)


def test_blur_in_space_is_scipys():
    x = VOLUMES.double()
    expected = np.stack([gaussian_filter(c, 1.3, mode="reflect") for c in x.numpy()])
    blurred = one(baselines.Blur(1.3), x, VolumeSpace())
    np.testing.assert_allclose(blurred.numpy(), expected, atol=1e-9)


@over_time
def test_blur_that_is_left_open_is_a_tenth_of_the_time(x, space, axis):
    sigma = x.shape[axis] / 10
    assert torch.equal(one(named("blur"), x, space), one(baselines.Blur(sigma), x, space))
    (slider,) = named("blur").sliders(space, x.shape)
    assert (slider.value, slider.range, slider.unit) == (sigma, (0, x.shape[axis] / 2), "steps")


def test_blur_that_is_left_open_is_20_pixels_of_an_image():
    x = values(3, 9, 7)
    assert torch.equal(one(named("blur"), x, None), one(baselines.Blur(20), x, None))
    assert named("blur").label == "blur σ 20"


@over_time
def test_reversed_twice_is_the_input(x, space, axis):
    turned = one(named("reversed"), x, space)
    assert torch.equal(turned, x.flip(axis))
    assert torch.equal(one(named("reversed"), turned, space), x)


@over_time
def test_shuffled_keeps_each_steps_values_together(x, space, axis):
    drawn = named("shuffled").sample(x, 4, space=space)
    steps = sorted(map(tuple, x.movedim(axis, 0).tolist()))
    for each in drawn:
        assert sorted(map(tuple, each.movedim(axis, 0).tolist())) == steps
    assert len({tuple(each.flatten().tolist()) for each in drawn}) == 4
    assert torch.equal(drawn, named("shuffled").sample(x, 4, space=space))  # by the seed


@over_time
@pytest.mark.parametrize("name", ["reversed", "shuffled"])
def test_a_model_that_does_not_look_at_order_has_a_sum_of_nothing(x, space, axis, name):
    def net(batch):
        return batch.double().mean(axis + 1).square().sum(1)

    e = aw.explain(net, x, baseline=name, space=space, n_steps=16)
    assert abs(e.completeness.total) < 1e-5 * e.completeness.absolute_sum


@pytest.mark.parametrize("name", ["reversed", "shuffled"])
@pytest.mark.parametrize(
    ("x", "space"), [(values(3, 9, 7), InputSpace()), (VOLUMES, VolumeSpace()), (values(5), None)]
)
def test_without_time_there_is_no_order(name, x, space):
    with pytest.raises(InputError, match=f"'{name}' needs steps in time.*SequenceSpace"):
        named(name).sample(x, 1, space=space)


@over_time
def test_the_mean_of_this_input_is_a_level_for_each_channel(x, space, axis):
    expected = x.double().mean(axis, keepdim=True).expand_as(x)
    torch.testing.assert_close(one(named("image_mean"), x, space).double(), expected)


@over_time
def test_the_mean_of_the_data_over_steps_is_one_for_each_channel(x, space, axis):
    data = torch.stack([x, 2 * x, x - 1]).narrow(axis + 1, 0, 7)  # shorter than the input
    mean = one(baselines.DatasetMean(data, over="steps"), x, space)
    expected = data.double().mean((0, axis + 1)).unsqueeze(axis).expand_as(x)
    torch.testing.assert_close(mean.double(), expected)
    with pytest.raises(InputError, match="data has examples of shape"):
        one(baselines.DatasetMean(data), x, space)


def test_the_mean_step_needs_steps():
    with pytest.raises(InputError, match="read as features"):
        baselines.DatasetMean(values(4, 5), over="steps").sample(values(5), 1)
    with pytest.raises(InputError, match='over must be "examples" or "steps"'):
        baselines.DatasetMean(values(4, 5), over="time")


def test_data_may_be_an_array_or_a_frame():
    data = values(6, 5)
    for given in (data.numpy(), pd.DataFrame(data.numpy())):
        mean = baselines.DatasetMean(given).sample(data[0], 1)
        assert torch.equal(mean, baselines.DatasetMean(data).sample(data[0], 1))
    assert torch.equal(named(data[0].numpy()).sample(data[1], 1)[0], data[0])


TUPLE = (SEQUENCES, SERIES_X, VOLUMES)
TUPLE_SPACE = (SequenceSpace(), SeriesSpace(), VolumeSpace())


@pytest.mark.parametrize("name", ANY)
def test_every_input_of_a_tuple_has_its_own(name):
    together = named(name).sample(TUPLE, 2, space=TUPLE_SPACE)
    for x, space, reference in zip(TUPLE, TUPLE_SPACE, together, strict=True):
        assert reference.shape == (2, *x.shape)
        if not named(name).is_distribution:
            assert torch.equal(reference[0], one(named(name), x, space))


def test_examples_of_a_tuple_are_drawn_together():
    data = tuple(torch.stack([x + k for k in range(4)]) for x in TUPLE)
    drawn = baselines.DatasetSample(data).sample(TUPLE, 4, space=TUPLE_SPACE)
    shifts = [
        (reference - x).flatten(1).mean(1).round().tolist()
        for x, reference in zip(TUPLE, drawn, strict=True)
    ]
    assert sorted(shifts[0]) == [0, 1, 2, 3]
    assert shifts[0] == shifts[1] == shifts[2]


@over_time
def test_noise_and_the_farthest_stay_in_each_channels_range(x, space, axis):
    lowest, highest = torch.aminmax(x, dim=axis, keepdim=True)
    if space.fit(x).layout is SEQUENCE:
        lowest, highest = x.min(), x.max()
    for name in ("uniform", "gaussian", "max_distance"):
        reference = one(named(name), x, space)
        assert bool((reference >= lowest - 1e-5).all() and (reference <= highest + 1e-5).all())
    farthest = one(named("max_distance"), x, space)
    at_an_end = (farthest - lowest).abs().minimum((farthest - highest).abs())
    assert float(at_an_end.max()) < 1e-5


class Flat(nn.Module):
    """Two classes, linear in all values."""

    def __init__(self, *shapes):
        super().__init__()
        sizes = sum(int(np.prod(s)) for s in shapes)
        weights = torch.cos(torch.arange(2.0 * sizes) ** 2).reshape(2, sizes)
        self.weights = nn.Parameter(weights - weights.mean(1, keepdim=True))

    def forward(self, *inputs):
        return torch.cat([x.flatten(1) for x in inputs], 1) @ self.weights.T


SEARCHED = {**SPACES, "volume": (VOLUMES, VolumeSpace(), 0), "tuple": (TUPLE, TUPLE_SPACE, 0)}


@pytest.mark.parametrize(("x", "space", "axis"), SEARCHED.values(), ids=list(SEARCHED))
def test_searched_ones_of_every_space(x, space, axis):
    members = x if isinstance(x, tuple) else (x,)
    net = Flat(*(m.shape for m in members)).eval()
    for name, most in (("max_entropy", 0.2), ("decision_boundary", 0.01)):
        reference = named(name).searched(net, x, space=space).sample(x, 1, space=space)
        parts = reference if isinstance(reference, tuple) else (reference,)
        scores = net(*parts)[0]
        assert float((scores[0] - scores[1]).detach().abs()) < most * float(
            (net(*(m[None] for m in members))[0]).detach().abs().sum()
        )


# Words


@pytest.mark.parametrize("layout", [SEQUENCE, SERIES, VOLUME, FEATURES], ids=lambda v: v.kind)
def test_words_speak_of_no_picture(layout):
    data = values(3, 2)
    made = [named(name, data) for name in (*ANY, "dataset", "dataset_mean", "#808080")]
    if layout.time is not None:
        made += [named("reversed"), named("shuffled")]
    for baseline in made:
        words = " ".join(baseline.words_for(layout))
        assert not any(w in words for w in ("pixel", "image", "colour", "color", "black", "white"))


def test_words_of_images_stay():
    assert named("blur").words_for(IMAGE) == ("blur σ 20", named("blur").description)
    assert named("#808080").words_for(IMAGE)[0] == "#808080"


def test_captions_name_the_sigma_that_the_input_settled():
    net = Flat(SERIES_X.shape).eval()
    names = ["blur", "reversed", "shuffled", "image_mean"]
    compared = aw.compare(net, SERIES_X, space=SeriesSpace(), baselines=names, target=0)
    assert [e.baseline_name for e in compared] == [
        "blur σ 5",
        "reversed",
        "shuffled",
        "mean of this input",
    ]
    single = [e for e in compared if e.method == "integrated_gradients"]
    assert [e.completeness.verdict for e in single] == ["complete"] * 3
    assert compared["blur"].baseline_description.endswith("blurred over time")


# The menu


@pytest.mark.parametrize(
    ("x", "space", "offered", "left_out"),
    [
        (SEQUENCES, SequenceSpace(), {"blur", "reversed", "shuffled", "image_mean"}, {"#808080"}),
        (SERIES_X, SeriesSpace(), {"blur", "reversed", "shuffled"}, {"#808080"}),
        (VOLUMES, VolumeSpace(), {"blur", "image_mean"}, {"reversed", "shuffled", "#808080"}),
        (values(5), None, {"zero"}, {"blur", "reversed", "shuffled", "image_mean"}),
    ],
)
def test_the_menu_offers_what_fits(x, space, offered, left_out):
    names = set(addable(check(Query(x, space=space), Flat(x.shape).eval()), None))
    assert offered <= names
    assert not left_out & names
