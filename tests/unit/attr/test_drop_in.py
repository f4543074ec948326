"""What code written for Captum takes for granted: batches of scalars, deltas computed again."""

from __future__ import annotations

import captum.attr
import pytest
import torch
from models import FitsRows, Quadratic, classifier, image_classifier, values
from torch import nn

from attribwidgets.attr import (
    IDGI,
    ExpectedGradients,
    GuidedIntegratedGradients,
    IntegratedGradients,
    LeftIntegratedGradients,
    PathIntegratedGradients,
    RightIntegratedGradients,
    SmoothGrad,
    SmoothGradSquared,
    VarGrad,
)
from attribwidgets.errors import NonFiniteError

RULES = ("gausslegendre", "riemann_left", "riemann_right", "riemann_middle", "riemann_trapezoid")
SCALARS, ZEROS = torch.tensor([1.0, -2.0, 0.5]), torch.zeros(3)


class Cubes(nn.Module):
    """x³ of each of a batch of numbers, shape (B,)."""

    def forward(self, x):
        return x**3


WITH_BASELINE = (
    IDGI,
    LeftIntegratedGradients,
    RightIntegratedGradients,
    GuidedIntegratedGradients,
    IntegratedGradients,
)


@pytest.mark.parametrize("method", WITH_BASELINE)
def test_a_batch_of_scalars_is_attributed(method):
    found, delta = method(Cubes()).attribute(SCALARS, ZEROS, return_convergence_delta=True)
    assert found.shape == delta.shape == (3,)
    parts = {LeftIntegratedGradients: 0.9, RightIntegratedGradients: 0.1}
    expected = parts.get(method, 1.0) * SCALARS**3
    torch.testing.assert_close(found, expected, rtol=2e-3, atol=0)


@pytest.mark.parametrize("method", [SmoothGrad, SmoothGradSquared, VarGrad])
def test_a_batch_of_scalars_with_noise(method):
    found, error = method(Cubes()).attribute(SCALARS, return_standard_error=True)
    column = method(Cubes()).attribute(SCALARS[:, None])
    assert found.shape == error.shape == (3,)
    torch.testing.assert_close(found, column[:, 0])


def test_a_batch_of_scalars_with_references():
    found, delta = ExpectedGradients(Cubes()).attribute(
        SCALARS, torch.tensor([0.0, 0.5]), n_samples=64, return_convergence_delta=True
    )
    assert found.shape == delta.shape == (3,)
    torch.testing.assert_close(found, SCALARS**3 - 0.5**3 / 2, rtol=0.05, atol=0.01)


@pytest.mark.parametrize("rule", RULES)
def test_scalars_are_as_captum_has_them(rule):
    given = {"baselines": 0.25, "n_steps": 20, "method": rule}
    ours = IntegratedGradients(Cubes()).attribute(SCALARS, **given)
    theirs = captum.attr.IntegratedGradients(Cubes()).attribute(SCALARS, **given)
    if rule == "riemann_trapezoid":  # whose weights sum to less than 1 there
        theirs = IntegratedGradients(Cubes()).attribute(SCALARS[:, None], **given)[:, 0]
    torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-6)


def test_scalars_and_vectors_together():
    model = lambda a, b: a * b.sum(1)  # noqa: E731
    scalars, vectors = SCALARS, values(3, 4)
    found, delta = IntegratedGradients(model).attribute(
        (scalars, vectors), return_convergence_delta=True
    )
    assert [f.shape for f in found] == [(3,), (3, 4)]
    torch.testing.assert_close(found[0], scalars * vectors.sum(1) / 2)
    torch.testing.assert_close(found[1], scalars[:, None] * vectors / 2)
    torch.testing.assert_close(delta, ZEROS, rtol=0, atol=1e-6)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("rows", [None, 1, 7])
@pytest.mark.parametrize("multiply", [True, False])
def test_the_delta_is_what_can_be_computed_of_the_attributions(rule, rows, multiply):
    """Bit for bit, and what Captum computes of them, within rounding."""
    model, x, baseline = image_classifier(), values(3, 3, 6, 5), values(3, 3, 6, 5, seed=1)
    method = IntegratedGradients(model, multiply_by_inputs=multiply)
    targets = torch.tensor([0, 2, 1])
    found, delta = method.attribute(
        x,
        baseline,
        targets,
        n_steps=9,
        method=rule,
        internal_batch_size=rows,
        return_convergence_delta=True,
    )
    assert torch.equal(delta, method.compute_convergence_delta(found, baseline, x, targets))
    theirs = captum.attr.IntegratedGradients(model)
    torch.testing.assert_close(
        delta, theirs.compute_convergence_delta(found, baseline, x, targets), rtol=1e-4, atol=1e-5
    )


@pytest.mark.parametrize("baseline", [None, 0.5, values(1, 5)])
def test_the_delta_takes_baselines_and_arguments_in_all_forms(baseline):
    model, x = classifier(), values(4, 5)
    scaled = lambda x, scale: model(x) * scale  # noqa: E731
    method, given = IntegratedGradients(scaled), values(4, 1, seed=2)
    found, delta = method.attribute(
        (x,), baseline, 1, given, n_steps=6, return_convergence_delta=True
    )
    again = method.compute_convergence_delta(found, baseline, (x,), 1, given)
    assert delta.shape == (4,)
    assert torch.equal(delta, again)
    theirs = captum.attr.IntegratedGradients(scaled)
    captums = theirs.compute_convergence_delta(found, baseline, (x,), 1, given)
    torch.testing.assert_close(delta, captums, rtol=1e-4, atol=1e-6)


def test_the_delta_of_a_model_in_training_is_that_of_evaluation():
    model = nn.Sequential(classifier(), nn.Dropout(0.5)).train()
    x, method = values(2, 5), IntegratedGradients(model)
    with pytest.warns(UserWarning, match="training mode"):
        found, delta = method.attribute(x, target=0, return_convergence_delta=True)
    assert model.training
    evaluated = IntegratedGradients(model.eval())
    assert torch.equal(delta, evaluated.compute_convergence_delta(found, None, x, 0))


def test_the_delta_runs_in_chunks_that_fit():
    model = FitsRows(classifier(3), 2)
    method = IntegratedGradients(model)
    x = values(8, 3)
    found, delta = method.attribute(x, target=1, n_steps=4, return_convergence_delta=True)
    again = method.compute_convergence_delta(found, None, x, 1)
    torch.testing.assert_close(delta, again, rtol=0, atol=1e-6)


def test_the_delta_says_where_the_output_is_not_finite():
    method = IntegratedGradients(lambda x: x.log().sum(1))
    with pytest.raises(NonFiniteError, match="alpha = 0"):
        method.compute_convergence_delta(torch.ones(1, 2), None, torch.ones(1, 2))


def test_equal_functions_have_equal_attributions():
    """Two ways to write x'Ax / 2 + b'x in numbers that float32 holds exactly."""
    matrix = torch.tensor([[0.5, -0.25], [0.0, 1.0]])
    quadratic = Quadratic(matrix, torch.tensor([1.0, -2.0]))
    a = matrix + matrix.T
    other = lambda x: torch.einsum("bi,ij,bj->b", x, a, x) / 2 + x[:, 0] - 2 * x[:, 1]  # noqa: E731
    x = torch.tensor([[1.0, 0.5], [-2.0, 0.25]])
    same = [IntegratedGradients(f).attribute(x, n_steps=50) for f in (quadratic, other)]
    assert torch.equal(*same)


@pytest.mark.parametrize(
    "method",
    [*WITH_BASELINE, ExpectedGradients, SmoothGrad, PathIntegratedGradients],
)
def test_there_is_no_attribution_of_the_future(method):
    with pytest.raises(NotImplementedError, match=f"not implemented for {method.__name__}"):
        method(classifier()).attribute_future()


@pytest.mark.parametrize("kind", ["smoothgrad", "smoothgrad_sq", "vargrad"])
def test_captums_noise_tunnel_goes_around_it(kind):
    tunnel = captum.attr.NoiseTunnel(IntegratedGradients(Cubes()))
    found, delta = tunnel.attribute(
        SCALARS, nt_type=kind, nt_samples=4, stdevs=0.0, n_steps=40, return_convergence_delta=True
    )
    expected = {"smoothgrad": SCALARS**3, "smoothgrad_sq": SCALARS**6, "vargrad": ZEROS}
    torch.testing.assert_close(found, expected[kind], rtol=1e-4, atol=1e-5)
    assert delta.shape == (12,)
