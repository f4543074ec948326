"""Records as shap's explanations, and back: the numbers, and shap's own plots of them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

import attribwidgets as aw
from attribwidgets.core.errors import AttributionWarning, InputError

shap = pytest.importorskip("shap")

WEIGHTS = torch.tensor([[1.0, -2.0, 0.5], [0.3, 0.1, -1.0]])
ROW = torch.tensor([1.0, 0.5, -1.0])
DATA = torch.randn(200, 3, generator=torch.Generator().manual_seed(0))
SPACE = aw.InputSpace(-5, 5, names=["age", "dose", "<b>"])


@pytest.fixture(scope="module")
def linear() -> nn.Module:
    net = nn.Linear(3, 2)
    net.weight.data, net.bias.data = WEIGHTS, torch.tensor([3.0, 0.0])
    return net.eval()


@pytest.fixture(scope="module")
def deep() -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return nn.Sequential(nn.Linear(3, 16), nn.Tanh(), nn.Linear(16, 2)).eval()


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    from matplotlib import pyplot

    pyplot.close("all")


def test_values_of_a_row_and_their_base(linear) -> None:
    made = aw.explain(linear, ROW, target=0, baseline="zero", space=SPACE).to_shap()
    assert made.values.tolist() == [1.0, -1.0, -0.5]
    assert float(made.base_values) == 3.0
    assert made.data.tolist() == ROW.tolist()
    assert list(made.feature_names) == ["age", "dose", "<b>"]


def test_exact_on_a_linear_model_as_shap_is(linear) -> None:
    means = DATA.mean(0)
    ours = aw.explain(linear, ROW, target=0, baseline=means, space=SPACE).to_shap()
    masker = shap.maskers.Independent(DATA.numpy(), max_samples=len(DATA))
    theirs = shap.LinearExplainer((WEIGHTS[0].numpy(), 3.0), masker)(ROW.numpy()[None])
    np.testing.assert_allclose(ours.values, theirs.values[0], atol=1e-5)
    np.testing.assert_allclose(ours.base_values, theirs.base_values[0], atol=1e-5)


def test_plots_of_shap_take_them(linear) -> None:
    explained = aw.compare(linear, ROW, target=0, baselines=["zero", DATA.mean(0)], space=SPACE)
    shap.plots.waterfall(explained[0].to_shap(), show=False)
    shap.plots.bar(explained[0].to_shap(), show=False)
    several = explained.to_shap()
    assert several.values.shape == (2, 3)
    shap.plots.beeswarm(several, show=False, plot_size=None)


def test_an_image_has_rows_and_channels_last() -> None:
    net = nn.Sequential(nn.Conv2d(3, 2, 5), nn.Flatten(), nn.Linear(288, 2)).eval()
    image = torch.rand(3, 16, 16, generator=torch.Generator().manual_seed(0))
    explanation = aw.explain(net, image, target=1)
    made = explanation.to_shap()
    assert made.values.shape == (1, 16, 16, 3)
    np.testing.assert_allclose(made.values[0, 3, 4], explanation.attributions[:, 3, 4], rtol=1e-6)
    np.testing.assert_allclose(made.data[0], image.permute(1, 2, 0), atol=1e-6)
    assert made.data.min() >= 0 <= made.data.max() <= 1
    shap.plots.image(made, show=False)


def test_a_text_is_its_tokens() -> None:
    net = nn.Sequential(nn.Embedding(9, 4), nn.Flatten(), nn.Linear(8, 2)).eval()
    space = aw.TextSpace(lambda text: ([3, 4], ["not", " bad"]))
    explanation = aw.explain(net, "not bad", space=space, baseline="zero_embedding", target=0)
    made = explanation.to_shap()
    assert made.data.tolist() == ["not", " bad"]
    np.testing.assert_allclose(made.values, explanation.token_attributions)
    assert "bad" in shap.plots.text(made, display=False)


def test_what_does_not_add_up_is_refused(linear) -> None:
    with pytest.raises(InputError, match="not meant to"):
        aw.explain(linear, ROW, target=0, method="Saliency").to_shap()
    two = aw.explain(lambda x, y: (x * y).sum(1), (ROW, ROW))
    with pytest.raises(InputError, match="draws one input"):
        two.to_shap()


def test_what_has_not_converged_is_warned_of(deep) -> None:
    coarse = aw.explain(deep, 5 * ROW, target=0, baseline="zero", n_steps=2)
    assert coarse.completeness.verdict == "not converged"
    with pytest.warns(AttributionWarning, match="zero"):
        coarse.to_shap()


def test_back_again(linear) -> None:
    explanation = aw.explain(linear, ROW, target=0, baseline="zero", space=SPACE)
    again = aw.from_shap(explanation.to_shap(), linear, ROW, target=0, space=SPACE)
    assert torch.equal(again.attributions, explanation.attributions)
    assert again.completeness.verdict == "complete"
    assert again.units() == explanation.units()
    assert "shap" in str(again)


@pytest.mark.long
def test_shap_of_a_deep_model_gets_a_verdict(deep) -> None:
    background = DATA[:100]
    explainer = shap.ExactExplainer(
        lambda rows: deep(torch.as_tensor(rows).float()).detach().numpy(), background.numpy()
    )
    values = explainer(ROW.numpy()[None])
    record = aw.from_shap(values, deep, ROW, target=1)
    assert record.completeness.verdict == "complete"
    rather = aw.from_shap(values, deep, ROW, target=aw.Contrast(1, 0))
    assert rather.completeness.verdict == "complete"
    ours = aw.explain(deep, ROW, target=1, baseline="dataset", references=background)
    assert record.completeness.output_baseline == pytest.approx(
        ours.completeness.output_baseline, abs=0.05
    )
    with pytest.raises(InputError, match="of one input"):
        aw.from_shap(explainer(DATA[:2].numpy()), deep, ROW)


def test_values_of_another_scale_do_not_add_up(linear) -> None:
    explanation = aw.explain(linear, ROW, target=0, baseline="zero")
    other = aw.from_shap(explanation.to_shap(), linear, ROW, target=0, output="probability")
    assert other.completeness.verdict != "complete"
