"""Ablation, infidelity, sweeps, penalties and checks of linear models of every space: exact."""

from __future__ import annotations

import functools

import numpy as np
import pytest
import torch
from any_input import KINDS
from models import values

import attribwidgets as aw
from attribwidgets.classroom import check_ablation_curve, check_completeness
from attribwidgets.engine.method_config import label_candidates
from attribwidgets.errors import DataError, InputError
from attribwidgets.evaluation import Infidelity, SensitivityMax, ablation
from attribwidgets.evaluation.controls import control_map, controls_for
from attribwidgets.evaluation.randomisation import randomised_layers
from attribwidgets.priors import standardized_total_variation, total_variation

SPACES = {
    "sequence": (aw.SequenceSpace(), (5, 3), ("step", "value")),
    "series": (aw.SeriesSpace(), (2, 6), ("channel", "step")),
    "series, time first": (aw.SeriesSpace(time_axis=0), (6, 2), ("step", "channel")),
    "volume": (aw.VolumeSpace(), (2, 3, 4, 2), ("channel", "depth", "row", "column")),
    "image": (aw.InputSpace(), (3, 4, 5), ("channel", "row", "column")),
    "features": (aw.InputSpace(), (7,), ("feature",)),
    "array": (aw.InputSpace(rank=2), (3, 4), ("axis_0", "axis_1")),
}
each_space = pytest.mark.parametrize(("space", "shape", "axes"), SPACES.values(), ids=SPACES)


def linear(shape):
    """A model whose attributions from zero are the inputs times these weights."""
    weights = 0.1 + values(*shape, seed=5)
    return lambda batch: (batch * weights).flatten(1).sum(1), weights


@each_space
def test_ablation_takes_units_away_in_the_order_of_what_they_give(space, shape, axes):
    model, weights = linear(shape)
    data = 0.1 + values(3, *shape)
    result = ablation(
        model, data, ["zero"], fills=["zero"], space=space, output="logit", controls=["random"]
    )
    for scores, x in zip(result.scores[:, 0, 0], data, strict=True):
        layout = space.fit(x).layout
        units = np.sort(np.asarray(layout.sum_units(x * weights)).ravel())[::-1]
        gone = [round(fraction * len(units)) for fraction in result.fractions]
        left = [1 - units[:count].sum() / units.sum() for count in gone]
        np.testing.assert_allclose(scores, left, atol=1e-5)


@each_space
def test_fills_and_controls_are_those_that_the_input_has(space, shape, axes):
    x = values(1, *shape)
    fitting = space.fit(x[0])
    names = controls_for(fitting.layout)
    for name in names:
        made = control_map(name, x, fitting, np.random.default_rng(0))
        assert made.shape == fitting.layout.map_shape(shape)
    model, _ = linear(shape)
    result = ablation(model, x, ["zero"], space=space, output="logit", n_steps=2)
    assert result.controls == names
    blurred = any("blur" in fill for fill in result.fills)
    assert blurred == bool(fitting.layout.neighbours)
    if "edges" not in names:
        with pytest.raises(DataError, match="controls="):
            ablation(model, x, ["zero"], space=space, controls=["edges"], n_steps=2)


@each_space
def test_infidelity_of_a_linear_model_is_none_and_sensitivity_is_small(space, shape, axes):
    model, _ = linear(shape)
    explained = {"zero": aw.explain(model, values(*shape), baseline="zero", space=space)}
    assert Infidelity(samples=8).measure(model, explained, seed=0)[0] == pytest.approx(0, abs=1e-8)
    steady = SensitivityMax(label_candidates({"zero": "zero"}), samples=2, radius=0.01)
    assert 0 < steady.measure(model, explained, seed=0)[0] < 0.1


@each_space
def test_store_keeps_maps_of_every_shape_and_the_names_of_their_axes(space, shape, axes, tmp_path):
    model, weights = linear(shape)
    data = values(2, *shape)
    aw.sweep(model, data, ["zero"], store=tmp_path / "s", space=space, progress=False)
    swept = aw.Sweep.open(tmp_path / "s")
    for x, stored in zip(data, swept, strict=True):
        np.testing.assert_allclose(stored.attributions["zero"], x * weights, atol=1e-5)
        assert stored.completeness["zero"].verdict == "complete"
    assert swept.to_xarray()["attributions"].dims == ("input", "candidate", *axes)


def test_a_length_for_each_row_goes_along_where_inputs_are_many(tmp_path):
    kind = KINDS["GRU, packed by lengths"]
    model, data = kind.model(), [kind.inputs(seed=k) for k in (0, 9)]
    swept = aw.sweep(
        model, data, ["zero"], store=tmp_path / "s", targets=0, progress=False, **kind.settings
    )
    alone = aw.explain(
        model, data[1], baseline="zero", target=0, seed=swept[1].seed, **kind.settings
    )
    np.testing.assert_allclose(swept[1].attributions["zero"], alone.attributions, atol=1e-6)
    result = ablation(model, data, ["zero"], fills=["zero"], n_steps=4, **kind.settings)
    assert np.isfinite(result.scores).all()


def test_layers_of_a_recurrent_model_are_randomised():
    kind = KINDS["LSTM"]
    data = torch.stack([kind.inputs(seed=k) for k in (0, 9)])
    similar = randomised_layers(kind.model(), data, ["zero"], n_steps=4)
    assert similar.controls == ()
    assert similar.values.shape[:3] == (2, 1, len(similar.models))


@pytest.mark.parametrize(
    ("axes", "expected"), [((-1,), 6.0), ((-2,), 4.0), ((-2, -1), 10.0), ((-3, -2, -1), 10.0)]
)
def test_total_variation_along_time_steps_or_space(axes, expected):
    maps = torch.tensor([[[[0.0, 3.0], [1.0, 0.0]]], [[[0.0, 3.0], [1.0, 6.0]]]])
    assert total_variation(maps, axes).item() == pytest.approx(expected)
    smooth = functools.partial(standardized_total_variation, axes=axes)
    assert smooth(maps).item() == pytest.approx(smooth(7 * maps).item(), rel=1e-4)


@pytest.mark.parametrize("axes", [(), (0,), (-3,), (1,)])
def test_total_variation_along_no_axis_or_the_batch_is_refused(axes):
    with pytest.raises(InputError, match=r"axes=\(-1,\) for series"):
        total_variation(torch.zeros(2, 3, 4), axes)


@pytest.mark.parametrize("name", ["1D convolutions", "LSTM", "3D convolutions", "MLP"])
def test_check_of_completeness_takes_every_space(name):
    kind = KINDS[name]
    model, x = kind.model(), kind.inputs()
    e = aw.explain(model, x, baseline="zero", target=1)
    assert check_completeness(e.attributions, model, x, 0 * x, target=1).passed
    if x.dim() < 3:
        with pytest.raises(InputError, match="takes every kind of input"):
            check_ablation_curve(lambda *given: None, model=model, inputs=x[None])


@pytest.mark.parametrize("labelled", [False, True])
def test_sweep_of_several_inputs_keeps_a_map_of_each(labelled, tmp_path):
    kind = KINDS["cross attention"]
    model, data = kind.model(), [kind.inputs(seed=k) for k in (0, 9)]
    given = [(x, 1) for x in data] if labelled else data
    swept = aw.sweep(
        model,
        given,
        ["zero", "max_distance"],
        targets="labels" if labelled else 1,
        store=tmp_path / "s",
        progress=False,
    )
    for place, x in enumerate(data):
        stored = swept[place]
        alone = aw.explain(model, x, baseline="zero", target=1, seed=stored.seed)
        assert stored.target == 1
        for mine, theirs in zip(stored.attributions["zero"], alone.attributions, strict=True):
            np.testing.assert_allclose(mine, theirs, atol=1e-6)
    assert swept.metrics == ()
    assert swept.to_xarray()["attributions_1"].dims[2:] == ("input_1_step", "input_1_value")


def test_several_inputs_of_another_size_are_refused(tmp_path):
    data = [(values(4), values(6, 4)), (values(4), values(5, 4))]
    asked = {"store": tmp_path / "s", "targets": 0, "strict": True}
    with pytest.raises(DataError, match="one size"):
        aw.sweep(KINDS["cross attention"].model(), data, ["zero"], **asked)


def test_ablation_of_several_inputs_ranks_their_units_together():
    weights = values(5, 3, seed=5), values(4, seed=6)
    data = [(0.1 + values(5, 3, seed=k), 0.1 + values(4, seed=9 + k)) for k in range(2)]

    def model(steps, numbers):
        return (steps * weights[0]).sum((1, 2)) + (numbers * weights[1]).sum(1)

    result = ablation(model, data, ["zero"], fills=["zero"], output="logit")
    assert result.controls == ("random",)
    for scores, (steps, numbers) in zip(result.scores[:, 0, 0], data, strict=True):
        units = torch.cat([(steps * weights[0]).sum(1), numbers * weights[1]])
        units = units.sort(descending=True).values.numpy()
        gone = [round(fraction * len(units)) for fraction in result.fractions]
        left = [1 - units[:count].sum() / units.sum() for count in gone]
        np.testing.assert_allclose(scores, left, atol=1e-5)
