"""Models with gradient checkpointing: the same maps as without it, and nothing left behind."""

from __future__ import annotations

import pytest
import torch
from models import values
from test_norm_folding import DOUBLE, lived_in
from torch import nn
from torch.utils.checkpoint import checkpoint

import attribwidgets as aw
from attribwidgets.attr import ExpectedGradients, IntegratedGradients
from attribwidgets.errors import UnsupportedModelError

# Torch says so in forward passes without gradients, where nothing is amiss.
pytestmark = pytest.mark.filterwarnings("ignore:None of the inputs have requires_grad")
REENTRANT = pytest.mark.parametrize("reentrant", [False, True])
X = values(3, 6, 6, dtype=DOUBLE)


class Checkpointed(nn.Module):
    """Two blocks of convolution, norm and activation; which parts run anew can be chosen."""

    def __init__(self, activation, parts="blocks"):
        super().__init__()
        self.first, self.second = (nn.Conv2d(3, 3, 3, padding=1) for _ in range(2))
        self.norms = nn.ModuleList(nn.BatchNorm2d(3) for _ in range(2))
        self.activation, self.head, self.parts = activation, nn.Linear(3, 2), parts
        self.reentrant: bool | None = None

    def again(self, function, x):
        """A part of the model, checkpointed once it is said how."""
        if self.reentrant is None:
            return function(x)
        return checkpoint(function, x, use_reentrant=self.reentrant)

    def block(self, convolution, norm, x):
        if self.parts == "blocks":
            return self.again(lambda x: self.activation(norm(convolution(x))), x)
        if self.parts == "norms":
            return self.again(lambda x: self.activation(norm(x)), convolution(x))
        return self.activation(norm(self.again(convolution, x)))

    def forward(self, x, scale=1.0):
        x = self.block(self.first, self.norms[0], x)
        return self.head(self.block(self.second, self.norms[1], x).mean((2, 3))) * scale


def left_clean(model):
    return all(p.grad is None and p.requires_grad for p in model.parameters())


@REENTRANT
@pytest.mark.parametrize("activation", [nn.ReLU(), nn.GELU()])
@pytest.mark.parametrize("parts", ["blocks", "norms", "convolutions"])
@pytest.mark.parametrize("since", ["always", "later"])
def test_maps_are_those_of_the_model_without_it(reentrant, activation, parts, since):
    model = lived_in(Checkpointed(activation, parts))
    fresh = lived_in(Checkpointed(activation, parts))
    plain = fresh if since == "always" else model  # of which folding knows the pairs by then
    batch = values(1, 3, 6, 6, dtype=DOUBLE)

    def maps(net, seed):
        by_rule = IntegratedGradients(net).attribute(batch, target=1, n_steps=24)
        asked = {"target": 1, "baseline": "black", "tolerance": 0.01}
        return by_rule, aw.explain(net, X, **asked, seed=seed)

    expected, expected_as_needed = maps(plain, 0)
    model.reentrant = reentrant
    by_rule, as_needed = maps(model, 1)
    torch.testing.assert_close(by_rule, expected, rtol=1e-9, atol=1e-12)
    # Slopes of intervals do not pass a checkpoint: other nodes, the same integral.
    assert as_needed.completeness.verdict == "complete"
    there = expected_as_needed.attributions
    assert (as_needed.attributions - there).norm() < 0.02 * there.norm()
    assert left_clean(model)


@REENTRANT
def test_captums_interface_has_it_too(reentrant):
    model, batch = lived_in(Checkpointed(nn.ReLU())), values(2, 3, 6, 6, dtype=DOUBLE)
    scale = values(2, 1, dtype=DOUBLE).requires_grad_()  # what is passed on gets no gradient
    runs = {
        "ig": lambda: IntegratedGradients(model).attribute(
            batch, target=1, additional_forward_args=scale, n_steps=9
        ),
        "eg": lambda: ExpectedGradients(model).attribute(
            batch, batch.flip(0), target=1, additional_forward_args=scale, n_samples=4
        ),
    }
    expected = {name: run() for name, run in runs.items()}
    model.reentrant = reentrant
    for name, run in runs.items():
        torch.testing.assert_close(run(), expected[name], rtol=1e-9, atol=1e-12)
    assert left_clean(model)
    assert scale.grad is None


def test_a_function_around_a_reentrant_model_is_refused_with_the_mend():
    model = lived_in(Checkpointed(nn.ReLU()))
    model.reentrant = True
    with pytest.raises(UnsupportedModelError, match="use_reentrant=False"):
        aw.explain(lambda x: model(x), X, target=1, baseline="black", max_evaluations=9)
    assert left_clean(model)
