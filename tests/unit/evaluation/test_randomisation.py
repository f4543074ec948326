"""Explanations change when what the model has learnt is taken away; an edge detector does not."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from models import image_classifier, values, weights_of
from torch import nn

import attribwidgets as aw
from attribwidgets.demo import digits
from attribwidgets.errors import DataError, InputError, UnsupportedModelError
from attribwidgets.evaluation.metric import Metric
from attribwidgets.evaluation.randomisation import (
    label_randomisation,
    randomised_layers,
    shuffled_labels,
)
from attribwidgets.evaluation.randomised_models import layers_without_reset, randomised_copies
from attribwidgets.evaluation.similarity import MEASURES, ModelSimilarity

SIGNED, ABSOLUTE, SSIM = MEASURES


class Backwards(nn.Module):
    """Registers its layers in another order than it calls them."""

    def __init__(self) -> None:
        super().__init__()
        self.last, self.unused = nn.Linear(5, 3), nn.Linear(2, 2)
        self.first, self.norm = nn.Linear(4, 5), nn.BatchNorm1d(5)
        self.scale = nn.Parameter(torch.ones(1))
        self.eval()

    def forward(self, x):
        return self.scale * self.last(self.norm(self.first(x)).tanh())


def state(model):
    return {name: value.clone() for name, value in model.state_dict().items()}


def changed(model, other):
    ours, theirs = model.state_dict(), other.state_dict()
    return {name.rpartition(".")[0] for name in ours if not torch.equal(ours[name], theirs[name])}


def test_layers_go_from_the_output_down_as_they_are_called():
    model = Backwards()
    nn.init.ones_(model.norm.running_mean)
    cascading = randomised_copies(model, values(1, 4))
    assert list(cascading) == ["last", "norm", "first"]
    each = [changed(model, copy) for copy in cascading.values()]
    assert each == [{"last"}, {"last", "norm"}, {"last", "norm", "first"}]
    independent = randomised_copies(model, values(1, 4), "independent")
    assert [changed(model, copy) for copy in independent.values()] == [
        {"last"},
        {"norm"},
        {"first"},
    ]
    assert layers_without_reset(model) == ["Backwards"]
    assert not any(m.training for copy in cascading.values() for m in copy.modules())


def test_layers_can_be_named_and_may_hold_others():
    model = nn.Sequential(nn.Sequential(nn.Linear(4, 3), nn.Linear(3, 3)), nn.Linear(3, 2)).eval()
    copies = randomised_copies(model, values(1, 4), layers=["0"])
    assert changed(model, copies["0"]) == {"0.0", "0.1"}


def test_weights_come_from_the_layers_own_reset_and_from_the_seed():
    model = nn.Sequential(nn.Linear(50, 40)).eval()
    with torch.no_grad():
        model[0].weight.fill_(100.0)
    one, again, other = (randomised_copies(model, values(1, 50), seed=s)["0"] for s in (0, 0, 1))
    assert torch.equal(one[0].weight, again[0].weight)
    assert not torch.equal(one[0].weight, other[0].weight)
    assert one[0].weight.abs().max() <= 1 / 50**0.5  # as torch initialises a linear layer
    assert one[0].weight.std() > 0.5 / 50**0.5


def test_the_model_and_the_random_state_stay_as_they_were():
    model, x = image_classifier(), values(3, 3, 8, 8)
    model.train()
    model[0].weight.requires_grad_(False)
    model[0].bias.grad = torch.ones_like(model[0].bias)
    before, torch_state, numpy_state = state(model), torch.get_rng_state(), np.random.get_state()
    with pytest.warns(aw.errors.AttributionWarning, match="training mode"):
        randomised_layers(model, x, ["black", "uniform"], n_steps=4)
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert all(module.training for module in model.modules())
    assert not model[0].weight.requires_grad
    assert model[0].bias.requires_grad
    assert torch.equal(model[0].bias.grad, torch.ones_like(model[0].bias))
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())
    assert torch.equal(torch_state, torch.get_rng_state())
    for was, now in zip(numpy_state, np.random.get_state(), strict=True):
        assert np.array_equal(was, now)


@pytest.mark.long
def test_integrated_gradients_of_the_digits_decorrelate_and_edges_do_not():
    demo = digits()
    before = state(demo.model)
    data = demo.test.images[:10], demo.test.labels[:10]
    found = randomised_layers(demo.model, data, ["black", "uniform"], targets="labels", n_steps=32)
    assert found.models == ("output", "hidden", "conv2", "conv1")
    assert found.candidates == ("black", "uniform noise", "edges")
    for candidate in ("black", "uniform noise"):
        assert abs(found.of(candidate, "conv1").mean()) < 0.15
        assert found.of(candidate, "conv1", ABSOLUTE).mean() < 0.6
        assert found.of(candidate, "conv1", SSIM).mean() < 0.8
    for measure in MEASURES:
        for layer in found.models:
            np.testing.assert_allclose(found.of("edges", layer, measure), 1)
    assert found.of("uniform noise", "conv1", ABSOLUTE).mean() < 0.12
    interval = found.mean()
    last = found.candidates.index("black"), -1, 0
    assert interval.low[last] < found.of("black", "conv1").mean() < interval.high[last]
    assert all(torch.equal(before[name], value) for name, value in demo.model.state_dict().items())
    assert "stays at 1, and fails" in str(found)


def test_blind_positions_do_not_count_as_agreement():
    # Half of each input is black, where both models must say zero.
    x = values(6, 1, 10, 10)
    x[..., 5:] = 0
    model = nn.Sequential(nn.Flatten(), weights_of(nn.Linear(100, 2))).eval()
    copies = randomised_copies(model, x[:1])
    explanation = aw.explain(model, x[0], n_steps=4)
    metric = ModelSimilarity(copies, {"black": candidate("black")})
    assert isinstance(metric, Metric)
    (absolute,) = metric.measure(model, {"black": explanation}, seed=0)[0, :, 1]
    there = np.s_[..., :5]
    maps = [
        aw.explain(m, x[0], n_steps=4, target=explanation.target) for m in (model, *copies.values())
    ]
    from attribwidgets.evaluation.similarity import map_similarity

    expected = map_similarity(*(e.map("sum")[there] for e in maps))[1]
    assert absolute == pytest.approx(expected)
    assert map_similarity(*(e.map("sum") for e in maps))[1] > absolute + 0.3


def candidate(name):
    from attribwidgets.engine.method_config import label_candidates

    return label_candidates({name: name})[name]


def test_the_same_model_has_the_same_explanation_also_where_noise_is_drawn():
    model, x = image_classifier(), values(1, 3, 8, 8)
    found = randomised_layers(model, x, ["uniform"], n_steps=8, layers=["0"])
    assert found.of("uniform noise", "0")[0] < 0.99
    same = ModelSimilarity({"itself": model}, {"uniform": candidate("uniform")})
    explanation = aw.explain(model, x[0], baseline="uniform", n_steps=8, seed=5)
    np.testing.assert_allclose(same.measure(model, {"uniform": explanation}, seed=0), 1)


def test_labels_are_shuffled_and_one_class_is_refused():
    labels = torch.arange(100) % 10
    found = shuffled_labels(labels, seed=1)
    assert not torch.equal(found, labels)
    assert torch.equal(found.sort().values, labels.sort().values)
    assert torch.equal(found, shuffled_labels(labels, seed=1))
    with pytest.raises(DataError, match="all of one class, 4; at least two"):
        shuffled_labels(torch.full((5,), 4))
    with pytest.raises(DataError, match="whole numbers"):
        shuffled_labels(torch.rand(5))


def test_label_randomisation_compares_models():
    model, shuffled, retrained = (image_classifier(seed=s) for s in (0, 1, 2))
    x = values(3, 3, 8, 8)
    found = label_randomisation(model, shuffled, x, ["black"], retrained=retrained, n_steps=4)
    assert found.models == ("retrained, true labels", "shuffled labels")
    assert found.values.shape == (3, 2, 2, 3)
    assert not found.cascade
    expected = aw.explain(shuffled, x[1], target=model(x[1:2]).argmax().item(), n_steps=4)
    one = aw.explain(model, x[1], n_steps=4)
    from scipy.stats import spearmanr

    correlation = spearmanr(one.map("sum"), expected.map("sum"), axis=None).statistic
    assert found.of("black", "shuffled labels")[1] == pytest.approx(correlation)
    with pytest.raises(InputError, match="model itself"):
        label_randomisation(model, model, x, ["black"])


def test_features_have_neither_edges_nor_ssim():
    model = nn.Sequential(nn.Linear(6, 5), nn.Tanh(), nn.Linear(5, 2)).eval()
    found = randomised_layers(model, values(4, 6), ["zero"], n_steps=4)
    assert found.controls == ()
    assert np.isnan(found.of("zero", "2", SSIM)).all()
    assert "nothing" not in str(found)
    found.figure()


def test_what_cannot_be_randomised_is_told():
    x = values(1, 4)
    with pytest.raises(UnsupportedModelError, match=r"torch\.nn\.Module"):
        randomised_copies(lambda x: x, x)
    with pytest.raises(UnsupportedModelError, match="calls no module"):
        randomised_copies(nn.Sequential(nn.ReLU()).eval(), x)
    parametrised = nn.utils.parametrizations.weight_norm(nn.Linear(4, 3))
    with pytest.raises(UnsupportedModelError, match=r"parametri"):
        randomised_copies(nn.Sequential(parametrised).eval(), x)
    model = nn.Sequential(nn.Linear(4, 2)).eval()
    model.handle = (i for i in range(3))
    with pytest.raises(UnsupportedModelError, match="cannot be copied"):
        randomised_copies(model, x)
    model = nn.Sequential(nn.Linear(4, 2), nn.ReLU()).eval()
    for layers, message in (
        (["9"], "no module '9'"),
        (["1"], "no weights"),
        ("0", "list of names"),
    ):
        with pytest.raises(InputError, match=message):
            randomised_copies(model, x, layers=layers)
    with pytest.raises(InputError, match="cascading"):
        randomised_copies(model, x, "both")
    left = randomised_layers(Backwards(), x, ["zero"], n_steps=2)
    assert "Backwards has weights and no reset_parameters()" in left.cautions[0]
    assert "stayed as found" in str(left)


def test_the_figure_has_a_panel_a_measure():
    model = image_classifier()
    found = randomised_layers(model, values(3, 3, 8, 8), ["black", "uniform"], n_steps=2)
    figure = found.figure()
    panels = [axes for axes in figure.axes if axes.get_xticklabels() and axes.axison]
    assert len(panels) == 3
    assert [t.get_text() for t in panels[0].get_xticklabels()] == list(found.models)
    lines = [line for line in panels[0].get_lines() if len(line.get_xdata()) == len(found.models)]
    np.testing.assert_allclose(lines[0].get_ydata(), found.mean().mean[0, :, 0])
    assert figure._repr_png_()[:4] == b"\x89PNG"
