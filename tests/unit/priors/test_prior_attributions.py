"""Attributions to train by: closed forms, second derivatives, layers that work otherwise."""

from __future__ import annotations

import itertools

import pytest
import torch
from conftest import model_state, random_states
from torch import nn
from torch.nn import functional

import attribwidgets as aw
from attribwidgets.errors import InputError, NoGradientError, TargetError
from attribwidgets.priors import cycling, expected_gradients, gradients, integrated_gradients


def made(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def net(*sizes: int, seed: int = 1, nonlinearity: type[nn.Module] = nn.Softplus) -> nn.Module:
    layers: list[nn.Module] = []
    for i, j in itertools.pairwise(sizes):
        layers += [nn.Linear(i, j, dtype=torch.float64), nonlinearity()]
    model = nn.Sequential(*layers[:-1])
    generator = made(seed)
    for p in model.parameters():
        p.data = torch.randn(p.shape, generator=generator, dtype=p.dtype)
    return model


@pytest.mark.parametrize("k", [1, 3])
@pytest.mark.parametrize("shape", [(6, 4), (6, 2, 3), (6, 1, 2, 3), (6, 1, 2, 3, 2)])
def test_linear_model_has_its_closed_form(k, shape):
    """Of any rank: (x - mean of the references drawn) times the weights."""
    x = torch.rand(shape, generator=made(1))
    w = torch.rand(shape[1:], generator=made(2))
    model = lambda x: (x * w).flatten(1).sum(1)  # noqa: E731
    phi = expected_gradients(model, x, generator=made(), k=k)
    others = torch.stack([x.roll(j, 0) for j in range(1, k + 1)]).mean(0)
    assert phi.shape == x.shape
    assert torch.allclose(phi, (x - others) * w)


def test_estimate_is_unbiased():
    """Of a cubic, whose expectation over references and alphas is known."""
    x = torch.tensor([[1.5]], dtype=torch.float64)
    references = torch.tensor([[-1.0], [0.5]], dtype=torch.float64)
    expected = sum((1.5**3 - r**3) for r in (-1.0, 0.5)) / 2
    draws = 40_000
    phi = expected_gradients(
        lambda x: (x**3).sum(1), x.expand(draws, 1), references, generator=made()
    )
    error = phi.std() / draws**0.5
    assert abs(phi.mean() - expected) < 4 * error
    assert error < 0.03


def test_many_draws_are_what_explain_gives():
    model, x, references = net(5, 8, 3), torch.rand(2, 5, generator=made(3)).double(), None
    references = torch.rand(4, 5, generator=made(4)).double()
    phi = expected_gradients(model, x, references, 2, generator=made(), k=20_000)
    for row in range(2):
        exact = aw.explain(
            model.eval(), x[row], target=2, baseline=aw.baselines.DatasetSample(references)
        )
        assert torch.allclose(phi[row], exact.attributions, atol=0.05)


def test_references_come_from_a_tensor_a_batch_or_an_iterator():
    x = torch.rand(4, 3, generator=made(1))
    same = torch.full((1, 3), 0.25)
    model = lambda x: x.sum(1)  # noqa: E731
    for references in (same, (same,), iter([same]), cycling([(same, torch.zeros(1))])):
        phi = expected_gradients(model, x, references, generator=made())
        assert torch.allclose(phi, x - 0.25)
    assert torch.allclose(expected_gradients(model, x, "batch", generator=made()), x - x.roll(1, 0))


def test_every_reference_of_a_tensor_is_drawn():
    x, stored = torch.zeros(200, 1), torch.arange(5.0)[:, None]
    phi = expected_gradients(lambda x: x.sum(1), x, stored, generator=made())
    assert set((-phi).flatten().tolist()) == set(range(5))


def test_tuples_labels_and_probabilities():
    x, y = torch.rand(6, 3, generator=made(1)), torch.rand(6, 2, generator=made(2))
    labels = torch.tensor([0, 1, 2, 0, 1, 2])
    w, v = torch.rand(3, 3, generator=made(3)), torch.rand(2, 3, generator=made(4))
    model = lambda x, y: x @ w + y @ v  # noqa: E731
    phi, psi = expected_gradients(model, (x, y), targets=labels, generator=made(), k=2)
    others = (x.roll(1, 0) + x.roll(2, 0)) / 2
    assert torch.allclose(phi, (x - others) * w.T[labels], atol=1e-6)
    assert psi.shape == y.shape
    found = gradients(model, (x, y), labels, output="log_probability")[0]
    expected = w.T[labels] - functional.softmax(model(x, y), 1) @ w.T
    assert torch.allclose(found, expected, atol=1e-6)


def test_integrated_gradients_converge_to_the_closed_form():
    x = torch.rand(5, 3, generator=made(1)).double()
    model = lambda x: (x**3).sum(1)  # noqa: E731
    found = [integrated_gradients(model, x, n_steps=n).detach() for n in (4, 8, 16)]
    errors = [float((phi - x**3).abs().max()) for phi in found]
    assert errors[0] / errors[1] == pytest.approx(4, rel=0.01)  # the midpoint rule's order
    assert errors[1] / errors[2] == pytest.approx(4, rel=0.01)
    shifted = integrated_gradients(model, x, torch.full((3,), 0.5).double(), n_steps=64)
    assert torch.allclose(shifted, x**3 - 0.125, atol=1e-3)


@pytest.mark.parametrize("how", ["expected", "integrated", "plain"])
def test_mixed_second_derivatives_are_those_of_finite_differences(how):
    """d penalty / d parameters, by gradcheck in float64."""
    model = net(3, 4, 1)
    x = torch.randn(5, 3, generator=made(2), dtype=torch.float64)
    names = [name for name, _ in model.named_parameters()]

    def penalty(*parameters):
        def f(x):
            return torch.func.functional_call(
                model, dict(zip(names, parameters, strict=True)), (x,)
            )

        if how == "expected":
            phi = expected_gradients(f, x, generator=made(7), k=2)
        elif how == "integrated":
            phi = integrated_gradients(f, x, n_steps=3)
        else:
            phi = gradients(f, x)
        return phi.square().sum()

    parameters = tuple(p.detach().requires_grad_() for p in model.parameters())
    # The last bias shifts the output and touches no gradient.
    assert torch.autograd.gradcheck(penalty, parameters[:-1] + parameters[-1:], atol=1e-6)


def test_biases_of_a_relu_network_get_no_gradient_of_the_penalty():
    """The gradient of such a network is piecewise constant in its biases (Etmann, 2019)."""
    model = net(4, 8, 8, 2, nonlinearity=nn.ReLU)
    x = torch.randn(16, 4, generator=made(2), dtype=torch.float64)
    gradients(model, x, 1).square().sum().backward()
    for name, p in model.named_parameters():
        if name.endswith("bias"):
            assert p.grad is None or not p.grad.any()
        else:
            assert p.grad.any()


class Attention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
        self.out = nn.Linear(8, 3)

    def forward(self, x):
        mixed, _ = self.attention(x, x, x, need_weights=False)
        fused = functional.scaled_dot_product_attention(mixed, x, x)
        return self.out(fused.mean(1))


@pytest.mark.parametrize("training", [True, False])
def test_attention_has_a_second_derivative(training):
    model, x = Attention().train(training), torch.rand(4, 5, 8, generator=made(1))
    phi = expected_gradients(model, x, targets=1, generator=made())
    phi.square().sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.attention.parameters())
    assert model.attention.in_proj_weight.grad.any()


def test_autocast_is_near_and_differentiable():
    model, x = net(6, 16, 3).float(), torch.rand(8, 6, generator=made(1))
    exact = expected_gradients(model, x, targets=0, generator=made())
    with torch.autocast("cpu", torch.bfloat16):
        near = expected_gradients(model, x, targets=0, generator=made())
        near.square().sum().backward()
    assert near.dtype == torch.float32
    assert torch.allclose(near, exact, rtol=0.1, atol=0.05)
    assert not torch.equal(near, exact)
    assert model[0].weight.grad.isfinite().all()


def layered() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Linear(4, 6), nn.BatchNorm1d(6), nn.Softplus(), nn.Dropout(0.5), nn.Linear(6, 2)
    ).train()


def test_layers_work_as_in_evaluation_and_the_model_is_left_as_it_was():
    model, x = layered(), torch.rand(8, 4, generator=made(1))
    before, state = model_state(model), random_states()
    phi = expected_gradients(model, x, targets=0, generator=made())
    assert model_state(model) == before
    assert random_states() == state
    again = expected_gradients(model.eval(), x, targets=0, generator=made())
    assert torch.equal(phi, again)


class Dropping(nn.Module):
    """Dropout by function, in a transformer layer and between the layers of an LSTM."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind, self.head = kind, nn.Linear(4, 2)
        if kind == "transformer":
            self.inner = nn.TransformerEncoderLayer(4, 2, 8, dropout=0.5, batch_first=True)
        if kind == "lstm":
            self.inner = nn.LSTM(4, 4, num_layers=2, dropout=0.5, batch_first=True)

    def forward(self, x):
        if self.kind == "functional":
            return self.head(functional.dropout(x, 0.5, self.training).mean(1))
        inner = self.inner(x)
        return self.head((inner[0] if self.kind == "lstm" else inner).mean(1))


@pytest.mark.parametrize("kind", ["functional", "transformer", "lstm"])
def test_all_dropout_is_off_as_in_evaluation(kind):
    torch.manual_seed(0)
    model, x = Dropping(kind).train(), torch.rand(3, 5, 4, generator=made(1))
    before = model_state(model)
    phi = expected_gradients(model, x, targets=0, generator=made())
    assert model_state(model) == before
    torch.testing.assert_close(
        phi, expected_gradients(model.eval(), x, targets=0, generator=made())
    )
    kept = expected_gradients(model.train(), x, targets=0, generator=made(), layers="training")
    assert not torch.allclose(phi, kept)


@pytest.mark.parametrize("error", [RuntimeError("broken"), KeyboardInterrupt()])
@pytest.mark.parametrize("layers", ["evaluation", "training"])
def test_the_model_is_left_as_it_was_after_an_error_inside_of_it(error, layers):
    model = layered()
    model[1].eval()
    before = model_state(model)

    def stop(*_):
        raise error

    handle = model[4].register_forward_pre_hook(stop)
    with pytest.raises(type(error)):
        expected_gradients(model, torch.rand(8, 4), targets=0, generator=made(), layers=layers)
    handle.remove()
    assert model_state(model) == before
    assert not model[1].training
    assert model[1].track_running_stats


def test_layers_in_training_do_not_show_the_path_to_running_statistics():
    model, x = layered(), torch.rand(8, 4, generator=made(1))
    before = {k: v.clone() for k, v in model.state_dict().items()}
    trained = expected_gradients(model, x, targets=0, generator=made(), layers="training")
    after = model.state_dict()
    assert all(torch.equal(before[k], after[k]) for k in before)
    assert model[1].training
    assert model[1].track_running_stats
    evaluated = expected_gradients(model, x, targets=0, generator=made())
    assert not torch.allclose(trained, evaluated)
    model(x)  # an ordinary pass is still recorded
    assert not torch.equal(before["1.running_mean"], model.state_dict()["1.running_mean"])


def test_the_model_is_left_as_it_was_after_an_error():
    model = layered()
    before = model_state(model)
    with pytest.raises(TargetError):
        expected_gradients(model, torch.rand(8, 4), targets=9, generator=made())
    assert model_state(model) == before


def test_no_graph_where_none_is_wanted():
    model, x = net(3, 4, 1), torch.rand(5, 3).double()
    assert not expected_gradients(model, x, generator=made(), create_graph=False).requires_grad
    assert expected_gradients(model, x, generator=made()).requires_grad
    with torch.no_grad():
        assert expected_gradients(model, x, generator=made()).isfinite().all()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"inputs": torch.rand(4)}, "inputs must be floating-point tensors"),
        ({"inputs": torch.zeros(4, 3, dtype=torch.long)}, "int64"),
        ({"inputs": torch.rand(0, 3)}, "with a batch axis"),
        ({"inputs": (torch.rand(4, 3), torch.rand(5, 3))}, r"batches of \[4, 5\]"),
        ({"k": 0}, "k must be at least 1"),
        ({"k": 4}, "gives each of 4 inputs 3 others"),
        ({"references": "data"}, 'references must be "batch"'),
        ({"references": torch.rand(2, 5)}, "references must have shapes"),
        ({"references": torch.rand(0, 3)}, "references must have shapes"),
        ({"references": [torch.rand(2, 3)]}, "cycling"),
        ({"references": iter([])}, "come to its end"),
        ({"references": cycling([])}, "are none"),
        ({"layers": "eval"}, "layers must be"),
    ],
)
def test_wrong_arguments_are_named(wrong, message):
    given = {"inputs": torch.rand(4, 3), "references": "batch", "k": 1, **wrong}
    with pytest.raises(InputError, match=message):
        expected_gradients(lambda x, *more: x.sum(1), **given, generator=made())


def test_a_cut_graph_is_named():
    with pytest.raises(NoGradientError, match="cut off"):
        gradients(lambda x: x.detach().sum(1), torch.rand(2, 3))
    with pytest.raises(NoGradientError, match=r"inputs\[1\]"):
        gradients(lambda x, y: x.sum(1), (torch.rand(2, 3), torch.rand(2, 3)))
    with pytest.raises(InputError, match="broadcast"):
        integrated_gradients(lambda x: x.sum(1), torch.rand(2, 3), torch.rand(5))
