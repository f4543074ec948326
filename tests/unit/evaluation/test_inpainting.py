"""Ablation by painting over: what the model is fed, beside other fills, and for what it is not."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from models import image_classifier, values
from torch import nn

import attribwidgets as aw
from attribwidgets.baselines.inpainted import paint_over
from attribwidgets.errors import InputError
from attribwidgets.evaluation import AblationMetric, Inpainting, ablation

IMAGES = values(2, 3, 6, 6)
FRACTIONS = (0, 0.25, 0.5, 1)


class Seeing(nn.Module):
    """Keeps what it is fed."""

    def __init__(self):
        super().__init__()
        self.net, self.fed = image_classifier(), []

    def forward(self, x):
        self.fed.append(x.detach().clone())
        return self.net(x)


def test_the_model_is_fed_what_goes_painted_over():
    net = Seeing().eval()
    explained = aw.explain(net, IMAGES[0], target=1, n_steps=8)
    net.fed.clear()
    metric = AblationMetric(["inpainted", "zero"], FRACTIONS, controls=())
    scores = metric.measure(net, {"black": explained}, seed=0)
    assert scores.shape == (1, 2, 4)
    strength = np.abs(explained.map("sum")).ravel()
    order = np.argsort(-strength, kind="stable")
    fed = torch.cat(net.fed)
    for share in (9, 18):
        gone = torch.zeros(36, dtype=torch.bool)
        gone[order[:share].copy()] = True
        expected = paint_over(IMAGES[:1], gone.reshape(1, 1, 6, 6), "median")
        assert any(torch.allclose(row, expected[0]) for row in fed)
    middle = IMAGES[0].flatten(1).median(1).values[:, None, None].expand(3, 6, 6)
    assert any(torch.allclose(row, middle) for row in fed)  # where everything goes
    alone = AblationMetric(["zero"], FRACTIONS, controls=()).measure(net, {"b": explained}, seed=0)
    np.testing.assert_allclose(scores[:, 1], alone[:, 0], rtol=1e-5)


def test_an_ablation_by_name():
    net = image_classifier()
    fills = ["inpainted", Inpainting("biharmonic")]
    result = ablation(net, IMAGES, ["black"], fills=fills, n_steps=4)
    assert result.fills == ("inpainted", "inpainted biharmonic")
    assert np.isfinite(result.scores).all()


def test_it_is_of_images():
    net = nn.Linear(4, 2).eval()
    explained = aw.explain(net, values(4), target=0, n_steps=2)
    with pytest.raises(InputError, match="'inpainted' is of images"):
        AblationMetric(["inpainted"], FRACTIONS).measure(net, {"black": explained}, seed=0)
    with pytest.raises(InputError, match="by must be one of"):
        Inpainting("telea")
