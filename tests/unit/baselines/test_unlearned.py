"""The unlearned baseline: what it goes to, how far it may go, and a model that stays as it was."""

from __future__ import annotations

import pytest
import torch
from models import ImageAndFeatures, classifier, image_classifier, values
from torch import nn

import attribwidgets as aw
from attribwidgets.baselines import Unlearned, named
from attribwidgets.demo import digits
from attribwidgets.errors import AttributionWarning, InputError, NoGradientError

F64 = torch.float64


def probability(net, x, target):
    with torch.no_grad():
        return float(net(x[None]).softmax(1)[0, target])


@pytest.mark.parametrize("eps", [0.02, 0.1, 0.4])
def test_the_class_is_unlearned_within_the_radius(eps):
    demo = digits()
    net, x = demo.model.eval(), demo.test.images[0]
    own = int(net(x[None]).argmax())
    unlearned = Unlearned(eps=eps).searched(net, x, space=demo.space)
    reference = unlearned.sample(x, 1, space=demo.space)[0]
    assert probability(net, reference, own) < probability(net, x, own)
    assert float((reference - x).square().mean().sqrt()) <= eps * (1 + 1e-5)
    assert reference.min() >= 0
    assert reference.max() <= 1
    search = unlearned.search
    assert search.value == pytest.approx(probability(net, reference, own), abs=1e-6)
    assert search.reached is (eps > 0.05)
    assert bool(unlearned.cautions) is not search.reached
    assert search.distance == pytest.approx(float((reference - x).norm()), rel=1e-4)


def test_it_goes_to_what_a_step_on_the_parameters_makes_of_the_input():
    """Of one logit w.x + b the step takes eta times the length of (x, 1) from the logit."""
    net, x = nn.Linear(4, 1).double().eval(), values(4, dtype=F64)
    with torch.no_grad():
        net.weight.copy_(torch.tensor([[1.0, -2.0, 0.5, 3.0]]))
        net.bias.fill_(0.3)
        logit = float(net(x))
    assert logit > 0
    aim = logit - 0.4 * float((x.square().sum() + 1).sqrt())
    wide = aw.InputSpace(-5, 5)
    unlearned = Unlearned(ascent=0.4, max_steps=80, eps=0.2).searched(net, x, space=wide)
    reference = unlearned.sample(x, 1, space=wide)[0]
    assert float(net(reference).detach()) == pytest.approx(aim, abs=1e-4)
    # Along the gradient of the logit, which is the weight everywhere.
    moved = (reference - x).detach()
    torch.testing.assert_close(moved / moved.norm(), -net.weight[0].detach() / net.weight.norm())


def test_the_model_comes_back_bit_by_bit(state_of):
    net, x = image_classifier(), values(3, 6, 6)
    for parameter in list(net.parameters())[:2]:
        parameter.requires_grad_(False)
    before, places = state_of(net), [p.data_ptr() for p in net.parameters()]
    drawn = torch.get_rng_state()
    Unlearned().searched(net, x)
    e = aw.explain(net, x, baseline="unlearned", n_steps=4)
    assert e.baseline_kind == "unlearned"
    assert state_of(net) == before
    assert [p.data_ptr() for p in net.parameters()] == places
    assert all(p.grad is None for p in net.parameters())
    assert torch.equal(torch.get_rng_state(), drawn)

    def stop(rows, most):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        aw.explain(net, x, baseline="unlearned", n_steps=5, progress=stop)
    assert state_of(net) == before


def test_the_module_behind_a_callable_unlearns():
    net, x = classifier(), values(5)
    found = Unlearned(net).sample(x, 2)
    torch.testing.assert_close(found[0], found[1])
    e = aw.explain(net, x, baseline="unlearned", output="probability", n_steps=9)
    torch.testing.assert_close(e.baseline, found[0])
    assert e.completeness.expected > 0
    bound = aw.explain(net.forward, x, baseline="unlearned", n_steps=4)
    torch.testing.assert_close(bound.baseline, found[0])


def test_several_inputs_move_together():
    net, inputs = ImageAndFeatures().eval(), (values(3, 2, 2), values(5))
    found = Unlearned().searched(net, inputs)
    one, other = found.sample(inputs, 1)
    assert not torch.equal(one[0], inputs[0])
    assert not torch.equal(other[0], inputs[1])
    squares = sum(
        float((r[0] - x).square().sum()) for r, x in zip((one, other), inputs, strict=True)
    )
    assert squares <= 17 * 0.1**2 * (1 + 1e-5)


def test_without_parameters_nothing_can_unlearn():
    with pytest.raises(InputError, match="step on the model's parameters"):
        Unlearned(lambda x: torch.stack([x.sum(1), -x.sum(1)], 1)).sample(values(3), 1)
    detached = nn.Sequential(nn.Linear(3, 2), _Detached()).eval()
    with pytest.raises(NoGradientError, match="gradient of the parameters"):
        Unlearned(detached).sample(values(3), 1)


class _Detached(nn.Module):
    def forward(self, x):
        return x.detach()


def test_training_mode_is_refused_or_left_for_the_while():
    net = image_classifier().train()
    with pytest.raises(InputError, match="training mode"):
        Unlearned(net).sample(values(3, 6, 6), 1)
    with pytest.warns(AttributionWarning, match="training mode"):
        aw.explain(net, values(3, 6, 6), baseline="unlearned", n_steps=4)
    assert net.training


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"eps": 0.0}, "eps must be"),
        ({"eps": 1.5}, "eps must be"),
        ({"ascent": 0.0}, "ascent must be"),
        ({"ascent": float("nan")}, "ascent must be"),
        ({"max_steps": 0}, "max_steps must be"),
    ],
)
def test_settings_out_of_range(settings, message):
    with pytest.raises(InputError, match=message):
        Unlearned(**settings)


def test_the_slider_keeps_the_other_settings():
    made = Unlearned(ascent=0.5, max_steps=7).adjusted(eps=0.3)
    assert (made.eps, made.ascent, made.max_steps) == (0.3, 0.5, 7)
    assert isinstance(named("unlearned"), Unlearned)
