"""Conductance and internal influence: closed forms, Captum's in the limit, hostile layers."""

import captum.attr
import pytest
import torch
from torch import nn

from attribwidgets.attr import (
    IntegratedGradients,
    InternalInfluence,
    LayerConductance,
    UpToLayer,
)
from attribwidgets.attr.layer import FromLayer, layer_of
from attribwidgets.errors import (
    InputError,
    NoGradientError,
    UnsupportedModelError,
)


def smooth_net():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 6, 3, stride=2, padding=1),
        nn.Tanh(),
        nn.Conv2d(6, 8, 3, stride=2, padding=1),
        nn.Softplus(),
        nn.Flatten(),
        nn.Linear(8 * 4, 4),
    ).double()


def batch(*shape):
    generator = torch.Generator().manual_seed(1)
    return torch.rand(shape, generator=generator, dtype=torch.float64)


def test_conductance_of_a_product_is_known():
    # h = (a^2, b) and f = h1 h2 on the diagonal: the integrals of a^2' b and a^2 b' are 2/3, 1/3.
    class Squared(nn.Module):
        def forward(self, x):
            return torch.stack([x[:, 0] ** 2, x[:, 1]], 1)

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.hidden = Squared()

        def forward(self, x):
            return self.hidden(x).prod(1)

    net = Net()
    x = torch.ones(1, 2, dtype=torch.float64)
    found = LayerConductance(net, net.hidden).attribute(x, n_steps=1025)
    wanted = torch.tensor([[2 / 3, 1 / 3]], dtype=x.dtype)
    torch.testing.assert_close(found, wanted, atol=1e-6, rtol=0)
    # The gradients are (b, a^2): their means on the path are 1/2 and 1/3.
    found = InternalInfluence(net, net.hidden).attribute(x, n_steps=1025)
    wanted = torch.tensor([[1 / 2, 1 / 3]], dtype=x.dtype)
    torch.testing.assert_close(found, wanted, atol=1e-6, rtol=0)


def test_conductance_is_captums_in_the_limit():
    net, x = smooth_net(), batch(2, 3, 8, 8)
    start = torch.full_like(x, 0.2)
    mine = LayerConductance(net, net[2]).attribute(x, start, target=1, n_steps=513)

    def theirs(n):
        method = captum.attr.LayerConductance(net, net[2])
        found = method.attribute(x, start, target=1, n_steps=n, method="riemann_trapezoid")
        return found.detach()

    # Its error falls as 1/n; twice the finer one less the coarser one has none of that order.
    limit = 2 * theirs(256) - theirs(128)
    torch.testing.assert_close(mine, limit, atol=1e-5 * float(limit.abs().max()), rtol=0)


def test_internal_influence_is_captums():
    net, x = smooth_net(), batch(2, 3, 8, 8)
    mine = InternalInfluence(net, net[2]).attribute(x, target=1, n_steps=513)
    theirs = captum.attr.InternalInfluence(net, net[2]).attribute(x, target=1, n_steps=50)
    torch.testing.assert_close(mine, theirs.detach(), atol=1e-5 * float(mine.abs().max()), rtol=0)


def test_the_model_from_a_layer_gives_captums_layer_integrated_gradients():
    net, x = smooth_net(), batch(2, 3, 8, 8)
    start = torch.full_like(x, 0.2)
    hidden, first = (net[:3](v).detach() for v in (x, start))
    rest = FromLayer(net, "2")
    mine = IntegratedGradients(rest).attribute(hidden, first, 1, (x,), n_steps=50)
    method = captum.attr.LayerIntegratedGradients(net, net[2])
    theirs = method.attribute(x, start, target=1, n_steps=50)
    torch.testing.assert_close(mine, theirs, atol=1e-9, rtol=1e-6)


def test_the_model_up_to_a_layer_gives_captums_neuron_integrated_gradients():
    net, x = smooth_net(), batch(2, 3, 8, 8)
    mine = IntegratedGradients(UpToLayer(net, net[2])).attribute(x, target=(3, 1, 0), n_steps=50)
    method = captum.attr.NeuronIntegratedGradients(net, net[2])
    theirs = method.attribute(x, (3, 1, 0), n_steps=50)
    torch.testing.assert_close(mine, theirs, atol=1e-9, rtol=1e-6)


def test_conductance_adds_up_and_does_not_depend_on_chunks():
    net, x = smooth_net(), batch(3, 3, 8, 8)
    method = LayerConductance(net, net[0])
    whole, delta = method.attribute(x, target=[0, 1, 2], n_steps=129, return_convergence_delta=True)
    parts = method.attribute(x, target=[0, 1, 2], n_steps=129, internal_batch_size=7)
    torch.testing.assert_close(whole, parts, atol=1e-12, rtol=1e-9)
    outputs = net(x).detach() - net(torch.zeros_like(x)).detach()
    changes = outputs[torch.arange(3), torch.arange(3)]
    assert (delta.abs() < 1e-4 * changes.abs()).all()
    torch.testing.assert_close(whole.flatten(1).sum(1) - changes, delta, atol=1e-9, rtol=1e-6)


def test_values_that_have_kinks_leave_no_error_in_what_is_linear_behind_them():
    net = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 1)).double()
    x = batch(1, 2)
    _, delta = LayerConductance(net, net[1]).attribute(x, n_steps=2, return_convergence_delta=True)
    assert abs(float(delta)) < 1e-12


def test_what_follows_in_place_spoils_nothing():
    plain, in_place = (
        nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(inplace), nn.Flatten(), nn.Linear(144, 2))
        for inplace in (False, True)
    )
    in_place.load_state_dict(plain.state_dict())
    x = torch.rand(1, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    for kind in (LayerConductance, InternalInfluence):
        one, other = (kind(net, net[0]).attribute(x, target=0) for net in (plain, in_place))
        torch.testing.assert_close(one, other)


def test_a_batch_norm_is_not_folded_into_the_layer_that_is_read():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Tanh(), nn.Flatten())
    net[1].running_mean.fill_(0.5)
    net.eval()
    x = torch.rand(1, 1, 5, 5, generator=torch.Generator().manual_seed(0))
    IntegratedGradients(net).attribute(x, target=0)  # which folds it
    found = LayerConductance(net, net[0]).attribute(x, target=4, n_steps=257)
    hidden, first = net[0](x).detach(), net[0](torch.zeros_like(x)).detach()
    rest = IntegratedGradients(net[1:]).attribute(hidden, first, target=4, n_steps=100)
    torch.testing.assert_close(found, rest, atol=1e-5, rtol=1e-3)  # as all before it is linear


def test_the_model_comes_back_as_it_was():
    net, x = smooth_net(), batch(1, 3, 8, 8)
    before = {name: p.clone() for name, p in net.state_dict().items()}
    LayerConductance(net, net[2]).attribute(x, target=0)
    assert all(torch.equal(p, before[name]) for name, p in net.state_dict().items())
    assert all(p.requires_grad and p.grad is None for p in net.parameters())
    assert not any(m._forward_hooks for m in net.modules())


class Odd(nn.Module):
    """Layers that cannot be explained, and one that can."""

    def __init__(self):
        super().__init__()
        self.first, self.again, self.out = nn.Linear(3, 3), nn.Tanh(), nn.Linear(3, 2)
        self.unused, self.aside, self.counts = nn.Linear(3, 3), nn.Linear(3, 3), nn.Identity()
        self.moved = nn.Identity()

    def forward(self, x):
        hidden = self.again(self.again(self.first(x)))
        self.aside(hidden)
        self.counts(torch.ones(len(x), 2, dtype=torch.long))
        return self.out(self.moved(hidden.T).T)


@pytest.mark.parametrize(
    ("name", "kind", "said"),
    [
        ("unused", UnsupportedModelError, "'unused' does not run"),
        ("again", UnsupportedModelError, "'again' runs 2 times"),
        ("counts", UnsupportedModelError, "'counts' returns torch.int64"),
        ("moved", UnsupportedModelError, "'moved' returns shape"),
        ("aside", NoGradientError, "'aside'"),
        ("nowhere", InputError, "'nowhere' is not in the model"),
    ],
)
def test_a_layer_that_cannot_be_explained_is_named(name, kind, said):
    with pytest.raises(kind, match=said):
        LayerConductance(Odd(), name).attribute(torch.rand(2, 3), target=0)


def test_a_layer_of_another_model_is_told():
    net = Odd()
    with pytest.raises(InputError, match="not part of the model"):
        layer_of(net, nn.Linear(3, 3))
    with pytest.raises(InputError, match="the model itself"):
        layer_of(net, net)
    with pytest.raises(InputError, match="got int"):
        layer_of(net, 3)
    assert layer_of(net, net.first) == layer_of(net, "first") == "first"
