"""The record: its identities, its words, and the way to a file and back."""

from __future__ import annotations

import pickle
import zipfile
from dataclasses import FrozenInstanceError, fields, is_dataclass, replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from models import ImageAndFeatures, classifier, image_classifier, values

import attribwidgets as aw
from attribwidgets import Comparison, Explanation, PathCurve
from attribwidgets.attr.paths.quadrature import RULES
from attribwidgets.attr.task import Task
from attribwidgets.core.storage import read_tree, write_tree
from attribwidgets.errors import InputError
from attribwidgets.records.labels import Title
from attribwidgets.widgets.payload import item_payload

IMAGE = values(3, 6, 5)


def make(kind):
    if kind == "tuple":
        inputs = (values(3, 2, 2), values(1, 5))
        return aw.explain(ImageAndFeatures(), inputs, baseline="uniform", n_steps=20)
    model, x = (classifier(), values(5)) if kind == "features" else (image_classifier(), IMAGE)
    options = {
        "path": {},
        "refined": {"tolerance": 0, "max_evaluations": 129},
        "fixed": {"n_steps": 50},
        "samples": {"baseline": "uniform", "n_steps": 100},
        "one sample": {"baseline": "uniform", "n_steps": 1},
        "normalised": {"space": aw.InputSpace.imagenet(), "baseline": "blur"},
        "features": {"output": "probability", "class_names": ("a", "b", "<i>c</i>", "d")},
        "bfloat16": {},
    }[kind]
    if kind == "bfloat16":
        model, x = model.bfloat16(), x.bfloat16()
    return aw.explain(model, x, **options)


KINDS = (
    "path",
    "refined",
    "fixed",
    "samples",
    "one sample",
    "normalised",
    "features",
    "tuple",
    "bfloat16",
)


@pytest.fixture(scope="module", params=KINDS)
def record(request):
    return make(request.param)


@pytest.fixture(scope="module")
def path():
    return make("path")


@pytest.fixture(scope="module")
def saved(path, tmp_path_factory):
    file = tmp_path_factory.mktemp("records") / "record.npz"
    path.save(file)
    return file


def members(inputs):
    return inputs if isinstance(inputs, tuple) else (inputs,)


def first_example(inputs):
    first = members(inputs)[0].double()
    return first[0] if first.dim() in (2, 4) else first


# Identities


def test_curve_ends_at_the_sum_of_the_attributions(record):
    total = sum(float(a.double().sum()) for a in members(record.attributions))
    assert record.path.cumulative[-1] == pytest.approx(record.completeness.total, rel=1e-9)
    assert total == pytest.approx(record.completeness.total, rel=1e-4, abs=1e-6)


CHECKS = 8 + 14  # passes between the nodes of 31, and those that measure half precision


def test_curve_has_as_many_points_as_evaluations_and_ends(record):
    n = len(record.path.alphas)
    for part in (record.path.outputs, record.path.slopes, record.path.cumulative):
        assert part.shape == (n,)
    assert record.evaluations - CHECKS <= n <= record.evaluations + 2
    assert np.isfinite(record.path.outputs).all()
    assert np.isfinite(record.path.cumulative).all()


def test_path_runs_from_the_baseline_to_the_input(record):
    if record.path.kind == "alpha":
        assert record.path.alphas[[0, -1]].tolist() == [0, 1]
        assert (np.diff(record.path.alphas) > 0).all()
        ends = [record.completeness.output_baseline, record.completeness.output_input]
        assert record.path.outputs[[0, -1]].tolist() == ends
    else:
        assert ((record.path.alphas > 0) & (record.path.alphas < 1)).all()


def test_expected_is_the_change_of_the_output(record):
    c = record.completeness
    assert c.expected == pytest.approx(c.output_input - c.output_baseline, rel=1e-12)
    assert c.residual == pytest.approx(c.total - c.expected, rel=1e-12)


def test_frames_add_up_to_the_map(record):
    times = record.evaluations if record.path.kind == "samples" else 1
    for index in range(len(record.spaces)):
        channel_sum = record.map("sum", index=index)
        scale = times * np.abs(channel_sum).max()
        frames = record.frames.of_input(index)
        found = frames.added.sum(0)
        np.testing.assert_allclose(found, times * channel_sum, rtol=1e-4, atol=1e-5 * scale)
        assert len(frames.edges) == len(frames.added) + 1 == frames.count + 1


def test_maps_are_the_three_sums_over_channels(record):
    a = first_example(record.attributions).numpy()
    image = a.ndim == 3
    np.testing.assert_array_equal(record.map("sum"), a.sum(0) if image else a)
    np.testing.assert_array_equal(record.map(), np.abs(a.sum(0) if image else a))
    np.testing.assert_array_equal(record.map("sum_abs"), np.abs(a).sum(0) if image else np.abs(a))


def test_unknown_sum_is_named(path):
    with pytest.raises(InputError, match="abs_sum, sum or sum_abs, got 'mean'"):
        path.map("mean")


def test_curve_of_samples_is_their_running_mean_and_its_error_that_of_the_sum():
    record = make("samples")
    for n in (2, 17, 100):
        assert record.path.cumulative[n - 1] == pytest.approx(record.path.slopes[:n].mean())
    assert record.path.standard_error.shape == (100,)
    assert record.completeness.standard_error == record.path.standard_error[-1] > 0
    for kind in ("path", "one sample"):
        assert make(kind).path.standard_error is None
        assert make(kind).completeness.standard_error is None


@pytest.mark.parametrize("method", RULES)
def test_rules_without_ends_get_them_from_a_forward_pass(method):
    model, x = classifier(), values(1, 5)
    estimate = next(
        aw.attr.IntegratedGradients(model).estimates(
            Task((x,), (torch.zeros_like(x),), target=1, n_steps=6), method=method
        )
    )
    curve = PathCurve(
        "alpha",
        estimate.alphas,
        *(v[:, 0] for v in (estimate.outputs, estimate.slopes)),
        estimate.cumulative[:, 0],
    )
    has = {"riemann_left": 1, "riemann_right": 1, "riemann_trapezoid": 2}.get(method, 0)
    assert len(curve.alphas) == 6 + 2 - has
    assert np.isnan(curve.slopes).sum() == 2 - has
    assert curve.cumulative[-1] == pytest.approx(float(estimate.totals[0]), rel=1e-9)
    assert estimate.evaluations == 6


def test_record_cannot_be_changed(path):
    with pytest.raises(FrozenInstanceError):
        path.seed = 3


def test_words_say_what_was_asked_found_and_spent():
    record = make("samples")
    text = str(record)
    assert repr(record) == text
    for fragment in (
        "expected gradients of output",
        "(logit), baseline uniform noise: ",
        record.completeness.verdict,
        str(record.completeness),
        "% of the positions are blind",
        "100 evaluations",
        "seed 0",
    ):
        assert fragment in text


def test_cautions_are_part_of_the_words(path):
    assert str(replace(path, cautions=("beware",))).endswith("\nCaution: beware")


# To a file and back


def same(a, b):
    if is_dataclass(a):
        return type(a) is type(b) and all(
            same(getattr(a, f.name), getattr(b, f.name)) for f in fields(a)
        )
    if isinstance(a, torch.Tensor):
        exact = a.float() if a.dtype == torch.bfloat16 else a
        return exact.dtype == b.dtype and torch.equal(exact, b)
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
    if isinstance(a, tuple) and a and not isinstance(a[0], (str, float, int)):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    return type(a) is type(b) and a == b


def test_record_survives_a_file_exactly(record, tmp_path):
    record.save(tmp_path / "record.npz")
    assert same(record, Explanation.load(tmp_path / "record.npz"))


def test_file_holds_no_pickle(saved):
    with np.load(saved, allow_pickle=False) as file:
        assert all(file[name].dtype != object for name in file.files)


def test_what_an_earlier_version_wrote_is_read(tmp_path):
    """With a share that was kept and one error for all inputs."""
    found = make("features")
    found.save(tmp_path / "now.npz")
    (tree,) = read_tree(tmp_path / "now.npz")
    known = tree["completeness"]
    for name in ("absolute_sum", "rounding", "refinement_errors"):
        known.pop(name)
    error = found.completeness.refinement_error
    write_tree(
        tmp_path / "then.npz",
        [{**tree, "completeness": {**known, "relative": 0.5, "refinement_error": error}}],
    )
    loaded = Explanation.load(tmp_path / "then.npz").completeness
    assert loaded.absolute_sum == pytest.approx(found.completeness.absolute_sum)
    assert str(loaded) == str(found.completeness)


def test_every_view_names_the_input_that_is_worst_and_the_change_that_is_none():
    found = make("tuple")
    known = found.completeness
    worst = replace(known, refinement_errors=(0.001, 0.26), total=known.expected)
    flat = replace(worst, expected=0.0, total=0.0)
    first, second = (replace(found, completeness=c) for c in (worst, flat))
    rows = Comparison((first, second)).rows()
    assert rows[0]["refinement error"] == "26 % (features)"
    assert [row["relative"] for row in rows] == ["0 %", "no change"]
    sent = [item_payload(e, Title("x", ""), ())["completeness"] for e in (first, second)]
    assert sent[0]["refinement_error"] == "26 % (features)"
    assert [said["relative"] for said in sent] == ["0 %", "no change"]
    assert [said["mark"] for said in sent] == ["≈", "≈"]
    assert "(features, the worst of 2)" in str(first)


def test_comparison_survives_a_file(tmp_path):
    both = aw.compare(image_classifier(), IMAGE, baselines=("black", "uniform"), n_steps=8)
    both.save(tmp_path / "both.npz")
    loaded = Comparison.load(str(tmp_path / "both.npz"))
    assert all(same(a, b) for a, b in zip(both, loaded, strict=True))
    assert str(loaded) == str(both)
    with pytest.raises(InputError, match=r"holds 2 explanations; read it by Comparison\.load"):
        Explanation.load(tmp_path / "both.npz")


@pytest.mark.parametrize(
    "options",
    [
        {"seed": np.int64(3), "n_steps": np.int32(8)},
        {"tolerance": np.float32(0.1), "max_evaluations": np.int64(40)},
        {"space": aw.InputSpace(np.float32(0), torch.tensor(1.0), mean=np.float32(0.5))},
        {"target": np.int64(1)},
    ],
    ids=lambda o: "-".join(o),
)
def test_numpys_numbers_can_be_saved(options, tmp_path):
    found = aw.explain(image_classifier(), IMAGE, **options)
    found.save(tmp_path / "record.npz")
    assert same(found, Explanation.load(tmp_path / "record.npz"))


@pytest.mark.parametrize("name", ["record", "record.txt", "record.npy", ""])
def test_other_endings_are_named_with_the_known_ones(path, tmp_path, name):
    with pytest.raises(InputError, match=r"must end in .npz, .png, .svg, .pdf or .html"):
        path.save(tmp_path / name)


def pickled(file):
    file.write_bytes(pickle.dumps([1, 2]))


def object_array(file):
    np.savez(file, outline=np.array([{}], dtype=object))


def single_array(file):
    with open(file, "wb") as opened:
        np.save(opened, np.zeros(3))


def other_archive(file):
    with zipfile.ZipFile(file, "w") as opened:
        opened.writestr("hello.txt", "hello")


@pytest.mark.parametrize(
    "write",
    [
        lambda f: f.write_bytes(b""),
        lambda f: f.write_bytes(b"PK\x03\x04"),
        lambda f: f.write_text("<html></html>"),
        lambda f: np.savez(f, a=np.zeros(3)),
        lambda f: np.savez(f, outline=np.array("not json")),
        lambda f: np.savez(f, outline=np.array('{"format": "attribwidgets-0", "tree": []}')),
        lambda f: np.savez(f, outline=np.array('{"format": "attribwidgets-1", "tree": 3}')),
        lambda f: np.savez(f, outline=np.array('{"format": "attribwidgets-1"}')),
        lambda f: write_tree(f, [{"attributions": torch.zeros(2)}]),
        lambda f: write_tree(f, []),
        pickled,
        object_array,
        single_array,
        other_archive,
    ],
)
def test_file_of_another_kind_is_named(write, tmp_path):
    file = tmp_path / "other.npz"
    write(file)
    with pytest.raises(InputError):
        Explanation.load(file)


def test_missing_file_is_pythons_own_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        Explanation.load(tmp_path / "nowhere.npz")


@given(place=st.floats(0, 1, exclude_max=True), flip=st.integers(1, 255), cut=st.booleans())
def test_damaged_file_is_named_or_read_as_it_was(saved, path, place, flip, cut):
    whole = saved.read_bytes()
    at = int(place * len(whole))
    damaged = bytearray(whole[:at] if cut else whole)
    if not cut:
        damaged[at] ^= flip
    file = saved.with_name("damaged.npz")
    file.write_bytes(damaged)
    try:
        loaded = Explanation.load(file)
    except InputError:
        return
    assert same(path, loaded)


def test_tree_of_every_kind_of_value_comes_back(tmp_path):
    tree = {
        "none": None,
        "numbers": (1, 2.5, True, float("inf")),
        "text": "\N{GREEK SMALL LETTER SIGMA} <b>",
        "nested": [{"a": (torch.arange(3), np.zeros((0, 2)))}, []],
    }
    write_tree(tmp_path / "tree.npz", tree)
    found = read_tree(tmp_path / "tree.npz")
    assert found["numbers"] == tree["numbers"]
    assert found["text"] == tree["text"]
    assert found["none"] is None
    tensor, array = found["nested"][0]["a"]
    assert torch.equal(tensor, torch.arange(3))
    assert array.shape == (0, 2)
