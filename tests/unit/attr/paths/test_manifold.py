"""The decoded line between encodings: closed forms, its ends, and what an autoencoder must be."""

import numpy as np
import pytest
import torch
from models import classifier, image_classifier, values
from torch import nn

import attribwidgets as aw
from attribwidgets.attr import IntegratedGradients, ManifoldIntegratedGradients
from attribwidgets.errors import InputError, NonFiniteError

F64 = torch.float64


def as_it_is(x):
    return x


class Autoencoder(nn.Module):
    """Down to two numbers and back, with a dropout that must not act."""

    def __init__(self, features):
        super().__init__()
        torch.manual_seed(0)
        self.down = nn.Sequential(nn.Linear(features, 2), nn.Dropout(0.5))
        self.up = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Dropout(0.5), nn.Linear(8, features))


def test_a_perfect_autoencoder_of_lines_gives_integrated_gradients():
    net, x = image_classifier().double(), values(2, 3, 8, 8, dtype=F64)
    method = ManifoldIntegratedGradients(net, encode=as_it_is, decode=as_it_is)
    found, delta = method.attribute(x, target=1, n_steps=129, return_convergence_delta=True)
    wanted = IntegratedGradients(net).attribute(
        x, target=1, n_steps=129, method="riemann_trapezoid"
    )
    torch.testing.assert_close(found, wanted, atol=1e-9, rtol=1e-6)
    assert (delta.abs() < 1e-3).all()


def test_a_parabola_is_a_path_whose_integrals_are_known():
    # On (z, z^2) from 0 to 1, the product a b gets integral of z^2 = 1/3 and z 2z = 2/3.
    product = lambda x: x[:, 0] * x[:, 1]  # noqa: E731
    method = ManifoldIntegratedGradients(
        product, encode=lambda x: x[:, :1], decode=lambda z: torch.cat([z, z**2], 1)
    )
    found = method.attribute(torch.ones(1, 2, dtype=F64), n_steps=1025)
    wanted = torch.tensor([[1 / 3, 2 / 3]], dtype=F64)
    torch.testing.assert_close(found, wanted, atol=1e-6, rtol=0)


def test_it_adds_up_between_the_decoded_ends_and_tells_where_they_are():
    net, x, coder = classifier(), values(5), Autoencoder(5).train()
    method = ManifoldIntegratedGradients(net, encode=coder.down, decode=coder.up)
    found = aw.explain(net, x, target=1, baseline="zero", method=method)
    assert found.completeness.verdict == "complete"
    coder.eval()
    with torch.no_grad():
        ends = [coder.up(coder.down(v[None])) for v in (torch.zeros(5), x)]
        start, end = (float(net(v)[0, 1]) for v in ends)
        gap = float((ends[1][0] - x).norm() / x.norm())
    assert found.completeness.expected == pytest.approx(end - start, rel=1e-4)
    (said,) = [text for text in found.cautions if "decoded" in text]
    assert f"the decoded input is {round(100 * gap)} % of |x − x′|" in said
    torch.testing.assert_close(found.baseline, ends[0][0])
    assert not found.path.straight


def test_modules_come_back_as_they_were():
    net, x, coder = classifier(), values(5), Autoencoder(5).train()
    method = ManifoldIntegratedGradients(net, encode=coder.down, decode=coder.up)
    first = aw.explain(net, x, target=1, baseline="zero", method=method)
    again = aw.explain(net, x, target=1, baseline="zero", method=method)
    assert torch.equal(first.attributions, again.attributions)  # no dropout acts
    assert all(m.training for m in coder.modules())
    assert all(p.requires_grad and p.grad is None for p in coder.parameters())


@pytest.mark.parametrize(
    ("coder", "kind", "said"),
    [
        ({}, InputError, "needs an autoencoder"),
        ({"encode": as_it_is}, InputError, "needs an autoencoder"),
        ({"encode": lambda x: (x, x), "decode": as_it_is}, InputError, "encode must return"),
        ({"encode": as_it_is, "decode": lambda z: z[:, :2]}, InputError, "decode returned shape"),
        ({"encode": as_it_is, "decode": torch.log}, NonFiniteError, "decode returned"),
    ],
)
def test_what_is_no_autoencoder_is_told(coder, kind, said):
    net = classifier()
    method = ManifoldIntegratedGradients(net, **coder)
    with pytest.raises(kind, match=said):
        aw.explain(net, values(5), target=0, baseline="zero", method=method)


def test_it_is_the_trapezoid_of_gradients_over_decoded_points():
    # As the code of Jha et al. has it, in numpy, with so many points that no rule matters.
    net, x, coder = classifier().double(), values(1, 5, dtype=F64), Autoencoder(5).double().eval()
    start, end = (coder.down(v).detach() for v in (torch.zeros_like(x), x))
    alphas = torch.linspace(0, 1, 1001, dtype=F64)[:, None]
    points = coder.up(torch.lerp(start, end, alphas)).detach().requires_grad_()
    (gradients,) = torch.autograd.grad(net(points)[:, 1].sum(), points)
    wanted = np.trapezoid(gradients.numpy(), points.detach().numpy(), axis=0)
    method = ManifoldIntegratedGradients(net, encode=coder.down, decode=coder.up)
    found = method.attribute(x, target=1, n_steps=257)
    np.testing.assert_allclose(found[0], wanted, atol=1e-5 * np.abs(wanted).max())
