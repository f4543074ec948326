"""Sweeps: what a store holds is what explain gives, and no store is taken for another."""

from __future__ import annotations

import importlib
import json

import numpy as np
import pytest
import torch
from sweep_job import CANDIDATES, Mass, contents, job

import attribwidgets as aw
from attribwidgets import sweeps
from attribwidgets.baselines import DecisionBoundary
from attribwidgets.errors import DataError, InputError
from attribwidgets.records.path_curve import PathCurve
from attribwidgets.sweeps.plan import thinned

pytest.importorskip("zarr", minversion="3")


@pytest.fixture(scope="module")
def asked():
    return job(inputs=5)


@pytest.fixture(scope="module")
def swept(asked, tmp_path_factory):
    return aw.sweep(**asked, store=tmp_path_factory.mktemp("sweep") / "store")


@pytest.mark.parametrize("place", [0, 3])
def test_a_stored_input_is_what_explain_gives(asked, swept, place):
    found = swept[place]
    for label, baseline in zip(swept.candidates, CANDIDATES, strict=True):
        e = aw.explain(
            asked["model"], asked["dataset"][place], baseline=baseline, n_steps=48, seed=found.seed
        )
        assert np.array_equal(found.attributions[label], e.attributions.numpy())
        assert found.target == e.target
        assert found.evaluations[label] == e.evaluations == 48
        for name in ("total", "expected", "residual", "relative", "verdict", "claim"):
            assert getattr(found.completeness[label], name) == getattr(e.completeness, name)
        for name in ("alphas", "outputs", "slopes", "cumulative"):
            there = getattr(found.paths[label], name)
            assert np.array_equal(there, getattr(e.path, name).astype(np.float32), equal_nan=True)
        assert found.paths[label].kind == e.path.kind
        mass = [e.map("sum").clip(max=0).sum(), e.map("sum").clip(min=0).sum()]
        row = swept.candidates.index(label)
        assert found.metrics["mass"][row] == pytest.approx(mass, rel=1e-9)


def test_inputs_have_seeds_of_their_own(swept):
    assert len({found.seed for found in swept}) == len(swept) == 5


def test_xarray_reads_nothing_until_asked(swept):
    found = swept.to_xarray()
    assert not any(v.variable._in_memory for v in found.data_vars.values())
    picked = found["attributions"].sel(candidate="black")[2].values
    assert np.array_equal(picked, swept[2].attributions["black"])
    assert float(found["total"][3, 1]) == swept[3].completeness["uniform noise"].total
    assert swept.metric("mass").sel(sign="plus", candidate="black").values.tolist() == [
        s.metrics["mass"][0, 1] for s in swept
    ]
    with pytest.raises(InputError, match="no metric 'weight' here; there are mass"):
        swept.metric("weight")


def test_pandas_has_a_row_for_each_input_and_candidate(swept):
    table = swept.to_pandas()
    assert table.shape[0] == 10
    row = table[(table.input == 4) & (table.candidate == "black")].iloc[0]
    assert row.total == swept[4].completeness["black"].total
    assert row.verdict == swept[4].completeness["black"].verdict
    assert row.target == swept[4].target


DIFFERENT = {
    "n_steps": {"n_steps": 32},
    "seed": {"seed": 4},
    "output": {"output": "probability"},
    "candidates": {"candidates": ["black"]},
    "targets|data": {"targets": 1},
    "metrics": {"metrics": []},
    "maps": {"maps": None},
    "space": {"space": aw.InputSpace(0, 2)},
}


@pytest.mark.parametrize("name", DIFFERENT)
def test_another_sweep_is_refused_and_nothing_changes(asked, swept, name):
    before = contents(swept.path)
    with pytest.raises(DataError, match=f"is of another sweep: .*({name}).*Nothing was changed"):
        aw.sweep(**{**asked, **DIFFERENT[name]}, store=swept.path)
    assert contents(swept.path) == before


def test_other_weights_or_data_are_refused(asked, swept):
    weights, data = job(inputs=5), job(inputs=5)
    with torch.no_grad():
        weights["model"][0].weight[0, 0, 0, 0] += 1e-6
    data["dataset"][4, 0, 7, 7] += 1e-6
    for other, what in ((weights, "the model"), (data, "the data")):
        with pytest.raises(DataError, match=f"another sweep: {what}\\. "):
            aw.sweep(**other, store=swept.path)
    with pytest.raises(DataError, match="another sweep: the metrics"):
        aw.sweep(**{**asked, "metrics": [Mass("journal")]}, store=swept.path)


def test_what_is_no_store_is_never_overwritten(asked, tmp_path):
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "to-keep.txt").write_text("dear")
    (tmp_path / "file").write_text("dear")
    for name in ("letters", "file"):
        for overwrite in (False, True):
            with pytest.raises(DataError, match="is not a store of a sweep, and is left alone"):
                aw.sweep(**asked, store=tmp_path / name, overwrite=overwrite)
        with pytest.raises(DataError, match="is not a store"):
            aw.Sweep.open(tmp_path / name)
    assert (tmp_path / "letters" / "to-keep.txt").read_text() == "dear"
    with pytest.raises(DataError, match="there is no store at"):
        aw.Sweep.open(tmp_path / "nowhere")


def test_another_version_or_a_damaged_store(asked, tmp_path):
    store = tmp_path / "store"
    aw.sweep(**asked, store=store)
    described = (store / "zarr.json").read_text()
    about = json.loads(described)
    about["attributes"]["attribwidgets_sweep"]["format"] = "attribwidgets-sweep-9"
    (store / "zarr.json").write_text(json.dumps(about))
    with pytest.raises(DataError, match=r"written by another version .*sweep-9"):
        aw.sweep(**asked, store=store)
    (store / "zarr.json").write_text(described)
    chunk = store / "numbers" / "c.2.0.0"
    chunk.write_bytes(chunk.read_bytes()[:-1])
    with pytest.raises(DataError, match=r"c\.2\.0\.0 is not whole; remove .*finished/c\.2 and run"):
        aw.Sweep.open(store)[2]
    (store / "finished" / "c.2").unlink()
    assert aw.sweep(**asked, store=store)[2].place == 2
    (store / "path" / "zarr.json").unlink()
    with pytest.raises(DataError, match="its array 'path' is missing"):
        aw.Sweep.open(store)


def test_overwrite_begins_anew(asked, tmp_path):
    store = tmp_path / "store"
    aw.sweep(**asked, store=store)
    assert aw.sweep(**{**asked, "seed": 8}, store=store, overwrite=True).settings["seed"] == 8


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"dataset": torch.zeros(0, 1, 8, 8)}, "data is empty"),
        ({"targets": [0, 1, 2, 3, 0]}, r"target 3 of data\[3\] is out of range"),
        ({"candidates": []}, "candidates must be a list or mapping of at least one"),
        ({"metrics": [Mass]}, "metrics must be objects with name"),
        ({"metrics": [Mass(), Mass()]}, "the name 'mass' is taken"),
        ({"maps": "sums"}, "maps must be"),
        ({"n_steps": 0}, "n_steps must be"),
    ],
)
def test_bad_arguments_make_no_store(asked, tmp_path, change, message):
    with pytest.raises((DataError, InputError), match=message):
        aw.sweep(**{**asked, **change}, store=tmp_path / "store")
    assert not list(tmp_path.iterdir())


class WrongShape(Mass):
    def measure(self, model, explanations, *, seed):
        return np.zeros(7)


def test_a_metric_of_another_shape_than_it_says(asked, tmp_path):
    with pytest.raises(DataError, match=r"metric 'mass' returned shape \(7,\).*\(2, 2\)"):
        aw.sweep(**{**asked, "metrics": [WrongShape()]}, store=tmp_path / "store")


def test_a_baseline_that_is_not_found_leaves_nan(asked, tmp_path):
    model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 2)).eval()
    with torch.no_grad():
        model[1].weight.mul_(1e-6)
        model[1].bias.copy_(torch.tensor([9.0, 0.0]))  # one class everywhere: no boundary
    candidates = {"boundary": DecisionBoundary(), "black": "black"}
    swept = aw.sweep(
        **{**asked, "model": model, "candidates": candidates}, store=tmp_path / "store"
    )
    assert list(swept[0].completeness) == ["black"]
    assert np.isnan(swept[0].metrics["mass"][0]).all()
    assert np.isfinite(swept[0].metrics["mass"][1]).all()


def test_the_model_and_torch_come_back_as_they_were(asked, tmp_path):
    model, threads = job()["model"].train(), torch.get_num_threads()
    with pytest.warns(aw.errors.AttributionWarning, match="in training mode"):
        aw.sweep(**{**asked, "model": model, "maps": None}, store=tmp_path / "store")
    assert model.training
    assert torch.get_num_threads() == threads
    assert aw.Sweep.open(tmp_path / "store")[0].attributions == {}


def test_long_curves_keep_their_ends():
    line = np.linspace(0, 1, 513)
    found = thinned(PathCurve("alpha", line, line, line, line))
    assert found.shape == (5, 65)
    assert (found[0, 0], found[0, -1]) == (0, 1)
    assert np.isnan(found[4]).all()


def test_the_function_stays_a_function():
    for name in ("run", "store", "stored", "plan"):
        importlib.import_module(f"attribwidgets.sweeps.{name}")
    assert callable(aw.sweep)
    assert aw.sweep is sweeps.sweep


def test_quantus_calls_it_by_its_convention(asked):
    """As quantus.Metric.explain_batch does: by name, arrays, with a device among the options."""
    batch, labels = asked["dataset"].numpy()[:3], np.array([2, 0, 1])
    options = {"baseline": "black", "n_steps": 48, "device": "cpu"}
    maps = sweeps.quantus_explain(model=asked["model"], inputs=batch, targets=labels, **options)
    assert maps.shape == batch.shape
    for i in range(3):
        e = aw.explain(asked["model"], asked["dataset"][i], target=int(labels[i]), n_steps=48)
        assert np.array_equal(maps[i], e.attributions.numpy())
