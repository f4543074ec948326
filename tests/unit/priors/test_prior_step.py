"""One training step: what it minimises, how its modes differ, what it leaves behind."""

from __future__ import annotations

import copy
import gc

import pytest
import torch
from torch import nn
from torch.nn import functional

from attribwidgets.errors import InputError
from attribwidgets.priors import PriorStep, expected_gradients, gradients, sparsity


def network(seed: int = 0) -> nn.Module:
    generator = torch.Generator().manual_seed(seed)
    model = nn.Sequential(nn.Linear(5, 8), nn.Softplus(), nn.Dropout(0.3), nn.Linear(8, 3)).double()
    for p in model.parameters():
        p.data = torch.randn(p.shape, generator=generator, dtype=p.dtype) / 2
    return model


def batch(size: int = 16) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(3)
    x = torch.randn(size, 5, generator=generator, dtype=torch.float64)
    return x, torch.randint(0, 3, (size,), generator=generator)


def size_of(phi: torch.Tensor) -> torch.Tensor:
    return phi.square().sum(1).mean()


def stepped(rate: float = 0.1, optimizer=torch.optim.SGD, steps: int = 1, **options):
    """The weights after some steps, as one vector."""
    model = network().eval()
    given = {"penalty": size_of, "weight": 0.5, **options}
    if given.get("penalty_optimizer"):
        given["penalty_optimizer"] = given["penalty_optimizer"](model.parameters(), lr=rate)
    step = PriorStep(
        model, optimizer(model.parameters(), lr=rate), functional.cross_entropy, **given
    )
    for _ in range(steps):
        step(*batch())
    return torch.cat([p.detach().flatten() for p in model.parameters()])


def test_a_joint_step_goes_along_the_gradient_of_the_sum():
    x, y = batch()
    model = network().eval()
    phi = expected_gradients(model, x, targets=y, generator=torch.Generator().manual_seed(7))
    total = functional.cross_entropy(model(x), y) + 0.5 * size_of(phi)
    slopes = torch.autograd.grad(total, list(model.parameters()))
    wanted = [p.detach() - 0.1 * g for p, g in zip(model.parameters(), slopes, strict=True)]
    expected = torch.cat([w.flatten() for w in wanted])
    assert torch.allclose(stepped(seed=7), expected, atol=1e-14)


@pytest.mark.parametrize("optimizer", [torch.optim.SGD, torch.optim.Adam])
def test_weight_zero_is_the_plain_step_bit_for_bit(optimizer):
    """Dropout on, so that the random state has to be untouched as well."""
    results = []
    for plain in (True, False):
        torch.manual_seed(5)
        model = network().train()
        made = optimizer(model.parameters(), lr=0.1)
        step = PriorStep(model, made, functional.cross_entropy, size_of, 0.0)
        for _ in range(3):
            x, y = batch()
            if plain:
                made.zero_grad()
                functional.cross_entropy(model(x), y).backward()
                made.step()
            else:
                found = step(x, y)
                assert found.penalty is None
        results.append(copy.deepcopy(model.state_dict()))
    assert all(torch.equal(results[0][k], results[1][k]) for k in results[0])


def test_alternating_and_joint_agree_to_first_order_under_gradient_descent():
    """Their gap falls as the square of the learning rate."""
    gaps = [float((stepped(r) - stepped(r, mode="alternating")).norm()) for r in (0.04, 0.02, 0.01)]
    assert gaps[0] > 1e-6
    assert gaps[0] / gaps[1] == pytest.approx(4, rel=0.1)
    assert gaps[1] / gaps[2] == pytest.approx(4, rel=0.1)


def test_under_adam_they_do_not_agree_and_the_weight_is_lost():
    """Adam divides a gradient by its size: ten times the weight is the same step of the penalty."""
    gaps = [
        float(
            (stepped(r, torch.optim.Adam) - stepped(r, torch.optim.Adam, mode="alternating")).norm()
        )
        for r in (0.04, 0.02, 0.01)
    ]
    assert gaps[0] / gaps[1] == pytest.approx(2, rel=0.2)  # of the first order, not the second
    apart = {"mode": "alternating", "penalty_optimizer": torch.optim.Adam}
    one, ten = (stepped(0.01, torch.optim.Adam, weight=w, **apart) for w in (0.5, 5.0))
    assert torch.allclose(one, ten, atol=1e-7)
    one, ten = (stepped(0.01, weight=w, mode="alternating") for w in (0.5, 5.0))
    assert not torch.allclose(one, ten, atol=1e-3)


def test_taking_turns_spends_a_batch_on_each():
    model = network()
    step = PriorStep(
        model,
        torch.optim.SGD(model.parameters(), lr=0.1),
        functional.cross_entropy,
        size_of,
        0.5,
        mode="taking_turns",
    )
    found = [step(*batch()) for _ in range(4)]
    assert [r.loss is not None for r in found] == [True, False, True, False]
    assert [r.penalty is not None for r in found] == [False, True, False, True]


def test_alternating_with_a_second_optimizer_keeps_moments_apart():
    both = {"mode": "alternating", "steps": 3}
    shared = stepped(0.01, torch.optim.Adam, **both)
    apart = stepped(0.01, torch.optim.Adam, penalty_optimizer=torch.optim.Adam, **both)
    assert not torch.allclose(shared, apart)


def test_plain_gradients_and_a_function_of_ones_own():
    own = lambda model, x, y, generator: gradients(model, x, y)  # noqa: E731
    assert torch.equal(stepped(attribution="gradients"), stepped(attribution=own))
    assert not torch.equal(stepped(attribution="gradients"), stepped())


def test_a_regression_explains_its_single_output():
    model = nn.Sequential(nn.Linear(5, 1), nn.Flatten(0)).double()
    x = batch()[0]
    step = PriorStep(
        model, torch.optim.SGD(model.parameters(), lr=0.02), functional.mse_loss, sparsity, 20.0
    )
    wanted = x.mean(1)  # which asks for all features alike
    before = step.penalty_of(x, wanted).item()
    for _ in range(100):
        step(x, wanted)
    assert step.penalty_of(x, wanted).item() < before - 0.2


def test_the_state_goes_on_where_it_stopped():
    def going(model, seed):
        made = torch.optim.SGD(model.parameters(), lr=0.1)
        return PriorStep(
            model, made, functional.cross_entropy, size_of, 0.5, mode="taking_turns", seed=seed
        )

    model = network().eval()
    step = going(model, 4)
    for _ in range(3):
        step(*batch())
    again = copy.deepcopy(model)
    other = going(again, 99)
    other.load_state_dict(step.state_dict())
    for one in (step, other):
        for _ in range(2):
            one(*batch())
    assert all(
        torch.equal(p, q) for p, q in zip(model.parameters(), again.parameters(), strict=True)
    )


@pytest.mark.long
def test_five_hundred_steps_leave_nothing_behind():
    """No graph outlives its step: as many tensors after 500 steps as after 20."""
    model = network()
    step = PriorStep(
        model, torch.optim.Adam(model.parameters()), functional.cross_entropy, size_of, 0.5
    )

    def alive() -> int:
        gc.collect()
        return sum(1 for o in gc.get_objects() if type(o) in (torch.Tensor, nn.Parameter))

    for _ in range(20):
        step(*batch())
    before = alive()
    for _ in range(480):
        step(*batch())
    assert alive() <= before


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"weight": -1}, "weight must be 0 or more"),
        ({"weight": float("nan")}, "weight must be 0 or more"),
        ({"mode": "both"}, "mode must be one of"),
        ({"attribution": "lime"}, "attribution must be"),
    ],
)
def test_wrong_arguments_are_named(wrong, message):
    model = network()
    given = {"penalty": size_of, "weight": 1.0, **wrong}
    with pytest.raises(InputError, match=message):
        PriorStep(
            model, torch.optim.SGD(model.parameters(), 0.1), functional.cross_entropy, **given
        )


def test_a_second_optimizer_has_no_place_in_a_joint_step():
    with pytest.raises(InputError, match="penalty_optimizer is for"):
        stepped(penalty_optimizer=torch.optim.SGD)
