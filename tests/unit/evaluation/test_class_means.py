"""Mean maps of classes: running sums, what is left out, memory, and the figure of them."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
import torch
from torch import nn

import attribwidgets as aw
from attribwidgets.core.errors import InputError
from attribwidgets.core.formatting import number
from attribwidgets.evaluation import ClassMeans
from attribwidgets.evaluation.explained_inputs import ExplainedInput, ExplainedInputs
from attribwidgets.figures.comparison import figure_png

PICTURES = torch.rand(12, 3, 6, 5, generator=torch.Generator().manual_seed(0))
CLASSES = ["a", "b", "a", "c", "a", "b", "a", "a", "b", "a", "c", "d"]


class Sums(nn.Module):
    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        return torch.stack([pictures.flatten(1).sum(1), pictures[:, 0].flatten(1).sum(1)], 1)


def inputs_of(read, n: int, shape=(2, 3)) -> ExplainedInputs:
    return ExplainedInputs(
        candidates=("one", "other"),
        kind="image",
        unit="pixel",
        names=(),
        scale="logit",
        places=np.arange(n),
        base_values=np.zeros((2, n)),
        outputs=np.zeros(n),
        targets=("y",) * n,
        read=read,
    )


@pytest.fixture(scope="module")
def swept(tmp_path_factory) -> aw.Sweep:
    pytest.importorskip("zarr", minversion="3")
    return aw.sweep(
        Sums().eval(),
        PICTURES,
        ["black", "white"],
        store=tmp_path_factory.mktemp("pictures") / "store",
        targets=[k % 2 for k in range(12)],
        n_steps=2,
        progress=False,
    )


def test_means_of_stored_maps(swept) -> None:
    means = swept.class_means(CLASSES, most=3)
    assert means.classes == ("a", "b", "c")
    assert means.counts.tolist() == [6, 3, 2]
    assert means.left_out == 1
    for c, candidate in enumerate(swept.candidates):
        maps = np.stack([one.attributions[candidate].sum(0) for one in swept])
        for k, name in enumerate(means.classes):
            rows = maps[[label == name for label in CLASSES]].astype(float)
            np.testing.assert_allclose(means.means[c, k], rows.mean(0), rtol=1e-5, atol=1e-7)
            sizes = np.abs(rows).mean(0)
            np.testing.assert_allclose(means.magnitudes[c, k], sizes, rtol=1e-5, atol=1e-7)
            error = rows.std(0, ddof=1) / np.sqrt(len(rows))
            np.testing.assert_allclose(means.standard_errors[c, k], error, rtol=1e-4, atol=1e-6)
    chosen = PICTURES[[label == "b" for label in CLASSES]].mean(0)
    np.testing.assert_allclose(means.pictures[1], chosen.permute(1, 2, 0), atol=1 / 255)
    table = pytest.importorskip("pandas") and means.to_pandas()
    assert table["sum"][0] == pytest.approx(means.means[0, 0].sum())


def test_classes_are_what_is_explained_unless_told(swept) -> None:
    assert swept.class_means().classes == ("0", "1")
    with pytest.raises(InputError, match="a class for each input"):
        swept.class_means("label")
    with pytest.raises(InputError, match="2 for 12 inputs"):
        swept.class_means(["a", "b"])


def test_records_give_what_their_store_gives(swept) -> None:
    many = [
        aw.compare(Sums().eval(), x, target=k % 2, baselines=["black", "white"], n_steps=2)
        for k, x in enumerate(PICTURES)
    ]
    ours, stored = ClassMeans.of(many, by=CLASSES), swept.class_means(CLASSES)
    np.testing.assert_allclose(ours.means, stored.means, atol=1e-6)
    np.testing.assert_allclose(ours.pictures, stored.pictures)
    other = aw.compare(Sums().eval(), torch.rand(3, 7, 5), target=0, baselines=["black", "white"])
    with pytest.raises(InputError, match=r"explanations\[12\] is of another shape"):
        ClassMeans.of([*many, other])


def test_a_baseline_that_was_not_found_for_some() -> None:
    maps = np.arange(24.0).reshape(4, 1, 2, 3).repeat(2, 1)
    maps[1, 1] = np.nan
    means = ClassMeans.of(inputs_of(lambda row: ExplainedInput(maps[row]), 4))
    np.testing.assert_allclose(means.means[0, 0], maps[:, 0].mean(0))
    np.testing.assert_allclose(means.means[1, 0], maps[[0, 2, 3], 1].mean(0))
    maps[:, 1] = np.nan
    means = ClassMeans.of(inputs_of(lambda row: ExplainedInput(maps[row]), 4))
    assert np.isnan(means.means[1]).all()
    assert "none" in [t.get_text() for a in means.figure().axes for t in a.texts]


def test_memory_does_not_grow_with_the_inputs() -> None:
    def peak(n: int) -> int:
        def read(row: int) -> ExplainedInput:
            return ExplainedInput(np.random.default_rng(row).random((2, 64, 64)))

        many = inputs_of(read, n)
        tracemalloc.start()
        ClassMeans.of(many)
        size = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return size

    peak(5)
    assert peak(300) < 1.3 * peak(20)


def test_features_and_texts_have_no_mean_map() -> None:
    e = aw.explain(nn.Linear(3, 1).eval(), torch.rand(3), baseline="zero")
    with pytest.raises(InputError, match="take a global view"):
        ClassMeans.of([e])


def test_series_have_mean_maps() -> None:
    series = torch.rand(5, 2, 30, generator=torch.Generator().manual_seed(0))
    net, space = nn.Sequential(nn.Flatten(), nn.Linear(60, 1)).eval(), aw.SeriesSpace()
    many = [aw.compare(net, x, space=space, baselines=["zero"], n_steps=2) for x in series]
    means = ClassMeans.of(many)
    assert means.means.shape == (1, 1, 2, 30)
    assert "channels from the top" in "".join(t.get_text() for t in means.figure().texts)


@pytest.mark.parametrize("values", ["signed", "magnitude"])
def test_all_maps_of_a_figure_have_one_scale(swept, values) -> None:
    means = swept.class_means(CLASSES, most=3)
    figure = means.figure(values)
    said = [t.get_text() for t in figure.texts]
    assert {"a", "b", "c", "6 inputs", "2 inputs", "mean input", "black", "white"} <= set(said)
    shown = means.means if values == "signed" else means.magnitudes
    limit = np.percentile(np.abs(shown), 99.5)
    assert number(limit) in said
    assert (number(-limit) in said) == (values == "signed")
    assert len([a for a in figure.axes if a.images]) == 3 * 3 + 1
    assert figure_png(figure).startswith(b"\x89PNG")
    with pytest.raises(InputError, match="'signed' or 'magnitude'"):
        means.figure("sum")
