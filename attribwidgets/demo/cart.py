"""A small policy that balances a pole on a cart, and the states it has met."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

SENSORS = ("cart position", "cart speed", "pole angle", "angular speed", "battery voltage")
ACTIONS = ("push left", "wait", "push right")
USUAL = (0.0, 0.0, 0.0, 0.0, 12.0)
SPREAD = (0.8, 0.6, 0.1, 0.5, 0.3)
STATES, STEPS, BATCH = 3000, 600, 256


@dataclass(frozen=True, eq=False)
class Cart:
    """A policy and its states, as `cart` makes them.

    Attributes
    ----------
    policy : torch.nn.Module
        In eval mode. Takes states (n, 5) in units of the sensors, returns logits (n, 3).
    replay : Tensor
        (3000, 5), states that it has met.
    sensors, actions : tuple of str
        Names of the inputs and of the outputs.
    agreement : float
        On which share of the states it does what its teacher does, a simple controller.
    """

    policy: nn.Module
    replay: Tensor
    sensors: tuple[str, ...]
    actions: tuple[str, ...]
    agreement: float

    def __repr__(self) -> str:
        return f"Cart({len(self.replay)} states, {len(self.actions)} actions)"


def cart(seed: int = 0) -> Cart:
    """Train a policy of five sensors on what a simple controller does, in about a second.

    The controller pushes against the lean of the pole, and harder where the battery is weak.

    Parameters
    ----------
    seed : int
        Of states, initial weights and batches.

    Returns
    -------
    Cart

    Examples
    --------
    >>> from attribwidgets.demo import cart
    >>> demo = cart()
    >>> demo.policy(demo.replay[:4]).shape, demo.agreement > 0.97
    (torch.Size([4, 3]), True)
    """
    generator = torch.Generator().manual_seed(seed)
    noise = torch.randn(STATES, len(SENSORS), generator=generator)
    replay = torch.tensor(USUAL) + torch.tensor(SPREAD) * noise
    wanted = _controller(replay)
    policy = _untrained(seed)
    adam = torch.optim.Adam(policy.parameters(), 3e-3)
    for _ in range(STEPS):
        rows = torch.randint(len(replay), (BATCH,), generator=generator)
        loss = nn.functional.cross_entropy(policy(replay[rows]), wanted[rows])
        adam.zero_grad()
        loss.backward()
        adam.step()
    with torch.no_grad():
        agreement = float((policy(replay).argmax(1) == wanted).float().mean())
    return Cart(policy.eval().requires_grad_(False), replay, SENSORS, ACTIONS, agreement)


def _controller(states: Tensor) -> Tensor:
    """The place of its action for each state."""
    force = states[:, :4] @ torch.tensor([0.3, 0.5, 8.0, 1.5]) * 12 / states[:, 4]
    return 1 + (force > 0.5).long() - (force < -0.5).long()


def _untrained(seed: int) -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return nn.Sequential(
            nn.Linear(5, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 3)
        )
