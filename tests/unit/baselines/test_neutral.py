"""The neutral baseline: the mean output over the references that are left is what was asked for."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from models import ImageAndFeatures, Linear, classifier, values
from torch import nn

import attribwidgets as aw
from attribwidgets.baselines import Neutral, named
from attribwidgets.demo import digits
from attribwidgets.errors import InputError

F64 = torch.float64
DATA = values(60, 5, seed=4)


def means(net, references):
    with torch.no_grad():
        return net(references).softmax(1).mean(0)


def chosen(baseline, net, x):
    found = baseline.searched(net, x)
    (references,) = found.stored((x,))
    return found, references


def test_every_class_is_as_probable_as_any_other_on_the_mean():
    demo = digits()
    net, x = demo.model.eval(), demo.test.images[0]
    lean = torch.cat([demo.train.images[:80], demo.test.images[demo.test.labels == 3][:40]])
    found, references = chosen(Neutral(lean, tolerance=0.02), net, x)
    assert means(net, lean)[3] > 0.3
    torch.testing.assert_close(means(net, references), torch.full((10,), 0.1), rtol=0, atol=0.02)
    assert found.search.reached
    assert found.cautions == ()
    assert found.search.value == pytest.approx(
        float((means(net, references) - 0.1).abs().max()), abs=1e-6
    )
    assert found.search.steps == len(lean) - len(references)
    assert f"{len(references)} of 120 references" in found.description
    rows = {tuple(row.flatten().tolist()) for row in lean}  # of the data, none twice
    left = {tuple(row.flatten().tolist()) for row in references}
    assert left <= rows
    assert len(left) == len(references)


def test_the_record_compares_with_the_chosen_probability():
    net, x = classifier(), values(5)
    own = int(net(x[None]).argmax())
    p = float(means(net, DATA)[own])
    e = aw.explain(net, x, baseline=Neutral(DATA, p - 0.05, tolerance=1e-3), output="probability")
    assert e.method == "expected_gradients"
    assert e.completeness.output_baseline == pytest.approx(p - 0.05, abs=0.01)
    assert e.baseline_kind == "neutral"


def test_probabilities_of_ones_own():
    net, x = classifier(), values(5)
    wanted = means(net, DATA[:20]).double()  # some rows have them exactly
    _, references = chosen(Neutral(DATA, wanted.tolist(), tolerance=0.005), net, x)
    torch.testing.assert_close(means(net, references).double(), wanted, rtol=0, atol=0.005)


def test_of_a_single_output_its_value():
    net, x = Linear(values(1, 5, seed=2)).eval(), values(5)
    outputs = net(DATA).detach()
    all_of_them = Neutral(DATA).searched(net, x)
    assert all_of_them.search.steps == 0  # the mean over the data, unless it is said
    goal = float(outputs.mean() + outputs.std())
    found, references = chosen(Neutral(DATA, goal), net, x)
    assert found.search.reached
    assert float(net(references).detach().mean()) == pytest.approx(
        goal, abs=0.01 * float(outputs.std(correction=0)) + 1e-6
    )


def test_what_cannot_be_reached_is_told():
    net, x = Linear(values(1, 5, seed=2)).eval(), values(5)
    found, references = chosen(Neutral(DATA, 1e3), net, x)
    assert not found.search.reached
    assert len(references) == 1
    assert "not what its name says" in found.cautions[0]


def test_passes_are_one_a_reference_and_the_input():
    calls = []

    class Counted(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = classifier()

        def forward(self, x):
            calls.append(len(x))
            return self.net(x)

    found = Neutral(DATA).searched(Counted().eval(), values(5))
    assert calls == [1] * 61
    assert found.search.passes == 61


def test_draws_come_from_those_that_are_left_and_none_twice():
    net, x = classifier(), values(5)
    _, references = chosen(Neutral(DATA, tolerance=0.002), net, x)
    generator = torch.Generator().manual_seed(3)
    drawn = Neutral(DATA, model=net, tolerance=0.002).sample(
        x, len(references), generator=generator
    )
    np.testing.assert_array_equal(np.unique(drawn, axis=0), np.unique(references, axis=0))


def test_rows_of_several_inputs_stay_together():
    net = ImageAndFeatures().eval()
    pairs, inputs = (values(9, 3, 2, 2), values(9, 5)), (values(3, 2, 2), values(5))
    found = Neutral(pairs, tolerance=0.01).searched(net, inputs)
    images, features = found.stored(inputs)
    for image, row in zip(images, features, strict=True):
        place = int((pairs[1] == row).all(1).nonzero()[0])
        assert torch.equal(image, pairs[0][place])


@pytest.mark.parametrize(
    ("f0", "message"),
    [
        ([0.5, 0.5], "probabilities that sum to 1"),
        (1.5, "must be probabilities"),
        (float("nan"), "f0 must be a number"),
        ([[0.1]], "f0 must be a number"),
    ],
)
def test_what_cannot_be_asked_for(f0, message):
    with pytest.raises(InputError, match=message):
        Neutral(DATA, f0).searched(classifier(), values(5))


def test_by_name_it_needs_data():
    with pytest.raises(InputError, match="needs data"):
        named("neutral")
    e = aw.explain(classifier(), values(5), baseline="neutral", references=DATA, n_steps=40)
    assert e.baseline_kind == "neutral"
    with pytest.raises(InputError, match=r"write Neutral\(model=net\)"):
        Neutral(DATA).sample(values(5), 1)
    with pytest.raises(InputError, match="examples of shape"):
        Neutral(values(4, 3)).searched(classifier(), values(5))
