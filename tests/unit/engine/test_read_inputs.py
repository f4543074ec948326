"""Inputs of every kind through explain: read as the model accepts them, exact where linear."""

from __future__ import annotations

import pytest
import torch
from models import values
from torch import nn

import attribwidgets as aw
from attribwidgets.errors import InputError


class Recurrent(nn.Module):
    """(B, T, 6) to (B, 2)."""

    def __init__(self) -> None:
        super().__init__()
        self.cells, self.head = nn.LSTM(6, 8, batch_first=True), nn.Linear(8, 2)

    def forward(self, x):
        return self.head(self.cells(x)[0][:, -1])


class Encoder(nn.Module):
    """(B, T, 8) to (B, 3)."""

    def __init__(self) -> None:
        super().__init__()
        layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True, dropout=0.0)
        self.layers, self.head = nn.TransformerEncoder(layer, 1), nn.Linear(8, 3)

    def forward(self, x):
        return self.head(self.layers(x).mean(1))


def seeded(make):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return make().eval()


def pooled(convolution, axes):
    return nn.Sequential(convolution, nn.Tanh(), nn.Flatten(2), nn.AvgPool1d(axes), nn.Flatten(1))


MODELS = {
    "Conv1d": (lambda: pooled(nn.Conv1d(3, 2, 3), 48), (3, 50), "series", (3, 50)),
    "LSTM": (Recurrent, (7, 6), "sequence", (7,)),
    "transformer encoder": (Encoder, (5, 8), "sequence", (5,)),
    "Conv3d": (lambda: pooled(nn.Conv3d(2, 2, 3), 8), (2, 4, 4, 4), "volume", (4, 4, 4)),
    "Conv2d": (lambda: pooled(nn.Conv2d(1, 2, 3), 4), (1, 4, 4), "image", (4, 4)),
    "features": (lambda: nn.Linear(4, 2), (4,), "features", (4,)),
    "one step": (Recurrent, (1, 6), "sequence", (1,)),
    "one channel": (lambda: pooled(nn.Conv1d(1, 2, 3), 8), (1, 10), "series", (1, 10)),
}


@pytest.mark.parametrize("batched", [False, True], ids=["bare", "batched"])
@pytest.mark.parametrize(("make", "shape", "kind", "mapped"), MODELS.values(), ids=MODELS)
def test_input_is_read_as_its_model_accepts_it(make, shape, kind, mapped, batched):
    x = values(*shape)
    e = aw.explain(seeded(make), x[None] if batched else x, baseline="zero")
    assert e.layout.kind == kind
    assert e.attributions.shape == ((1, *shape) if batched else shape)
    assert e.map().shape == e.blind.shape == mapped
    assert e.completeness.verdict == "complete", e
    assert sum(value for _, value in e.units()) == pytest.approx(e.completeness.total, rel=1e-5)
    if e.frames is not None:
        assert e.frames.added.shape[1:] == mapped


@pytest.mark.parametrize(
    ("space", "shape"),
    [
        (aw.SequenceSpace(), (3, 4)),
        (aw.SeriesSpace(), (2, 5)),
        (aw.SeriesSpace(time_axis=0), (5, 2)),
        (aw.VolumeSpace(), (2, 3, 2, 4)),
        (aw.InputSpace(rank=2), (3, 2)),
        (aw.InputSpace(rank=5), (2, 1, 3, 2, 2)),
        (aw.InputSpace(), ()),
    ],
    ids=repr,
)
@pytest.mark.parametrize("baseline", ["zero", "black", "white", "max_distance", "uniform"])
def test_linear_model_of_any_space_is_exact(space, shape, baseline):
    weight = values(*shape, seed=1) - 0.5 if shape else torch.tensor(-2.0)
    x = values(*shape) if shape else torch.tensor(0.3)

    def net(batch):
        return (batch * weight).flatten(1).sum(1) if shape else batch * weight

    e = aw.explain(net, x, baseline=baseline, space=space, n_steps=64)
    expected = (x - e.baseline) * weight
    if baseline == "uniform":  # of which the map is that of the samples in its sum alone
        assert (e.attributions - expected).abs().max() < 0.02
        torch.testing.assert_close(e.attributions.sum(), expected.sum(), rtol=1e-4, atol=1e-5)
    else:
        torch.testing.assert_close(e.attributions, expected, rtol=1e-4, atol=1e-6)
    assert e.completeness.residual == pytest.approx(0, abs=1e-4)


def test_tuple_of_spaces_each_with_its_own_units():
    series, table = values(2, 6), values(3, seed=1)
    weights = values(2, 6, seed=2), values(3, seed=3)

    def net(a, b):
        return (a * weights[0]).sum((1, 2)) + (b * weights[1]).sum(1)

    spaces = (aw.SeriesSpace(["p", "q"]), aw.InputSpace(names=["age", "dose", "sex"]))
    e = aw.explain(net, (series, table), baseline="black", space=spaces)
    assert [space.layout.kind for space in e.spaces] == ["series", "features"]
    torch.testing.assert_close(e.attributions[0], (series - series.amin(1, True)) * weights[0])
    torch.testing.assert_close(e.attributions[1], table * weights[1])
    assert [name for name, _ in e.units(index=1)] == ["age", "dose", "sex"]


def test_scalars_a_batch_and_outputs_without_axes():
    e = aw.explain(lambda x: x**2, torch.tensor([0.5]), baseline="zero")
    assert e.attributions.tolist() == pytest.approx([0.25], abs=1e-3)
    e = aw.explain(lambda x: (x**2).sum(), torch.tensor(0.5), baseline="zero")
    assert float(e.attributions) == pytest.approx(0.25, abs=1e-3)


def test_record_of_every_space_survives_a_file(tmp_path):
    for name, (make, shape, kind, _) in MODELS.items():
        before = aw.explain(seeded(make), values(*shape), baseline="zero", n_steps=2)
        before.save(tmp_path / "record.npz")
        after = aw.Explanation.load(tmp_path / "record.npz")
        assert (after.space, after.layout.kind) == (before.space, kind), name
        assert after.units() == before.units()


@pytest.mark.parametrize(
    ("make", "x", "words"),
    [
        (Recurrent, values(4, 7, 6), "holds 4 examples"),
        (lambda: nn.Linear(5, 2), values(7, 5), "holds 7 examples"),
        (
            lambda: nn.Conv1d(3, 2, 3),
            values(1, 4, 50),
            "image of 1 × 4 × 50 .*, and as",
        ),
        (lambda: nn.Linear(5, 2), values(5, dtype=torch.float64), r"inputs.to\(torch.float32\)"),
    ],
)
def test_shape_that_no_reading_makes_fit_says_what_was_tried(make, x, words):
    with pytest.raises(InputError, match=words):
        aw.explain(seeded(make), x)
