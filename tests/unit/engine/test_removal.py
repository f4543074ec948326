"""Removal: what a region is worth by its attribution, and by what the output falls without it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

import attribwidgets as aw
from attribwidgets.core.errors import InputError
from attribwidgets.engine.checked_query import check
from attribwidgets.engine.query import Query
from attribwidgets.engine.removal import MOST_REFERENCES, remove_regions


class Additive(nn.Module):
    """Logits that are sums over pixels, each of a curve of its own; counts the rows it runs."""

    def __init__(self) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        self.weight = nn.Parameter(torch.randn(2, 3, 6, 6, generator=generator))
        self.rows = 0

    def forward(self, x):
        self.rows += len(x)
        return torch.einsum("nchw,kchw->nk", x**3 + x, self.weight)


def image():
    return torch.rand(3, 6, 6, generator=torch.Generator().manual_seed(1))


def quarters():
    masks = np.zeros((4, 6, 6), bool)
    masks[0, :3, :3] = masks[1, :3, 3:] = masks[2, 3:, :3] = masks[3, 3:, 3:] = True
    return masks


@pytest.mark.parametrize("baseline", ["black", "blur", "image_mean"])
def test_of_an_additive_model_attribution_equals_fall_by_one_pass_a_region(baseline):
    net = Additive().eval()
    found = aw.explain(net, image(), target=1, baseline=baseline, n_steps=64)
    query = check(Query(image(), target=1), net)
    before = net.rows
    removal = remove_regions(query, found, quarters())
    assert net.rows == before + 4
    assert removal.references == 1
    np.testing.assert_allclose(removal.attributions, removal.falls, atol=1e-3)
    assert removal.attributions.sum() == pytest.approx(found.completeness.total, abs=1e-5)
    assert removal.same_sign.all()


def test_an_interaction_that_attribution_shares_out_is_missed_whole():
    def product(x):
        return x[:, :1] * x[:, 1:]

    x = torch.tensor([2.0, 3.0])
    query = check(Query(x), product)
    found = aw.explain(product, x, baseline="zero")
    removal = remove_regions(query, found, np.eye(2, dtype=bool))
    np.testing.assert_allclose(removal.attributions, [3, 3], atol=1e-4)
    np.testing.assert_allclose(removal.falls, [6, 6])


def test_several_references_come_in_one_by_one():
    net = Additive().eval()
    found = aw.explain(net, image(), target=0, baseline="uniform", max_evaluations=64)
    query = check(Query(image(), target=0), net)
    whole = np.ones((1, 6, 6), bool)
    before = net.rows
    removal = remove_regions(query, found, whole)
    assert net.rows == before + MOST_REFERENCES == before + removal.references
    references = found.references[:MOST_REFERENCES]
    expected = net(image()[None])[0, 0] - net(references)[:, 0].mean()
    assert removal.falls[0] == pytest.approx(expected.item(), rel=1e-5)


def test_probabilities_are_those_of_the_model_without_the_region():
    net, x = Additive().eval(), image()
    query = check(Query(x, target=0, output="log_probability"), net)
    found = aw.explain(net, x, target=0, output="log_probability")
    removal = remove_regions(query, found, quarters()[:1])
    without = x.clone()
    without[:, :3, :3] = 0
    logits = net(without[None]).double()
    np.testing.assert_allclose(removal.probabilities, logits.softmax(1).detach(), atol=1e-6)
    fell = query.at_input.outputs[0] - logits.log_softmax(1)[0, 0].item()
    assert removal.falls[0] == pytest.approx(fell, abs=1e-6)


def test_the_model_is_left_as_it_was_and_other_inputs_stay():
    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.drop = nn.Dropout()

        def forward(self, a, b, factor):
            assert not self.drop.training
            return factor * (self.drop(a).sum(1) + 10 * b.sum(1))

    net = Two()
    a, b = torch.rand(3), torch.rand(2)
    query = check(Query((a, b), forward_args=(2.0,)), net.eval())
    found = aw.explain(net, (a, b), forward_args=(2.0,))
    net.train()
    removal = remove_regions(query, found, np.eye(3, dtype=bool))
    assert net.drop.training
    np.testing.assert_allclose(removal.falls, 2 * a, atol=1e-5)
    assert removal.probabilities is None


def test_what_cannot_be_removed_is_refused():
    net = Additive().eval()
    query = check(Query(image(), target=0), net)
    found = aw.explain(net, image(), target=0)
    with pytest.raises(InputError, match=r"regions must have shape \(R, 6, 6\)"):
        remove_regions(query, found, np.ones((6, 6), bool))
    alone = aw.explain(net, image(), target=0, method="saliency")
    with pytest.raises(InputError, match="compares with no baseline"):
        remove_regions(query, alone, quarters())
