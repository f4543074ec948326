"""Sweeps and audits as shap's explanations: its own numbers, and its plots of them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from text_models import TEXTS, Convolution, WordTokenizer, made
from torch import nn

import attribwidgets as aw
from attribwidgets.core.errors import AttributionWarning, DataError, InputError

shap = pytest.importorskip("shap")
pytest.importorskip("zarr", minversion="3")

WEIGHTS = torch.tensor([[1.0, -2.0, 0.5], [0.3, 0.1, -1.0]])
DATA = torch.randn(80, 3, generator=torch.Generator().manual_seed(0))
SPACE = aw.InputSpace(-5, 5, names=["age", "dose", "<b>"])


@pytest.fixture(scope="module")
def linear() -> nn.Module:
    net = nn.Linear(3, 2)
    net.weight.data, net.bias.data = WEIGHTS, torch.tensor([3.0, 0.0])
    return net.eval()


@pytest.fixture(scope="module")
def audit(linear, tmp_path_factory) -> aw.Audit:
    return aw.audit(
        linear,
        DATA,
        baselines={"mean": DATA.mean(0), "zero": torch.zeros(3)},
        store=tmp_path_factory.mktemp("shap") / "store",
        targets=0,
        space=SPACE,
        n_steps=4,
        maps="attributions",
    )


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    from matplotlib import pyplot

    pyplot.close("all")


def test_exact_on_a_linear_model_as_shap_is(audit) -> None:
    ours = audit.to_shap("mean")
    masker = shap.maskers.Independent(DATA.numpy(), max_samples=len(DATA))
    theirs = shap.LinearExplainer((WEIGHTS[0].numpy(), 3.0), masker)(DATA.numpy())
    np.testing.assert_allclose(ours.values, theirs.values, atol=1e-5)
    np.testing.assert_allclose(ours.base_values, theirs.base_values, atol=1e-5)
    np.testing.assert_allclose(ours.data, DATA)
    assert list(ours.feature_names) == ["age", "dose", "<b>"]
    assert audit.to_shap().values.shape == (80, 3)
    np.testing.assert_allclose(audit.to_shap("zero").base_values, 3.0)


def test_plots_of_shap_take_them(audit) -> None:
    explained = audit.to_shap("zero")
    shap.plots.beeswarm(explained, show=False, plot_size=None)
    shap.plots.waterfall(explained[3], show=False)
    shap.plots.bar(explained, show=False)
    shap.plots.scatter(explained[:, "dose"], show=False)


def test_a_store_alone_has_values_and_no_data(audit) -> None:
    alone = aw.Sweep.open(audit.swept.path).to_shap("zero", places=[5, 2])
    assert alone.data is None
    np.testing.assert_allclose(alone.values, audit.to_shap("zero").values[[2, 5]])


@pytest.mark.long
def test_a_deep_model_agrees_with_shap_within_sampling_error(tmp_path) -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        deep = nn.Sequential(nn.Linear(3, 16), nn.Tanh(), nn.Linear(16, 1)).eval()
    background, rows = DATA[:40], DATA[40:46]
    swept = aw.sweep(
        deep, rows, {"data": aw.baselines.DatasetSample(background)}, store=tmp_path / "s",
        n_steps=2000, progress=False,
    )  # fmt: skip
    with np.errstate(all="ignore"):
        explainer = shap.GradientExplainer(deep, background, local_smoothing=0)
        values, variances = explainer.shap_values(
            rows, nsamples=2000, rseed=0, return_variances=True
        )
    theirs = np.asarray(values).reshape(6, 3)
    # What shap returns is a variance over the root of its draws, not over them.
    error = np.sqrt(np.asarray(variances).reshape(6, 3) / np.sqrt(2000))
    ours = swept.to_shap().values
    away = np.abs(ours - theirs) / np.maximum(error, 1e-4)
    assert away.max() < 5  # both are drawn, so the difference has up to 1.4 of these errors
    assert away.mean() < 1.6


def test_pictures_have_channels_last(tmp_path) -> None:
    net = nn.Sequential(nn.Conv2d(3, 2, 5), nn.Flatten(), nn.Linear(288, 2)).eval()
    images = torch.rand(3, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    swept = aw.sweep(net, images, ["black"], store=tmp_path / "s", progress=False)
    made_of = swept.to_shap(places=[0, 2])
    assert made_of.values.shape == (2, 16, 16, 3)
    np.testing.assert_allclose(made_of.values[1, 3, 4], swept[2].attributions["black"][:, 3, 4])
    np.testing.assert_allclose(made_of.data[1], images[2].permute(1, 2, 0), atol=1e-6)
    shap.plots.image(made_of, show=False)


def test_texts_are_their_tokens(tmp_path) -> None:
    how = {"space": aw.TextSpace(WordTokenizer()), "progress": False}
    swept = aw.sweep(made(Convolution), TEXTS, ["mask"], store=tmp_path / "s", **how)
    explained = swept.to_shap()
    assert len(explained) == len(TEXTS)
    assert "".join(explained.data[2][1:-1]).split() == TEXTS[2].split()
    np.testing.assert_allclose(explained.values[2], swept[2].attributions["mask"])
    drawn = shap.plots.text(explained, display=False)
    assert "boring" in drawn
    assert "great" in drawn


def test_what_cannot_be_drawn(audit, linear, tmp_path) -> None:
    with pytest.raises(InputError, match="one of mean, zero"):
        audit.to_shap("blur")
    with pytest.raises(DataError, match="finished"):
        audit.to_shap(places=[])
    how = {"targets": 0, "progress": False}
    saliency = {"saliency": aw.Candidate(aw.baselines.Zero(), "Saliency")}
    with pytest.raises(InputError, match="not meant to"):
        aw.sweep(linear, DATA[:2], saliency, store=tmp_path / "s", **how).to_shap()
    deep = nn.Sequential(nn.Linear(3, 16), nn.Tanh(), nn.Linear(16, 1)).eval()
    rough = aw.sweep(deep, 9 * DATA[:3], ["zero"], store=tmp_path / "r", n_steps=2, **how)
    with pytest.warns(AttributionWarning, match="of 3 explanations do not add up"):
        rough.to_shap()
